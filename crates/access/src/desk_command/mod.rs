//! The desk's commands, defined once: what `ssh gateway …` reads, what `countersign …` offers, and the pages about both.

mod values;
mod wanted;
mod words;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use recording::SessionId;

use crate::model::{Answer, PermitId, RequestId};
use crate::statement::visible;

pub use values::{Because, parse_duration};
pub use wanted::{
    AccessWanted, CertificateAct, CertificateWanted, EmergencyWanted, ReplayWanted, RunbookWanted, Search,
    TicketWanted, Where,
};
pub use words::{Unsplit, split};

/// Longest command line of the desk, in bytes; scripts, changes and signatures come on standard input.
pub const MAX_LINE: usize = 8 * 1024;

/// One command to the gateway itself.
#[derive(Clone, Debug, PartialEq, Parser)]
#[command(
    name = "ssh GATEWAY",
    bin_name = "",
    about = "Commands to the gateway itself",
    no_binary_name = true,
    disable_help_subcommand = true,
    disable_version_flag = true,
    max_term_width = 100
)]
pub enum DeskCommand {
    /// List the requests that wait for you and your own
    Requests {
        /// Those that are over too, newest first
        #[arg(long)]
        all: bool,
    },
    /// Show a request in full, or the statement that a signature is made over
    Show {
        /// Number of the request
        #[arg(value_parser = values::request)]
        request: RequestId,
        /// Print exactly what is signed for that answer
        #[arg(long, value_name = "approve|deny", value_parser = values::answer)]
        statement: Option<Answer>,
    },
    /// Approve a request; the signature comes on standard input
    Approve {
        /// Number of the request
        #[arg(value_parser = values::request)]
        request: RequestId,
    },
    /// Refuse a request; the signature comes on standard input
    Deny {
        /// Number of the request
        #[arg(value_parser = values::request)]
        request: RequestId,
    },
    /// Ask for access, for a runbook, or to see a recording
    #[command(subcommand)]
    Request(Wanted),
    /// Take a request of yours back
    Withdraw {
        /// Number of the request
        #[arg(value_parser = values::request)]
        request: RequestId,
    },
    /// List your permits, and those that you may end
    Grants {
        /// Those that are over too, newest first
        #[arg(long)]
        all: bool,
    },
    /// End a permit now
    Revoke {
        /// Number of the permit
        #[arg(value_parser = values::permit)]
        permit: PermitId,
    },
    /// Follow a request until it is over
    Watch {
        /// Number of the request
        #[arg(value_parser = values::request)]
        request: RequestId,
    },
    /// List your running sessions, or everybody's if you may end them
    Sessions {
        /// Those that are over too, newest first
        #[arg(long)]
        all: bool,
    },
    /// End a running session now
    Kill {
        /// The session, as `sessions` lists it
        #[arg(value_parser = values::session)]
        session: SessionId,
        /// Why.
        #[command(flatten)]
        because: Because,
    },
    /// Play a recorded session on a terminal, or write it as asciicast v2
    Replay(Replay),
    /// Find statements in the recorded sessions of databases, by their shape: values are shown as `?`
    Search(Search),
    /// Faster access for a short time, told to everybody and reviewed afterwards
    #[command(subcommand)]
    Emergency(Emergency),
    /// List the targets and accounts that you reach
    Targets,
    /// Print a short password with which a database client of yours opens one database
    Ticket(TicketWanted),
    /// Print a certificate for the key of the request on standard input, with which database clients of yours come in
    #[command(args_conflicts_with_subcommands = true)]
    Certificate(CertificateWanted),
    /// List your certificates
    Certificates,
    /// Your keys
    Keys {
        /// What to do; without it they are listed.
        #[command(subcommand)]
        act: Option<KeysAct>,
    },
    /// The notice about recording
    Consent {
        /// What to do; without it they are shown.
        #[command(subcommand)]
        act: Option<Consent>,
    },
    /// Propose an administrative change; it comes as JSON on standard input
    Change,
    /// Say how long recordings are kept, and what was erased
    Retention,
    /// List the recordings that are kept whatever their age
    Holds,
    /// Write a report
    #[command(subcommand)]
    Report(Report),
    /// Write the evidence of a request or of an emergency: one file that `countersign evidence verify` checks
    Evidence {
        /// Number of the request, which must be over
        #[arg(value_parser = values::request, required_unless_present = "permit")]
        request: Option<RequestId>,
        /// Number of an emergency, or of another permit that nobody had to sign
        #[arg(long, value_name = "N", value_parser = values::permit, conflicts_with = "request")]
        permit: Option<PermitId>,
    },
    /// Say what can be done here
    Help,
}

/// What can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Wanted {
    /// Access for a time
    Access(AccessWanted),
    /// Runs of a script for a time; the script comes on standard input
    Runbook(RunbookWanted),
    /// A look at the recording of a session
    Replay(ReplayWanted),
}

/// What can be done about emergencies.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Emergency {
    /// Declare one, for yourself; everybody who is configured is told at once
    Declare(EmergencyWanted),
    /// Close somebody else's, after a look at what was done
    Review {
        /// Number of the emergency, as `emergency list` prints it
        #[arg(value_parser = values::permit)]
        permit: PermitId,
        /// Why.
        #[command(flatten)]
        because: Because,
    },
    /// List those that are live, and those without a review
    List,
}

/// What people can do about their own keys.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum KeysAct {
    /// Print what a new key must sign; the public key comes on standard input
    Challenge,
    /// Bring a new key; what it signed and the signature come on standard input, and others must agree
    Add,
    /// Remove a key, at once
    Remove {
        /// SHA256:… as `keys` lists it
        fingerprint: String,
    },
}

/// What can be done about the notice.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Consent {
    /// Accept it
    Accept {
        /// The version that the notice names
        version: String,
    },
}

