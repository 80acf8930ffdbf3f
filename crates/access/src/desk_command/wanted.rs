//! What is asked for at the desk, as the person wrote it. Nothing here is checked against people, targets or policies.

use recording::SessionId;

use super::values::{self, Because};

/// One target, or every target with those labels.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Where {
    /// The target
    #[arg(required_unless_present = "labels", conflicts_with = "labels")]
    pub target: Option<String>,
    /// Every target that has this label; several narrow it down
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = values::pair)]
    pub labels: Vec<(String, String)>,
}

/// Access for a time.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct AccessWanted {
    /// Where.
    #[command(flatten)]
    pub place: Where,
    /// The account there
    #[arg(long)]
    pub account: Option<String>,
    /// How long, e.g. 45m or 2h
    #[arg(long = "for", value_name = "TIME", value_parser = values::parse_duration)]
    pub seconds: u64,
    /// Why.
    #[command(flatten)]
    pub because: Because,
    /// The ticket that it belongs to
    #[arg(long)]
    pub ticket: Option<String>,
}

/// A short password for a database client.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct TicketWanted {
    /// The database
    pub target: String,
    /// The account there
    #[arg(long)]
    pub account: Option<String>,
    /// How long it counts, e.g. 10m or 8h
    #[arg(long = "for", value_name = "TIME", default_value = "10m", value_parser = values::parse_duration)]
    pub seconds: u64,
    /// How many connections it opens
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub connections: u32,
}

/// A client certificate for the key of a request.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct CertificateWanted {
    /// What to do; without it one is made.
    #[command(subcommand)]
    pub act: Option<CertificateAct>,
    /// How long it counts, at most 12h
    #[arg(long = "for", value_name = "TIME", default_value = "8h", value_parser = values::parse_duration)]
    pub seconds: u64,
    /// Print the authority of the gateway's own certificate too, last
    #[arg(long)]
    pub with_authority: bool,
}

/// What people can do about their own certificates.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum CertificateAct {
    /// End one, and what came in by it, at once
    Revoke {
        /// As `certificates` lists it
        id: String,
    },
}

/// Runs of one script for a time.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct RunbookWanted {
    /// What the runbook is called
    pub name: String,
    /// The target
    #[arg(long, required_unless_present = "labels", conflicts_with = "labels")]
    pub target: Option<String>,
    /// Every target that has this label; several narrow it down
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = values::pair)]
    pub labels: Vec<(String, String)>,
    /// The account there
    #[arg(long)]
    pub account: String,
    /// How long, e.g. 7d
    #[arg(long = "for", value_name = "TIME", value_parser = values::parse_duration)]
    pub seconds: u64,
    /// A group whose members may run it besides you
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<String>,
    /// A parameter of the script and what it may be: word, number, path or a|b|c
    #[arg(long = "param", value_name = "NAME:TYPE", value_parser = values::parameter)]
    pub params: Vec<(String, String)>,
    /// Why.
    #[command(flatten)]
    pub because: Because,
    /// The ticket that it belongs to
    #[arg(long)]
    pub ticket: Option<String>,
}

/// A look at a recording.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct ReplayWanted {
    /// The session
    #[arg(value_parser = values::session)]
    pub session: SessionId,
    /// How long it may be looked at
    #[arg(long = "for", value_name = "TIME", default_value = "1h", value_parser = values::parse_duration)]
    pub seconds: u64,
    /// Why.
    #[command(flatten)]
    pub because: Because,
}

/// What is looked for in recordings.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Search {
    /// A part of the statement; a value in it stands for any value
    #[arg(required = true, num_args = 1..)]
    pub text: Vec<String>,
    /// Only on this target
    #[arg(long, value_name = "TARGET")]
    pub target: Option<String>,
    /// Only of this person
    #[arg(long, value_name = "PERSON")]
    pub person: Option<String>,
    /// Only in sessions that began in the last TIME
    #[arg(long = "last", value_name = "TIME", value_parser = values::parse_duration)]
    pub seconds: Option<u64>,
    /// Why you look; it is kept
    #[arg(long, num_args = 1..)]
    pub reason: Vec<String>,
}

/// An emergency of one's own.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct EmergencyWanted {
    /// Where.
    #[command(flatten)]
    pub place: Where,
    /// How long, e.g. 30m
    #[arg(long = "for", value_name = "TIME", value_parser = values::parse_duration)]
    pub seconds: u64,
    /// Why.
    #[command(flatten)]
    pub because: Because,
}
