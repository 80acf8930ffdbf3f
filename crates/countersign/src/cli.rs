//! The command line: one definition, from which help and parsing come.

mod order;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, FromArgMatches as _, Parser, Subcommand};

pub use order::command;

use crate::commands::admin::Administration;
use crate::commands::desk::AtDesk;
use crate::commands::gateway::{Gateway, PerhapsGateway};
use crate::commands::login::Login;
use crate::commands::notify::NotifyCommand;
use crate::commands::policy::{Wanted, Who};

/// A privileged-access gateway: judged, countersigned, recorded.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110)]
pub struct Cli {
    /// The node's configuration
    #[arg(long, global = true, default_value = "countersign.toml")]
    pub config: PathBuf,
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads this process's arguments. What is wrong with them is said, and ends it.
    pub fn read() -> Self {
        Self::from_arg_matches(&command().get_matches()).unwrap_or_else(|fault| fault.exit())
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a complete example on this machine: a gateway, a host behind it, people and administrators
    Demo(Demo),
    /// Make a new node's folder, or enrol the first three administrators of one, which ends its bootstrap for good
    Init(Init),
    /// Serve until told to stop
    Serve {
        /// Serve although the administrators are not enrolled yet, so that the gateway's account changes things alone
        #[arg(long)]
        before_ceremony: bool,
    },
    /// Change people, keys, targets and accounts
    Admin(Administration),
    /// Try receivers of notices out
    #[command(subcommand)]
    Notify(NotifyCommand),
    /// Check policies, and explain what they make of a command
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// List recorded sessions: this node's, or at a gateway those that you may see
    Sessions {
        /// How many, newest first
        #[arg(long, default_value_t = 50)]
        limit: u32,
        #[command(flatten)]
        gateway: PerhapsGateway,
    },
    /// Show a recorded session in this terminal
    Replay(Replay),
    /// The append-only log
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Get a certificate, for a key that stays on this machine, with which your database clients come in
    Login(Login),
    /// Sign for a request with your key, after a look at it
    Approve(Decide),
    /// Refuse a request, signed with your key
    Deny(Decide),
    /// Write the evidence of a request into one file, or check such a file
    Evidence(Evidence),
    #[command(flatten)]
    Desk(AtDesk),
    /// Print a script with which a shell completes these commands
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write manual pages into a folder
    Man {
        /// The folder
        dir: PathBuf,
    },
    /// Print the verification code of this moment
    Totp {
        /// File that holds the base32 secret
        #[arg(long)]
        secret_file: PathBuf,
    },
}

/// Options of the demo.
#[derive(Debug, Args)]
pub struct Demo {
    /// Keep everything in this folder; default: a fresh temporary one, removed at the end
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Do not remove the temporary folder
    #[arg(long)]
    pub keep: bool,
    /// Write a JSON description for scripts once it serves
    #[arg(long)]
    pub ready_file: Option<PathBuf>,
    /// Port of the gateway; default: a free one
    #[arg(long)]
    pub ssh_port: Option<u16>,
}

/// Options of init.
#[derive(Debug, Args)]
pub struct Init {
    /// The folder
    pub dir: PathBuf,
    /// Where people will connect
    #[arg(long, default_value = "0.0.0.0:2222")]
    pub listen: SocketAddr,
    /// Name of the ledger, in its checkpoints and its public key: a host name of yours, a slash, the node
    #[arg(long, default_value = "countersign.example/node-1")]
    pub ledger_name: String,
    /// The first system administrator and the file of their public key: NAME=KEY.pub
    #[arg(long, requires_all = ["security", "audit"])]
    pub system: Option<String>,
    /// The first security administrator, the same way
    #[arg(long, requires_all = ["system", "audit"])]
    pub security: Option<String>,
    /// The first audit administrator, the same way
    #[arg(long, requires_all = ["system", "security"])]
    pub audit: Option<String>,
    /// Write each administrator's verification seed to a file NAME in this folder instead of the terminal
    #[arg(long, requires = "system")]
    pub totp_dir: Option<PathBuf>,
}

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Validate the policies
    Check {
        /// A folder of policies instead of the configuration's
        dir: Option<PathBuf>,
    },
    /// Print how an act is read, what it touches, the deciding rules and what would allow it
    Explain {
        #[command(flatten)]
        who: Box<Who>,
        #[command(flatten)]
        wanted: Box<Wanted>,
        /// The command line, for exec, or the SQL
        #[arg(last = true)]
        text: Vec<String>,
    },
    /// Judge commands, one JSON object {"text": "…"} a line in, one with the verdict out; 2 when that cannot begin
    Analyse {
        #[command(flatten)]
        who: Box<Who>,
        /// One JSON object a line; there is no other format
        #[arg(long, required = true)]
        jsonl: bool,
        /// The texts are SQL of this dialect: postgres, or mysql (also MariaDB); answers name tables and functions too
        #[arg(long, value_name = "DIALECT")]
        sql: Option<access::policy::sql::Dialect>,
    },
    /// Run files of cases; 1 when one comes out differently, 2 when they cannot run
    Test {
        /// Files of cases
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// A folder of policies instead of the configuration's, or of the one that the cases lie in
        #[arg(long)]
        policies: Option<PathBuf>,
    },
    /// Print the cases of which two sets of policies make something different; 1 when there are some
    Diff {
        /// The policies, or the configuration, as they were
        old: PathBuf,
        /// As they are now
        new: PathBuf,
        /// Files of cases
        #[arg(long, required = true, num_args = 1..)]
        cases: Vec<PathBuf>,
    },
}

