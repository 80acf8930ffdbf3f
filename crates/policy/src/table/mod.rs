//! The command table: which program does what, as data, one file for each family of programs.

#[cfg(test)]
mod help;
mod options;
mod prepare;
mod row;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::PolicyError;
use prepare::Unusable;

pub(crate) use options::{Given, Matched, matched};
pub(crate) use row::{Means, Role, Row, Runs, Stdin, Style, Use};

/// Every family, by file name.
const FILES: [(&str, &str); 17] = [
    ("archives.toml", include_str!("../../table/archives.toml")),
    ("backup.toml", include_str!("../../table/backup.toml")),
    ("clients.toml", include_str!("../../table/clients.toml")),
    ("clouds.toml", include_str!("../../table/clouds.toml")),
    ("containers.toml", include_str!("../../table/containers.toml")),
    ("databases.toml", include_str!("../../table/databases.toml")),
    ("disks.toml", include_str!("../../table/disks.toml")),
    ("editors.toml", include_str!("../../table/editors.toml")),
    ("files.toml", include_str!("../../table/files.toml")),
    ("keys.toml", include_str!("../../table/keys.toml")),
    ("network.toml", include_str!("../../table/network.toml")),
    ("privileges.toml", include_str!("../../table/privileges.toml")),
    ("services.toml", include_str!("../../table/services.toml")),
    ("shells.toml", include_str!("../../table/shells.toml")),
    ("state.toml", include_str!("../../table/state.toml")),
    ("text.toml", include_str!("../../table/text.toml")),
    ("wrappers.toml", include_str!("../../table/wrappers.toml")),
];

static SHIPPED: LazyLock<Arc<Table>> = LazyLock::new(|| {
    // A table that cannot be read is empty, which makes every program unknown.
    Arc::new(
        FILES
            .iter()
            .try_fold(Table::default(), |table, (file, text)| table.and(file, text))
            .unwrap_or_default(),
    )
});

/// Directories whose programs are what their names say.
const STANDARD: [&str; 6] =
    ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"];

const ADVICE: &str = "correct the row; docs/policy.md shows how one is written";

/// The rows of each program name, in the order in which they are tried.
#[derive(Clone, Debug, Default)]
pub struct Table(BTreeMap<String, Vec<Row>>);

impl Table {
    /// The table that comes with this version.
    pub fn shipped() -> Arc<Table> {
        Arc::clone(&SHIPPED)
    }

    /// The shipped table and the rows of the operator's own files, given as (name, text). A program of the shipped table
    /// keeps its rows unless every added row for it says `instead_of_shipped = true`.
    pub fn with(files: &[(String, String)]) -> Result<Table, PolicyError> {
        let mut added = Table::default();
        let mut homes: BTreeMap<String, &str> = BTreeMap::new();
        for (file, text) in files {
            for row in rows_of(file, text)? {
                for name in &row.names {
                    if *homes.entry(name.clone()).or_insert(file) != file {
                        return Err(twice(file, name));
                    }
                }
                replaces_knowingly(file, &row)?;
                added.add(row);
            }
        }
        let mut table = Table::clone(&SHIPPED);
        table.0.extend(added.0);
        Ok(table)
    }

    /// How many programs it knows.
    pub fn programs(&self) -> usize {
        self.0.len()
    }

    /// The names of the programs that it knows, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The rows for a program as it is written; none when nothing is known about it.
    pub(crate) fn rows(&self, program: &str) -> &[Row] {
        let name = STANDARD.iter().find_map(|dir| program.strip_prefix(dir)).or_else(|| of_postgres(program));
        self.0.get(name.unwrap_or(program)).map_or(&[], Vec::as_slice)
    }

    fn and(mut self, file: &str, text: &str) -> Result<Table, PolicyError> {
        rows_of(file, text)?.into_iter().for_each(|row| self.add(row));
        Ok(self)
    }

    fn add(&mut self, row: Row) {
        for name in &row.names {
            self.0.entry(name.clone()).or_default().push(row.clone());
        }
    }
}

/// The name of a program that Debian keeps apart for each version of PostgreSQL.
fn of_postgres(program: &str) -> Option<&str> {
    let (version, name) = program.strip_prefix("/usr/lib/postgresql/")?.split_once("/bin/")?;
    version.bytes().all(|b| b.is_ascii_digit()).then_some(name)
}

fn rows_of(file: &str, text: &str) -> Result<Vec<Row>, PolicyError> {
    prepare::read(text).map_err(|unusable| match unusable {
        Unusable::Toml(error) => PolicyError::toml(file, text, &error, ADVICE),
        Unusable::Rows(what) => PolicyError::new(file, what, ADVICE),
    })
}

/// A row of the operator's never makes a shipped program less dangerous by accident.
fn replaces_knowingly(file: &str, row: &Row) -> Result<(), PolicyError> {
    let known = row.names.iter().find(|name| SHIPPED.0.contains_key(*name));
    match known {
        Some(name) if !row.instead_of_shipped => Err(PolicyError::new(
            file,
            format!("{name} is in the shipped table"),
            "leave the row out, or say instead_of_shipped = true in every row for it",
        )),
        None if row.instead_of_shipped => Err(PolicyError::new(
            file,
            format!("{} is not in the shipped table", row.names.join(",")),
            "take instead_of_shipped out of the row",
        )),
        _ => Ok(()),
    }
}

fn twice(file: &str, name: &str) -> PolicyError {
    PolicyError::new(
        file,
        format!("{name} has rows in another file too"),
        "keep all rows for a program in one file",
    )
}

#[cfg(test)]
mod tests;
