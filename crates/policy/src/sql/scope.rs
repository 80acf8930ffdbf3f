//! Which relations a column's name may belong to: one level for each query, names of common tables beside.

use std::collections::{BTreeMap, BTreeSet};

use super::name::Name;
use super::script::Columns;

/// With more relations than this in one query, each column is taken for one of every column of all.
const MOST_RELATIONS: usize = 32;

/// The queries around an expression, innermost last.
#[derive(Default)]
pub(super) struct Scope {
    levels: Vec<Level>,
    /// Names of common tables that are visible, innermost last.
    common: Vec<String>,
}

/// One query's relations and the columns that it names.
#[derive(Default)]
struct Level {
    /// What an alias stands for: tables, or none for a subquery whose own query was read.
    aliases: BTreeMap<String, Vec<Name>>,
    tables: BTreeMap<Name, Columns>,
    /// Columns named without a relation, here or in queries inside.
    plain: BTreeSet<String>,
}

impl Scope {
    pub(super) fn enter(&mut self) {
        self.levels.push(Level::default());
    }

    /// Ends the innermost query: its tables, with all columns of them that it may have read.
    pub(super) fn leave(&mut self) -> BTreeMap<Name, Columns> {
        let Some(level) = self.levels.pop() else { return BTreeMap::new() };
        let plain = match level.tables.len() {
            0..=MOST_RELATIONS => Columns::Some(level.plain.clone()),
            _ if level.plain.is_empty() => Columns::none(),
            _ => Columns::All,
        };
        if let Some(outer) = self.levels.last_mut() {
            outer.plain.extend(level.plain);
        }
        level.tables.into_iter().map(|(table, columns)| (table, columns.and(plain.clone()))).collect()
    }

    /// A table of the innermost query, under its alias or name.
    pub(super) fn table(&mut self, alias: &str, table: &Name) {
        if let Some(level) = self.levels.last_mut() {
            level.aliases.entry(alias.into()).or_default().push(table.clone());
            level.tables.entry(table.clone()).or_insert_with(Columns::none);
        }
    }

    /// A subquery or function of the innermost query, under its alias.
    pub(super) fn derived(&mut self, alias: &str) {
        if let Some(level) = self.levels.last_mut() {
            level.aliases.entry(alias.into()).or_default();
        }
    }

    /// A name for several tables of the innermost query together.
    pub(super) fn together(&mut self, alias: &str, tables: &[Name]) {
        if let Some(level) = self.levels.last_mut() {
            level.aliases.entry(alias.into()).or_default().extend_from_slice(tables);
        }
    }

    /// Whether a name without schema is that of a common table.
    pub(super) fn is_common(&self, name: &str) -> bool {
        self.common.iter().any(|common| common == name)
    }

    pub(super) fn common(&mut self, name: &str) {
        self.common.push(name.into());
    }

    /// How many common tables are visible, to go back to with [`Scope::forget_common`].
    pub(super) fn commons(&self) -> usize {
        self.common.len()
    }

    pub(super) fn forget_common(&mut self, from: usize) {
        self.common.truncate(from);
    }

    /// A column named without a relation; the name may also be a relation's, and stand for its whole row.
    pub(super) fn column(&mut self, name: &str) {
        if let Some(level) = self.levels.last_mut() {
            level.plain.insert(name.into());
        }
        self.whole(name);
    }

    /// A column of a relation.
    pub(super) fn column_of(&mut self, relation: &str, name: &str) {
        match self.find(relation) {
            Some((level, tables)) => {
                for table in tables {
                    let column = Columns::Some([name.to_owned()].into());
                    self.add(level, &table, column);
                }
            }
            None => self.column(name),
        }
    }

    /// All columns of a relation.
    pub(super) fn whole(&mut self, relation: &str) {
        if let Some((level, tables)) = self.find(relation) {
            tables.iter().for_each(|table| self.add(level, table, Columns::All));
        }
    }

    /// All columns of everything in the innermost query.
    pub(super) fn all(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.tables.values_mut().for_each(|columns| *columns = Columns::All);
        }
    }

    fn find(&self, alias: &str) -> Option<(usize, Vec<Name>)> {
        let levels = self.levels.iter().enumerate().rev();
        levels.filter_map(|(at, level)| Some((at, level.aliases.get(alias)?.clone()))).next()
    }

    fn add(&mut self, level: usize, table: &Name, columns: Columns) {
        if let Some(known) = self.levels.get_mut(level).and_then(|level| level.tables.get_mut(table)) {
            *known = std::mem::replace(known, Columns::All).and(columns);
        }
    }
}
