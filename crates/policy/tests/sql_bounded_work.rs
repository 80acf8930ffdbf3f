//! However a text of the greatest length repeats itself, it is read, or refused, in a time that nobody notices.

use std::time::{Duration, Instant};

use policy::sql::{Catalogue, Dialect, LONGEST_TEXT, analyse};

/// What scanners and parsers may look at again and again.
const UNITS: [&str; 56] = [
    "/*", "*/", "/*/", "/**/", "/*+", "-", "--", "-- \n", "+", "+-", "@-", "@@-", "/", "*", "<", "=", "=>",
    "::", ":", ".", "..", "1..", "1e", "0x", "1_", "$", "$a", "$a$", "$1", "'", "''", "'a'\n", "'a' ",
    "E'\\", "E'a'\n", "U&'a'\n", "U&\"a\" ", "x'1'\n", "\"", "\"\"", "`", "``", "#", "#\n", "(", ")", "[",
    "((1),", "a.", "a,", "NOT ", "a OR ", "(SELECT ", ";", "SET (a,", "=\n",
];

/// Such texts are refused long before in a build without optimisation, too.
const SOON: Duration = Duration::from_secs(5);

#[test]
fn no_repetition_keeps_the_analysis_busy() {
    let mut slow = vec![];
    for unit in UNITS {
        for before in ["", "SELECT ", "SELECT '", "UPDATE t SET "] {
            let text = format!("{before}{}", unit.repeat((LONGEST_TEXT - before.len()) / unit.len()));
            for dialect in [Dialect::Postgres, Dialect::MySql] {
                let begun = Instant::now();
                analyse(dialect, text.as_bytes(), &Catalogue::unasked());
                if begun.elapsed() > SOON {
                    slow.push(format!("{dialect:?} {before}{unit}…: {:?}", begun.elapsed()));
                }
            }
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}
