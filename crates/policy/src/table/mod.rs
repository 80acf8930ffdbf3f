//! The command table: which program does what, as data, one file for each family of programs.

#[cfg(test)]
mod help;
mod options;
mod row;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub(crate) use options::{Given, Matched, matched};
pub(crate) use row::{Means, Role, Row, Runs, Stdin, Style, Use};

/// Every family, by file name.
const FILES: [(&str, &str); 12] = [
    ("archives.toml", include_str!("../../table/archives.toml")),
    ("backup.toml", include_str!("../../table/backup.toml")),
    ("databases.toml", include_str!("../../table/databases.toml")),
    ("disks.toml", include_str!("../../table/disks.toml")),
    ("files.toml", include_str!("../../table/files.toml")),
    ("network.toml", include_str!("../../table/network.toml")),
    ("privileges.toml", include_str!("../../table/privileges.toml")),
    ("services.toml", include_str!("../../table/services.toml")),
    ("shells.toml", include_str!("../../table/shells.toml")),
    ("state.toml", include_str!("../../table/state.toml")),
    ("text.toml", include_str!("../../table/text.toml")),
    ("wrappers.toml", include_str!("../../table/wrappers.toml")),
];

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(&FILES).unwrap_or_default());

/// Directories whose programs are what their names say.
const STANDARD: [&str; 6] =
    ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"];

/// The rows of each program name, in the order in which they are tried.
#[derive(Default)]
struct Table(BTreeMap<String, Vec<Row>>);

/// The rows for a program as it is written; none when nothing is known about it. A table that cannot be read is
/// empty, which makes every program unknown.
pub(crate) fn rows(program: &str) -> &'static [Row] {
    let name = STANDARD.iter().find_map(|dir| program.strip_prefix(dir)).unwrap_or(program);
    TABLE.0.get(name).map_or(&[], Vec::as_slice)
}

impl Table {
    fn read(files: &[(&str, &str)]) -> Result<Table, String> {
        let mut table = Table::default();
        for (file, text) in files {
            for row in row::read(text).map_err(|e| format!("{file}: {e}"))? {
                for name in &row.names {
                    table.0.entry(name.clone()).or_default().push(row.clone());
                }
            }
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_is_sound() {
        let errors: Vec<_> = FILES.iter().filter_map(|file| Table::read(&[*file]).err()).collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
        let table = Table::read(&FILES).unwrap();
        assert!(table.0.len() > 250, "{} programs", table.0.len());
    }

    #[test]
    fn the_rows_of_a_program_stand_in_one_file() {
        let mut homes: BTreeMap<String, &str> = BTreeMap::new();
        for (file, text) in FILES {
            for name in row::read(text).unwrap().iter().flat_map(|row| &row.names) {
                assert_eq!(*homes.entry(name.clone()).or_insert(file), file, "{name}");
            }
        }
    }

    #[test]
    fn a_broken_table_is_an_error_with_its_file() {
        let error =
            Table::read(&[("x.toml", "[[program]]\nnames = [\"a\"]\ndoes = \"x\"\neffects = [\"wrong\"]")]);
        assert!(error.is_err_and(|e| e.starts_with("x.toml")));
    }

    #[test]
    fn only_standard_directories_are_trusted() {
        assert!(!rows("/usr/bin/ls").is_empty());
        for path in ["./ls", "/tmp/ls", "bin/ls", "/usr/bin/../../tmp/ls", "//bin/ls", "/bin/", "ls/"] {
            assert!(rows(path).is_empty(), "{path}");
        }
    }
}
