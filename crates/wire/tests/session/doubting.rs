//! Code that nobody has read can prepare and forget statements under any name: no old text is believed behind it.

use wire::postgres::{Consequences, NameChange};

use super::talk::*;

fn plain() -> Consequences {
    Consequences::default()
}

fn code() -> Consequences {
    Consequences { any_name: true, settings: true, ..Consequences::default() }
}

/// Parses `s` as `SELECT 1`, and lets code run that nobody has read.
fn doubted(end: &[u8]) -> Talk {
    let mut talk = Talk::new();
    talk.says(&[&parse("s", "SELECT 1"), &sync()]);
    talk.answers(&[PARSED, &idle()]);
    talk.says(&[&query("DO $$ something $$")]);
    talk.allow(code());
    talk.answers(&[end]);
    talk.at_server();
    talk.at_client();
    talk
}

fn after_code() -> Talk {
    doubted(&[complete("DO"), idle()].concat())
}

#[test]
fn what_execute_would_run_is_not_known_any_more() {
    let talk = after_code();
    assert!(matches!(talk.session.prepared(b"s"), Ok(None)));
    assert!(matches!(talk.session.prepared(b"never_seen"), Ok(None)));
}

#[test]
fn nor_when_the_code_has_failed_behind_it() {
    let talk = doubted(&[error("P0001"), idle()].concat());
    assert!(matches!(talk.session.prepared(b"s"), Ok(None)), "a rollback takes no PREPARE back");
}

#[test]
fn what_the_client_has_parsed_is_parsed_anew_before_it_is_bound() {
    let mut talk = after_code();
    talk.says(&[&bind("", "s")]);
    assert_eq!((talk.at_server().as_str(), talk.texts()[1].as_str()), ("CP", "SELECT 1"));
    talk.allow(plain());
    talk.says(&[&execute(""), &sync()]);
    assert_eq!(talk.at_server(), "BES");
    talk.answers(&[CLOSED, PARSED, BOUND, &complete("SELECT 1"), &idle()]);
    assert_eq!(talk.at_client(), "2CZ", "which the client does not see");
    talk.says(&[&bind("", "s")]);
    talk.allow(plain());
    assert_eq!(talk.at_server(), "B", "and is believed again");
}

#[test]
fn what_is_described_is_parsed_anew_too() {
    let mut talk = after_code();
    talk.says(&[&describe("s"), &bind("", "s")]);
    assert_eq!((talk.at_server().as_str(), talk.texts().len()), ("CPD", 2));
}

#[test]
fn what_could_not_be_parsed_anew_is_doubted_still() {
    let mut talk = after_code();
    talk.says(&[&bind("", "s")]);
    talk.allow(plain());
    talk.says(&[&execute(""), &sync()]);
    talk.at_server();
    talk.answers(&[CLOSED, &error("25P02"), &ready(b'E')]);
    assert_eq!(talk.at_client(), "EZ");
    assert!(matches!(talk.session.prepared(b"s"), Ok(None)));
    talk.says(&[&bind("", "s")]);
    assert_eq!(talk.at_server(), "CP");
}

#[test]
fn within_its_transaction_doubt_stays_as_triggers_may_still_wait() {
    let mut talk = doubted(&[complete("DO"), ready(b'T')].concat());
    talk.says(&[&parse("t", "SELECT 2"), &sync()]);
    talk.answers(&[PARSED, &ready(b'T')]);
    assert!(matches!(talk.session.prepared(b"t"), Ok(None)));
    talk.says(&[&query("COMMIT")]);
    talk.allow(plain());
    talk.answers(&[&complete("COMMIT"), &idle()]);
    assert!(matches!(talk.session.prepared(b"t"), Ok(None)), "one may have run at the COMMIT");
    talk.at_server();
    talk.says(&[&bind("", "t")]);
    assert_eq!(talk.at_server(), "CP");
}

#[test]
fn being_planned_is_enough_to_run_code() {
    let mut talk = Talk::new();
    talk.says(&[&parse("s", "SELECT 1"), &parse("", "SELECT evil()"), &bind("", "")]);
    talk.allow(code());
    talk.says(&[&bind("q", "s")]);
    assert_eq!(talk.at_server(), "PPBCP", "it was never executed, and s is parsed anew");
}

#[test]
fn the_unnamed_statement_has_no_name_that_code_could_use() {
    let mut talk = Talk::new();
    talk.says(&[&parse("c", "CALL something()"), &bind("", "c")]);
    talk.allow(code());
    talk.says(&[&execute(""), &parse("", "SELECT 1"), &bind("", "")]);
    talk.answers(&[PARSED, BOUND, &complete("CALL")]);
    talk.allow(plain());
    assert_eq!(talk.at_server(), "PBEHPB");
}

#[test]
fn what_sql_has_prepared_before_is_nobodys_guess_for_bind_either() {
    let mut talk = Talk::new();
    talk.says(&[&query("PREPARE s AS SELECT 1")]);
    let names = vec![(0, NameChange::prepare(b"s", b"PREPARE s AS SELECT 1", true))];
    talk.allow(Consequences { names, ..plain() });
    talk.answers(&[&complete("PREPARE"), &idle()]);
    assert!(matches!(talk.session.prepared(b"s"), Ok(Some(prepared)) if prepared.by_sql));
    talk.says(&[&query("CALL something()")]);
    talk.allow(code());
    talk.answers(&[&complete("CALL"), &idle()]);
    talk.says(&[&bind("", "s")]);
    assert_eq!(talk.texts().last().map(String::as_str), Some("?"));
}

#[test]
fn a_write_whose_rows_are_counted_may_run_code_too() {
    let mut talk = Talk::new();
    talk.says(&[&parse("s", "SELECT 1"), &sync()]);
    talk.answers(&[PARSED, &idle()]);
    talk.says(&[&query("DELETE FROM orders WHERE id = evil()")]);
    talk.allow_counted_with(code());
    talk.answers(&[PARSED, BOUND, message(b'n', b"").as_slice(), &complete("DELETE 1")]);
    talk.keep();
    talk.answers(&[&idle()]);
    assert!(matches!(talk.session.prepared(b"s"), Ok(None)));
}
