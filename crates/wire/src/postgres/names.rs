//! Which text stands behind the name of a prepared statement, as the server sees it. Protocol (Parse, Close) and SQL
//! (PREPARE, DEALLOCATE, DISCARD) share one namespace; the empty name is the unnamed statement.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

/// The server keeps 63 bytes of a name and ignores the rest, so two longer names can be one statement. Nobody needs longer.
pub(super) const LONGEST_NAME: usize = 63;
const MOST_STATEMENTS: usize = 10_000;
const MOST_TEXT: usize = 64 << 20;

/// A prepared statement.
#[derive(Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Its text, copied out of the message; of what SQL has prepared, as [`NameChange::prepare`] was told.
    pub text: Bytes,
    /// Whether SQL's PREPARE has made it.
    pub by_sql: bool,
    /// The types that the client declared; 0 left one to the server.
    pub declared: Vec<u32>,
    /// The types that the server told, if the statement was described.
    pub(super) described: OnceLock<Vec<u32>>,
    /// To prepare it runs something, so that it is not prepared again unasked.
    runs: OnceLock<()>,
}

impl Prepared {
    pub(super) fn new(text: &[u8], declared: Vec<u32>) -> Self {
        let (described, runs) = (OnceLock::new(), OnceLock::new());
        Self { text: Bytes::copy_from_slice(text), by_sql: false, declared, described, runs }
    }

    /// To prepare it runs something.
    pub(super) fn runs_something(&self) {
        let _ = self.runs.set(());
    }

    /// Whether it may be prepared again without a verdict.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.runs.get().is_none()
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
    /// Parse, or `PREPARE name AS statement`.
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
}

impl NameChange {
    /// `PREPARE name AS statement`, the text that tells later what it does, and whether to prepare it runs nothing.
    #[must_use]
    pub fn prepare(name: &[u8], text: &[u8], is_repeatable: bool) -> Self {
        let statement = Prepared { by_sql: true, ..Prepared::new(text, Vec::new()) };
        if !is_repeatable {
            statement.runs_something();
        }
        Self::Prepare { name: Bytes::copy_from_slice(name), statement: Arc::new(statement) }
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
            _ => None,
        }
    }
}

/// What stands behind a name.
#[derive(Clone, Debug)]
pub(super) enum Meaning {
    Known(Arc<Prepared>),
    /// This was parsed under the name, but code that nobody has read may have put something else there.
    Doubted(Arc<Prepared>),
    /// Something, or nothing: the text behind it was never seen.
    Unknown,
    Absent,
}

impl Meaning {
    /// What is left of it when code that nobody has read may have changed it.
    pub(super) fn doubted(self) -> Self {
        match self {
            Self::Known(prepared) if prepared.by_sql => Self::Unknown,
            Self::Known(prepared) => Self::Doubted(prepared),
            Self::Absent => Self::Unknown,
            other => other,
        }
    }
}

/// The names as of the server's last answer.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<Bytes, Arc<Prepared>>,
    doubted: HashSet<Bytes>,
    text: usize,
    /// Whether names that are not known may exist.
    may_be_others: bool,
}

impl Names {
    pub(super) fn meaning(&self, name: &[u8]) -> Meaning {
        match self.known.get(name) {
            Some(prepared) if self.doubted.contains(name) => Meaning::Doubted(Arc::clone(prepared)),
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
                match self.has_room(statement.text.len()) {
                    true => self.keep(name, statement),
                    false => self.may_be_others = true,
                }
            }
            NameChange::Deallocate(name) => self.forget(&name),
            NameChange::DeallocateAll => {
                self.retain(|name, _| name.is_empty());
                self.may_be_others = false;
            }
        }
    }

    /// Code that nobody has read has run: it may have prepared or forgotten anything. It cannot name the unnamed statement.
    pub(super) fn doubt(&mut self) {
        self.retain(|name, statement| name.is_empty() || !statement.by_sql);
        self.doubted = self.known.keys().filter(|name| !name.is_empty()).cloned().collect();
        self.may_be_others = true;
    }

    fn keep(&mut self, name: Bytes, statement: Arc<Prepared>) {
        self.text += statement.text.len();
        self.known.insert(name, statement);
    }

    fn forget(&mut self, name: &[u8]) {
        self.doubted.remove(name);
        self.text -= self.known.remove(name).map_or(0, |statement| statement.text.len());
    }

    fn retain(&mut self, wanted: impl Fn(&[u8], &Prepared) -> bool) {
        self.known.retain(|name, statement| wanted(name, statement));
        self.doubted.retain(|name| self.known.contains_key(name));
        self.text = self.known.values().map(|statement| statement.text.len()).sum();
    }
}
