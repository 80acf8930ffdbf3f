//! Errors of the road, and the one place that decides what a person outside learns of them.

use crate::ports::{ArchiveError, JournalError, StoreError};
use crate::text::{Language, Line, RECORDER_DOWN, UNAVAILABLE};

/// What a person is told: one line, already in their language. It never carries a secret or an inner fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}")]
#[must_use]
pub struct Refusal {
    line: String,
    recording: bool,
    plain: bool,
}

impl Refusal {
    /// A refusal in those words.
    pub fn new(line: &Line, language: Language, values: &[(&str, &str)]) -> Self {
        Self { line: line.say(language, values), recording: false, plain: false }
    }

    /// The same, for somebody who has proved both factors and is told the reason although they do not get in.
    pub fn plainly(self) -> Self {
        Self { plain: true, ..self }
    }

    /// Whether the door tells it: only to who has proved both factors.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether it came of a recorder or ledger that cannot write, so that running sessions must end too.
    pub fn is_recording_failure(&self) -> bool {
        self.recording
    }
}

/// Whose fault it was, for the log. The outside is told by [`RoadError::tell`].
#[derive(Debug, thiserror::Error)]
pub enum RoadError {
    /// The person asked for what they may not have.
    #[error("{0}")]
    Refused(Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The ledger could not be read back.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The recorder failed.
    #[error("the recorder cannot write: {0}")]
    Recorder(String),
    /// A sealed secret does not open.
    #[error(transparent)]
    Vault(#[from] crate::vault::VaultError),
    /// A stored value does not parse.
    #[error("inconsistent record: {0}")]
    Inconsistent(String),
}

impl From<Refusal> for RoadError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl RoadError {
    /// What the person learns. Faults of the gateway are told apart only as far as they need to act.
    pub fn tell(&self, language: Language) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal.clone(),
            Self::Recorder(why) => {
                Refusal { line: RECORDER_DOWN.say(language, &[("why", why)]), recording: true, plain: false }
            }
            Self::Journal(_) => {
                Refusal { line: UNAVAILABLE.say(language, &[]), recording: true, plain: false }
            }
            _ => Refusal::new(&UNAVAILABLE, language, &[]),
        }
    }
}
