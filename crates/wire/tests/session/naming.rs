//! What is judged is what the server will run, whatever is done to names in between.

use wire::postgres::{Consequences, NameChange};

use super::talk::*;

fn plain() -> Consequences {
    Consequences::default()
}

fn with_names(names: Vec<(usize, NameChange)>) -> Consequences {
    Consequences { names, ..Consequences::default() }
}

/// Parses and lets the server accept it.
fn prepared(talk: &mut Talk, name: &str, text: &str) {
    talk.says(&[&parse(name, text), &sync()]);
    talk.answers(&[PARSED, &idle()]);
    talk.at_client();
    talk.at_server();
}

#[test]
fn a_statement_that_failed_to_parse_does_not_exist() {
    let mut talk = Talk::new();
    talk.says(&[&parse("s", "SELEC"), &sync()]);
    talk.answers(&[&error("42601"), &idle()]);
    talk.at_server();
    talk.says(&[&bind("", "s"), &sync()]);
    assert_eq!((talk.at_server().as_str(), talk.judged.len()), ("PS", 0), "the server is not even asked");
    talk.answers(&[&error("42601"), &idle()]);
    assert!(talk.text_at_client().contains("C26000\0"));
}

#[test]
fn a_name_whose_fate_is_open_waits_for_the_server() {
    let mut talk = Talk::new();
    prepared(&mut talk, "s", "DELETE FROM orders");
    // This fails, as the name is taken; whoever believed it would judge the wrong text.
    talk.says(&[&parse("s", "SELECT 1"), &sync(), &bind("", "s"), &execute(""), &sync()]);
    assert_eq!((talk.at_server().as_str(), talk.judged.len()), ("PS", 0));
    talk.answers(&[&error("42P05"), &idle()]);
    assert_eq!(talk.texts(), ["DELETE FROM orders"]);
}

#[test]
fn within_one_group_nothing_waits() {
    let mut talk = Talk::new();
    talk.says(&[&parse("s", "SELECT 1"), &bind("", "s"), &execute("")]);
    talk.allow(plain());
    talk.says(&[&close("s"), &parse("s", "SELECT 2"), &bind("", "s")]);
    assert_eq!(talk.texts(), ["SELECT 1", "SELECT 2"]);
    talk.allow(plain());
    assert_eq!(talk.at_server(), "PBECPB");
}

#[test]
fn sql_and_protocol_share_one_namespace() {
    let mut talk = Talk::new();
    talk.says(&[&query("PREPARE s AS DELETE FROM orders; SELECT 1")]);
    talk.allow(with_names(vec![(0, NameChange::prepare(b"s", b"DELETE FROM orders", true))]));
    talk.says(&[&bind("", "s")]);
    assert_eq!(talk.judged.len(), 1, "whether it worked is not known");
    talk.answers(&[&complete("PREPARE"), &complete("SELECT 1"), &idle()]);
    assert_eq!(talk.texts()[1..], ["DELETE FROM orders"]);
    talk.refuse();
    talk.says(&[&sync()]);
    talk.answers(&[&error("42601"), &idle()]);
    talk.says(&[&query("DEALLOCATE s")]);
    talk.allow(with_names(vec![(0, NameChange::Deallocate("s".into()))]));
    talk.answers(&[&complete("DEALLOCATE"), &idle()]);
    assert!(matches!(talk.session.prepared(b"s"), Ok(None)));
}

#[test]
fn only_statements_that_were_run_change_names() {
    let mut talk = Talk::new();
    talk.says(&[&query("SELECT 1/0; PREPARE s AS SELECT 1")]);
    talk.allow(with_names(vec![(1, NameChange::prepare(b"s", b"SELECT 1", true))]));
    talk.answers(&[&error("22012"), &idle()]);
    assert!(matches!(talk.session.prepared(b"s"), Ok(None)));
    talk.says(&[&query("SELECT 1; PREPARE s AS SELECT 1; SELECT 1/0")]);
    talk.allow(with_names(vec![(1, NameChange::prepare(b"s", b"SELECT 1", true))]));
    talk.answers(&[&complete("SELECT 1"), &complete("PREPARE"), &error("22012"), &idle()]);
    assert!(matches!(talk.session.prepared(b"s"), Ok(Some(_))));
}

#[test]
fn deallocate_all_forgets_the_named_ones() {
    let mut talk = Talk::new();
    prepared(&mut talk, "a", "SELECT 1");
    talk.says(&[&parse("", "DISCARD ALL"), &bind("", ""), &execute(""), &sync()]);
    talk.allow(with_names(vec![(0, NameChange::DeallocateAll)]));
    talk.answers(&[PARSED, BOUND, &complete("DISCARD ALL"), &idle()]);
    assert!(matches!(talk.session.prepared(b"a"), Ok(None)));
    assert!(matches!(talk.session.prepared(b""), Ok(Some(_))), "the unnamed one is not among them");
}

#[test]
fn the_unnamed_statement_ends_with_the_next_query() {
    let mut talk = Talk::new();
    prepared(&mut talk, "", "SELECT 1");
    talk.says(&[&query("SELECT 2")]);
    talk.allow(plain());
    talk.answers(&[&complete("SELECT 1"), &idle()]);
    talk.at_server();
    talk.says(&[&bind("", "")]);
    assert_eq!((talk.at_server().as_str(), talk.judged.len()), ("P", 1), "refused by us");
}

