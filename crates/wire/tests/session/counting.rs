//! A write that was allowed on condition of its count: nothing of it lasts or is seen before that was judged.

use wire::Error;
use wire::postgres::{Consequences, Outcome, Report, Subject, encode};

use super::talk::*;

/// The client sends this query, and it may cross until it is counted.
fn query_counted(text: &str) -> Talk {
    let mut talk = Talk::new();
    talk.says(&[&query(text), &query("SELECT 1")]);
    talk.allow_counted();
    talk
}

/// The same as messages of the extended protocol.
fn group_counted(execute: &[u8]) -> Talk {
    let mut talk = Talk::new();
    talk.says(&[&parse("s", "DELETE FROM t WHERE id < $1"), &bind("", "s"), execute, &sync()]);
    talk.allow_counted();
    talk
}

const NO_DATA: &[u8] = b"n\0\0\0\x04";
const SUSPENDED: &[u8] = b"s\0\0\0\x04";

fn row(bytes: usize) -> Vec<u8> {
    message(b'D', &vec![b'x'; bytes])
}

#[test]
fn a_query_is_open_until_its_count_is_judged() {
    let mut talk = query_counted("DELETE FROM t");
    assert_eq!(talk.at_server(), "PBDEH", "no Sync, with which it would last");
    talk.answers(&[PARSED, BOUND, NO_DATA, &complete("DELETE 7")]);
    assert_eq!((talk.at_client().as_str(), talk.counted.as_slice()), ("", &[7][..]));
    assert_eq!((talk.at_server().as_str(), talk.judged.len()), ("", 1), "what is behind it waits");
    talk.keep();
    assert_eq!((talk.at_server().as_str(), talk.at_client().as_str()), ("S", ""));
    talk.answers(&[&idle()]);
    assert_eq!(talk.at_client(), "CZ", "as any query ends");
    assert_eq!(talk.done, [Outcome::Completed("DELETE 7".into())]);
    assert_eq!(talk.texts().len(), 2);
}

#[test]
fn a_query_whose_count_is_refused_fails_at_the_server() {
    let mut talk = query_counted("DELETE FROM t");
    talk.answers(&[PARSED, BOUND, NO_DATA, &complete("DELETE 7")]);
    talk.at_server();
    talk.refuse();
    assert_eq!(talk.at_server(), "Q", "a decoy, behind which nothing of it is left");
    talk.answers(&[&error("42601"), &ready(b'E')]);
    let said = talk.text_at_client();
    assert!(said.contains("held for nobody") && !said.contains("DELETE"), "{said}");
    assert!(matches!(&talk.done[..], [Outcome::Failed(report)] if report.code == "42501"), "{:?}", talk.done);
    assert_eq!(talk.texts().len(), 2);
}

#[test]
fn what_fails_at_its_end_is_not_told_as_done() {
    let mut talk = query_counted("DELETE FROM t RETURNING id");
    talk.answers(&[PARSED, BOUND, &message(b'T', b"\0\0"), &row(4), &complete("DELETE 1")]);
    talk.keep();
    // A deferred constraint.
    talk.answers(&[&error("23503"), &idle()]);
    assert_eq!(talk.at_client(), "TEZ");
    assert!(matches!(talk.done[..], [Outcome::Failed(_)]));
}

