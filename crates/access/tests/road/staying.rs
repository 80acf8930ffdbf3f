//! Statements whose client cannot wait: their request stays, and what was signed passes once, for its person, in its place.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::administer::{Change, Secret};
use access::identity::Destination;
use access::model::{Answer, RequestId, RequestState, Way};
use access::policy::sql::{Catalogue, Dialect, analyse};
use access::policy::{Policies, Sources};
use access::road::{Foreseen, OpenTransaction, Progress};
use access::{Ask, Grant, Session, SqlStatement, Step};

use crate::bastion::*;

const DELETE: &str = "DELETE FROM orders";
const HERE: &str = "database \"shop\"";

/// The shipped policies with those about databases.
fn with_databases(change: impl FnOnce(&mut Sources)) -> Policies {
    policies(|sources| {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/policies/statement-gated.cedar");
        let text = std::fs::read_to_string(file).unwrap();
        sources.policies.push(("statement-gated.cedar".to_owned(), text));
        change(sources);
    })
}

/// A bastion before the database `shop`, with the accounts `writer` and `other`.
async fn shop() -> Bastion {
    let mut bastion = Bastion::with_policies(with_databases(|_| ())).await;
    bastion.person("erin", &["ops"]).await;
    let folder = tempfile::tempdir().unwrap();
    testkit::certify(folder.path());
    bastion
        .change(Change::DatabaseAdd {
            name: "shop".into(),
            host: "127.0.0.1".into(),
            port: 3306,
            labels: BTreeMap::from([("env".into(), "prod".into())]),
            protocol: "mysql".into(),
            database: "shop".into(),
            authority: std::fs::read_to_string(folder.path().join("ca.crt")).unwrap(),
        })
        .await;
    for login in ["root", "other"] {
        let (target, login, password) = ("shop".into(), login.into(), Secret("s3cret".to_owned().into()));
        bastion.change(Change::AccountAdd { target, login, private_key: Secret::default(), password }).await;
    }
    bastion
}

fn statement(text: &str, parameters: &[&str], place: Option<&str>) -> Ask {
    Ask::Statement(SqlStatement {
        text: text.as_bytes().to_vec(),
        parameters: parameters.iter().map(|value| Some((*value).to_owned())).collect(),
        script: Arc::new(analyse(Dialect::MySql, text.as_bytes(), &Catalogue::unasked())),
        behind: BTreeMap::new(),
        countable: false,
        runs_as: None,
        place: place.map(str::to_owned),
    })
}

async fn visit(bastion: &Bastion, name: &str, account: &str) -> Session {
    let who = bastion.enter(name).await;
    let to = Destination::parse(&format!("{account}@shop")).unwrap();
    bastion.road.open(&who, &to, Way::Database).await.unwrap()
}

async fn submit(bastion: &Bastion, session: &Session, ask: Ask) -> access::Pending {
    held(bastion.road.submit(session, 1, ask).await)
}

/// Alice's statement, given up by its client after a while and signed afterwards.
async fn signed(bastion: &Bastion, ask: Ask) -> RequestId {
    let session = visit(bastion, "alice", "root").await;
    let pending = submit(bastion, &session, ask).await;
    let id = pending.id();
    let told = bastion.road.leave(pending).await.to_string();
    assert!(told.contains(&format!("request {id} waits")) && told.contains("again"), "{told}");
    for name in ["bob", "carol"] {
        bastion.answer(name, id, Answer::Approve).await.unwrap();
    }
    id
}

/// What a new session of that person makes of it: the grant, or the other request that it has become.
async fn comes_again(bastion: &Bastion, name: &str, ask: Ask) -> Result<Grant, RequestId> {
    let session = visit(bastion, name, "root").await;
    let pending = submit(bastion, &session, ask).await;
    match bastion.road.progress(&pending).await {
        Progress::Met => Ok(bastion.road.claim(pending).await.unwrap()),
        Progress::Waiting(_) => Err(pending.id()),
        Progress::Ended(why) => panic!("{why}"),
    }
}

