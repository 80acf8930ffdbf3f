//! Statements without what they were told: whoever looks for one finds it by its shape, and learns no value.

use std::mem::replace;

use super::{Dialect, LONGEST_TEXT, mysql, postgres};

/// What stands for a value.
pub(super) const VALUE: &str = "?";

/// Words that begin a statement. Of what is not read only such a word is shown: anything else may be a password that was
/// typed in the wrong place.
const BEGINNINGS: &str = "
alter analyze begin call change check checkpoint close cluster comment commit copy create deallocate declare delete
describe discard do drop end execute explain fetch flush grant insert kill listen load lock merge move notify optimize
prepare purge reassign refresh reindex release rename repair replace reset revoke rollback savepoint select set show start
stop table truncate unlisten unlock update use vacuum values with";

/// Words behind which `SET` says how the server or the session works; what is set need not be in quotes to be a value.
const SETTING: [&str; 3] = ["set", "alter", "create"];

/// A piece of a text that is shown, or a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Shown(&'t str),
    Value,
}

/// The text with `?` for each value, without comments, and with single blanks. Of what the server would not read, or read
/// in another way, only its first word is left.
pub fn masked(dialect: Dialect, text: &str) -> String {
    let is_read = text.len() <= LONGEST_TEXT
        && match dialect {
            Dialect::Postgres => postgres::is_read(text),
            Dialect::MySql => mysql::is_read(text),
        };
    let shown = is_read.then(|| masked_part(dialect, text)).flatten();
    shown.unwrap_or_else(|| beginning(text))
}

/// A part of a statement in the same form. None if it cannot be divided.
pub fn masked_part(dialect: Dialect, part: &str) -> Option<String> {
    if part.len() > LONGEST_TEXT || part.contains('\0') {
        return None;
    }
    let pieces = match dialect {
        Dialect::Postgres => postgres::pieces(part),
        Dialect::MySql => mysql::pieces(part),
    };
    pieces.map(|pieces| joined(&settled(pieces)))
}

fn beginning(text: &str) -> String {
    let text = text.trim_start();
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let word = text.get(..length).unwrap_or_default();
    match BEGINNINGS.split_whitespace().any(|known| word.eq_ignore_ascii_case(known)) {
        true => format!("{word} {VALUE}"),
        false => VALUE.to_owned(),
    }
}

/// Booleans, the words that a setting is set to, and the sign of a number are values too.
fn settled(pieces: Vec<Piece>) -> Vec<Piece> {
    let (mut settled, mut state) = (Vec::new(), State::default());
    for piece in pieces {
        let piece = match piece {
            Piece::Shown(text) if state.is_value(text) => Piece::Value,
            other => other,
        };
        if piece == Piece::Value && has_sign(&settled) {
            settled.pop();
        }
        settled.push(piece);
    }
    settled
}

/// Where in a statement a piece is.
#[derive(Default)]
struct State {
    /// A word of the statement was there.
    begun: bool,
    /// It begins with one of [`SETTING`].
    setting: bool,
    /// `SET` was there.
    set: bool,
    /// What follows is what something is set to.
    to: bool,
}

impl State {
    fn is_value(&mut self, text: &str) -> bool {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        let is_first = !replace(&mut self.begun, true);
        self.setting |= is_first && SETTING.into_iter().any(is);
        match text {
            ";" => *self = Self::default(),
            "=" | ":=" => self.to |= self.set,
            "," | "(" | ")" => {}
            _ if self.to || is("true") || is("false") => return true,
            _ if is("to") => self.to |= self.set,
            _ => self.set |= self.setting && is("set"),
        }
        false
    }
}

/// Whether they end with a sign that belongs to the number that follows.
fn has_sign(pieces: &[Piece]) -> bool {
    let before = ["=", "<", ">", "<=", ">=", "<>", "!=", "(", ","];
    let [.., Piece::Shown(before_it), Piece::Shown("-" | "+")] = pieces else { return false };
    before.contains(before_it)
}