#[test]
fn two_long_names_that_are_one_to_the_server_are_refused() {
    let long = "n".repeat(63);
    let mut talk = Talk::new();
    talk.says(&[&parse(&long, "SELECT 1")]);
    assert_eq!(talk.at_server(), "P");
    for (longer, tag) in [(parse(&format!("{long}1"), "DELETE"), 'P'), (close(&format!("{long}2")), 'C')] {
        let mut talk = Talk::new();
        talk.says(&[&longer, &sync()]);
        assert_eq!(talk.at_server(), "PS", "a decoy instead of {tag}");
        talk.answers(&[&error("42601"), &idle()]);
        assert!(talk.text_at_client().contains("C42622\0"));
    }
}

#[test]
fn execute_cannot_be_turned_to_another_statement_after_its_verdict() {
    let mut talk = Talk::new();
    prepared(&mut talk, "s", "SELECT 1");
    talk.says(&[&parse("x", "EXECUTE s"), &bind("p", "x")]);
    talk.allow(Consequences { late: true, ..Consequences::default() });
    talk.says(&[&close("s"), &parse("s", "DELETE FROM orders"), &execute("p"), &sync()]);
    assert_eq!(talk.at_server(), "PBCPPS", "a decoy instead of Execute");
    talk.answers(&[PARSED, BOUND, CLOSED, PARSED, &error("42601"), &idle()]);
    assert!(talk.text_at_client().contains("C55000\0"));
}

#[test]
fn having_been_sent_once_does_not_let_a_portal_run_later() {
    let mut talk = Talk::new();
    prepared(&mut talk, "s", "SELECT 1");
    talk.says(&[&parse("x", "EXECUTE s"), &bind("p", "x")]);
    talk.allow(Consequences { late: true, ..Consequences::default() });
    talk.says(&[&parse("", "SELEC"), &execute("p"), &sync()]);
    // The first Execute is skipped; within a transaction the portal outlives a rollback to a savepoint.
    talk.answers(&[PARSED, BOUND, &error("42601"), &ready(b'T')]);
    talk.at_server();
    talk.says(&[&close("s"), &parse("s", "DELETE FROM orders"), &execute("p"), &sync()]);
    assert_eq!(talk.at_server(), "CPPS", "a decoy instead of Execute");
}

#[test]
fn what_was_planned_when_bound_may_run_later() {
    let mut talk = Talk::new();
    prepared(&mut talk, "s", "SELECT 1");
    talk.says(&[&bind("a", "s")]);
    talk.allow(plain());
    talk.says(&[&bind("b", "s")]);
    talk.allow(plain());
    talk.says(&[&execute("a"), &execute("b"), &execute("a")]);
    assert_eq!(talk.at_server(), "BBEEE");
}

#[test]
fn nothing_is_judged_behind_a_change_of_settings_before_it_is_answered() {
    let mut talk = Talk::new();
    talk.says(&[&query("SET search_path = scratch"), &query("TRUNCATE t")]);
    talk.allow(Consequences { settings: true, ..Consequences::default() });
    assert_eq!(talk.judged.len(), 1);
    talk.answers(&[&complete("SET"), &idle()]);
    assert_eq!(talk.texts()[1..], ["TRUNCATE t"]);
    let mut talk = Talk::new();
    talk.says(&[
        &parse("", "SET search_path = scratch"),
        &bind("", ""),
        &execute(""),
        &parse("", "TRUNCATE t"),
    ]);
    talk.allow(Consequences { settings: true, ..Consequences::default() });
    assert_eq!(talk.at_server(), "PBEH", "and the server is asked for its answer");
    talk.answers(&[PARSED, BOUND, &complete("SET")]);
    assert_eq!(talk.at_server(), "P");
}

#[test]
fn a_portal_that_nobody_judged_is_not_run() {
    let mut talk = Talk::new();
    talk.says(&[&execute("cursor_of_sql"), &sync()]);
    assert_eq!(talk.at_server(), "PS");
    talk.answers(&[&error("42601"), &idle()]);
    assert!(talk.text_at_client().contains("C34000\0"));
}

#[test]
fn portals_end_with_the_transaction_but_not_those_of_the_next_group() {
    let mut talk = Talk::new();
    prepared(&mut talk, "s", "SELECT 1");
    talk.says(&[&bind("a", "s")]);
    talk.allow(plain());
    talk.says(&[&execute("a"), &sync(), &bind("b", "s")]);
    talk.allow(plain());
    assert_eq!(talk.at_server(), "BESB");
    talk.answers(&[BOUND, &complete("SELECT 1"), &ready(b'I')]);
    talk.says(&[&execute("b"), &sync()]);
    assert_eq!(talk.at_server(), "ES");
    talk.answers(&[BOUND, &complete("SELECT 1"), &ready(b'T')]);
    talk.says(&[&execute("a"), &sync()]);
    assert_eq!(talk.at_server(), "PS", "portal a is gone");
}
