//! Nothing reaches the server before its verdict; a refusal leaves both sides agreeing how the transaction stands.

use wire::Error;
use wire::postgres::{ActKind, Consequences, Outcome, Report, Status, encode};

use super::talk::*;

fn plain() -> Consequences {
    Consequences::default()
}

#[test]
fn a_query_waits_for_its_verdict_and_everything_behind_it_too() {
    let mut talk = Talk::new();
    talk.says(&[&query("SELECT 1"), &query("DROP TABLE t"), &sync()]);
    assert_eq!(talk.at_server(), "");
    assert_eq!(talk.texts(), ["SELECT 1"], "one at a time, in order");
    talk.allow(plain());
    assert_eq!(talk.texts(), ["SELECT 1", "DROP TABLE t"], "pipelined: the first is still being answered");
    assert_eq!(talk.judged.iter().map(|act| act.id.number()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(talk.at_server(), "Q");
    talk.answers(&[&complete("SELECT 1"), &idle()]);
    assert_eq!((talk.at_client().as_str(), talk.done.len()), ("CZ", 1));
    assert_eq!(talk.done, [Outcome::Completed("SELECT 1".into())]);
}

#[test]
fn the_client_gets_a_key_of_the_gateways_own() {
    let talk = Talk::new();
    assert_eq!(talk.session.server_key().map(|key| key.process), Some(99));
}

#[test]
fn a_refused_query_fails_at_the_server_too_and_the_error_is_ours() {
    let mut talk = Talk::new();
    talk.says(&[&query("DELETE FROM orders"), &query("COMMIT")]);
    talk.refuse();
    assert_eq!(talk.texts(), ["DELETE FROM orders", "COMMIT"]);
    assert_eq!(talk.at_server(), "Q");
    talk.answers(&[&error("42601"), &ready(b'E')]);
    let said = talk.text_at_client();
    assert!(
        said.contains("C42501\0") && said.contains("Hrequest 42\0") && !said.contains("own words"),
        "{said}"
    );
    assert_eq!(talk.session.status(), Status::Failed, "the server's word");
    assert!(talk.done.is_empty(), "nothing was run");
}

#[test]
fn a_refusal_never_carries_what_was_refused() {
    let mut talk = Talk::new();
    talk.says(&[&query("DELETE FROM orders")]);
    let id = talk.judged[0].id;
    talk.session.refuse(id, &Report::error("42501", "DELETE FROM orders")).unwrap();
    while let Some(output) = talk.session.output() {
        assert!(!format!("{output:?}").contains("DELETE"), "{output:?}");
    }
}

#[test]
fn a_refused_bind_makes_both_sides_skip_to_the_next_sync() {
    let mut talk = Talk::new();
    talk.says(&[
        &parse("s", "DELETE FROM orders"),
        &bind("", "s"),
        &execute(""),
        &query("DROP TABLE t"),
        &sync(),
    ]);
    talk.refuse();
    assert_eq!(talk.at_server(), "PPS", "a decoy instead of Bind, and nothing more of the group");
    assert_eq!(talk.texts(), ["DELETE FROM orders"], "what is skipped is not even judged");
    talk.answers(&[PARSED, &error("42601"), &ready(b'I')]);
    assert_eq!(talk.at_client(), "1EZ");
    talk.says(&[&bind("", "s")]);
    assert_eq!(talk.texts().len(), 2, "the statement itself is still there");
}

#[test]
fn an_earlier_error_wins_over_a_refusal() {
    let mut talk = Talk::new();
    talk.says(&[&parse("s", "DELETE"), &bind("", "s")]);
    talk.refuse();
    talk.says(&[&sync()]);
    talk.answers(&[&error("42601"), &ready(b'I')]);
    assert!(talk.text_at_client().contains("own words"), "the error is of the first message that failed");
}

#[test]
fn the_end_of_the_connection_is_the_servers_own_word_even_instead_of_a_refusal() {
    let mut talk = Talk::new();
    talk.says(&[&query("DELETE")]);
    talk.refuse();
    talk.answers(&[&Report::fatal("57P01", "terminating").encode()]);
    assert!(talk.text_at_client().contains("C57P01"));
}

#[test]
fn a_server_that_takes_a_decoy_for_a_statement_is_not_believed() {
    for answers in [vec![complete("SELECT 1")], vec![idle()]] {
        let mut talk = Talk::new();
        talk.says(&[&query("DELETE")]);
        talk.refuse();
        let answers: Vec<&[u8]> = answers.iter().map(Vec::as_slice).collect();
        assert!(matches!(talk.try_answers(&answers), Err(Error::OutOfStep(_))));
    }
}

#[test]
fn an_act_behind_something_that_failed_is_moot() {
    let mut talk = Talk::new();
    talk.says(&[&parse("s", "SELEC"), &bind("", "s"), &execute("")]);
    assert!(!talk.session.is_settled());
    talk.session.settle();
    talk.session.settle();
    talk.look();
    assert_eq!(talk.at_server(), "PH", "the server is asked once, before people are");
    talk.answers(&[&error("42601")]);
    assert_eq!((talk.moot, talk.session.is_settled()), (1, true));
    let id = talk.judged[0].id;
    assert_eq!(talk.session.allow(id, plain()), Ok(false), "a late verdict lets nothing cross");
    talk.says(&[&sync()]);
    assert_eq!(talk.at_server(), "S");
}

#[test]
fn allowed_acts_that_the_server_skips_are_told_as_skipped() {
    let mut talk = Talk::new();
    talk.says(&[&parse("", "SELECT 1/$1"), &bind("", ""), &execute("")]);
    talk.allow(plain());
    talk.says(&[&parse("", "DELETE"), &bind("", ""), &execute("")]);
    talk.allow(plain());
    talk.says(&[&sync()]);
    assert_eq!(talk.at_server(), "PBEPBES");
    talk.answers(&[PARSED, BOUND, &error("22012"), &ready(b'I')]);
    assert!(matches!(talk.done[..], [Outcome::Failed(_), Outcome::Skipped]), "{:?}", talk.done);
}

#[test]
fn parameters_are_part_of_what_is_judged() {
    let mut talk = Talk::new();
    talk.says(&[&parse("s", "DELETE FROM t WHERE id = $1"), &bind("p", "s")]);
    let ActKind::Bind { name, parameters, statement } = &talk.judged[0].kind else { panic!("a Bind") };
    assert_eq!(name.as_ref(), b"s");
    assert_eq!(parameters[0].value.as_deref(), Some(&b"5"[..]));
    assert!(!parameters[0].is_binary && statement.as_ref().unwrap().types().is_empty());
}

#[test]
fn described_types_are_known_when_the_statement_is_bound() {
    let mut talk = Talk::new();
    let describe = encode::describe(wire::postgres::Subject::Statement(b"s")).unwrap();
    talk.says(&[&parse("s", "SELECT $1"), &describe, &sync()]);
    talk.answers(&[PARSED, &message(b't', b"\0\x01\0\0\0\x17"), &message(b'n', b""), &ready(b'I')]);
    talk.says(&[&bind("", "s")]);
    let ActKind::Bind { statement: Some(statement), .. } = &talk.judged[0].kind else { panic!("a Bind") };
    assert_eq!(statement.types(), [23]);
}

#[test]
fn a_function_call_is_judged_and_its_refusal_is_a_failed_query() {
    let mut talk = Talk::new();
    talk.says(&[&message(b'F', b"\0\0\x03\xb9\0\0\0\0\0\0")]);
    assert_eq!((talk.texts(), talk.at_server().as_str()), (vec!["953".to_owned()], ""));
    talk.refuse();
    talk.answers(&[&error("42601"), &ready(b'I')]);
    assert_eq!((talk.at_server().as_str(), talk.at_client().as_str()), ("Q", "EZ"));
}

#[test]
fn what_a_function_call_gives_is_its_outcome() {
    let mut talk = Talk::new();
    talk.says(&[&message(b'F', b"\0\0\x03\xb9\0\x01\0\x01\0\x01\0\0\0\x02hi\0\x01"), &query("SELECT 1")]);
    let ActKind::FunctionCall { arguments, .. } = &talk.judged[0].kind else { panic!("a call") };
    assert!(arguments[0].is_binary && arguments[0].value.as_deref() == Some(b"hi"), "{arguments:?}");
    talk.allow(Consequences { settings: true, ..plain() });
    assert_eq!(
        (talk.texts().len(), talk.at_server().as_str()),
        (1, "F"),
        "what it changes counts for the next"
    );
    talk.answers(&[&message(b'V', b"\0\0\0\x01x"), &idle()]);
    assert_eq!(talk.done, [Outcome::Completed("FUNCTION CALL".into())]);
    assert_eq!((talk.texts().len(), talk.at_client().as_str()), (2, "VZ"));
}

#[test]
fn a_parse_that_reads_constants_waits_until_it_is_known_to_run_nothing() {
    let mut talk = Talk::new();
    talk.says(&[&parse("s", "SELECT '{1}'::checked[]"), &bind("", "s"), &sync()]);
    assert_eq!((talk.texts().len(), talk.at_server().as_str()), (1, ""), "the server would run its checks");
    assert!(matches!(talk.judged[0].kind, ActKind::Parse(_)));
    let id = talk.judged[0].id;
    assert_eq!(talk.session.pass(id), Ok(true));
    talk.look();
    assert_eq!(
        (talk.at_server().as_str(), talk.texts().len()),
        ("P", 2),
        "the Bind waits for its own verdict"
    );
    assert_eq!(talk.judged[1].id, id, "what is passed was no act");
    for plain in ["SELECT $1", "SELECT 1", "SELECT \"a$\" FROM t WHERE b = $12"] {
        let mut talk = Talk::new();
        talk.says(&[&parse("", plain)]);
        let judged = plain.contains("a$");
        assert_eq!(talk.texts().len(), usize::from(judged), "{plain}");
    }
}

#[test]
fn a_parse_that_runs_something_is_an_act_of_its_own() {
    let mut talk = Talk::new();
    talk.says(&[&parse("s", "SELECT $$ {1} $$::checked[]"), &bind("", "s"), &sync()]);
    talk.refuse();
    assert_eq!(talk.at_server(), "PS", "a decoy; the rest is skipped");
    talk.answers(&[&error("42601"), &idle()]);
    assert_eq!(talk.at_client(), "EZ");
    talk.says(&[&parse("s", "SELECT '{1}'::checked[]"), &bind("", "s"), &sync()]);
    talk.allow(Consequences { any_name: true, ..plain() });
    assert_eq!(talk.at_server(), "PH", "what follows depends on what it has done");
    assert_eq!(talk.texts().len(), 2);
    talk.answers(&[PARSED]);
    assert_eq!(talk.done, [Outcome::Completed("PARSE".into())]);
    let ActKind::Bind { statement: None, .. } = &talk.judged[2].kind else { panic!("not prepared again") };
}

#[test]
fn goodbye_is_noticed_while_something_is_held() {
    let mut talk = Talk::new();
    talk.says(&[&query("DELETE FROM orders")]);
    assert!(!talk.leaving);
    talk.says(&[&encode::terminate()]);
    assert!(talk.leaving && talk.at_server().is_empty());
}

#[test]
fn a_client_that_sends_on_while_something_is_held_is_no_longer_read() {
    let mut talk = Talk::new();
    talk.says(&[&query("DELETE FROM orders")]);
    assert!(talk.session.wants_client());
    talk.says(&[&query(&" ".repeat(1 << 20))]);
    assert!(!talk.session.wants_client());
    talk.allow(plain());
    assert!(talk.session.wants_client());
}

#[test]
fn a_notice_waits_for_the_end_of_a_message() {
    let mut talk = Talk::new();
    talk.says(&[&query("SELECT x FROM t"), &query("DELETE")]);
    talk.allow(plain());
    talk.answers(&[b"D\0\0\0\x10half"]);
    talk.session.notice(&Report::notice("request 42: first"));
    talk.session.notice(&Report::notice("request 42: waiting"));
    talk.answers(&[b"12345678"]);
    talk.look();
    assert_eq!(talk.at_client(), "DN");
    talk.session.notice(&Report::notice("request 42: waiting"));
    talk.look();
    assert_eq!(talk.at_client(), "N");
}

#[test]
fn a_server_that_answers_what_was_not_asked_is_out_of_step() {
    for answer in
        [PARSED, BOUND, CLOSED, COPY_IN, COPY_OUT, COPY_DONE, &idle(), &complete("SELECT 1"), &error("42601")]
    {
        let mut talk = Talk::new();
        assert!(matches!(talk.try_answers(&[answer]), Err(Error::OutOfStep(_))), "{answer:?}");
    }
    let mut talk = Talk::new();
    talk.answers(&[&Report::fatal("57P01", "shut down").encode()]);
    assert_eq!(talk.at_client(), "E", "the end may come at any time");
}

#[test]
fn a_password_after_the_login_is_refused() {
    let mut talk = Talk::new();
    assert!(talk.try_says(&[&message(b'p', b"x\0")]).is_err());
}

#[test]
fn a_transaction_may_be_open_from_what_runs_until_the_server_says_that_none_is() {
    let mut talk = Talk::new();
    talk.says(&[&query("BEGIN")]);
    assert!(!talk.session.may_be_in_transaction(), "it has not run");
    talk.allow(plain());
    assert!(talk.session.may_be_in_transaction(), "who knows what it does");
    talk.answers(&[&complete("BEGIN"), &ready(b'T')]);
    assert!(talk.session.may_be_in_transaction());
    talk.says(&[&query("COMMIT")]);
    talk.allow(plain());
    talk.answers(&[&complete("COMMIT"), &idle()]);
    assert!(!talk.session.may_be_in_transaction());
    // What runs before Sync is a transaction, though nobody has said BEGIN.
    talk.says(&[&parse("", "DELETE FROM orders"), &bind("", "")]);
    talk.allow(plain());
    talk.says(&[&execute("")]);
    talk.answers(&[b"1\0\0\0\x04", b"2\0\0\0\x04", &complete("DELETE 3")]);
    assert!(talk.session.may_be_in_transaction());
    talk.says(&[&sync()]);
    talk.answers(&[&idle()]);
    assert!(!talk.session.may_be_in_transaction());
}
