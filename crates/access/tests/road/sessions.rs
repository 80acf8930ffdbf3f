//! Sessions and acts: what holds when a session begins holds for each of its acts, and what is refused leaves nothing.

use access::Ask;
use access::Start;
use access::administer::Change;
use access::identity::Destination;
use access::model::{Answer, Outcome, Way};
use access::ports::Store;
use access::recording::{Interrupted, Totals};

use crate::bastion::*;
use crate::keys::Key;

#[tokio::test]
async fn a_target_that_one_may_not_reach_is_like_one_that_is_not_there() {
    let bastion = Bastion::start().await;
    let dave = bastion.enter("dave").await;
    let mut told = Vec::new();
    for place in ["root@db-1", "root@db-9", "postgres@db-1"] {
        let to = Destination::parse(place).unwrap();
        let refused = bastion.road.open(&dave, &to, Way::Jump).await.err().unwrap().to_string();
        told.push(refused.replace("db-9", "db-1").replace("postgres", "root"));
    }
    assert!(told.iter().all(|line| *line == told[0]), "{told:?}");
    assert_eq!((bastion.count("refusal"), bastion.count("session-open")), (3, 0));
}

#[tokio::test]
async fn a_recorded_target_gets_what_was_typed_byte_for_byte() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "web-1").await;
    let typed = b"for f in *; do echo \"$f\xff\"; done".to_vec();
    let grant = allowed(bastion.road.submit(&session, 0, Ask::Exec(typed.clone())).await);
    assert_eq!(grant.into_start(), Start::Exec { text: typed, close_stdin: false });
    assert_eq!(allowed(bastion.road.submit(&session, 1, Ask::Shell).await).into_start(), Start::Shell);
    assert_eq!(allowed(bastion.road.submit(&session, 2, Ask::Sftp).await).into_start(), Start::Sftp);
}

#[tokio::test]
async fn a_gated_target_refuses_what_it_cannot_judge_and_nothing_is_left_of_it() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    let odd = [
        exec("rm -rf `cat list`"),
        exec("vi notes"),
        exec("history -c; rm x &"),
        exec(""),
        Ask::Exec(vec![0xff, 0xfe]),
        exec("ls <(rm -rf /)"),
    ];
    let asked = odd.len();
    for (channel, ask) in odd.into_iter().enumerate() {
        let told = refused(bastion.road.submit(&session, channel as u32, ask.clone()).await);
        assert!(told.starts_with("refused: ") && !told.contains('\n'), "{ask:?}: {told}");
    }
    assert_eq!((bastion.count("decision"), bastion.count("request")), (asked, 0));
    assert!(bastion.store.requests(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_understood_but_not_known_waits_and_then_runs_without_a_standard_input() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    let pending = held(bastion.road.submit(&session, 0, exec("no-such-program x")).await);
    let closed = "stdin      closed: what you type is not part of what is approved";
    assert!(pending.notice().ends_with(closed), "{}", pending.notice());
    let statement = bastion.statement("bob", pending.id(), Answer::Approve).await;
    assert!(statement.contains(r#""stdin":"closed""#), "{statement}");
    for name in ["bob", "carol"] {
        bastion.answer(name, pending.id(), Answer::Approve).await.unwrap();
    }
    let grant = bastion.road.claim(pending).await.unwrap();
    let text = b"'no-such-program' 'x'".to_vec();
    assert_eq!(grant.into_start(), Start::Exec { text, close_stdin: true });
}

#[tokio::test]
async fn groups_take_effect_on_sessions_that_are_open() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "web-1").await;
    let _grant = allowed(bastion.road.submit(&session, 0, exec("true")).await);
    bastion.regroup("alice", &["auditors"]).await;
    let told = refused(bastion.road.submit(&session, 0, exec("true")).await);
    assert!(told.contains("is not allowed"), "{told}");
}

#[tokio::test]
async fn suspension_and_revocation_take_effect_on_sessions_that_are_open() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "web-1").await;
    bastion.suspend("alice").await;
    assert!(refused(bastion.road.submit(&session, 0, exec("true")).await).contains("suspended"));
    bastion.change(Change::PersonResume { name: "alice".into() }).await;
    let _grant = allowed(bastion.road.submit(&session, 0, exec("true")).await);
    bastion.revoke("alice", "alice").await;
    let told = refused(bastion.road.submit(&session, 0, exec("true")).await);
    assert!(told.contains(&Key::of("alice").fingerprint()) && told.contains("no longer enrolled"), "{told}");
    let again = bastion.road.open(session.who(), &root_at("web-1"), Way::Jump).await;
    assert!(again.is_err(), "an identity outlives its key nowhere");
}

