//! What was found in one statement so far.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::catalogue::{Catalogue, Meaning};
use super::name::{Kind, Name, Named};
use super::script::{Columns, Control, Removed, RemovedKind, Statement, TableUse};
use crate::{Effect, How, Reason};

/// What a name is taken for while no catalogue was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Usually {
    /// It does nothing of its own.
    Harmless,
    /// Nobody knows.
    Unknown,
}

pub(super) struct Findings<'a> {
    catalogue: &'a Catalogue,
    reasons: Vec<Reason>,
    told: BTreeSet<(Effect, String)>,
    tables: BTreeMap<(Name, How), (Columns, bool)>,
    pub(super) functions: BTreeSet<String>,
    resolve: BTreeSet<Named>,
    obstacle: Option<String>,
    pub(super) control: Control,
    /// The statement is only planned: what it would do is not done, but functions may be called.
    pub(super) planned: bool,
    pub(super) removed: Vec<Removed>,
    /// EXPLAIN can plan it.
    pub(super) plannable: bool,
    /// It makes something temporary that does more than hold rows.
    pub(super) shifts: bool,
    /// It reads variables of its session, or what that did last.
    pub(super) of_session: bool,
}

impl<'a> Findings<'a> {
    pub(super) fn new(catalogue: &'a Catalogue) -> Self {
        Findings {
            catalogue,
            reasons: vec![],
            told: BTreeSet::new(),
            tables: BTreeMap::new(),
            functions: BTreeSet::new(),
            resolve: BTreeSet::new(),
            obstacle: None,
            control: Control::None,
            planned: false,
            removed: vec![],
            plannable: false,
            shifts: false,
            of_session: false,
        }
    }

    pub(super) fn catalogue(&self) -> &'a Catalogue {
        self.catalogue
    }

    /// The statement does this, once it runs.
    pub(super) fn does(&mut self, effect: Effect, because: impl Into<String>) {
        if self.planned && effect != Effect::Unknown {
            return self.note(Effect::Read, "plans a statement without running it".into());
        }
        self.note(effect, because.into());
    }

    /// A function that it calls does this, perhaps as early as it is planned.
    pub(super) fn calls(&mut self, effect: Effect, because: impl Into<String>) {
        self.note(effect, because.into());
    }

    /// Something in it is not on the list.
    pub(super) fn unknown(&mut self, because: impl Into<String>) {
        self.note(Effect::Unknown, because.into());
    }

    /// After it, nothing that is read here would mean the same to the server.
    pub(super) fn misleads(&mut self, because: impl Into<String>) {
        self.obstacle.get_or_insert(because.into());
    }

    fn note(&mut self, effect: Effect, because: String) {
        if self.told.insert((effect, because.clone())) {
            self.reasons.push(Reason { effect, because, program: None });
        }
    }

    pub(super) fn table(&mut self, table: &Name, how: How, columns: Columns, whole: bool) {
        let how = if self.planned { How::Looks } else { how };
        let used = self.tables.entry((table.clone(), how)).or_insert_with(|| (Columns::none(), false));
        used.0 = std::mem::replace(&mut used.0, Columns::All).and(columns);
        used.1 |= whole && !self.planned;
    }

    /// Every table is removed or otherwise changed, of one schema or of all.
    pub(super) fn every_table(&mut self, schema: Option<&str>, how: How) {
        let table = Name { schema: schema.map(str::to_owned), name: Name::ANY.into() };
        self.table(&table, how, Columns::All, how == How::Removes);
    }

    /// Something goes as a whole.
    pub(super) fn removes(&mut self, kind: RemovedKind, name: &Name, cascades: bool) {
        if !self.planned {
            self.removed.push(Removed { kind, name: name.clone(), cascades });
        }
    }

    /// What stands behind a name does more than the name says: the catalogue knows, or it is taken for the usual.
    pub(super) fn rely_on(&mut self, kind: Kind, name: &Name, usually: Usually) {
        let named = Named { kind, name: name.clone() };
        let catalogue = self.catalogue;
        match catalogue.meaning(&named) {
            Some(meaning) => self.means(&named, meaning),
            None if catalogue.is_closed() => {
                self.unknown(format!("the database did not say what {named} is"))
            }
            None => {
                if usually == Usually::Unknown {
                    self.unknown(format!("{named} is not the server's own"));
                }
                self.resolve.insert(named);
            }
        }
    }

    /// What the statement does though no name in it says so.
    pub(super) fn beside(&mut self) {
        if let Some(meaning) = self.catalogue.what_is_beside() {
            self.means(&"it", meaning);
        }
    }

    fn means(&mut self, named: &impl fmt::Display, meaning: &Meaning) {
        for effect in &meaning.effects {
            self.note(*effect, format!("{named} {}", meaning.because));
        }
        for used in &meaning.tables {
            self.table(&used.table, used.how, used.columns.clone(), used.whole);
        }
    }

    /// The statement, or what stands in the way of ever letting it run.
    pub(super) fn into_statement(self, text: &str) -> Result<Statement, String> {
        if let Some(obstacle) = self.obstacle {
            return Err(obstacle);
        }
        let tables = self.tables.into_iter().map(|((table, how), (columns, whole))| TableUse {
            table,
            how,
            columns,
            whole,
        });
        let effects: BTreeSet<Effect> = self.reasons.iter().map(|reason| reason.effect).collect();
        let shifts = self.shifts || !effects.is_disjoint(&[Effect::SchemaChange, Effect::Unknown].into());
        Ok(Statement {
            text: text.into(),
            control: self.control,
            effects,
            reasons: self.reasons,
            tables: tables.collect(),
            functions: self.functions,
            resolve: self.resolve,
            removed: self.removed,
            plannable: self.plannable,
            shifts,
            of_session: self.of_session,
        })
    }
}
