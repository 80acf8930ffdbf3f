//! What can be asked on a channel: a shell, a command, a line of the managed shell, an operation on a file, a forwarding.

use std::collections::BTreeMap;
use std::sync::Arc;

use policy::sql::Script;
use policy::{Act, Analysis, Destination, FileOperation, Surroundings, Table, environment, quoted};

use crate::statement::visible;

/// What a channel asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// An interactive shell: a native one on a recorded target, the managed shell where commands are gated.
    Shell,
    /// A command, byte for byte as the client sent it.
    Exec(Vec<u8>),
    /// A line that was submitted in the managed shell.
    Line(ShellLine),
    /// The SFTP subsystem, spoken by the gateway.
    Sftp,
    /// One operation on files, inside an SFTP subsystem that was granted.
    File(FileOperation),
    /// A forwarding.
    Forward(Forwarding),
    /// What a database client sends as one text, with its parameters.
    Statement(SqlStatement),
}

/// A text of SQL with everything that decides what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlStatement {
    /// The text, byte for byte.
    pub text: Vec<u8>,
    /// The values of `$1`, `$2`, …, as people read them; nothing is NULL.
    pub parameters: Vec<Option<String>>,
    /// What the text says, read with the catalogue of its database.
    pub script: Arc<Script>,
    /// The prepared statements that it executes, by name.
    pub behind: BTreeMap<String, String>,
    /// Whoever runs it can count what it changes, and give it up when that is too much.
    pub countable: bool,
    /// The account as which it runs, when that is another than the session's: the one that only reads.
    pub runs_as: Option<String>,
    /// What it depends on besides its text and parameters, where that is known to be all: another session of the same
    /// person, in the same place, means exactly the same by it. None: only its own session does.
    pub place: Option<String>,
}

/// A line of the managed shell with everything that decides what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShellLine {
    /// As it was submitted.
    pub text: String,
    /// The shell's directory on the target: absolute, without links. None is the login directory, before it was asked for.
    pub directory: Option<String>,
    /// Variables that programs see; their names are harmless ([`policy::environment`]).
    pub exported: BTreeMap<String, String>,
    /// Variables that only the shell knows.
    pub variables: BTreeMap<String, String>,
    /// The permission bits that new files do not get.
    pub umask: Option<u32>,
    /// Exit status of the line before.
    pub status: u8,
}

/// A forwarding and where it leads (RFC 4254, section 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forwarding {
    /// `direct-tcpip`: a connection that the target opens.
    Tcp(Destination),
    /// `direct-streamlocal@openssh.com`: a Unix socket on the target.
    Unix(Destination),
    /// `tcpip-forward`: a port on the target that leads back.
    Remote(Destination),
    /// `auth-agent-req@openssh.com`.
    Agent,
    /// `x11-req`.
    X11,
}

impl Ask {
    /// The act that policies know it by.
    pub fn act(&self) -> Act {
        match self {
            Self::Shell => Act::Shell,
            Self::Exec(_) | Self::Line(_) => Act::Exec,
            Self::Sftp => Act::Sftp,
            Self::File(operation) => operation.act(),
            Self::Forward(forwarding) => forwarding.act(),
            Self::Statement(statement) if statement.script.replicates() => Act::Replicate,
            Self::Statement(_) => Act::Statement,
        }
    }

    /// What was submitted, byte for byte; empty for what has no text.
    pub(crate) fn text(&self) -> Vec<u8> {
        match self {
            Self::Shell | Self::Sftp => Vec::new(),
            Self::Exec(text) => text.clone(),
            Self::Line(line) => line.text.clone().into_bytes(),
            Self::File(operation) => operation.command().into_bytes(),
            Self::Forward(forwarding) => forwarding.to_string().into_bytes(),
            Self::Statement(statement) => statement.whole(),
        }
    }

    /// What the text does by that command table; none for what has no consequences to read.
    pub(crate) fn analysis(&self, table: &Arc<Table>) -> Option<Analysis> {
        let surroundings = || Surroundings { table: Arc::clone(table), ..Surroundings::default() };
        match self {
            Self::Exec(text) => Some(Analysis::of_line(text, &surroundings())),
            Self::Line(line) => Some(line.analysis(table)),
            Self::File(operation) => Some(operation.analysis()),
            Self::Statement(statement) => Some(statement.analysis()),
            Self::Shell | Self::Sftp | Self::Forward(_) => None,
        }
    }

    /// Where it starts: a directory, what else a statement depends on, or `login`.
    pub(crate) fn directory(&self) -> &str {
        match self {
            Self::Line(ShellLine { directory: Some(directory), .. }) => directory,
            Self::Statement(SqlStatement { place: Some(place), .. }) => place,
            _ => "login",
        }
    }

    /// Whether a request for it outlives its session.
    pub(crate) fn stays(&self) -> bool {
        matches!(self, Self::Statement(SqlStatement { place: Some(_), .. }))
    }

