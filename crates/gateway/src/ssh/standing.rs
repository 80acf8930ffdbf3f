//! Whether those who are connected may still be. One look at the store serves the whole process; when it says that
//! something was ended or taken away, or a permit's time comes, every connection asks for itself.

use std::time::Duration;

use access::Road;
use access::model::Timestamp;
use access::recording::SessionId;
use access::road::{Session, Standing};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::interval;

use super::connection::Connection;
use super::login::Guest;

/// How often the store is asked whether anybody was told to look again.
const BEAT: Duration = Duration::from_millis(300);

/// Everybody is asked about at least this often, seconds: accounts and keys end by the clock alone.
const AT_LEAST: u64 = 15;

/// What the store said last, and when.
#[derive(Clone, Copy, Debug)]
struct Beat {
    stirred: i64,
    at: Timestamp,
}

/// The process's one look at the store.
#[derive(Clone)]
pub(crate) struct Pulse(watch::Receiver<Beat>);

impl Pulse {
    /// Begins to look, until the returned task is dropped.
    pub(crate) fn start(road: &Road) -> (Self, JoinSet<()>) {
        let (sender, receiver) = watch::channel(Beat { stirred: 0, at: road.now() });
        let mut task = JoinSet::new();
        task.spawn(beat(road.clone(), sender));
        (Self(receiver), task)
    }

    async fn next(&mut self) -> Beat {
        match self.0.changed().await {
            Ok(()) => *self.0.borrow_and_update(),
            // Nobody looks any more: the gateway is being stopped, which ends connections by itself.
            Err(_) => std::future::pending().await,
        }
    }
}

async fn beat(road: Road, pulse: watch::Sender<Beat>) {
    let mut tick = interval(BEAT);
    loop {
        tick.tick().await;
        let stirred = match road.store().stirred().await {
            Ok(stirred) => stirred,
            Err(fault) => {
                tracing::debug!(%fault, "the store does not say whether to look again");
                pulse.borrow().stirred
            }
        };
        pulse.send_replace(Beat { stirred, at: road.now() });
    }
}

/// When a connection was asked about last, and what its person was told.
#[derive(Default)]
struct Watched {
    stirred: Option<i64>,
    next: Option<Timestamp>,
    /// The session that was open then: one that was opened since may have little time left.
    session: Option<SessionId>,
    warned: String,
}

impl Watched {
    fn is_due(&self, beat: Beat, session: Option<SessionId>) -> bool {
        self.stirred != Some(beat.stirred)
            || self.session != session
            || self.next.is_none_or(|next| beat.at >= next)
    }
}

impl Connection {
    /// Waits until this connection may not go on, and says why. Warnings are told meanwhile.
    pub(super) async fn barred(&self) -> String {
        let mut pulse = self.pulse.clone();
        let mut watched = Watched::default();
        loop {
            let beat = pulse.next().await;
            let session = self.open_session().map(Session::id);
            let Some(guest) = self.guest().filter(|_| watched.is_due(beat, session)) else { continue };
            match self.stands(guest).await {
                Standing::Ends(why) => return why,
                Standing::Warn(line) if line != watched.warned => {
                    self.inform(&line);
                    watched.warned = line;
                }
                Standing::Warn(_) | Standing::Stays => {}
            }
            watched.session = session;
            watched.stirred = Some(beat.stirred);
            watched.next = Some(self.next_look(beat.at).await);
        }
    }

    async fn stands(&self, guest: &Guest) -> Standing {
        match (self.open_session(), guest.who()) {
            (Some(session), _) => self.road.standing(session).await,
            (None, Some(who)) => self.road.desk_standing(who).await,
            (None, None) => Standing::Stays,
        }
    }

    async fn next_look(&self, now: Timestamp) -> Timestamp {
        let latest = now.plus_seconds(AT_LEAST);
        match self.open_session() {
            Some(session) => self.road.next_look(session).await.map_or(latest, |look| look.min(latest)),
            None => latest,
        }
    }
}
