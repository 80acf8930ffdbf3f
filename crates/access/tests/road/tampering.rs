//! Rows changed behind the road's back: approvers are not shown them, and nothing starts because of them.

use access::model::{Answer, PersonId, Request, RequestState, Timestamp};
use access::ports::Store;
use access::recording::SessionId;
use access::road::Progress;

use crate::bastion::*;

type Change = fn(&mut Request);

/// Every column that says what would happen, and the ones that say when and on whose word.
const CHANGES: [(&str, Change); 17] = [
    ("nonce", |row| row.nonce = "0".repeat(32)),
    ("session", |row| row.session = Some(SessionId([9; 16]))),
    ("channel", |row| row.channel = 9),
    ("requester", |row| row.requester = PersonId("p-0000000000000000".into())),
    ("target", |row| row.target = "web-1".into()),
    ("account", |row| row.account = "postgres".into()),
    ("text", |row| row.text = b"ls".to_vec()),
    ("run", |row| row.run = "'ls'".into()),
    ("canonical", |row| row.canonical = row.canonical.replace("production-data", "scratch")),
    ("digest", |row| row.digest = "0".repeat(64)),
    ("quorums", |row| row.quorums.push("one-friend".into())),
    ("effects", |row| row.effects = groups(&["read"])),
    ("policy", |row| row.policy_version = "sha256:0".into()),
    ("created", |row| row.created = Timestamp(0)),
    ("expires", |row| row.expires = row.expires.plus_seconds(86_400)),
    ("id", |row| row.id = access::model::RequestId(row.id.0 + 1)),
    ("canonical to nothing", |row| row.canonical = String::new()),
];

#[tokio::test]
async fn a_changed_column_starts_nothing() {
    for (column, change) in CHANGES {
        let bastion = Bastion::start().await;
        let pending = bastion.met().await;
        bastion.store.alter(change);
        let told = bastion.road.claim(pending).await;
        assert!(told.is_err(), "{column}: {told:?}");
        assert_eq!(bastion.count("grant"), 0, "{column}");
    }
}

#[tokio::test]
async fn a_changed_column_is_never_shown_to_an_approver_as_the_request() {
    for (column, change) in CHANGES {
        // Who asked is a name in what is signed; the row's identifier is held against it at the claim.
        if column == "requester" {
            continue;
        }
        let bastion = Bastion::start().await;
        let pending = bastion.held().await;
        let id = pending.id();
        bastion.store.alter(change);
        for line in [format!("show {id}"), format!("show {id} --statement approve")] {
            let told = bastion.ask_desk("bob", &line, b"").await;
            assert_eq!((told.status, &*told.stdout), (1, ""), "{column}: {told:?}");
        }
        let listed = bastion.ask_desk("bob", "requests", b"").await;
        assert!(!listed.stdout.contains("'ls'"), "{column}: {}", listed.stdout);
    }
}

#[tokio::test]
async fn a_column_changed_while_approvers_looked_and_restored_after_gains_nothing() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    let id = pending.id();
    bastion.store.alter(|row| {
        row.run = "'ls'".into();
        row.canonical = row.canonical.replace("'rm' '-rf' 'production-data'", "'ls'");
        row.digest = access::blind::sha256_hex(row.canonical.as_bytes());
    });
    for name in ["bob", "carol"] {
        let signed = bastion.answer(name, id, Answer::Approve).await;
        assert!(signed.is_ok(), "a consistent lie is signed: {signed:?}");
    }
    bastion.store.restore();
    assert!(matches!(bastion.road.progress(&pending).await, Progress::Waiting(_)));
    bastion.cannot_claim(pending).await;
    assert_eq!(bastion.count("grant"), 0);
}

#[tokio::test]
async fn a_consistent_lie_in_the_store_is_not_what_runs() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    bastion.store.alter(|row| {
        row.run = "'ls'".into();
        row.canonical = row.canonical.replace("'rm' '-rf' 'production-data'", "'ls'");
        row.digest = access::blind::sha256_hex(row.canonical.as_bytes());
    });
    for name in ["bob", "carol"] {
        bastion.answer(name, pending.id(), Answer::Approve).await.unwrap();
    }
    let told = bastion.cannot_claim(pending).await;
    assert!(told.contains("what would run is not what was signed"), "{told}");
    assert_eq!(bastion.count("grant"), 0);
}

#[tokio::test]
async fn a_denied_request_set_back_to_waiting_starts_nothing() {
    let mut bastion = Bastion::start().await;
    bastion.person("erin", &["dba-leads"]).await;
    let pending = bastion.met().await;
    bastion.answer("erin", pending.id(), Answer::Deny).await.unwrap();
    bastion.store.alter(|row| row.state = RequestState::Waiting);
    bastion.cannot_claim(pending).await;
    assert_eq!(bastion.count("grant"), 0);
}

#[tokio::test]
async fn an_expired_request_set_back_to_waiting_starts_nothing() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    bastion.clock.advance(1800);
    let Progress::Ended(_) = bastion.road.progress(&pending).await else { panic!("it still waits") };
    bastion.store.alter(|row| row.state = RequestState::Waiting);
    bastion.cannot_claim(pending).await;
    assert_eq!(bastion.count("grant"), 0);
}

#[tokio::test]
async fn a_signature_kept_in_the_store_is_verified_again_at_the_claim() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
    let mut forged = bastion.store.decisions(pending.id()).await.unwrap().remove(0);
    forged.person = bastion.store.person("carol").await.unwrap().unwrap().id;
    bastion.store.add_decision(&forged).await.unwrap();
    assert!(matches!(bastion.road.progress(&pending).await, Progress::Waiting(_)));
    bastion.cannot_claim(pending).await;
    assert_eq!(bastion.count("grant"), 0);
}
