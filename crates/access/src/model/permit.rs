//! What is permitted for a time.

use crate::model::{PersonId, RequestId, Timestamp};

/// The number that people use for a permit (`ssh gateway revoke 7`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermitId(pub i64);

impl std::fmt::Display for PermitId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a permit permits for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermitKind {
    /// Sessions on targets.
    Access,
    /// Runs of one script.
    Runbook,
    /// What policies allow in a declared emergency.
    Emergency,
    /// Looks at one recording.
    Replay,
}

impl PermitKind {
    const ALL: [Self; 4] = [Self::Access, Self::Runbook, Self::Emergency, Self::Replay];

    /// The word in rows, lists and entries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Runbook => "runbook",
            Self::Emergency => "emergency",
            Self::Replay => "replay",
        }
    }

    /// The kind that [`Self::as_str`] names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What a met quorum, or a declared emergency, yields for a time. It ends by itself; nothing lengthens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Number that people use.
    pub id: PermitId,
    /// What it permits.
    pub kind: PermitKind,
    /// The request that it follows from; none for an emergency, which is declared.
    pub request: Option<RequestId>,
    /// Whose it is.
    pub holder: PersonId,
    /// What exactly, as canonical JSON: what the approvers signed.
    pub terms: String,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub until: Timestamp,
    /// When and why it ended before that, once it has.
    pub ended: Option<(Timestamp, String)>,
    /// Who closed the review of an emergency; none while it is open, and for every other kind.
    pub reviewed: Option<PersonId>,
    /// Compare-and-swap counter.
    pub version: i64,
}