#[test]
fn an_error_of_the_query_itself_ends_it() {
    for (answers, seen) in [
        (vec![error("42P01")], "EZ"),
        (vec![PARSED.to_vec(), error("08P01")], "EZ"),
        (vec![PARSED.to_vec(), BOUND.to_vec(), NO_DATA.to_vec(), error("57014")], "EZ"),
    ] {
        let mut talk = query_counted("DELETE FROM t");
        talk.at_server();
        talk.answers(&answers.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert_eq!(talk.at_server(), "S");
        talk.answers(&[&idle()]);
        assert_eq!((talk.at_client().as_str(), talk.texts().len()), (seen, 2));
        assert!(matches!(talk.done[..], [Outcome::Failed(_)]));
    }
}

#[test]
fn a_group_is_open_until_its_count_is_judged() {
    let mut talk = group_counted(&execute(""));
    assert_eq!(talk.at_server(), "PBEH", "the client's Sync waits; the server is asked");
    talk.answers(&[PARSED, BOUND, &complete("DELETE 7")]);
    assert_eq!((talk.at_client().as_str(), talk.counted.as_slice()), ("12", &[7][..]));
    talk.keep();
    assert_eq!((talk.at_server().as_str(), talk.at_client().as_str()), ("S", "C"));
    talk.answers(&[&idle()]);
    assert_eq!((talk.at_client().as_str(), talk.session.is_settled()), ("Z", true));
}

#[test]
fn a_group_whose_count_is_refused_is_skipped_to_its_sync() {
    let mut talk = group_counted(&[execute(""), parse("", "SELECT 1"), bind("", ""), execute("")].concat());
    talk.answers(&[PARSED, BOUND, &complete("DELETE 7")]);
    talk.at_server();
    talk.refuse();
    assert_eq!(talk.at_server(), "PS", "a decoy, and nothing more of the group");
    talk.answers(&[&error("42601"), &idle()]);
    assert_eq!(talk.at_client(), "12EZ");
    assert!(matches!(&talk.done[..], [Outcome::Failed(report)] if report.code == "42501"));
}

#[test]
fn rows_of_returning_are_seen_after_the_verdict_only() {
    let mut talk = group_counted(&execute(""));
    talk.answers(&[PARSED, BOUND, &row(9), &row(9), &complete("DELETE 2")]);
    assert_eq!(talk.at_client(), "12");
    talk.keep();
    assert_eq!(talk.at_client(), "DDC");
    let mut talk = group_counted(&execute(""));
    talk.answers(&[PARSED, BOUND, &row(9), &row(9), &complete("DELETE 2")]);
    talk.refuse();
    talk.answers(&[&error("42601"), &idle()]);
    assert_eq!(talk.at_client(), "12EZ");
}

#[test]
fn more_rows_than_are_kept_are_a_refusal_and_cost_nothing() {
    let mut talk = group_counted(&execute(""));
    talk.answers(&[PARSED, BOUND]);
    for _ in 0..100 {
        talk.answers(&[&row(100_000)]);
    }
    talk.answers(&[&complete("DELETE 100")]);
    assert_eq!((talk.at_server().as_str(), talk.counted.len()), ("PBEHPS", 0));
    talk.answers(&[&error("42601"), &idle()]);
    assert!(talk.text_at_client().contains("C54000\0"));
}

#[test]
fn what_cannot_be_counted_is_refused() {
    for (answer, code) in [
        (complete("SELECT 1"), "C0A000\0"),
        (complete("TRUNCATE TABLE"), "C0A000\0"),
        (SUSPENDED.to_vec(), "C0A000\0"),
        (message(b'I', b""), "C0A000\0"),
    ] {
        let mut talk = group_counted(&encode::execute(b"", 1).unwrap());
        talk.answers(&[PARSED, BOUND, &answer]);
        assert_eq!((talk.at_server().as_str(), talk.counted.len()), ("PBEHPS", 0), "{answer:?}");
        talk.answers(&[&error("42601"), &idle()]);
        let said = talk.text_at_client();
        assert!(said.contains(code), "{said}");
    }
    let mut talk = Talk::new();
    talk.says(&[&message(b'F', b"\0\0\x03\xb9\0\0\0\0\0\0")]);
    talk.allow_counted();
    assert_eq!(talk.at_server(), "Q", "a decoy instead of a function call");
}

#[test]
fn a_verdict_counts_once_and_for_what_was_counted() {
    let mut talk = query_counted("DELETE FROM t");
    let id = talk.judged[0].id;
    assert_eq!(talk.session.keep(id), Ok(false), "not counted yet");
    assert_eq!(talk.session.refuse(id, &Report::error("42501", "no")), Ok(false));
    talk.answers(&[PARSED, BOUND, NO_DATA, &complete("DELETE 7")]);
    talk.refuse();
    assert_eq!(talk.session.keep(id), Ok(false), "it is refused");
    assert!(!talk.at_server().contains('S'));
}

#[test]
fn an_earlier_error_of_the_group_skips_a_counted_query_too() {
    let mut talk = Talk::new();
    talk.says(&[&parse("s", "SELEC"), &query("DELETE FROM t"), &sync()]);
    talk.allow_counted();
    talk.answers(&[&error("42601")]);
    assert_eq!((talk.at_server().as_str(), talk.at_client().as_str()), ("PPBDEHS", "E"));
    talk.answers(&[&idle()]);
    assert_eq!((talk.at_client().as_str(), talk.done.as_slice()), ("Z", &[Outcome::Skipped][..]));
}

#[test]
fn a_portal_is_counted_whenever_it_runs() {
    let mut talk = Talk::new();
    talk.says(&[&parse("s", "DELETE FROM t"), &bind("p", "s"), &sync()]);
    talk.allow_counted();
    talk.answers(&[PARSED, BOUND, &ready(b'T')]);
    talk.at_server();
    talk.says(&[&execute("p"), &encode::flush(), &query("COMMIT")]);
    assert_eq!(talk.at_server(), "EH", "COMMIT is not even judged");
    talk.answers(&[&complete("DELETE 7")]);
    assert_eq!((talk.counted.as_slice(), talk.texts().len()), (&[7][..], 1));
    talk.keep();
    assert_eq!((talk.at_server().as_str(), talk.texts().len()), ("H", 2));
}

#[test]
fn the_unnamed_statement_and_portal_end_with_a_counted_query() {
    let mut talk = Talk::new();
    talk.says(&[&parse("", "SELECT 1"), &bind("", "")]);
    talk.allow(Consequences::default());
    talk.says(&[&query("DELETE FROM t")]);
    talk.allow_counted();
    talk.answers(&[PARSED, BOUND, PARSED, BOUND, NO_DATA, &complete("DELETE 7")]);
    talk.keep();
    talk.answers(&[&ready(b'T')]);
    talk.at_server();
    talk.at_client();
    talk.says(&[&execute(""), &sync(), &bind("", ""), &sync()]);
    assert_eq!((talk.at_server().as_str(), talk.judged.len()), ("PSPS", 2), "decoys instead of both");
}

#[test]
fn a_server_that_answers_a_write_out_of_order_is_not_believed() {
    for answers in [vec![BOUND], vec![PARSED, &complete("DELETE 1")], vec![PARSED, BOUND, COPY_IN]] {
        let mut talk = query_counted("DELETE FROM t");
        assert!(matches!(talk.try_answers(&answers), Err(Error::OutOfStep(_))), "{answers:?}");
    }
    let mut talk = query_counted("DELETE FROM t");
    let early = talk.try_answers(&[PARSED, BOUND, NO_DATA, &complete("DELETE 1"), &idle()]);
    assert!(matches!(early, Err(Error::OutOfStep(_))), "ready, though nobody has ended it");
}

#[test]
fn the_columns_of_a_counted_query_are_as_of_any_query() {
    let mut talk = query_counted("DELETE FROM t RETURNING id");
    let described = encode::describe(Subject::Portal(b"")).unwrap();
    assert_eq!(described.as_ref(), b"D\0\0\0\x06P\0");
    talk.answers(&[PARSED, BOUND, &message(b'T', b"\0\0"), &row(4), &complete("DELETE 1")]);
    talk.keep();
    talk.answers(&[&idle()]);
    assert_eq!(talk.at_client(), "TDCZ");
}