#[tokio::test]
async fn what_was_signed_passes_once_in_a_new_session() {
    let bastion = shop().await;
    let id = signed(&bastion, statement(DELETE, &[], Some(HERE))).await;
    let shown = bastion.ask_desk("alice", &format!("show {id}"), b"").await.stdout;
    assert!(shown.contains("any session of the requester, database \"shop\""), "{shown}");
    let grant = comes_again(&bastion, "alice", statement(DELETE, &[], Some(HERE))).await.unwrap();
    assert!(grant.approvals().unwrap().contains("bob, carol"));
    assert_eq!(bastion.state(id).await, RequestState::Used);
    let anew = comes_again(&bastion, "alice", statement(DELETE, &[], Some(HERE))).await.unwrap_err();
    assert_ne!(anew, id);
    assert_eq!(bastion.count("grant"), 1);
}

#[tokio::test]
async fn sent_again_too_early_it_waits_for_the_same_signatures() {
    let bastion = shop().await;
    let session = visit(&bastion, "alice", "root").await;
    let pending = submit(&bastion, &session, statement(DELETE, &[], Some(HERE))).await;
    let id = pending.id();
    drop(bastion.road.leave(pending).await);
    let again = comes_again(&bastion, "alice", statement(DELETE, &[], Some(HERE))).await.unwrap_err();
    assert_eq!((again, bastion.count("request")), (id, 1));
}

#[tokio::test]
async fn whatever_differs_from_what_was_signed_is_another_request() {
    let bastion = shop().await;
    let one = "DELETE FROM orders WHERE id = ?";
    let whole = signed(&bastion, statement(DELETE, &[], Some(HERE))).await;
    let bound = signed(&bastion, statement(one, &["7"], Some(HERE))).await;
    for (name, other) in [
        ("erin", statement(DELETE, &[], Some(HERE))),
        ("alice", statement("DELETE  FROM orders", &[], Some(HERE))),
        ("alice", statement("DELETE FROM orders WHERE id = 7", &[], Some(HERE))),
        ("alice", statement(one, &["8"], Some(HERE))),
        ("alice", statement(one, &["7"], Some("database \"shop\"; parameters of types 3"))),
        ("alice", statement(&format!("{one}\n-- $1 = \"7\""), &[], None)),
        ("alice", statement(DELETE, &[], Some("database \"shop\"; after \"USE other\""))),
        ("alice", statement(DELETE, &[], Some("database \"shop\"; after \"SET sql_mode = ''\""))),
        ("alice", statement(DELETE, &[], None)),
    ] {
        let anew = comes_again(&bastion, name, other).await.unwrap_err();
        assert!(![whole, bound].contains(&anew));
    }
    let session = visit(&bastion, "alice", "other").await;
    let elsewhere = submit(&bastion, &session, statement(DELETE, &[], Some(HERE))).await;
    assert!(matches!(bastion.road.progress(&elsewhere).await, Progress::Waiting(_)), "another account");
    assert_eq!(bastion.count("grant"), 0);
}

#[tokio::test]
async fn of_two_connections_at_once_one_passes() {
    let bastion = shop().await;
    let id = signed(&bastion, statement(DELETE, &[], Some(HERE))).await;
    let mut pending = Vec::new();
    for _ in 0..2 {
        let session = visit(&bastion, "alice", "root").await;
        pending.push(submit(&bastion, &session, statement(DELETE, &[], Some(HERE))).await);
    }
    let [one, other] = pending.try_into().ok().unwrap();
    assert_eq!((one.id(), other.id()), (id, id));
    let both = tokio::join!(bastion.road.claim(one), bastion.road.claim(other));
    assert_eq!([both.0.is_ok(), both.1.is_ok()].iter().filter(|passed| **passed).count(), 1);
    assert_eq!(bastion.count("grant"), 1);
}

#[tokio::test]
async fn what_lapsed_or_was_denied_does_not_pass() {
    let bastion = shop().await;
    let id = signed(&bastion, statement(DELETE, &[], Some(HERE))).await;
    bastion.clock.advance(1800);
    assert_ne!(comes_again(&bastion, "alice", statement(DELETE, &[], Some(HERE))).await.unwrap_err(), id);
    let session = visit(&bastion, "alice", "root").await;
    let pending = submit(&bastion, &session, statement("TRUNCATE orders", &[], Some(HERE))).await;
    bastion.answer("bob", pending.id(), Answer::Deny).await.unwrap();
    let again = comes_again(&bastion, "alice", statement("TRUNCATE orders", &[], Some(HERE))).await;
    assert_ne!(again.unwrap_err(), pending.id());
}

