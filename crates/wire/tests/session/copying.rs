//! COPY in each direction: what is data, what is a message, and who is faster never matters.

use wire::Error;
use wire::postgres::{Consequences, Outcome, encode};

use super::talk::*;

fn copies() -> Consequences {
    Consequences { copies: true, ..Consequences::default() }
}

fn data(content: &[u8]) -> Vec<u8> {
    message(b'd', content)
}

#[test]
fn data_sent_ahead_waits_until_the_server_asks_for_it() {
    let mut talk = Talk::new();
    talk.says(&[&query("COPY t FROM STDIN"), &data(b"1\n"), &data(b"2\n"), COPY_DONE, &query("SELECT 1")]);
    talk.allow(copies());
    assert_eq!(talk.at_server(), "Q");
    talk.answers(&[COPY_IN]);
    assert_eq!(talk.at_server(), "ddc");
    assert_eq!(talk.judged.len(), 1, "a second COPY in the same text could ask for more");
    talk.answers(&[&complete("COPY 2"), &idle()]);
    assert_eq!((talk.judged.len(), talk.done.len()), (2, 1));
}

#[test]
fn data_for_a_copy_that_failed_does_not_cross() {
    let mut talk = Talk::new();
    talk.says(&[&query("COPY nowhere FROM STDIN"), &data(b"1\n"), COPY_DONE, &query("SELECT 1")]);
    talk.allow(copies());
    talk.answers(&[&error("42P01"), &idle()]);
    assert_eq!((talk.at_server().as_str(), talk.texts().len()), ("Q", 2));
}

#[test]
fn a_message_of_data_that_was_begun_is_ended_after_an_error() {
    let mut talk = Talk::new();
    talk.says(&[&query("COPY t FROM STDIN")]);
    talk.allow(copies());
    talk.answers(&[COPY_IN]);
    talk.says(&[b"d\0\0\0\x0c1234"]);
    talk.answers(&[&error("22P04"), &idle()]);
    talk.says(&[b"5678", &data(b"more"), COPY_DONE]);
    assert_eq!(talk.at_server(), "Qd", "whole messages only, and no new ones");
}

#[test]
fn a_sync_within_copy_means_nothing_and_one_sent_too_early_waits() {
    let mut talk = Talk::new();
    talk.says(&[&parse("", "COPY t FROM STDIN"), &bind("", ""), &execute(""), &sync()]);
    talk.allow(copies());
    assert_eq!(talk.at_server(), "PBEH", "the Sync waits for the server's answer");
    talk.answers(&[PARSED, BOUND, COPY_IN]);
    talk.says(&[&data(b"1\n"), &sync(), COPY_DONE, &sync()]);
    assert_eq!(talk.at_server(), "dcH", "Sync is no part of COPY; the end is asked for");
    talk.answers(&[&complete("COPY 1")]);
    assert_eq!(talk.at_server(), "S");
    talk.answers(&[&idle()]);
    assert_eq!(talk.at_client(), "12GCZ");
}

#[test]
fn after_an_error_in_copy_the_group_is_skipped_to_its_sync() {
    let mut talk = Talk::new();
    talk.says(&[&parse("", "COPY t FROM STDIN"), &bind("", ""), &execute("")]);
    talk.allow(copies());
    talk.answers(&[PARSED, BOUND, COPY_IN, &error("22P04")]);
    talk.at_server();
    talk.says(&[&data(b"1\n"), COPY_DONE, &parse("", "SELECT 1"), &sync()]);
    assert_eq!(talk.at_server(), "S");
    assert!(matches!(talk.done[..], [Outcome::Failed(_)]));
}

#[test]
fn any_other_message_within_copy_ends_the_connection() {
    let mut talk = Talk::new();
    talk.says(&[&query("COPY t FROM STDIN")]);
    talk.allow(copies());
    talk.answers(&[COPY_IN]);
    assert_eq!(talk.try_says(&[&query("DROP TABLE t")]), Err(Error::Unexpected('Q')));
    assert_eq!(talk.at_server(), "Q");
}

#[test]
fn a_copy_that_the_analysis_did_not_see_is_out_of_step() {
    let mut talk = Talk::new();
    talk.says(&[&query("SELECT harmless()")]);
    talk.allow(Consequences::default());
    assert!(matches!(talk.try_answers(&[COPY_IN]), Err(Error::OutOfStep(_))));
}

#[test]
fn two_copies_in_one_query_each_get_their_data() {
    let mut talk = Talk::new();
    talk.says(&[&query("COPY a FROM STDIN; COPY b FROM STDIN")]);
    talk.allow(copies());
    talk.answers(&[COPY_IN]);
    talk.says(&[&data(b"1\n"), COPY_DONE, &data(b"2\n"), &encode::copy_fail("enough")]);
    assert_eq!(talk.at_server(), "Qdc");
    talk.answers(&[&complete("COPY 1"), COPY_IN]);
    assert_eq!(talk.at_server(), "df");
    talk.answers(&[&error("57014"), &idle()]);
    assert!(matches!(talk.done[..], [Outcome::Completed(_), Outcome::Failed(_)]));
}

#[test]
fn copy_out_passes_and_ends_with_its_command() {
    let mut talk = Talk::new();
    talk.says(&[&query("COPY t TO STDOUT")]);
    talk.allow(Consequences::default());
    talk.answers(&[COPY_OUT, &data(b"1\n"), &data(b"2\n"), COPY_DONE, &complete("COPY 2"), &idle()]);
    assert_eq!(talk.at_client(), "HddcCZ");
    let mut talk = Talk::new();
    talk.says(&[&query("COPY t TO STDOUT")]);
    talk.allow(Consequences::default());
    assert!(talk.try_answers(&[COPY_OUT, &complete("COPY 2")]).is_err(), "not before the data's end");
}

#[test]
fn replication_ends_when_both_sides_have_finished() {
    let mut talk = Talk::new();
    talk.says(&[&query("START_REPLICATION 0/0")]);
    talk.allow(Consequences::unknown());
    talk.answers(&[COPY_BOTH, &data(b"w")]);
    talk.says(&[&data(b"r"), COPY_DONE, &query("IDENTIFY_SYSTEM")]);
    assert_eq!(talk.at_server(), "Qdc");
    talk.answers(&[&data(b"w"), COPY_DONE, &complete("COPY 0"), &idle()]);
    assert_eq!((talk.at_client().as_str(), talk.judged.len()), ("WddcCZ", 2));
}
