//! Where a person can be told something while a forwarding is opened, which has no standard error of its own.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::relay::{Crossing, Spool};

/// What the running session channels of a connection are about to receive.
#[derive(Default)]
pub(crate) struct Notices {
    channels: Mutex<Vec<(Weak<Spool>, bool)>>,
}

impl Notices {
    /// A session channel that runs; `terminal` says whether its lines need a carriage return.
    pub(crate) fn add(&self, spool: &Arc<Spool>, terminal: bool) {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.retain(|(spool, _)| spool.strong_count() > 0);
        channels.push((Arc::downgrade(spool), terminal));
    }

    /// Puts a line on the standard error of the oldest channel; `false` if there is none.
    pub(crate) fn tell(&self, line: &str) -> bool {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let living = |(spool, terminal): &(Weak<Spool>, bool)| Some((spool.upgrade()?, *terminal));
        let Some((spool, terminal)) = channels.iter().find_map(living) else { return false };
        let text = format!("{line}\n");
        spool.push(Crossing::Notice(if terminal { text.replace('\n', "\r\n") } else { text }));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::{Brake, Valve};

    #[tokio::test]
    async fn the_oldest_channel_that_still_runs_is_told() {
        let brake = Brake::new(Arc::<Valve>::default(), 1 << 20, 1 << 20);
        let spool = || Spool::new(brake.clone(), 1 << 20, std::env::temp_dir());
        let (first, second) = (spool(), spool());
        let notices = Notices::default();
        assert!(!notices.tell("nobody"));
        notices.add(&first, true);
        notices.add(&second, false);
        assert!(notices.tell("one"));
        assert_eq!(first.take().await, Ok(Crossing::Notice("one\r\n".into())));
        drop(first);
        assert!(notices.tell("two"));
        assert_eq!(second.take().await, Ok(Crossing::Notice("two\n".into())));
    }
}