/// What can be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Report {
    /// Who can reach what, why, and when it was last used
    Access(AccessReview),
}

/// Whose access is reported, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Args)]
pub struct AccessReview {
    /// Only your own, which everybody may see
    #[arg(long)]
    pub mine: bool,
    /// As one line of JSON
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// As CSV, without the keys
    #[arg(long)]
    pub csv: bool,
}

/// How a recording is shown.
#[derive(Clone, Debug, PartialEq, clap::Args)]
pub struct Replay {
    /// The session, as `sessions --all` lists it
    #[arg(value_parser = values::session)]
    pub session: SessionId,
    /// How many times faster than it happened, on a terminal
    #[arg(long, default_value_t = 1.0, value_parser = values::speed)]
    pub speed: f64,
    /// From this second on, on a terminal
    #[arg(long, default_value_t = 0)]
    pub from: u32,
    /// Which channel; default: the first with something to see
    #[arg(long)]
    pub channel: Option<u32>,
    /// Why you look at it; it is kept
    #[arg(long, num_args = 1..)]
    pub reason: Vec<String>,
}

/// What a command finds on standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Nothing is read.
    Nothing,
    /// It is read to its end.
    Whole,
}

/// Why a line is no command, or the help that it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unparsed {
    /// Lines to print, without anything that a terminal obeys.
    pub told: String,
    /// The line asked for this: it goes to standard output, and the status is 0.
    pub is_help: bool,
}

impl DeskCommand {
    /// Reads a command line as a shell would split it, without any expansion. An empty one asks for help.
    pub fn read(line: &str) -> Result<Self, Unparsed> {
        let words =
            split(line).map_err(|fault| Unparsed { told: format!("error: {fault}\n"), is_help: false })?;
        if words.is_empty() {
            return Ok(Self::Help);
        }
        Self::try_parse_from(words).map_err(|fault| Unparsed {
            told: fault.to_string().lines().map(|line| visible(line.trim_end()) + "\n").collect(),
            is_help: fault.kind() == ErrorKind::DisplayHelp,
        })
    }

    /// What it finds on standard input.
    pub fn input(&self) -> Input {
        match self {
            Self::Approve { .. }
            | Self::Deny { .. }
            | Self::Change
            | Self::Keys { act: Some(KeysAct::Challenge | KeysAct::Add) }
            | Self::Certificate(CertificateWanted { act: None, .. })
            | Self::Request(Wanted::Runbook(_)) => Input::Whole,
            Self::Requests { .. }
            | Self::Show { .. }
            | Self::Request(Wanted::Access(_) | Wanted::Replay(_))
            | Self::Withdraw { .. }
            | Self::Grants { .. }
            | Self::Revoke { .. }
            | Self::Watch { .. }
            | Self::Sessions { .. }
            | Self::Kill { .. }
            | Self::Replay(_)
            | Self::Search(_)
            | Self::Emergency(_)
            | Self::Targets
            | Self::Ticket(_)
            | Self::Certificate(_)
            | Self::Certificates
            | Self::Keys { act: None | Some(KeysAct::Remove { .. }) }
            | Self::Consent { .. }
            | Self::Retention
            | Self::Holds
            | Self::Report(_)
            | Self::Evidence { .. }
            | Self::Help => Input::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> DeskCommand {
        DeskCommand::read(line).unwrap_or_else(|fault| panic!("{line}: {}", fault.told))
    }

    #[test]
    fn the_definition_is_sound() {
        <DeskCommand as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn only_the_listed_commands_parse() {
        let statement = Some(Answer::Deny);
        assert_eq!(read("show 4 --statement deny"), DeskCommand::Show { request: RequestId(4), statement });
        assert_eq!(read(" approve  7 "), DeskCommand::Approve { request: RequestId(7) });
        assert_eq!(read(""), DeskCommand::Help);
        for line in [
            "show",
            "show x",
            "show 0",
            "show -1",
            "show 4 5",
            "approve",
            "grant 4",
            "show 4 --statement maybe",
            "requests all",
            "request access",
            "request access db-1 --for 2h",
            "request access db-1 --for 2 --reason x",
            "kill 12 --reason x",
            "approve 9223372036854775808",
        ] {
            let fault = DeskCommand::read(line).expect_err(line);
            assert!(!fault.is_help && fault.told.starts_with("error: "), "{line}: {}", fault.told);
        }
    }

    #[test]
    fn access_is_asked_for_in_words() {
        let line = "request access db-1 --account root --for 1h30m --reason disk is full --ticket 'OPS 7'";
        let DeskCommand::Request(Wanted::Access(wanted)) = read(line) else { panic!("{line}") };
        assert_eq!(wanted.place.target.as_deref(), Some("db-1"));
        assert_eq!((wanted.seconds, wanted.because.text()), (5400, "disk is full".to_owned()));
        assert_eq!(wanted.ticket.as_deref(), Some("OPS 7"));
        let fleet = read("request access --label env=prod --label tier=web --for 20m --reason x");
        let DeskCommand::Request(Wanted::Access(wanted)) = fleet else { panic!("labels") };
        assert_eq!(wanted.place.labels.len(), 2);
        assert!(DeskCommand::read("request access db-1 --label a=b --for 1h --reason x").is_err());
    }

    #[test]
    fn help_is_no_fault_and_nothing_in_it_reaches_a_terminal_raw() {
        let help = DeskCommand::read("request access --help").expect_err("help");
        assert!(help.is_help && help.told.contains("--reason"), "{}", help.told);
        let fault = DeskCommand::read("show \u{1b}]0;owned\u{7}").expect_err("no number");
        assert!(!fault.told.contains(['\u{1b}', '\u{7}']), "{:?}", fault.told);
    }
}
