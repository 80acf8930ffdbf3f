//! Requests, where they stand, and the signed answers to them.

use std::collections::BTreeSet;

use recording::SessionId;

use crate::model::{PersonId, Timestamp};

/// The number that people use for a request (`ssh gateway show 42`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub i64);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a request stands. Only [`RequestState::Waiting`] can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// Decisions are being gathered.
    Waiting,
    /// The grant was consumed: the act was started, once.
    Used,
    /// An approver said no.
    Denied,
    /// Nobody answered in time.
    Expired,
    /// The requester left or gave up.
    Abandoned,
    /// Policy, people or target changed so that approval no longer helps.
    Refused,
}

impl RequestState {
    const ALL: [Self; 6] =
        [Self::Waiting, Self::Used, Self::Denied, Self::Expired, Self::Abandoned, Self::Refused];

    /// The word in rows, lists and entries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Used => "used",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Abandoned => "abandoned",
            Self::Refused => "refused",
        }
    }

    /// The state that [`Self::as_str`] names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// One command, statement, file operation or forwarding in a running session.
    Action,
    /// Access to targets for a time.
    Access,
    /// A script that may be run again and again for a time.
    Runbook,
    /// An administrative change.
    Change,
    /// A look at the recording of a session.
    Replay,
}

impl RequestKind {
    const ALL: [Self; 5] = [Self::Action, Self::Access, Self::Runbook, Self::Change, Self::Replay];

    /// The word in rows, lists, statements and entries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Access => "access",
            Self::Runbook => "runbook",
            Self::Change => "change",
            Self::Replay => "replay",
        }
    }

    /// The kind that [`Self::as_str`] names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A request that waits for decisions. `digest` binds everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Number that people use.
    pub id: RequestId,
    /// What it asks for.
    pub kind: RequestKind,
    /// Random, so that two equal acts have different digests. 32 hex digits.
    pub nonce: String,
    /// Session in which an action would run; none for every other kind.
    pub session: Option<SessionId>,
    /// Channel in that session; 0 without one.
    pub channel: u32,
    /// Who asked.
    pub requester: PersonId,
    /// Target name; empty when it concerns none, or several.
    pub target: String,
    /// Account on it; empty without a target.
    pub account: String,
    /// What was submitted, byte for byte: a command, a script, or the terms or the change as canonical JSON.
    pub text: Vec<u8>,
    /// What would run or happen, in one piece: for a command the regenerated text, else a summary.
    pub run: String,
    /// A secret that the change needs when it is applied, sealed by the [`crate::vault::Vault`].
    pub sealed: Option<Vec<u8>>,
    /// Canonical JSON of everything that the digest covers ([`crate::statement`]).
    pub canonical: String,
    /// SHA-256 of `canonical`, lower hex.
    pub digest: String,
    /// Names of the quorums of which any one suffices.
    pub quorums: Vec<String>,
    /// Effects, as words.
    pub effects: BTreeSet<String>,
    /// Version of the policies that held it.
    pub policy_version: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it lapses, without consent.
    pub expires: Timestamp,
    /// Where it stands.
    pub state: RequestState,
    /// Compare-and-swap counter.
    pub version: i64,
}

/// What one approver answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes, exactly this act.
    Approve,
    /// No.
    Deny,
}

impl Answer {
    /// The word in statements, rows and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }

    /// The answer that [`Self::as_str`] names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Approve, Self::Deny].into_iter().find(|answer| answer.as_str() == word)
    }
}

/// One approver's signed answer, as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which request.
    pub request: RequestId,
    /// Who signed.
    pub person: PersonId,
    /// Yes or no.
    pub answer: Answer,
    /// Key that signed.
    pub fingerprint: String,
    /// The statement that was signed, byte for byte.
    pub statement: String,
    /// The armored SSHSIG.
    pub signature: String,
    /// When it arrived.
    pub at: Timestamp,
    /// Seconds since the approver's second factor then; none when that is not known.
    pub mfa_age_seconds: Option<u64>,
}
