//! What is to be judged before the server sees it, and what it comes to.

use std::sync::Arc;

use bytes::Bytes;

use super::backend::Status;
use super::names::{Meaning, NameChange, Prepared};
use super::report::Report;

/// Names an act within its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActId(pub(super) u64);

impl ActId {
    /// Its number, from 1, as a record of the session keeps it.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// Something that must not reach the server before it was judged.
#[derive(Clone, Debug)]
pub struct Act {
    /// Its name.
    pub id: ActId,
    /// What it is.
    pub kind: ActKind,
    /// How the transaction stood at the server's last word. It is the last word on it once the session
    /// [is settled](super::Session::is_settled).
    pub status: Status,
}

/// The kinds of acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActKind {
    /// A simple query: all statements of this text.
    Query(Bytes),
    /// A statement to be prepared that has constants in quotes: the server reads them as values of their types at once,
    /// which may call somebody's code.
    Parse(Arc<Prepared>),
    /// A prepared statement with parameters. Running its portal later is covered by it: a portal runs once.
    Bind {
        /// The statement's name.
        name: Bytes,
        /// The statement; `None` if it was prepared where nobody could see its text.
        statement: Option<Arc<Prepared>>,
        /// The parameters.
        parameters: Vec<Parameter>,
    },
    /// A function by its number.
    FunctionCall {
        /// Its number in the catalogue.
        function: u32,
        /// Its arguments.
        arguments: Vec<Parameter>,
    },
}

/// A parameter's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Binary, or text.
    pub is_binary: bool,
    /// `None` is NULL.
    pub value: Option<Bytes>,
}

/// What the analysis says that an allowed act does to the protocol's own state.
#[derive(Clone, Debug, Default)]
pub struct Consequences {
    /// What its statements do to the names of prepared statements: the statement's place in the text, from 0, and
    /// what it does when it succeeds.
    pub names: Vec<(usize, NameChange)>,
    /// Whether one of its statements asks for COPY data from the client (`COPY … FROM STDIN`), or may do so. A server
    /// that asks for data without this being set is taken to be out of step.
    pub copies: bool,
    /// Whether it changes, or may change, what later statements are judged by (`SET`, `RESET`, a role, the end of a
    /// transaction that has changed such a thing). Nothing is judged behind it before it is answered.
    pub settings: bool,
    /// Whether its names are looked up when it runs, not when it is bound: `EXECUTE`, and all but SELECT, INSERT, UPDATE,
    /// DELETE, MERGE and VALUES. Its portal must run before anything else is allowed, so that it means what was judged.
    pub late: bool,
    /// Whether it runs code that nobody has read, which may prepare and forget statements under any name: from the moment
    /// when the server has it until no transaction is open behind it. Triggers wait for the end of a transaction.
    pub any_name: bool,
}

impl Consequences {
    /// Of something that could not be read.
    #[must_use]
    pub fn unknown() -> Self {
        Self { names: Vec::new(), copies: true, settings: true, late: true, any_name: true }
    }

    /// Whether nothing may be sent behind it before it is answered.
    pub(super) fn is_last_word(&self) -> bool {
        self.copies || self.settings
    }

    pub(super) fn effect_on(&self, name: &[u8]) -> Option<Meaning> {
        self.names.iter().rev().find_map(|(_, change)| change.effect_on(name))
    }

    pub(super) fn of_statement(&self, place: usize) -> impl Iterator<Item = NameChange> {
        self.names.iter().filter(move |(at, _)| *at == place).map(|(_, change)| change.clone())
    }
}

/// What came of an allowed act. A query has one for each of its statements, a Bind one for each Execute, a function call one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done; the tag (`DELETE 3`).
    Completed(Bytes),
    /// There was no statement in it.
    Empty,
    /// As many rows were sent as were asked for; there may be more.
    Suspended,
    /// The server refused or failed.
    Failed(Report),
    /// Never begun, because something before it in the pipeline failed.
    Skipped,
}
