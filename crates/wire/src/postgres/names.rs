//! Which text stands behind the name of a prepared statement, as the server sees it. Protocol (Parse, Close) and SQL
//! (PREPARE, DEALLOCATE, DISCARD) share one namespace; the empty name is the unnamed statement.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

/// The server keeps 63 bytes of a name and ignores the rest, so two longer names can be one statement. Nobody needs longer.
pub(super) const LONGEST_NAME: usize = 63;
const MOST_STATEMENTS: usize = 10_000;
const MOST_TEXT: usize = 64 << 20;

/// A prepared statement.
#[derive(Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Its text, copied out of the message.
    pub text: Bytes,
    /// The types that the client declared; 0 left one to the server.
    pub declared: Vec<u32>,
    /// The types that the server told, if the statement was described.
    pub(super) described: OnceLock<Vec<u32>>,
}

impl Prepared {
    pub(super) fn new(text: &[u8], declared: Vec<u32>) -> Arc<Self> {
        Arc::new(Self { text: Bytes::copy_from_slice(text), declared, described: OnceLock::new() })
    }

    /// The parameters' types as far as they are known: the server's word, else the client's.
    #[must_use]
    pub fn types(&self) -> &[u32] {
        self.described.get().unwrap_or(&self.declared)
    }
}

/// What a message does to names when it succeeds; for SQL the analysis says so.
#[derive(Clone, Debug)]
pub enum NameChange {
    /// `PREPARE name AS text` (the text behind AS).
    Prepare {
        /// The name as the server folds it.
        name: Bytes,
        /// The statement.
        statement: Arc<Prepared>,
    },
    /// `DEALLOCATE name`.
    Deallocate(Bytes),
    /// `DEALLOCATE ALL`, `DISCARD ALL`.
    DeallocateAll,
    /// Something that could not be read, and may have prepared or forgotten anything.
    Anything,
}

impl NameChange {
    /// `PREPARE name AS text`.
    #[must_use]
    pub fn prepare(name: &[u8], text: &[u8]) -> Self {
        Self::Prepare { name: Bytes::copy_from_slice(name), statement: Prepared::new(text, Vec::new()) }
    }

    /// What becomes of that name, if it is touched.
    pub(super) fn effect_on(&self, name: &[u8]) -> Option<Meaning> {
        match self {
            Self::Prepare { name: prepared, statement } if prepared == name => {
                Some(Meaning::Known(Arc::clone(statement)))
            }
            Self::Deallocate(forgotten) if forgotten == name => Some(Meaning::Absent),
            // The unnamed statement is not among "all".
            Self::DeallocateAll if !name.is_empty() => Some(Meaning::Absent),
            Self::Anything => Some(Meaning::Unknown),
            _ => None,
        }
    }
}

/// What stands behind a name.
#[derive(Clone, Debug)]
pub(super) enum Meaning {
    Known(Arc<Prepared>),
    /// Something, or nothing: the text behind it was never seen.
    Unknown,
    Absent,
}

/// The names as of the server's last answer.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<Bytes, Arc<Prepared>>,
    text: usize,
    /// Whether names that are not known may exist.
    may_be_others: bool,
}

impl Names {
    pub(super) fn meaning(&self, name: &[u8]) -> Meaning {
        match self.known.get(name) {
            Some(prepared) => Meaning::Known(Arc::clone(prepared)),
            None if self.may_be_others => Meaning::Unknown,
            None => Meaning::Absent,
        }
    }

    pub(super) fn known(&self) -> impl Iterator<Item = (&Bytes, &Arc<Prepared>)> {
        self.known.iter()
    }

    pub(super) fn has_room(&self, text: usize) -> bool {
        self.known.len() < MOST_STATEMENTS && self.text + text <= MOST_TEXT
    }

    pub(super) fn apply(&mut self, change: NameChange) {
        match change {
            NameChange::Prepare { name, statement } => {
                self.forget(&name);
                self.text += statement.text.len();
                self.known.insert(name, statement);
            }
            NameChange::Deallocate(name) => self.forget(&name),
            NameChange::DeallocateAll => self.keep_only_unnamed(),
            NameChange::Anything => {
                self.known.clear();
                self.text = 0;
                self.may_be_others = true;
            }
        }
    }

    fn forget(&mut self, name: &[u8]) {
        self.text -= self.known.remove(name).map_or(0, |statement| statement.text.len());
    }

    fn keep_only_unnamed(&mut self) {
        self.known.retain(|name, _| name.is_empty());
        self.text = self.known.values().map(|statement| statement.text.len()).sum();
        self.may_be_others = false;
    }
}
