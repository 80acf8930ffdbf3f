//! The target connections of one session: one for each channel at a time, so that a stalled reader stalls only itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use access::{Road, Session, text};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::options::SshOptions;
use super::target::{DialError, TargetLeg};

/// Logins at a target at once: its `MaxStartups` begins to turn away at 10.
const MAX_DIALLING: usize = 6;

/// How long a connection is kept for the session's next channel.
const KEEP: Duration = Duration::from_secs(5);

/// Waits before dialling again after the target hung up early.
const AGAIN: [Duration; 4] = [
    Duration::from_millis(150),
    Duration::from_millis(350),
    Duration::from_millis(800),
    Duration::from_millis(1700),
];

/// See the module.
pub(crate) struct Fleet {
    idle: Mutex<Vec<(Instant, TargetLeg)>>,
    dialling: Semaphore,
}

impl Fleet {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { idle: Mutex::default(), dialling: Semaphore::new(MAX_DIALLING) })
    }

    /// A connection without a channel; the error is a line for the person.
    pub(crate) async fn take(
        &self,
        road: &Road,
        session: &Session,
        options: &SshOptions,
    ) -> Result<TargetLeg, String> {
        let _turn = self.dialling.acquire().await.map_err(|_| text::STOPPING.say(road.language(), &[]))?;
        if let Some(leg) = self.idle_leg() {
            return Ok(leg);
        }
        let credential = road.credential(session).await.map_err(|refusal| refusal.to_string())?;
        let mut dialled = TargetLeg::dial(session.target_name(), &credential, options, road.language()).await;
        for wait in AGAIN {
            if !dialled.as_ref().is_err_and(DialError::is_passing) {
                break;
            }
            sleep(wait).await;
            dialled = TargetLeg::dial(session.target_name(), &credential, options, road.language()).await;
        }
        dialled.map_err(|fault| {
            tracing::warn!(session = %session.id(), %fault, "no connection to the target");
            fault.tell(road.language())
        })
    }

    /// Keeps a connection whose channel is closed for a moment.
    pub(crate) fn give_back(self: &Arc<Self>, leg: TargetLeg) {
        self.lock().push((Instant::now(), leg));
        let fleet = Arc::downgrade(self);
        tokio::spawn(async move {
            sleep(KEEP).await;
            if let Some(fleet) = fleet.upgrade() {
                fleet.lock().retain(|(since, leg)| since.elapsed() < KEEP && leg.is_usable());
            }
        });
    }

    /// Cuts what is kept.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn idle_leg(&self) -> Option<TargetLeg> {
        let mut idle = self.lock();
        std::iter::from_fn(|| idle.pop()).map(|(_, leg)| leg).find(TargetLeg::is_usable)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Instant, TargetLeg)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
