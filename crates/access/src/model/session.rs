//! Sessions as lists show them: which way in, how they ended.

use std::net::IpAddr;

use recording::SessionId;

use crate::model::{PersonId, Service, Timestamp};

/// How a client came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `ssh person+account@target@gateway`.
    Direct,
    /// `ssh -J person@gateway account@target`.
    Jump,
    /// A database client, by TLS.
    Database,
    /// Any client, by TLS with a certificate, to a target that is named in the handshake.
    Tls,
}

impl Way {
    /// The word in entries and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Jump => "jump",
            Self::Database => "database",
            Self::Tls => "tls",
        }
    }

    /// Whether what answers at a target can be reached this way.
    pub(crate) fn leads_to(self, service: &Service) -> bool {
        match service {
            Service::Ssh { .. } => matches!(self, Self::Direct | Self::Jump),
            Service::Database(_) => self == Self::Database,
            Service::Tls { .. } => self == Self::Tls,
        }
    }
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both sides were done.
    Finished,
    /// The client or the target went away.
    Lost,
    /// The recorder could not write, so the gateway ended it.
    RecordingFailed,
    /// The gateway was stopped or killed; found at the next start.
    Interrupted,
    /// Somebody ended it, or what it rested on was taken away or over.
    Ended,
}

impl Outcome {
    /// The word in entries and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Lost => "lost",
            Self::RecordingFailed => "recording-failed",
            Self::Interrupted => "interrupted",
            Self::Ended => "ended",
        }
    }

    /// The outcome that [`Self::as_str`] names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Finished, Self::Lost, Self::RecordingFailed, Self::Interrupted, Self::Ended]
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }
}

/// One authenticated connection to one target, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Random identifier.
    pub id: SessionId,
    /// Who.
    pub person: PersonId,
    /// Login name of the person at that time.
    pub person_name: String,
    /// Where.
    pub target: String,
    /// As whom.
    pub account: String,
    /// The word of a [`Way`].
    pub way: String,
    /// Address that the client came from.
    pub source: IpAddr,
    /// Salt of this session's commitments in the ledger.
    pub salt: [u8; 16],
    /// When it began.
    pub opened: Timestamp,
    /// When and how it ended, once it has.
    pub closed: Option<(Timestamp, Outcome)>,
}
