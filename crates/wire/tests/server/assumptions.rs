//! What the session takes for granted about the server, asked of the server itself.

use wire::postgres::{Subject, encode};

use super::line::{connect, raw};

fn query(text: &str) -> Vec<u8> {
    encode::query(text.as_bytes()).expect("no zero byte").to_vec()
}

fn parse(name: &str, text: &str) -> Vec<u8> {
    encode::parse(name.as_bytes(), text.as_bytes(), &[]).expect("no zero byte").to_vec()
}

fn bind(portal: &str, statement: &str) -> Vec<u8> {
    encode::bind(portal.as_bytes(), statement.as_bytes(), &[]).expect("no zero byte").to_vec()
}

fn execute(portal: &str) -> Vec<u8> {
    encode::execute(portal.as_bytes(), 0).expect("no zero byte").to_vec()
}

fn close(name: &str) -> Vec<u8> {
    encode::close(Subject::Statement(name.as_bytes())).expect("no zero byte").to_vec()
}

const DECOY: &str = ") refused by Countersign";

/// A fresh connection's answers, after its greeting.
fn answers(messages: &[Vec<u8>], ready: usize) -> String {
    let (mut stream, mut decoder) = connect("countersign", "postgres", "");
    assert!(raw(&mut stream, &mut decoder, &[], 1).ends_with("KZ"));
    let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    raw(&mut stream, &mut decoder, &messages, ready)
}

fn sync() -> Vec<u8> {
    encode::sync().to_vec()
}

#[test]
fn after_an_error_everything_is_skipped_to_sync_queries_too() {
    let messages = [parse("", DECOY), query("SELECT 1"), bind("", ""), sync(), query("SELECT 1")];
    assert_eq!(answers(&messages, 2), "EZTDCZ");
}

#[test]
fn a_named_decoy_leaves_the_unnamed_statement_alone() {
    let messages =
        [parse("", "SELECT 1"), parse("countersign", DECOY), sync(), bind("", ""), execute(""), sync()];
    assert_eq!(answers(&messages, 2), "1EZ2DCZ");
    let messages = [parse("", "SELECT 1"), parse("", DECOY), sync(), bind("", ""), sync()];
    assert_eq!(answers(&messages, 2), "1EZEZ", "an unnamed one would not");
}

#[test]
fn a_decoy_fails_in_every_state() {
    assert_eq!(answers(&[query(DECOY)], 1), "EZ");
    assert_eq!(answers(&[query("BEGIN"), query(DECOY), query(DECOY), query("COMMIT")], 4), "CZEZEZCZ");
    assert_eq!(
        answers(&[query("BEGIN"), query("nonsense"), parse("countersign", DECOY), sync()], 3),
        "CZEZEZ"
    );
}

#[test]
fn a_query_forgets_the_unnamed_statement_even_if_it_fails() {
    let messages = [parse("", "SELECT 1"), sync(), query(DECOY), bind("", ""), sync()];
    assert_eq!(answers(&messages, 3), "1ZEZEZ");
}

#[test]
fn names_are_cut_at_63_bytes() {
    let long = "n".repeat(63);
    let messages = [
        parse(&format!("{long}1"), "SELECT 1"),
        close(&format!("{long}2")),
        bind("", &format!("{long}1")),
        sync(),
    ];
    assert_eq!(answers(&messages, 1), "13EZ", "closed by another name, as both are one");
}

#[test]
fn code_that_fails_leaves_what_it_has_prepared() {
    let code =
        "DO $$ BEGIN EXECUTE 'DEALLOCATE s'; EXECUTE 'PREPARE s AS VALUES (1), (2)'; RAISE 'no'; END $$";
    let messages = [parse("s", "SELECT 1"), sync(), query(code), bind("", "s"), execute(""), sync()];
    assert_eq!(answers(&messages, 3), "1ZEZ2DDCZ");
}

#[test]
fn a_statement_can_be_closed_in_a_failed_transaction_and_if_there_is_none() {
    let messages = [query("BEGIN"), query(DECOY), close("none"), sync()];
    assert_eq!(answers(&messages, 3), "CZEZ3Z");
}

#[test]
fn execute_runs_whatever_the_protocol_has_prepared() {
    let messages = [parse("s", "SHOW server_version"), sync(), query("EXECUTE s"), query("SELECT 1")];
    assert_eq!(answers(&messages, 3), "1ZTDCZTDCZ", "also what is no query");
}

#[test]
fn sql_and_protocol_names_are_one_namespace_and_survive_rollback() {
    let messages = [
        query("BEGIN"),
        query("PREPARE s AS SELECT 1"),
        query("ROLLBACK"),
        bind("", "s"),
        execute(""),
        sync(),
    ];
    assert_eq!(answers(&messages, 4), "CZCZCZ2DCZ");
    let messages = [
        parse("s", "SELECT 1"),
        parse("", "DEALLOCATE ALL"),
        bind("", ""),
        execute(""),
        bind("", "s"),
        sync(),
    ];
    assert_eq!(answers(&messages, 1), "112CEZ");
}

#[test]
fn execute_looks_its_statement_up_when_it_runs() {
    let messages = [
        parse("s", "SELECT 1"),
        parse("x", "EXECUTE s"),
        bind("p", "x"),
        close("s"),
        parse("s", "SELECT generate_series(1, 3)"),
        execute("p"),
        sync(),
    ];
    assert_eq!(
        answers(&messages, 1),
        "11231DDDCZ",
        "three rows: another statement than the one there was at Bind"
    );
}

#[test]
fn sync_means_nothing_within_copy_and_flush_brings_its_end() {
    let copy =
        [query("CREATE TEMP TABLE t (x int)"), parse("", "COPY t FROM STDIN"), bind("", ""), execute("")];
    let data = b"d\0\0\0\x061\n".to_vec();
    let done = b"c\0\0\0\x04".to_vec();
    let rest = [data, sync(), done, encode::flush().to_vec(), sync()];
    assert_eq!(answers(&[&copy[..], &rest].concat(), 2), "CZ12GCZ");
}

#[test]
fn stray_copy_messages_are_ignored() {
    let messages =
        [b"d\0\0\0\x061\n".to_vec(), b"c\0\0\0\x04".to_vec(), b"f\0\0\0\x06x\0".to_vec(), query("SELECT 1")];
    assert_eq!(answers(&messages, 1), "TDCZ");
}

#[test]
fn a_password_is_proved_to_the_real_server() {
    let make =
        "SET password_encryption = 'scram-sha-256'; CREATE ROLE prover LOGIN PASSWORD 'pa\u{df}wort, =1'";
    testkit::postgres().sql(make);
    let (mut stream, mut decoder) = connect("prover", "postgres", "pa\u{df}wort, =1");
    assert!(raw(&mut stream, &mut decoder, &[], 1).ends_with("KZ"));
}
