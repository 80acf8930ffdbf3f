//! The question put to the policies: who wants to do what, where, as whom, from where, and what was learnt of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::act::Act;
use crate::sql::TableUse;
use crate::{Effect, Touch};

/// Everything that a policy may look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The person who asks.
    pub person: String,
    /// The groups that the person belongs to now.
    pub groups: BTreeSet<String>,
    /// What they want to do.
    pub act: Act,
    /// Where.
    pub target: TargetFacts,
    /// The login on the target.
    pub account: String,
    /// What the action does: [`crate::Analysis::effects`]; `unknown` when it was not understood.
    pub effects: BTreeSet<Effect>,
    /// [`crate::Analysis::program_names`].
    pub programs: BTreeSet<String>,
    /// [`crate::Analysis::understood`]; true for an act that carries no text, such as connecting.
    pub understood: bool,
    /// Which paths it may touch: [`crate::Analysis::touched`]; compared with the declared areas.
    pub touched: Vec<Touch>,
    /// Which tables a statement may touch: [`crate::sql::Script::tables`]; compared with the declared areas.
    pub tables: Vec<TableUse>,
    /// Whether the gateway counts the rows that the statement changes before they are kept, and gives it up when there are
    /// more than the verdict's [`crate::Obligations::max_rows`].
    pub counted: bool,
    /// For an operation on files, which.
    pub file: Option<FileFacts>,
    /// For a forwarding, where to.
    pub destination: Option<Destination>,
    /// The address that the person comes from.
    pub source: IpAddr,
    /// Seconds since the person's last second factor.
    pub mfa_age_seconds: u64,
    /// Minute of the day in the configured zone, 0 to 1439.
    pub minute_of_day: u16,
    /// Day of the week in the configured zone, 1 is Monday.
    pub weekday: u8,
    /// Whether a live access permit of this person covers this account on this target.
    pub granted: bool,
    /// Whether this person has declared an emergency that covers this target and is not over.
    pub emergency: bool,
    /// Whether the person entered with a key that is bound to a device.
    pub device_bound: bool,
    /// For how long something is asked for ([`Act::has_duration`]); else 0.
    pub duration_seconds: u64,
    /// The quorums that are met for exactly this action.
    pub quorums: BTreeSet<String>,
}

/// What a policy may look at in a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetFacts {
    /// The target's name.
    pub name: String,
    /// What is enforced there.
    pub level: Level,
    /// The operator's labels, such as `env=prod`.
    pub labels: BTreeMap<String, String>,
}

/// What a policy may look at in an operation on files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FileFacts {
    /// The path, absolute and resolved on the target.
    pub path: String,
    /// The other name of a rename or link; empty for everything else.
    pub to: String,
}

/// Where a forwarding leads, as the client asked (RFC 4254, section 7.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Destination {
    /// A host name or address in its usual spelling, or the path of a Unix socket.
    pub host: String,
    /// The TCP port; 0 for a Unix socket.
    pub port: u16,
}

/// How much of what happens on a target the gateway enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A native shell, recorded; nothing that is typed is claimed as gated.
    Recorded,
    /// Every submitted command is judged, and exactly the judged text runs.
    CommandGated,
    /// Every program start on the target is judged.
    ExecGated,
    /// Every database statement is judged.
    StatementGated,
    /// Every connection is judged; what crosses it is counted, and read by nobody.
    Counted,
}

impl Level {
    /// Every level.
    pub const ALL: [Level; 5] =
        [Level::Recorded, Level::CommandGated, Level::ExecGated, Level::StatementGated, Level::Counted];

    /// The name used in configuration and policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Recorded => "recorded",
            Level::CommandGated => "command-gated",
            Level::ExecGated => "exec-gated",
            Level::StatementGated => "statement-gated",
            Level::Counted => "counted",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that is none of the levels.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no level; the levels are recorded, command-gated, exec-gated, statement-gated, counted")]
pub struct NoSuchLevel(pub String);

impl FromStr for Level {
    type Err = NoSuchLevel;

    fn from_str(name: &str) -> Result<Self, NoSuchLevel> {
        Self::ALL.into_iter().find(|l| l.as_str() == name).ok_or_else(|| NoSuchLevel(name.into()))
    }
}