/// Options of replay.
#[derive(Debug, Args)]
pub struct Replay {
    /// The session, as `countersign sessions` prints it
    pub session: String,
    /// How many times faster than it happened
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
    /// From this second on
    #[arg(long, default_value_t = 0.0)]
    pub from: f64,
    /// Which channel; default: the first with something to see
    #[arg(long)]
    pub channel: Option<u32>,
    /// Write asciicast v2 to standard output instead
    #[arg(long)]
    pub asciicast: bool,
    /// Why you look at it, for a gateway; it is kept
    #[arg(long)]
    pub reason: Option<String>,
    #[command(flatten)]
    pub gateway: PerhapsGateway,
}

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Check every entry and every recording, offline
    Verify {
        /// The ledger's folder
        dir: PathBuf,
        /// Its public key (`ledger.pub`)
        #[arg(long)]
        key: PathBuf,
        /// An earlier checkpoint, kept elsewhere: the log must have grown out of it
        #[arg(long)]
        since: Option<PathBuf>,
    },
}

/// Options of approve and deny.
#[derive(Debug, Args)]
pub struct Decide {
    /// Number of the request
    pub request: i64,
    #[command(flatten)]
    pub gateway: Gateway,
    /// The key, or its public half when an agent holds it; default: the agent's first
    #[arg(long, short)]
    pub key: Option<PathBuf>,
    /// Sign without asking
    #[arg(long)]
    pub yes: bool,
}

/// Options of evidence.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Evidence {
    #[command(subcommand)]
    pub verify: Option<EvidenceCommand>,
    /// Number of the request, which must be over
    pub request: Option<i64>,
    /// Number of an emergency, or of another permit that nobody had to sign
    #[arg(long, value_name = "N", conflicts_with = "request")]
    pub permit: Option<i64>,
    /// Write into this file, which must not exist; default: standard output
    #[arg(long, short)]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub gateway: PerhapsGateway,
}

/// What to do with a file of evidence.
#[derive(Debug, Subcommand)]
pub enum EvidenceCommand {
    /// Check it offline and tell its story; 1 when something does not fit, 2 when it cannot be read
    Verify {
        /// The file
        file: PathBuf,
        /// The ledger's public key (`ledger.pub`), from where its administrators cannot change it
        #[arg(long)]
        key: PathBuf,
        /// A checkpoint of the ledger that was kept elsewhere, of the same size as the file's
        #[arg(long)]
        checkpoint: Option<PathBuf>,
        /// A copy of the ledger that was kept elsewhere, older or newer: what both have must be the same
        #[arg(long)]
        ledger: Option<PathBuf>,
        /// Language of the story, `en` or `zh-CN`; default: as LANG says
        #[arg(long)]
        language: Option<String>,
    },
}
