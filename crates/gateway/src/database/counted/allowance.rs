//! How many entries strangers may cause. Whoever proves nothing costs nobody a ledger: beyond this only the log is told.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Entries for all strangers together in one [`PERIOD`].
const MOST: u32 = 60;
const PERIOD: Duration = Duration::from_secs(60);

/// What is left of the current minute.
pub(crate) struct Allowance(Mutex<(Instant, u32)>);

impl Allowance {
    pub(crate) fn new(now: Instant) -> Self {
        Self(Mutex::new((now, MOST)))
    }

    /// Whether one more stranger may be entered.
    pub(crate) fn take(&self, now: Instant) -> bool {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(left.0) >= PERIOD {
            *left = (now, MOST);
        }
        let Some(rest) = left.1.checked_sub(1) else { return false };
        left.1 = rest;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cause_so_many_entries_in_a_minute_and_no_more() {
        let now = Instant::now();
        let allowance = Allowance::new(now);
        let taken = |now| (0..1000).filter(|_| allowance.take(now)).count();
        assert_eq!((taken(now), taken(now)), (60, 0));
        assert_eq!(taken(now + PERIOD), 60);
    }
}
