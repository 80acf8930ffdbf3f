//! Prepared statements by the numbers that the server gave them, with what was sent for their next run.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::execute::{self, Kind, Value};
use crate::Error;

const MOST: usize = 10_000;
const MOST_BYTES: usize = 64 << 20;

/// A prepared statement.
#[derive(Debug)]
pub struct Prepared {
    /// Its text.
    pub text: Bytes,
    parameters: u16,
}

#[derive(Debug)]
struct Statement {
    prepared: Arc<Prepared>,
    /// The parameters' types as of the last run.
    kinds: Option<Vec<Kind>>,
    /// Long parameters for the next run.
    long: HashMap<u16, BytesMut>,
}

/// What an Execute runs.
#[derive(Debug)]
pub(super) struct Run {
    pub prepared: Arc<Prepared>,
    pub kinds: Vec<Kind>,
    pub values: Vec<Value>,
}

/// All of a session.
#[derive(Debug, Default)]
pub(super) struct Statements {
    known: HashMap<u32, Statement>,
}

impl Statements {
    pub(super) fn insert(&mut self, number: u32, text: Bytes, parameters: u16) {
        let prepared = Arc::new(Prepared { text, parameters });
        self.known.insert(number, Statement { prepared, kinds: None, long: HashMap::new() });
    }

    pub(super) fn close(&mut self, number: u32) {
        self.known.remove(&number);
    }

    pub(super) fn clear(&mut self) {
        self.known.clear();
    }

    pub(super) fn has_room(&self, more: usize) -> bool {
        let used: usize = self.known.values().map(Statement::size).sum();
        self.known.len() < MOST && used + more <= MOST_BYTES
    }

    /// What an Execute means; nothing if there is no such statement.
    pub(super) fn run(&self, number: u32, parameters: &[u8], payload: &Bytes) -> Option<Result<Run, Error>> {
        self.known.get(&number).map(|statement| statement.run(parameters, payload))
    }

    /// It runs: its types hold for the next time, and the server forgets its long parameters.
    pub(super) fn runs(&mut self, number: u32, kinds: Vec<Kind>) {
        if let Some(statement) = self.known.get_mut(&number) {
            (statement.kinds, statement.long) = (Some(kinds), HashMap::new());
        }
    }

    pub(super) fn reset(&mut self, number: u32) {
        if let Some(statement) = self.known.get_mut(&number) {
            statement.long.clear();
        }
    }

    /// A part of a long parameter. False if the server should not get it: there is no such statement, or no room. Since
    /// this is not answered, the client is told when it runs the statement, which is unknown then.
    pub(super) fn add_long(&mut self, number: u32, parameter: u16, data: &[u8]) -> bool {
        if !self.has_room(data.len()) {
            self.close(number);
        }
        let Some(statement) = self.known.get_mut(&number) else { return false };
        statement.long.entry(parameter).or_default().extend_from_slice(data);
        true
    }
}

impl Statement {
    fn size(&self) -> usize {
        self.prepared.text.len() + self.long.values().map(BytesMut::len).sum::<usize>()
    }

    fn run(&self, parameters: &[u8], payload: &Bytes) -> Result<Run, Error> {
        let long = |place| self.long.get(&place).map(|bytes| bytes.clone().freeze());
        let share = |part: &[u8]| payload.slice_ref(part);
        let (kinds, values) =
            execute::parameters(parameters, self.prepared.parameters, self.kinds.as_deref(), long, share)?;
        Ok(Run { prepared: Arc::clone(&self.prepared), kinds, values })
    }
}
