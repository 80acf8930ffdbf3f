//! Whether those who are connected may still be. One look at the store serves a whole door; when it says that something
//! was ended or taken away, or a permit's time comes, every connection asks for itself.

use std::time::Duration;

use access::Road;
use access::model::Timestamp;
use access::recording::SessionId;
use access::road::{Session, Standing};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::interval;

/// How often the store is asked whether anybody was told to look again.
const BEAT: Duration = Duration::from_millis(300);

/// Everybody is asked about at least this often, seconds: accounts and keys end by the clock alone.
const AT_LEAST: u64 = 15;

/// What the store said last, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beat {
    stirred: i64,
    at: Timestamp,
}

/// A door's one look at the store.
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

    /// The next look.
    pub(crate) async fn next(&mut self) -> Beat {
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
pub(crate) struct Watched {
    stirred: Option<i64>,
    next: Option<Timestamp>,
    /// The session that was open then: one that was opened since may have little time left.
    session: Option<SessionId>,
    warned: String,
}

impl Watched {
    /// Whether the connection is to be asked about at this beat; `session` is the one that is open.
    pub(crate) fn is_due(&self, beat: Beat, session: Option<SessionId>) -> bool {
        self.stirred != Some(beat.stirred)
            || self.session != session
            || self.next.is_none_or(|next| beat.at >= next)
    }

    /// Takes the answer: the line that its person is to be told and was not yet, or why it is over.
    pub(crate) fn heed(&mut self, standing: Standing) -> Result<Option<String>, String> {
        match standing {
            Standing::Ends(why) => Err(why),
            Standing::Warn(line) if line != self.warned => {
                self.warned.clone_from(&line);
                Ok(Some(line))
            }
            Standing::Warn(_) | Standing::Stays => Ok(None),
        }
    }

    /// When to ask again: no later than the session's own next moment.
    pub(crate) async fn plan(&mut self, road: &Road, beat: Beat, session: Option<&Session>) {
        let latest = beat.at.plus_seconds(AT_LEAST);
        self.session = session.map(Session::id);
        self.stirred = Some(beat.stirred);
        self.next = Some(match session {
            Some(session) => road.next_look(session).await.map_or(latest, |look| look.min(latest)),
            None => latest,
        });
    }
}
