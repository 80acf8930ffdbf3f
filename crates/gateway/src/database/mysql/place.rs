//! What a statement depends on besides its text: the database in which names are looked up, and what the session has set.

use access::policy::sql::Script;
use wire::mysql::Kind;

/// How much of a session's history still makes a place that people can read.
const LONGEST: usize = 2 << 10;

/// What a session has changed about the meaning of later statements.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// The statements that changed it, in order.
    changes: Vec<String>,
    /// It cannot be told any more: something was done whose consequences are not followed.
    is_lost: bool,
}

/// What a statement leaves behind in its session.
#[derive(Debug, PartialEq, Eq)]
enum Trace {
    None,
    Change,
    Unknown,
}

impl Place {
    /// The place, in words, for exactly this statement; none if only its own session knows what it means.
    pub(super) fn of(&self, database: &str, script: &Script, kinds: &[Kind]) -> Option<String> {
        let [statement] = script.statements() else { return None };
        let follows = script.understood() && !statement.of_session && trace(script) == Trace::None;
        // Behind this, parameters are written.
        let is_plain = !script.text().contains("-- $");
        if self.is_lost || !follows || !is_plain {
            return None;
        }
        let mut words = vec![format!("database {database:?}")];
        words.extend(self.changes.iter().map(|change| format!("after {change:?}")));
        if !kinds.is_empty() {
            words.push(format!(
                "parameters of types {}",
                kinds.iter().map(kind).collect::<Vec<_>>().join(", ")
            ));
        }
        Some(words.join("; "))
    }

    /// The server has carried it out, or refused (`false`).
    pub(super) fn follow(&mut self, script: &Script, has_parameters: bool, done: bool) {
        match trace(script) {
            Trace::None => {}
            Trace::Change if done && !has_parameters => self.change(script.text()),
            // Half of it may have come true.
            Trace::Change | Trace::Unknown => self.is_lost = true,
        }
    }

    fn change(&mut self, text: &str) {
        // Done again at once it leaves the same; variables matter to no statement that has a place.
        if self.changes.last().is_none_or(|last| last != text) {
            self.changes.push(text.to_owned());
        }
        self.is_lost |= self.changes.iter().map(String::len).sum::<usize>() > LONGEST;
    }
}

/// By its first word: what is not listed leaves something behind that is not followed.
fn trace(script: &Script) -> Trace {
    let [statement] = script.statements() else { return Trace::Unknown };
    let is_temporary = || statement.text.to_lowercase().contains("temporary");
    match &*first_word(&statement.text) {
        "set" | "use" => Trace::Change,
        "select" | "insert" | "update" | "delete" | "replace" | "with" | "values" | "show" | "explain"
        | "describe" | "desc" | "begin" | "start" | "commit" | "rollback" | "savepoint" | "release"
        | "truncate" | "analyze" | "optimize" => Trace::None,
        // A temporary table hides another one from its session.
        "create" | "alter" | "drop" | "rename" if !is_temporary() => Trace::None,
        _ => Trace::Unknown,
    }
}

fn first_word(text: &str) -> String {
    text.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_lowercase()
}

fn kind(kind: &Kind) -> String {
    let sign = if kind.is_unsigned { " unsigned" } else { "" };
    format!("{}{sign}", kind.code)
}

#[cfg(test)]
mod tests {
    use access::policy::sql::{Catalogue, Dialect, analyse};

    use super::*;

    fn after(before: &[(&str, bool)], text: &str) -> Option<String> {
        let read = |text: &str| analyse(Dialect::MySql, text.as_bytes(), &Catalogue::unasked());
        let mut place = Place::default();
        before.iter().for_each(|(text, done)| place.follow(&read(text), false, *done));
        place.of("shop", &read(text), &[])
    }

    const DELETE: &str = "DELETE FROM orders";

    #[test]
    fn sessions_that_did_the_same_are_the_same_place() {
        let place = after(&[("SET autocommit = 1", true), ("SELECT 1", true)], DELETE);
        assert_eq!(place, after(&[("SET autocommit = 1", true), ("COMMIT", true)], DELETE));
        assert_ne!(place, after(&[], DELETE));
        assert_ne!(after(&[], DELETE), after(&[("USE other", true)], DELETE));
        let (one, two) = ([("USE a", true), ("USE b", true)], [("USE b", true), ("USE a", true)]);
        assert_ne!(after(&one, DELETE), after(&two, DELETE));
    }

    #[test]
    fn what_only_its_session_knows_is_no_place() {
        for text in [
            "DELETE FROM orders WHERE id = @x",
            "DELETE FROM orders WHERE id = @@sql_select_limit",
            "DELETE FROM orders WHERE id = LAST_INSERT_ID()",
            "DELETE FROM orders; DELETE FROM orders",
            "CALL empty_it()",
            "SET autocommit = 0",
            "DELETE FROM orders -- $1 = \"7\"",
        ] {
            assert_eq!(after(&[], text), None, "{text}");
        }
        for before in [
            ("CREATE TEMPORARY TABLE orders (id INT)", true),
            ("USE elsewhere", false),
            ("CALL something()", true),
            ("PREPARE p FROM 'SELECT 1'", true),
        ] {
            assert_eq!(after(&[before], DELETE), None, "{before:?}");
        }
        assert!(after(&[], "DELETE FROM orders WHERE mail = 'a@b'").is_some());
    }

    #[test]
    fn parameters_of_other_types_are_another_place() {
        let script = analyse(Dialect::MySql, b"DELETE FROM orders WHERE name = ?", &Catalogue::unasked());
        let of = |code| Place::default().of("shop", &script, &[Kind { code, is_unsigned: false }]);
        assert!(of(253).is_some());
        assert_ne!(of(253), of(3), "the number 0 is equal to every text without digits");
    }
}
