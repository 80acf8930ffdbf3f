//! What was learnt from the database about the names in a statement.

use std::collections::{BTreeMap, BTreeSet};

use super::name::Named;
use super::script::TableUse;
use crate::Effect;

/// What is known of a database. Filled by whoever can ask it; the analysis only looks names up.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    meanings: BTreeMap<Named, Meaning>,
    closed: bool,
    beside: Option<Meaning>,
    version: Option<u32>,
}

/// What using a name does, beyond what the statement itself says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// Everything that it does; empty for a plain table or a function of the server's own.
    pub effects: BTreeSet<Effect>,
    /// Why, to follow the name in a sentence: `is a view that calls billing.total`.
    pub because: String,
    /// What it touches besides: the tables below a view, those that a foreign key's cascade reaches.
    pub tables: Vec<TableUse>,
}

impl Catalogue {
    /// Nothing was asked. Names are taken for what they usually are, and [`super::Statement::resolve`] lists them.
    pub fn unasked() -> Catalogue {
        Catalogue::default()
    }

    /// The database was asked for every name in [`super::Statement::resolve`] of an analysis without it. A name that is
    /// not here is `unknown`. `version` is the server's, such as 150018.
    pub fn asked(version: u32, meanings: BTreeMap<Named, Meaning>) -> Catalogue {
        Catalogue { meanings, closed: true, beside: None, version: Some(version) }
    }

    /// The text also does this, though no name in it says so: a function is called as if it were a column.
    pub fn beside(self, meaning: Option<Meaning>) -> Catalogue {
        Catalogue { beside: meaning, ..self }
    }

    /// What every statement does besides.
    pub(super) fn what_is_beside(&self) -> Option<&Meaning> {
        self.beside.as_ref()
    }

    /// What stands behind a name.
    pub(super) fn meaning(&self, named: &Named) -> Option<&Meaning> {
        self.meanings.get(named)
    }

    /// Whether a name that is not here is `unknown`.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether the server is known to be of this version or a later one.
    pub(super) fn is_at_least(&self, version: u32) -> bool {
        self.version.is_some_and(|known| known >= version)
    }
}
