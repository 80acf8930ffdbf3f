//! What statements of MySQL and MariaDB do, and what is refused because servers and modes differ about it.

use std::collections::BTreeSet;

use policy::Effect;
use policy::sql::{Catalogue, Dialect, Script, analyse};

fn read(text: &str) -> Script {
    analyse(Dialect::MySql, text.as_bytes(), &Catalogue::unasked())
}

#[test]
fn every_statement_of_the_table_does_what_the_table_says() {
    let mut wrong = vec![];
    for line in include_str!("sql/mysql.txt").lines().filter(|line| !line.starts_with('#')) {
        let (expected, text) = line.split_once('|').expect("effects | statement");
        let whole = expected.contains('*');
        let effects: BTreeSet<Effect> = expected
            .split_whitespace()
            .filter(|word| *word != "*")
            .map(|word| word.parse().unwrap())
            .collect();
        let script = read(text);
        let is_whole = script.statements().iter().flat_map(|one| &one.tables).any(|used| used.whole);
        let found = script.effects();
        let right =
            if effects.contains(&Effect::Unknown) { effects.is_subset(&found) } else { found == effects };
        if !right || is_whole != whole {
            wrong.push(format!("{line}\n    {found:?} {is_whole} {:?}", script.reasons()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn deep_and_long_texts_are_refused_without_running_out_of_stack() {
    for (open, close) in [
        ("(", ")"),
        ("(SELECT ", ")"),
        ("NOT ", ""),
        ("- ", ""),
        ("a OR ", ""),
        ("a.", ""),
        ("CASE WHEN ", ""),
    ] {
        for depth in [500, 5_000, 30_000] {
            let script = read(&format!("SELECT {}1{}", open.repeat(depth), close.repeat(depth)));
            assert!(!script.understood(), "{open} {depth}");
        }
    }
    let rows = vec!["(1, 'x')"; 20_000].join(", ");
    assert!(read(&format!("INSERT INTO t VALUES {rows}")).understood());
}

#[test]
fn columns_are_told_in_any_case_of_letters() {
    let script = read("SELECT Email FROM customers");
    assert!(format!("{:?}", script.statements()[0].tables).contains("\"email\""));
}

#[test]
fn a_function_in_quotes_may_be_somebodys_own() {
    for text in ["SELECT `count`(id) FROM orders", "SELECT `left`(name, 1) FROM customers"] {
        assert!(!read(text).understood(), "{text}");
    }
    assert!(read("SELECT COUNT(id), LEFT(name, 1) FROM orders").understood());
}

#[test]
fn what_replaces_rows_says_nothing_of_duplicates() {
    for text in [
        "REPLACE t SET a = 1 ON DUPLICATE KEY UPDATE a = 2",
        "EXPLAIN REPLACE t SET a = 1 ON DUPLICATE KEY UPDATE a = 2",
    ] {
        assert!(!read(text).understood(), "{text}");
    }
    assert!(read("INSERT t SET a = 1 ON DUPLICATE KEY UPDATE a = 2").understood());
}

#[test]
fn numbers_with_an_exponent_are_numbers_and_nothing_else() {
    for number in ["2.5e0", "1e5", "1E+5", "12.75e-3", "0e0", "-1e1"] {
        for text in ["SELECT {}", "INSERT INTO t VALUES (1,{})", "UPDATE t SET a={} WHERE b<{}"] {
            let text = text.replace("{}", number);
            assert!(read(&text).understood(), "{text}: {:?}", read(&text).reasons());
        }
    }
    // A name, a number with a name behind it, or an error: which of them differs by server and place.
    for text in [
        "SELECT 1e",
        "SELECT 1e5a",
        "SELECT 1e+",
        "SELECT 1e5.a FROM t",
        "SELECT 1e5e5",
        "SELECT t.1e5 FROM t",
        "SELECT 1e5é",
    ] {
        assert!(!read(text).understood(), "{text}");
    }
}