#[tokio::test]
async fn what_an_administrator_takes_away_is_gone_for_open_sessions_too() {
    let host_key = Key::of("another host").line();
    for change in [
        Change::AccountRemove { target: "web-1".into(), login: "root".into() },
        Change::TargetRemove { name: "web-1".into() },
        Change::TargetHostKey { name: "web-1".into(), host_key },
    ] {
        let bastion = Bastion::start().await;
        let session = bastion.session("alice", "web-1").await;
        bastion.change(change).await;
        let told = refused(bastion.road.submit(&session, 0, exec("true")).await);
        assert!(told.contains("changed after this session began"), "{told}");
        assert_eq!(bastion.count("decision"), 0);
    }
}

#[tokio::test]
async fn new_policies_judge_the_next_act() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "web-1").await;
    let closed = policies(|sources| {
        let all = "@id(\"closed\")\nforbid (principal, action, resource);\n";
        sources.policies.push(("closed.cedar".into(), all.into()));
    });
    bastion.road.replace_policies(closed).await.unwrap();
    let told = refused(bastion.road.submit(&session, 0, exec("true")).await);
    assert!(told.contains("(closed)"), "{told}");
    assert!(bastion.road.open(session.who(), &root_at("web-1"), Way::Direct).await.is_err());
}

#[tokio::test]
async fn nothing_follows_the_end_of_a_session() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    bastion.road.close(&session, Outcome::Finished).await;
    bastion.road.close(&session, Outcome::Lost).await;
    for command in ["true", REMOVAL] {
        assert!(refused(bastion.road.submit(&session, 0, exec(command)).await).contains("session is over"));
    }
    assert_eq!(bastion.story(), ["login", "session-open", "session-close"]);
    let row = bastion.store.session(&session.id()).await.unwrap().unwrap();
    assert_eq!(row.closed.unwrap().1, Outcome::Finished);
}

#[tokio::test]
async fn what_a_killed_process_left_open_is_closed_as_interrupted() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "web-1").await;
    let found = Interrupted { session: session.id(), totals: Totals::default() };
    bastion.road.close_interrupted(&[found]).await.unwrap();
    let row = bastion.store.session(&session.id()).await.unwrap().unwrap();
    assert_eq!(row.closed.unwrap().1, Outcome::Interrupted);
    assert_eq!(bastion.story().last().unwrap(), "session-close");
}

#[tokio::test]
async fn what_is_not_on_offer_is_refused_on_the_record() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "web-1").await;
    for about in [Some(&session), None] {
        let told = bastion.road.note_refusal(about, session.who(), "local forwarding", "").await;
        assert_eq!(told.to_string(), "refused: local forwarding is not on offer here; it was recorded");
    }
    assert_eq!(bastion.count("refusal"), 2);
}

#[tokio::test]
async fn the_credential_is_opened_for_its_own_account_only() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "web-1").await;
    let credential = bastion.road.credential(&session).await.ok().unwrap();
    assert_eq!(*credential.secret, Key::of("credential").private());
    // Somebody copies the sealed credential of one target's account over another's.
    let mut moved = bastion.store.account("db-1", "root").await.unwrap().unwrap();
    moved.target = "web-1".into();
    bastion.store.put_account(&moved).await.unwrap();
    let told = bastion.road.credential(&session).await.err().unwrap().to_string();
    assert!(told.contains("cannot decide or record") && !told.contains("seal"), "{told}");
}
