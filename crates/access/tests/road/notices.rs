//! What people read while they wait: everything that they need, in both languages, and nothing that hides.

use access::model::Answer;
use access::road::Progress;
use access::text::Language;

use crate::bastion::*;

#[tokio::test]
async fn a_held_person_reads_which_request_what_why_who_and_until_when() {
    for (language, held_word, until, needs) in [
        (
            Language::English,
            "HELD as request 1",
            "until      2020-02-23T19:26:00Z, then it lapses",
            "2 of dba-leads (bob, carol)",
        ),
        (
            Language::Chinese,
            "已挂起，请求 1",
            "截止      2020-02-23T19:26:00Z，逾期失效",
            "dba-leads 中的 2 人 (bob, carol)",
        ),
    ] {
        let bastion = Bastion::speaking(language).await;
        let pending = bastion.held().await;
        let notice = pending.notice();
        for part in [
            held_word,
            "db-1",
            "env=prod, tier=core-data",
            "root",
            REMOVAL_RUN,
            "data.destroy (",
            needs,
            until,
            "ssh GATEWAY show 1",
        ] {
            assert!(notice.contains(part), "{part} is missing: {notice}");
        }
    }
}

#[tokio::test]
async fn only_those_who_can_sign_are_named() {
    let mut bastion = Bastion::start().await;
    bastion.person("erin", &["dba-leads"]).await;
    bastion.suspend("carol").await;
    bastion.regroup("alice", &["ops", "dba-leads"]).await;
    let pending = bastion.held().await;
    assert!(pending.notice().contains("2 of dba-leads (bob, erin)"), "{}", pending.notice());
}

#[tokio::test]
async fn who_waits_is_told_who_has_signed_and_what_is_missing() {
    for (language, before, after) in [
        (
            Language::English,
            "countersign: request 1: nobody has signed; waiting for 2 more of dba-leads",
            "countersign: request 1: bob signed; waiting for 1 more of dba-leads",
        ),
        (
            Language::Chinese,
            "countersign：请求 1：已签署 尚无人；等待 dba-leads 中还需 2 人",
            "countersign：请求 1：已签署 bob；等待 dba-leads 中还需 1 人",
        ),
    ] {
        let bastion = Bastion::speaking(language).await;
        let pending = bastion.held().await;
        let Progress::Waiting(line) = bastion.road.progress(&pending).await else {
            panic!("it does not wait")
        };
        assert_eq!(line, before);
        bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
        let Progress::Waiting(line) = bastion.road.progress(&pending).await else {
            panic!("it does not wait")
        };
        assert_eq!(line, after);
    }
}

#[tokio::test]
async fn nothing_hides_in_what_is_shown() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    for (typed, shown) in [
        ("rm -rf 'sc\u{202e}ratch'", "sc\\u{202e}ratch"),
        ("rm -rf 'a\u{200b}b'", "a\\u{200b}b"),
        ("rm -rf '/srv/\u{430}udit'", "/srv/\\u{430}udit"),
        ("rm -rf 'x\u{1b}[2K'", "x\\u{1b}[2K"),
        ("rm -rf 'x\r'", "x\\u{d}"),
        ("rm -rf '\u{5d0} 1'", "\\u{5d0} 1"),
    ] {
        let step = bastion.road.submit(&session, 0, exec(typed)).await;
        let told = match step {
            access::Step::Held(pending) => {
                let listed = bastion.ask_desk("bob", &format!("show {}", pending.id()), b"").await.stdout;
                assert!(listed.contains(shown), "{listed}");
                pending.notice().to_owned()
            }
            other => refused(other),
        };
        let hidden = |c: char| (c.is_control() && c != '\n') || ('\u{200b}'..='\u{202e}').contains(&c);
        assert!(!told.contains(hidden), "{told:?}");
        assert!(!told.contains(['\u{430}', '\u{5d0}']), "{told:?}");
    }
}

#[tokio::test]
async fn a_very_long_command_is_shown_to_its_end() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    let command = format!("rm -rf {} production-data", "scratch ".repeat(1_500));
    let pending = held(bastion.road.submit(&session, 0, exec(&command)).await);
    assert!(pending.notice().contains("'scratch' 'production-data'\n"));
    let shown = bastion.ask_desk("bob", &format!("show {}", pending.id()), b"").await.stdout;
    assert!(shown.contains("'scratch' 'production-data'\n"));
}

#[tokio::test]
async fn the_greeting_says_where_one_is_and_what_is_enforced() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "web-1").await;
    let greeting = session.greeting();
    for part in
        ["web-1 (env=prod, tier=app)", "root", "level recorded", "not gated", &session.id().to_string()]
    {
        assert!(greeting.contains(part), "{part} is missing: {greeting}");
    }
}

#[tokio::test]
async fn a_refusal_says_why_and_whom_to_ask() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    let told = refused(bastion.road.submit(&session, 0, exec("history -c")).await);
    assert!(told.starts_with("refused: "), "{told}");
    let session = bastion.session("bob", "db-1").await;
    let told = refused(bastion.road.submit(&session, 0, exec("ls")).await);
    for part in ["ls on db-1 is not allowed", "nothing permits bob to exec db-1", "Ask the owners"] {
        assert!(told.contains(part), "{part} is missing: {told}");
    }
}
