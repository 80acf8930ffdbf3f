//! The desk: who sees what, what is no command, and answers that arrive on standard input.

use access::desk_command::{DeskCommand, Input};
use access::model::{Answer, RequestState};

use crate::bastion::*;
use crate::keys::Key;

#[tokio::test]
async fn requests_are_seen_by_who_made_them_and_who_may_answer_them() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    for (name, sees) in [("alice", true), ("bob", true), ("carol", true), ("dave", false)] {
        let listed = bastion.ask_desk(name, "requests", b"").await;
        assert_eq!(listed.stdout.contains(REMOVAL_RUN), sees, "{name}: {listed:?}");
        let shown = bastion.ask_desk(name, &format!("show {}", pending.id()), b"").await;
        assert_eq!(shown.status == 0 && shown.stdout.contains(REMOVAL_RUN), sees, "{name}: {shown:?}");
        let printed = bastion.ask_desk(name, &format!("show {} --statement deny", pending.id()), b"").await;
        assert_eq!(printed.status == 0 && printed.stdout.ends_with("}\n"), sees, "{name}: {printed:?}");
    }
}

#[tokio::test]
async fn a_request_that_one_may_not_see_is_like_one_that_is_not_there() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    let hidden = bastion.ask_desk("dave", &format!("show {}", pending.id()), b"").await;
    let absent = bastion.ask_desk("dave", "show 99", b"").await;
    assert_eq!(hidden.stderr.replace(&pending.id().to_string(), "99"), absent.stderr);
    assert_eq!((hidden.status, absent.status), (1, 1));
}

#[tokio::test]
async fn what_is_asked_shows_everything_that_an_approver_must_weigh() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
    let shown = bastion.ask_desk("carol", &format!("show {}", pending.id()), b"").await.stdout;
    for part in [
        "request 1 (waiting)",
        "db-1   env=prod, tier=core-data",
        "root",
        "alice",
        REMOVAL_RUN,
        "data.destroy",
        "2 of dba-leads (bob, carol)",
        "signed     bob",
        "2020-02-23T19:26:00Z",
        "sha256:",
        "ssh-keygen -Y sign",
    ] {
        assert!(shown.contains(part), "{part} is missing: {shown}");
    }
}

#[tokio::test]
async fn answers_arrive_on_standard_input() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    let id = pending.id();
    for (name, answer, told) in [
        (
            "bob",
            Answer::Approve,
            "request 1: your approval is recorded. Still needed: 1 more of dba-leads.\n",
        ),
        ("carol", Answer::Deny, "request 1: denied. Nothing will run.\n"),
    ] {
        let statement = bastion.statement(name, id, answer).await;
        let signature = Key::of(name).sign("countersign", statement.as_bytes());
        let line = format!("{} {id}", answer.as_str());
        assert_eq!(DeskCommand::read(&line).map(|command| command.input()), Ok(Input::Whole));
        let said = bastion.ask_desk(name, &line, &signature).await;
        assert_eq!((said.status, &*said.stdout, &*said.stderr), (0, told, ""));
    }
    assert_eq!(bastion.state(id).await, RequestState::Denied);
    let said = bastion.ask_desk("carol", "approve 1", b"").await;
    assert_eq!((said.status, &*said.stdout), (1, ""));
    assert_eq!(said.stderr, "refused: request 1 is denied already\n");
}

#[tokio::test]
async fn what_is_no_command_is_told_and_does_nothing() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    let before = bastion.story().len();
    let bob = bastion.enter("bob").await;
    for line in [
        "approve",
        "approve 1 2",
        "approve 1; deny 1",
        "approve -1",
        "approve 99999999999999999999",
        "show 1 --force",
        "grant 1",
        "sh",
        "requests; ls",
        "APPROVE 1",
        "admin person add eve",
        "\u{0}",
        "show 1\u{a0}",
        "sftp",
    ] {
        let said = bastion.road.desk(&bob, line, b"").await;
        assert_eq!((said.status, &*said.stdout), (2, ""), "{line:?}: {said:?}");
        assert!(said.stderr.starts_with("error: "), "{line:?}: {said:?}");
        let controls = |c: char| c.is_control() && c != '\n';
        assert!(!said.stderr.contains(controls), "{line:?}: {said:?}");
    }
    assert_eq!(bastion.story().len(), before + 1, "only bob's login");
    assert_eq!(bastion.state(pending.id()).await, RequestState::Waiting);
}

#[tokio::test]
async fn targets_are_those_that_one_may_reach() {
    let bastion = Bastion::start().await;
    for name in ["alice", "bob"] {
        let told = bastion.ask_desk(name, "targets", b"").await.stdout;
        let expected =
            "root@db-1  command-gated  env=prod, tier=core-data\nroot@web-1  recorded  env=prod, tier=app\n";
        assert_eq!(told, expected, "{name}");
    }
    assert!(!bastion.ask_desk("dave", "targets", b"").await.stdout.contains("root@"));
}

#[tokio::test]
async fn help_names_the_commands() {
    let bastion = Bastion::start().await;
    for line in ["help", "", "  "] {
        let said = bastion.ask_desk("dave", line, b"").await;
        assert!(said.status == 0 && said.stdout.contains("approve N, deny N"), "{said:?}");
        assert!(said.stdout.contains("ssh dave+ACCOUNT@TARGET"), "{said:?}");
    }
}

#[tokio::test]
async fn who_was_suspended_or_lost_the_key_since_the_login_gets_nothing() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    let (bob, carol) = (bastion.enter("bob").await, bastion.enter("carol").await);
    bastion.suspend("bob").await;
    bastion.revoke("carol", "carol").await;
    for (who, why) in [(bob, "suspended"), (carol, "no longer enrolled")] {
        for line in
            ["requests", "show 1", "show 1 --statement approve", "approve 1", "deny 1", "targets", "help"]
        {
            let said = bastion.road.desk(&who, line, b"").await;
            assert_eq!((said.status, &*said.stdout), (1, ""), "{line}: {said:?}");
            assert!(said.stderr.contains(why), "{line}: {said:?}");
        }
    }
    assert_eq!(bastion.state(pending.id()).await, RequestState::Waiting);
}

#[tokio::test]
async fn what_has_lapsed_is_not_listed_any_more() {
    let bastion = Bastion::start().await;
    let _pending = bastion.held().await;
    bastion.clock.advance(1800);
    let listed = bastion.ask_desk("bob", "requests", b"").await;
    assert_eq!(listed.stdout, "nothing waits for you\n");
}
