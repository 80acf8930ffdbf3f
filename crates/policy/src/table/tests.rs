//! What the table accepts: the shipped rows, and those that an operator adds.

use super::*;

#[test]
fn the_shipped_table_is_sound() {
    let errors: Vec<_> =
        FILES.iter().filter_map(|(file, text)| rows_of(file, text).err()).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    assert!(Table::shipped().programs() > 1500, "{} programs", Table::shipped().programs());
}

#[test]
fn the_rows_of_a_program_stand_in_one_file() {
    let mut homes: BTreeMap<String, &str> = BTreeMap::new();
    for (file, text) in FILES {
        for name in rows_of(file, text).unwrap().iter().flat_map(|row| &row.names) {
            assert_eq!(*homes.entry(name.clone()).or_insert(file), file, "{name}");
        }
    }
}

#[test]
fn every_effect_has_rows() {
    let table = Table::shipped();
    for effect in crate::Effect::ALL {
        let rows = table.0.values().flatten().filter(|row| row.effects.contains(&effect)).count();
        assert!(rows > 2, "{effect}: {rows} rows");
    }
}

#[test]
fn only_standard_directories_are_trusted() {
    let table = Table::shipped();
    assert!(!table.rows("/usr/bin/ls").is_empty());
    assert!(!table.rows("/usr/lib/postgresql/15/bin/pg_ctl").is_empty());
    for path in ["/usr/lib/postgresql/../bin/ls", "/usr/lib/postgresql/15/bin/../bin/ls"] {
        assert!(table.rows(path).is_empty(), "{path}");
    }
    for path in ["./ls", "/tmp/ls", "bin/ls", "/usr/bin/../../tmp/ls", "//bin/ls", "/bin/", "ls/"] {
        assert!(table.rows(path).is_empty(), "{path}");
    }
}

fn with(text: &str) -> Result<Table, PolicyError> {
    Table::with(&[("own.toml".into(), text.into())])
}

const OWN: &str = "[[program]]\nnames = [\"deployctl\"]\ndoes = \"shows releases\"\neffects = [\"read\"]\n";

#[test]
fn an_added_row_makes_a_program_known() {
    let table = with(OWN).unwrap();
    assert_eq!(table.rows("/usr/local/bin/deployctl").len(), 1);
    assert_eq!(table.rows("ls").len(), Table::shipped().rows("ls").len());
    assert!(Table::shipped().rows("deployctl").is_empty());
}

#[test]
fn a_shipped_program_is_replaced_only_by_rows_that_say_so() {
    let row = OWN.replace("deployctl", "vim");
    let error = with(&row).unwrap_err();
    assert_eq!((error.file.as_str(), error.what.as_str()), ("own.toml", "vim is in the shipped table"));
    let replaced = with(&format!("{row}instead_of_shipped = true\n")).unwrap();
    assert!(replaced.rows("vim").iter().all(|row| row.does == "shows releases"));
    assert!(with(&format!("{row}instead_of_shipped = true\n{row}")).is_err(), "one of two rows says so");
    assert!(with(&format!("{OWN}instead_of_shipped = true\n")).is_err(), "there is nothing to replace");
}

#[test]
fn a_program_has_one_home_among_added_files() {
    let files = [("a.toml".into(), OWN.into()), ("b.toml".into(), OWN.into())];
    assert!(Table::with(&files).is_err_and(|e| e.file == "b.toml" && e.what.contains("deployctl")));
}

#[test]
fn a_broken_row_is_an_error_that_names_file_and_row() {
    for (change, says) in [
        ("effects = [\"wrong\"]", "no effect"),
        ("effects = []", "needs effects"),
        ("frobs = 1", "unknown field"),
        ("effects = [\"read\"]\noptions = \"-a -ba\"", "deployctl: -a is listed twice"),
        ("effects = [\"read\"]\nrequires = [\"-z\"]", "deployctl: -z is mentioned"),
        ("effects = [\"read\"]\nrecursive = \"-r\"", "deployctl: -r is mentioned"),
        ("effects = [\"read\"]\noptions = \"-ab=\"", "bundles options that take values"),
        ("effects = [\"read\"]\nany_options = true\noptions = \"-a\"", "any_options"),
        ("effects = [\"read\"]\nrest = \"frobs\"", "unknown variant"),
    ] {
        let error = with(&OWN.replace("effects = [\"read\"]", change)).unwrap_err();
        assert_eq!(error.file, "own.toml");
        assert!(error.what.contains(says), "{change}: {error}");
    }
    for name in ["", "bin/x", "a b", "é"] {
        assert!(with(&OWN.replace("deployctl", name)).is_err(), "{name}");
    }
    assert!(with("program = 3").is_err_and(|e| e.line == Some(1)));
    assert!(with("").is_ok());
}