    /// What is asked thousands of times, looking at names and statements that are allowed, is in the recording, and no
    /// entry of its own.
    pub(crate) fn is_entered(&self, allowed: bool) -> bool {
        match self {
            Self::File(FileOperation::List { .. }) => false,
            Self::Statement(_) => !allowed,
            _ => true,
        }
    }
}

impl SqlStatement {
    fn analysis(&self) -> Analysis {
        Analysis::of_statements(&self.script)
    }

    /// The text, and below it what it executes and the parameters: what people sign for.
    fn whole(&self) -> Vec<u8> {
        let mut whole = self.text.clone();
        for (name, text) in &self.behind {
            let lines: String = text.lines().map(|line| format!("\n--   {line}")).collect();
            whole.extend_from_slice(format!("\n-- {name:?} is{lines}").as_bytes());
        }
        for (number, value) in self.parameters.iter().enumerate() {
            let shown = value.as_deref().map_or_else(|| "NULL".to_owned(), |value| format!("{value:?}"));
            whole.extend_from_slice(format!("\n-- ${} = {shown}", number + 1).as_bytes());
        }
        whole
    }
}

impl ShellLine {
    /// What the line does. A variable that could change what runs, or a directory that is none, refuses the whole line.
    pub fn analysis(&self, table: &Arc<Table>) -> Analysis {
        if let Some(name) =
            self.exported.iter().find(|(n, v)| !environment::is_harmless(n, v)).map(|(n, _)| n)
        {
            return Analysis::refused(&format!("the exported variable {}", visible(name)));
        }
        if self.directory.as_ref().is_some_and(|directory| !directory.starts_with('/')) {
            return Analysis::refused("a directory that is not known from the root on");
        }
        let mut variables = self.exported.clone();
        variables.extend(self.variables.clone());
        let (directory, table) = (self.directory.clone(), Arc::clone(table));
        Analysis::of_line(
            self.text.as_bytes(),
            &Surroundings { directory, variables, status: self.status, table },
        )
    }

    /// The text to run: the shell's state, then the regenerated line.
    pub(crate) fn run(&self, regenerated: &str) -> String {
        let mut text = String::new();
        if let Some(directory) = &self.directory {
            text += &format!("cd -- {} || exit 1; ", quoted(directory));
        }
        if let Some(umask) = self.umask {
            text += &format!("umask {umask:04o}; ");
        }
        for (name, value) in &self.exported {
            text += &format!("export {name}={}; ", quoted(value));
        }
        text + regenerated
    }
}

impl Forwarding {
    fn act(&self) -> Act {
        match self {
            Self::Tcp(_) => Act::Forward,
            Self::Unix(_) => Act::ForwardUnix,
            Self::Remote(_) => Act::ForwardRemote,
            Self::Agent => Act::ForwardAgent,
            Self::X11 => Act::ForwardX11,
        }
    }

    /// Where it leads.
    pub fn destination(&self) -> Option<&Destination> {
        match self {
            Self::Tcp(to) | Self::Unix(to) | Self::Remote(to) => Some(to),
            Self::Agent | Self::X11 => None,
        }
    }
}

impl std::fmt::Display for Forwarding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.destination() {
            Some(to) if to.port == 0 => f.write_str(&to.host),
            Some(to) if to.host.contains(':') => write!(f, "[{}]:{}", to.host, to.port),
            Some(to) => write!(f, "{}:{}", to.host, to.port),
            None => write!(f, "{}", self.act()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_runs_in_its_directory_with_its_variables() {
        let line = ShellLine {
            text: "ls".into(),
            directory: Some("/srv/it's \\here".into()),
            exported: [("LANG".into(), "C".into())].into(),
            umask: Some(0o27),
            ..ShellLine::default()
        };
        let run = line.run("'ls'");
        assert_eq!(run, "cd -- '/srv/it'\\''s '\\\\'here' || exit 1; umask 0027; export LANG='C'; 'ls'");
    }

    #[test]
    fn a_line_whose_state_could_change_what_runs_is_not_read() {
        let line = |name: &str, directory: &str| ShellLine {
            text: "ls".into(),
            directory: Some(directory.into()),
            exported: [(name.to_owned(), "x".to_owned())].into(),
            ..ShellLine::default()
        };
        for bad in [line("PATH", "/srv"), line("A=b; rm", "/srv"), line("", "/srv"), line("TZ", "srv")] {
            assert!(!bad.analysis(&Table::shipped()).understood(), "{bad:?}");
        }
        let good = ShellLine { exported: [("TZ".to_owned(), "UTC".to_owned())].into(), ..line("TZ", "/srv") };
        assert!(good.analysis(&Table::shipped()).understood());
    }

    #[test]
    fn a_destination_reads_as_it_is_usually_written() {
        let tcp = |host: &str, port| Forwarding::Tcp(Destination { host: host.into(), port }).to_string();
        assert_eq!(tcp("db", 5432), "db:5432");
        assert_eq!(tcp("::1", 80), "[::1]:80");
        assert_eq!(tcp("/run/x.sock", 0), "/run/x.sock");
    }
}
