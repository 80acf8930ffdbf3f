//! What is to be judged before the server sees it, and what it comes to.

use std::sync::Arc;

use bytes::Bytes;

use super::execute::{Kind, Value};
use super::reply::{Done, Failure};
use super::statements::Prepared;

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
}

/// The kinds of acts.
#[derive(Clone, Debug)]
pub enum ActKind {
    /// A statement.
    Query(Bytes),
    /// A prepared statement with its parameters and their types.
    Execute(Arc<Prepared>, Vec<Value>, Vec<Kind>),
    /// `USE`.
    Use(Bytes),
    /// The columns of a table; what the client sent behind its name is not kept apart.
    Columns(Bytes),
    /// COM_RESET_CONNECTION: everything of the session is given up.
    Reset,
    /// COM_STATISTICS: a line about the server.
    Statistics,
}

/// What came of an allowed act; one for each result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done(Done),
    /// A line of text was the answer.
    Line,
    /// The server refused or failed.
    Failed(Failure),
}