#[tokio::test]
async fn a_suspended_person_and_other_policies_use_nothing() {
    let bastion = shop().await;
    let id = signed(&bastion, statement(DELETE, &[], Some(HERE))).await;
    let session = visit(&bastion, "alice", "root").await;
    bastion.suspend("alice").await;
    let step = bastion.road.submit(&session, 1, statement(DELETE, &[], Some(HERE))).await;
    assert!(matches!(step, Step::Refused(_)));
    bastion.change(Change::PersonResume { name: "alice".into() }).await;
    // No code serves twice.
    bastion.clock.advance(60);

    let session = visit(&bastion, "alice", "root").await;
    let pending = submit(&bastion, &session, statement(DELETE, &[], Some(HERE))).await;
    assert_eq!(pending.id(), id);
    bastion
        .road
        .replace_policies(with_databases(|sources| sources.policies[0].1.push_str("\n// other\n")))
        .await
        .unwrap();
    let told = bastion.cannot_claim(pending).await;
    assert!(told.contains("policies changed"), "{told}");
    assert_eq!(bastion.state(id).await, RequestState::Refused);
}

#[tokio::test]
async fn nobody_signs_their_own_and_who_asked_takes_it_back() {
    let bastion = shop().await;
    bastion.regroup("alice", &["ops", "dba-leads"]).await;
    let session = visit(&bastion, "alice", "root").await;
    let pending = submit(&bastion, &session, statement(DELETE, &[], Some(HERE))).await;
    let id = pending.id();
    drop(bastion.road.leave(pending).await);
    let told = bastion.answer("alice", id, Answer::Approve).await.unwrap_err();
    assert!(told.to_string().contains("is your own"), "{told}");
    assert_eq!(bastion.road.abandon_orphans().await.unwrap(), 0, "it outlives the process too");
    let alice = bastion.enter("alice").await;
    bastion.road.withdraw(&alice, id).await.unwrap();
    assert_eq!(bastion.state(id).await, RequestState::Abandoned);
}

#[tokio::test]
async fn what_only_its_session_knows_ends_with_its_client() {
    let bastion = shop().await;
    let session = visit(&bastion, "alice", "root").await;
    let pending = submit(&bastion, &session, statement("DELETE FROM orders WHERE id = @x", &[], None)).await;
    let id = pending.id();
    drop(bastion.road.leave(pending).await);
    assert_eq!(bastion.state(id).await, RequestState::Abandoned);
}

/// Whoever has a transaction open keeps others from what it has locked.
fn in_transaction(limit_seconds: u64) -> impl Future<Output = Foreseen> {
    let transaction = Some(OpenTransaction { limit_seconds, locked: vec!["shop.orders".into()] });
    std::future::ready(Foreseen { impact: None, transaction })
}

#[tokio::test]
async fn what_waits_in_a_transaction_lapses_at_its_own_limit() {
    let bastion = shop().await;
    let session = visit(&bastion, "alice", "root").await;
    let ask = statement("DELETE FROM orders WHERE id = @x", &[], None);
    let pending = held(bastion.road.submit_foreseen(&session, 1, ask, in_transaction(120)).await);
    let told = pending.notice();
    assert!(told.contains("shop.orders") && told.contains("120 seconds at most"), "{told}");
    bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
    bastion.clock.advance(120);
    let late = bastion.answer("carol", pending.id(), Answer::Approve).await;
    assert!(late.is_err() && matches!(bastion.road.progress(&pending).await, Progress::Ended(_)));
    assert_eq!(bastion.state(pending.id()).await, RequestState::Expired);
    assert!(bastion.road.claim(pending).await.is_err());
    assert_eq!(bastion.count("grant"), 0);
}

#[tokio::test]
async fn a_request_that_outlives_its_session_does_not_wait_in_a_transaction() {
    let bastion = shop().await;
    let session = visit(&bastion, "alice", "root").await;
    let ask = statement(DELETE, &[], Some(HERE));
    let pending = held(bastion.road.submit_foreseen(&session, 1, ask, in_transaction(120)).await);
    assert!(!pending.notice().contains("at most"), "{}", pending.notice());
    bastion.clock.advance(121);
    assert!(matches!(bastion.road.progress(&pending).await, Progress::Waiting(_)));
}
