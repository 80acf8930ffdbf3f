//! A quorum is distinct persons of the right groups, and never the requester.

use access::model::{Answer, Decision};
use access::ports::Store;
use access::road::Progress;
use access::statement::NAMESPACE;

use crate::bastion::*;
use crate::keys::Key;

async fn is_met(bastion: &Bastion, pending: &access::Pending) -> bool {
    matches!(bastion.road.progress(pending).await, Progress::Met)
}

#[tokio::test]
async fn nobody_approves_their_own_request() {
    let bastion = Bastion::start().await;
    bastion.regroup("alice", &["ops", "dba-leads"]).await;
    let pending = bastion.held().await;
    let told = bastion.answer("alice", pending.id(), Answer::Approve).await.unwrap_err();
    assert!(told.to_string().contains("is your own"), "{told}");
    bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
    assert!(!is_met(&bastion, &pending).await);
    assert_eq!(bastion.count("approval"), 1);
    assert_eq!(bastion.count("approval-refused"), 1);
}

#[tokio::test]
async fn a_requester_who_is_the_only_lead_cannot_run_it_either() {
    let bastion = Bastion::with_policies(quorum(r#"{ of = "dba-leads", n = 1 }"#)).await;
    bastion.regroup("bob", &["ops", "dba-leads"]).await;
    bastion.regroup("carol", &["auditors"]).await;
    let session = bastion.session("bob", "db-1").await;
    let pending = held(bastion.road.submit(&session, 0, exec(REMOVAL)).await);
    assert!(pending.notice().contains("1 of dba-leads ()"), "{}", pending.notice());
    let _told = bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap_err();
    bastion.cannot_claim(pending).await;
    assert_eq!(bastion.count("grant"), 0);
}

#[tokio::test]
async fn the_requesters_signature_in_the_store_counts_for_nothing() {
    let bastion = Bastion::start().await;
    bastion.regroup("alice", &["ops", "dba-leads"]).await;
    let pending = bastion.held().await;
    bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
    slip_in(&bastion, "alice", "alice", &pending).await;
    assert!(!is_met(&bastion, &pending).await);
    bastion.cannot_claim(pending).await;
    assert_eq!(bastion.count("grant"), 0);
}

/// Writes a well-signed approval into the store, past every check of the desk.
async fn slip_in(bastion: &Bastion, name: &str, key: &str, pending: &access::Pending) {
    let statement = bastion.statement("bob", pending.id(), Answer::Approve).await;
    let signature = Key::of(key).sign(NAMESPACE, statement.as_bytes());
    let decision = Decision {
        request: pending.id(),
        person: bastion.store.person(name).await.unwrap().unwrap().id,
        answer: Answer::Approve,
        fingerprint: Key::of(key).fingerprint(),
        statement,
        signature: String::from_utf8(signature).unwrap(),
        at: bastion.road.now(),
        mfa_age_seconds: Some(0),
    };
    bastion.store.add_decision(&decision).await.unwrap();
}

#[tokio::test]
async fn an_approval_in_the_store_under_another_persons_key_counts_for_nothing() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
    slip_in(&bastion, "carol", "bob", &pending).await;
    assert!(!is_met(&bastion, &pending).await);
}

#[tokio::test]
async fn a_person_counts_once_whichever_key_signs() {
    let bastion = Bastion::start().await;
    let key = Key::of("bob's second").line();
    bastion.change(access::administer::Change::KeyAdd { name: "bob".into(), key }).await;
    let pending = bastion.held().await;
    bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
    for key in ["bob", "bob's second"] {
        let told = bastion.answer_with("bob", key, pending.id(), Answer::Approve).await.unwrap_err();
        assert!(told.to_string().contains("a person counts once"), "{told}");
    }
    assert!(!is_met(&bastion, &pending).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_connections_of_one_person_count_once() {
    for _ in 0..20 {
        let bastion = Bastion::start().await;
        let pending = bastion.held().await;
        let id = pending.id();
        let statement = bastion.statement("bob", id, Answer::Approve).await;
        let signature = Key::of("bob").sign(NAMESPACE, statement.as_bytes());
        let tries: Vec<_> = (0..4)
            .map(|_| {
                let (road, signature) = (bastion.road.clone(), signature.clone());
                let who = tokio::task::block_in_place(|| {
                    tokio::runtime::Handle::current().block_on(bastion.enter("bob"))
                });
                tokio::spawn(async move { road.decide(&who, id, Answer::Approve, &signature).await.is_ok() })
            })
            .collect();
        let mut counted = 0;
        for attempt in tries {
            counted += usize::from(attempt.await.unwrap());
        }
        assert_eq!(counted, 1);
        assert_eq!(bastion.store.decisions(id).await.unwrap().len(), 1);
        assert!(!is_met(&bastion, &pending).await);
    }
}

#[tokio::test]
async fn a_person_in_two_groups_fills_one_clause() {
    let clauses = r#"{ of = "dba-leads", n = 1 }, { of = "auditors", n = 1 }"#;
    let bastion = Bastion::with_policies(quorum(clauses)).await;
    bastion.regroup("bob", &["dba-leads", "auditors"]).await;
    let pending = bastion.held().await;
    let told = bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
    assert!(told.contains("Still needed"), "{told}");
    assert!(!is_met(&bastion, &pending).await);
    bastion.answer("carol", pending.id(), Answer::Approve).await.unwrap();
    assert!(is_met(&bastion, &pending).await, "bob stands for the auditors now");
}

#[tokio::test]
async fn every_clause_must_be_met() {
    let clauses = r#"{ of = "dba-leads", n = 1 }, { of = "auditors", n = 1 }"#;
    let bastion = Bastion::with_policies(quorum(clauses)).await;
    let pending = bastion.held().await;
    for name in ["bob", "carol"] {
        bastion.answer(name, pending.id(), Answer::Approve).await.unwrap();
    }
    assert!(!is_met(&bastion, &pending).await, "two leads are no auditor");
    let told = bastion.cannot_claim(pending).await;
    assert!(told.contains("1 more of auditors"), "{told}");
}

#[tokio::test]
async fn people_outside_the_quorum_neither_see_nor_answer() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    let id = pending.id();
    let statement = bastion.statement("bob", id, Answer::Approve).await;
    let signature = Key::of("dave").sign(NAMESPACE, statement.as_bytes());
    let dave = bastion.enter("dave").await;
    for answer in [Answer::Approve, Answer::Deny] {
        let told = bastion.road.decide(&dave, id, answer, &signature).await.unwrap_err();
        assert_eq!(told.to_string(), format!("refused: there is no request {id} that you may see"));
    }
    bastion.regroup("dave", &["dba-leads-emea", "xdba-leads", "dba"]).await;
    let _told = bastion.road.decide(&dave, id, Answer::Approve, &signature).await.unwrap_err();
    assert_eq!(bastion.count("approval"), 0);
}

#[tokio::test]
async fn an_administrator_of_the_bastion_has_no_say_without_the_group() {
    let mut bastion = Bastion::start().await;
    bastion.person("root", &["ops", "admins", "auditors"]).await;
    let pending = bastion.held().await;
    let statement = bastion.statement("bob", pending.id(), Answer::Approve).await;
    let signature = Key::of("root").sign(NAMESPACE, statement.as_bytes());
    let root = bastion.enter("root").await;
    let _told = bastion.road.decide(&root, pending.id(), Answer::Approve, &signature).await.unwrap_err();
    assert_eq!(bastion.count("approval"), 0);
}

#[tokio::test]
async fn the_grant_names_only_those_who_counted() {
    let mut bastion = Bastion::start().await;
    bastion.person("erin", &["dba-leads"]).await;
    let pending = bastion.held().await;
    for name in ["bob", "carol", "erin"] {
        bastion.answer(name, pending.id(), Answer::Approve).await.unwrap();
    }
    slip_in(&bastion, "alice", "alice", &pending).await;
    bastion.regroup("alice", &["ops", "dba-leads"]).await;
    bastion.regroup("erin", &["ops"]).await;
    let grant = bastion.road.claim(pending).await.unwrap();
    let told = grant.approvals().unwrap();
    assert!(told.contains("bob, carol;"), "{told}");
}

#[tokio::test]
async fn when_somebody_signed_is_what_the_ledger_says_and_not_what_the_row_says() {
    for condition in ["mfa_within_minutes = 5", "hours = { from = \"20:00\", to = \"21:00\" }"] {
        let policies = policies(|sources| {
            let head = "[quorum.two-dba-leads]\n";
            sources.quorums.1 = sources.quorums.1.replace(head, &format!("{head}{condition}\n"));
        });
        let bastion = Bastion::with_policies(policies).await;
        let _passed = (bastion.enter("bob").await, bastion.enter("carol").await);
        bastion.clock.advance(600);
        let pending = bastion.met().await;
        assert!(!is_met(&bastion, &pending).await, "{condition}");
        let evening = bastion.road.now().plus_seconds(3600);
        bastion.store.retell(move |decision| (decision.mfa_age_seconds, decision.at) = (Some(0), evening));
        assert!(!is_met(&bastion, &pending).await, "{condition}");
        bastion.cannot_claim(pending).await;
    }
}