/// One blank between pieces, except where people write none.
fn joined(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        let shown = match piece {
            Piece::Shown(shown) => shown,
            Piece::Value => VALUE,
        };
        let is_near = text.is_empty() || text.ends_with(['(', '.', '[']);
        if !is_near && !matches!(shown, "," | ";" | ")" | "." | "]" | "(" | "[") {
            text.push(' ');
        }
        text += shown;
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::MySql];

    #[test]
    fn values_are_masked_and_the_rest_is_there() {
        for (text, shown) in [
            ("DELETE  FROM orders\nWHERE id=5 -- s3cret", "DELETE FROM orders WHERE id = ?"),
            ("select 'it''s s3cret', 1.5e3, t.a from t", "select ?, ?, t.a from t"),
            ("UPDATE t SET a = 'x' /* s3cret */ WHERE b = true", "UPDATE t SET a = ? WHERE b = ?"),
            ("INSERT INTO t (a) VALUES ('s3cret'), (7);", "INSERT INTO t(a) VALUES(?),(?);"),
            ("DELETE FROM t WHERE a = -5 AND b > a - 5", "DELETE FROM t WHERE a = ? AND b > a - ?"),
            (
                "SELECT a FROM t WHERE b IS NOT NULL; SELECT 2",
                "SELECT a FROM t WHERE b IS NOT NULL; SELECT ?",
            ),
        ] {
            for dialect in BOTH {
                assert_eq!(masked(dialect, text), shown, "{dialect:?}");
            }
        }
        let named = "SELECT \"it's\" FROM \"Orders\" WHERE id = $1";
        assert_eq!(masked(Dialect::Postgres, named), "SELECT \"it's\" FROM \"Orders\" WHERE id = ?");
        let named = "SELECT `it's` FROM `Orders` WHERE id = ?";
        assert_eq!(masked(Dialect::MySql, named), named);
    }

    #[test]
    fn every_way_to_write_a_value_is_one() {
        for value in [
            "'s3cret'",
            "'s3' \n 'cret'",
            "E's3cret\\n'",
            "E'\\'s3cret'",
            "U&'s3cret'",
            "$$s3cret$$",
            "$$***$$",
            "$a$s3cret$a$",
            "B'1010'",
            "X'53'",
            "N's3cret'",
            "0x53",
            "1_000",
            ".5",
            "true",
        ] {
            for (statement, shown) in [
                (format!("SELECT {value} AS a"), "SELECT ? AS a"),
                (format!("SELECT a FROM t WHERE b={value}"), "SELECT a FROM t WHERE b = ?"),
            ] {
                assert_eq!(masked(Dialect::Postgres, &statement), shown, "{value}");
            }
        }
        for value in ["'s3cret'", "\"s3cret\"", "$a$s3cret", "5e2", "true", "'%'"] {
            let shown = masked(Dialect::MySql, &format!("SELECT a FROM t WHERE b = {value}"));
            assert_eq!(shown, "SELECT a FROM t WHERE b = ?", "{value}");
        }
        // What servers divide in different ways is not divided at all.
        for value in [
            "_utf8mb4's3cret'",
            "N's3cret'",
            "X'53'",
            "0x53",
            "b'1'",
            "'\\'s3cret'",
            "/*! 's3cret' */",
            "5s3cret",
            ".5",
        ] {
            let shown = masked(Dialect::MySql, &format!("SELECT a FROM t WHERE b = {value}"));
            assert_eq!(shown, "SELECT ?", "{value}");
        }
    }

    #[test]
    fn what_a_setting_is_set_to_is_a_value_without_quotes_too() {
        for (text, shown) in [
            ("SET app.token = s3cret", "SET app.token = ?"),
            ("SET LOCAL app.token TO s3cret, 's3cret'", "SET LOCAL app.token TO ?, ?"),
            ("ALTER ROLE a SET app.token = s3cret", "ALTER ROLE a SET app.token = ?"),
            ("SET a.b = s3cret; SELECT c", "SET a.b = ?; SELECT c"),
        ] {
            assert_eq!(masked(Dialect::Postgres, text), shown);
        }
        for text in ["SET @a = 's3cret'", "SET init_connect = s3cret", "SET SESSION sql_mode = s3cret"] {
            assert!(!masked(Dialect::MySql, text).contains("s3cret"), "{text}");
        }
    }

    #[test]
    fn of_what_is_not_read_only_the_first_word_is_shown() {
        for text in [
            "SELECT 's3cret",
            "/* s3cret",
            "SELECT \"s3cret",
            "s3cret",
            "SELECT a FROM t WHERE b = 'x' s3cret 'y'",
            "CREATE USER a IDENTIFIED BY s3cret",
            "CREATE ROLE a PASSWORD s3cret",
            "SELECT a s3\u{0}cret",
        ] {
            for dialect in BOTH {
                let shown = masked(dialect, text);
                assert!(["?", "SELECT ?", "CREATE ?"].contains(&&*shown), "{dialect:?}: {text}: {shown}");
            }
        }
        for dialect in BOTH {
            assert_eq!(masked(dialect, &format!("select {}", "x".repeat(LONGEST_TEXT))), "select ?");
        }
    }

    #[test]
    fn a_part_has_the_form_of_the_whole() {
        for dialect in BOTH {
            for (part, form) in
                [("where  id=5", "where id = ?"), ("id=?", "id = ?"), ("( 1,'x' )", "(?, ?)"), ("x", "x")]
            {
                assert_eq!(masked_part(dialect, part).as_deref(), Some(form), "{dialect:?}");
            }
            assert_eq!(masked_part(dialect, "where id = 'x"), None);
        }
    }

    proptest! {
        #[test]
        fn no_value_survives(words in prop::collection::vec("[a-z]{1,8}", 1..6), secret in "[A-Z]{9}[0-9]{4}") {
            for dialect in BOTH {
                for quoted in [format!("'{secret}'"), format!("'x''{secret}'"), format!("/*{secret}*/ 'x'")] {
                    let begun = format!("SELECT {}", words.join(", "));
                    for text in [format!("{begun}, {quoted} -- {secret}"), format!("{} = {quoted}", words.join(" "))] {
                        prop_assert!(!masked(dialect, &text).contains(&secret), "{}", text);
                        let part = masked_part(dialect, &text);
                        prop_assert!(part.is_none_or(|part| !part.contains(&secret)), "{}", text);
                    }
                }
            }
        }
    }
}
