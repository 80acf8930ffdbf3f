//! Why and how the gateway itself ends a connection.

use access::Road;
use access::model::Outcome;
use access::text;

/// Why the gateway itself ends a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    NotRecorded,
    Stopping,
    Idle,
    /// Somebody ended it, or what it rests on is gone; the person is told this.
    Barred(String),
}

impl Ending {
    /// What the client's standard error is told.
    pub(crate) fn words(&self, road: &Road) -> String {
        let line = match self {
            Self::NotRecorded => &text::RECORDER_ENDED,
            Self::Stopping => &text::STOPPING,
            Self::Idle => &text::IDLE,
            Self::Barred(why) => return why.clone(),
        };
        line.say(road.language(), &[])
    }

    /// What the session's closing entry says. `cut_short`: something that ran was interrupted.
    pub(crate) fn outcome(ending: Option<&Self>, cut_short: bool) -> Outcome {
        match ending {
            Some(Self::NotRecorded) => Outcome::RecordingFailed,
            Some(Self::Barred(_)) => Outcome::Ended,
            Some(Self::Stopping) if cut_short => Outcome::Interrupted,
            _ if cut_short => Outcome::Lost,
            _ => Outcome::Finished,
        }
    }
}
