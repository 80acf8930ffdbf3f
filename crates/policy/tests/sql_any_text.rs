//! Any bytes at all are read without a panic, and what is not read is unknown. `scripts/fuzz` tries more of them.

#[path = "sql/anything.rs"]
mod anything;

use anything::holds;
use proptest::prelude::*;

const PIECES: [&str; 46] = [
    "SELECT",
    " FROM ",
    "t",
    "(",
    ")",
    ",",
    "*",
    " WHERE ",
    "id",
    "=",
    "1",
    "'",
    "''",
    "\"",
    "`",
    "--",
    "-- ",
    "#",
    "/*",
    "*/",
    "/*!",
    ";",
    "$$",
    "$a$",
    "E'",
    "U&'",
    "\\",
    "::",
    ":",
    "?",
    "$1",
    "@",
    "INSERT INTO ",
    "VALUES ",
    "UPDATE ",
    " SET ",
    "DELETE",
    "WITH ",
    " AS ",
    "DROP TABLE ",
    "COPY ",
    "EXPLAIN ",
    "é",
    "\u{0}",
    "\u{feff}",
    "0x1",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_a_panic(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        holds(&text);
    }

    #[test]
    fn any_pieces_are_read_without_a_panic(picks in proptest::collection::vec(0..PIECES.len(), 0..40)) {
        let text: String = picks.into_iter().map(|pick| PIECES[pick]).collect();
        holds(text.as_bytes());
    }
}
