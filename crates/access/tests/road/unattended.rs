//! Requests that nobody waits beside: every way round an approval that we know of, tried on access for a time.

use std::sync::Arc;

use access::entry::Event;
use access::identity::VerifiedIdentity;
use access::model::{Answer, Decision, RequestId, RequestState};
use access::ports::Store;
use access::statement::NAMESPACE;

use crate::bastion::*;
use crate::keys::Key;
use crate::lasting::*;

#[tokio::test]
async fn nobody_agrees_to_their_own_request_whatever_else_they_are() {
    for also in ["dba-leads", "security-administrators", "system-administrators"] {
        let bastion = guarded().await;
        bastion.appoint("erin", &["guests", also]).await;
        let id = bastion.asked().await;
        let told = bastion.answer("erin", id, Answer::Approve).await.unwrap_err().to_string();
        assert!(told.contains("is your own"), "{also}: {told}");
        bastion.answer("bob", id, Answer::Approve).await.unwrap();
        bastion.no_permit().await;
    }
}

#[tokio::test]
async fn an_administrator_of_everything_still_needs_the_quorum() {
    let bastion = guarded().await;
    let id = bastion.asked().await;
    for name in ["sam", "ada", "alice"] {
        assert!(bastion.ask_desk(name, &format!("show {id}"), b"").await.stdout.is_empty(), "{name} sees it");
        let who = bastion.enter(name).await;
        let signature = Key::of(name).sign(NAMESPACE, b"whatever");
        assert!(bastion.road.decide(&who, id, Answer::Approve, &signature).await.is_err());
    }
    bastion.no_permit().await;
}

#[tokio::test]
async fn one_person_counts_once_with_two_keys_and_in_two_groups() {
    let mut bastion = guarded().await;
    let second = access::administer::Change::KeyAdd { name: "bob".into(), key: Key::of("bob-2").line() };
    bastion.change(second).await;
    let id = bastion.asked().await;
    bastion.answer("bob", id, Answer::Approve).await.unwrap();
    let told = bastion.answer_with("bob", "bob-2", id, Answer::Approve).await.unwrap_err().to_string();
    assert!(told.contains("a person counts once"), "{told}");
    bastion.no_permit().await;
    // One of each group: who is in both stands for one.
    let both = r#"{ of = "dba-leads", n = 1 }, { of = "security", n = 1 }"#;
    bastion = Bastion::with_policies(policies(|sources| {
        sources.policies.push(("asking.cedar".into(), ASKING.into()));
        recount(sources, both);
    }))
    .await;
    bastion.person("erin", &["guests"]).await;
    bastion.regroup("bob", &["dba-leads", "security"]).await;
    let id = bastion.asked().await;
    let told = bastion.answer("bob", id, Answer::Approve).await.unwrap();
    assert!(told.contains("1 more of"), "{told}");
    bastion.no_permit().await;
    let told = bastion.answer("carol", id, Answer::Approve).await.unwrap();
    assert!(told.contains("permit 1"), "whoever signs first, they fill both: {told}");
}

#[tokio::test]
async fn a_group_whose_name_only_begins_like_the_right_one_does_not_count() {
    let mut bastion = guarded().await;
    let id = bastion.asked().await;
    for (name, group) in [("p1", "dba-lead"), ("p2", "dba-leads-2"), ("p3", "x-dba-leads")] {
        bastion.person(name, &[group]).await;
        assert!(!bastion.ask_desk(name, &format!("show {id}"), b"").await.stderr.is_empty(), "{name}");
    }
    bastion.no_permit().await;
}

#[tokio::test]
async fn an_altered_row_is_no_request() {
    let changes: [fn(&mut access::model::Request); 9] = [
        |row| row.text = String::from_utf8_lossy(&row.text).replace("7200", "7201").into_bytes(),
        |row| row.run = "a small thing".into(),
        |row| row.account = "postgres".into(),
        |row| row.target = "web-1".into(),
        |row| row.kind = access::model::RequestKind::Runbook,
        |row| row.quorums = vec![],
        |row| row.expires = row.expires.plus_seconds(1 << 20),
        |row| row.sealed = Some(vec![1]),
        |row| row.requester = access::model::PersonId("p-0".into()),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let bastion = guarded().await;
        let id = bastion.asked().await;
        let statement = bastion.statement("bob", id, Answer::Approve).await;
        bastion.answer("bob", id, Answer::Approve).await.unwrap();
        bastion.store.alter(change);
        let carol = bastion.enter("carol").await;
        let signature = Key::of("carol").sign(NAMESPACE, statement.as_bytes());
        assert!(
            bastion.road.decide(&carol, id, Answer::Approve, &signature).await.is_err(),
            "change {number}"
        );
        bastion.store.restore();
        bastion.no_permit().await;
    }
}

#[tokio::test]
async fn a_signature_for_one_request_serves_no_other() {
    let bastion = guarded().await;
    let first = bastion.asked().await;
    let statement = bastion.statement("bob", first, Answer::Approve).await;
    let signature = Key::of("bob").sign(NAMESPACE, statement.as_bytes());
    let second = bastion.asked().await;
    let bob = bastion.enter("bob").await;
    assert!(bastion.road.decide(&bob, second, Answer::Approve, &signature).await.is_err());
    assert!(
        bastion.road.decide(&bob, first, Answer::Deny, &signature).await.is_err(),
        "nor the other answer"
    );
    bastion.agree(first).await.unwrap();
    assert!(bastion.road.decide(&bob, first, Answer::Approve, &signature).await.is_err(), "nor twice");
    assert_eq!(bastion.count("permit"), 1);
}

#[tokio::test]
async fn silence_is_never_consent() {
    let bastion = guarded().await;
    let id = bastion.asked().await;
    bastion.answer("bob", id, Answer::Approve).await.unwrap();
    bastion.clock.advance(1800);
    assert_eq!(bastion.road.sweep().await.unwrap(), 1);
    assert_eq!(bastion.state(id).await, RequestState::Expired);
    let told = bastion.answer("carol", id, Answer::Approve).await.unwrap_err().to_string();
    assert!(told.contains("is expired already"), "{told}");
    bastion.no_permit().await;
}

#[tokio::test]
async fn one_no_ends_it() {
    let bastion = guarded().await;
    let id = bastion.asked().await;
    bastion.answer("bob", id, Answer::Deny).await.unwrap();
    assert!(bastion.answer("carol", id, Answer::Approve).await.is_err());
    assert_eq!(bastion.state(id).await, RequestState::Denied);
    bastion.no_permit().await;
}

#[tokio::test]
async fn what_changed_before_the_last_signature_ends_it() {
    for case in ["policy", "requester suspended", "requester regrouped", "target", "first approver"] {
        let bastion = guarded().await;
        let id = bastion.asked().await;
        bastion.answer("bob", id, Answer::Approve).await.unwrap();
        match case {
            "policy" => {
                let more =
                    r#"@id("y") @description("y") forbid (principal, action == Action::"shell", resource);"#;
                bastion.road.replace_policies(asking(more)).await.unwrap();
            }
            "requester suspended" => bastion.suspend("erin").await,
            "requester regrouped" => bastion.regroup("erin", &["ops"]).await,
            "target" => {
                let mut target = bastion.store.target("db-1").await.unwrap().unwrap();
                target.labels.insert("env".into(), "test".into());
                bastion.store.set_target(&target).await.unwrap();
            }
            _ => bastion.suspend("bob").await,
        }
        let _told = bastion.answer("carol", id, Answer::Approve).await;
        bastion.no_permit().await;
        assert_eq!(bastion.count("grant"), 0, "{case}");
        let waits = bastion.state(id).await == RequestState::Waiting;
        assert_eq!(waits, case == "first approver", "{case}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_last_signatures_at_once_make_one_permit() {
    for round in 0..20 {
        let mut bastion = guarded().await;
        bastion.person("dora", &["dba-leads"]).await;
        let id = bastion.asked().await;
        bastion.answer("bob", id, Answer::Approve).await.unwrap();
        bastion.store.shuffle(round);
        let mut answers = Vec::new();
        for name in ["carol", "dora"] {
            let statement = bastion.statement(name, id, Answer::Approve).await;
            let signature = Key::of(name).sign(NAMESPACE, statement.as_bytes());
            let (road, who) = (bastion.road.clone(), bastion.enter(name).await);
            answers
                .push(tokio::spawn(async move { road.decide(&who, id, Answer::Approve, &signature).await }));
        }
        let mut told = Vec::new();
        for answer in answers {
            told.push(answer.await.unwrap());
        }
        assert!(told.iter().any(Result::is_ok), "{told:?}");
        assert_eq!((bastion.count("grant"), bastion.count("permit")), (1, 1), "round {round}");
        assert_eq!(bastion.store.permits(9).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn another_node_that_takes_the_row_first_is_the_only_one() {
    let bastion = guarded().await;
    let id = bastion.asked().await;
    bastion.answer("bob", id, Answer::Approve).await.unwrap();
    let store = Arc::clone(&bastion.store);
    let version = store.request(id).await.unwrap().unwrap().version;
    bastion.store.before_settling(async move {
        assert!(store.settle_request(id, version, RequestState::Used).await.unwrap());
    });
    let told = bastion.answer("carol", id, Answer::Approve).await.unwrap();
    assert!(told.contains("another signature"), "{told}");
    bastion.no_permit().await;
}

#[tokio::test]
async fn a_no_that_arrives_during_the_claim_wins() {
    let mut bastion = guarded().await;
    bastion.person("dora", &["dba-leads"]).await;
    let id = bastion.asked().await;
    bastion.answer("bob", id, Answer::Approve).await.unwrap();
    let statement = bastion.statement("dora", id, Answer::Deny).await;
    let no = Decision {
        request: id,
        person: bastion.store.person("dora").await.unwrap().unwrap().id,
        answer: Answer::Deny,
        fingerprint: Key::of("dora").fingerprint(),
        signature: String::from_utf8(Key::of("dora").sign(NAMESPACE, statement.as_bytes())).unwrap(),
        statement,
        at: bastion.road.now(),
        mfa_age_seconds: None,
    };
    let store = Arc::clone(&bastion.store);
    bastion.store.before_settling(async move { store.add_decision(&no).await.unwrap() });
    let _told = bastion.answer("carol", id, Answer::Approve).await;
    bastion.no_permit().await;
    assert_eq!((bastion.count("grant"), bastion.count("request-end")), (0, 1));
}

#[tokio::test]
async fn a_request_set_back_to_waiting_yields_nothing_more() {
    let mut bastion = guarded().await;
    bastion.person("dora", &["dba-leads"]).await;
    let used = bastion.asked().await;
    bastion.agree(used).await.unwrap();
    let given_up = bastion.asked().await;
    bastion.answer("bob", given_up, Answer::Approve).await.unwrap();
    bastion.road.withdraw(&bastion.enter("erin").await, given_up).await.unwrap();
    for id in [used, given_up] {
        bastion.store.reopen(id);
        assert!(bastion.answer("dora", id, Answer::Approve).await.is_err());
    }
    assert_eq!(bastion.road.resume(&[]).await.unwrap(), 0);
    assert_eq!(bastion.count("alert"), 2, "and both are told");
    assert_eq!((bastion.count("grant"), bastion.count("permit")), (1, 1));
}

#[tokio::test]
async fn only_the_requester_gives_it_up() {
    let bastion = guarded().await;
    let id = bastion.asked().await;
    for name in ["bob", "sam", "alice"] {
        assert!(bastion.road.withdraw(&bastion.enter(name).await, id).await.is_err());
    }
    bastion.road.withdraw(&bastion.enter("erin").await, id).await.unwrap();
    assert_eq!(bastion.state(id).await, RequestState::Abandoned);
    assert!(bastion.agree(id).await.is_err());
    bastion.no_permit().await;
}

#[tokio::test]
async fn a_restart_leaves_it_waiting_and_claims_what_was_met() {
    let bastion = guarded().await;
    let id = bastion.asked().await;
    assert_eq!(bastion.road.abandon_orphans().await.unwrap(), 0);
    // The node dies after the last decision was written, before anything was claimed.
    for name in ["bob", "carol"] {
        let statement = bastion.statement(name, id, Answer::Approve).await;
        let signature = Key::of(name).sign(NAMESPACE, statement.as_bytes());
        let person = bastion.store.person(name).await.unwrap().unwrap().id;
        let fingerprint = Key::of(name).fingerprint();
        let (request, answer, at) = (id, Answer::Approve, bastion.road.now());
        let signature = String::from_utf8(signature).unwrap();
        let decision = Decision {
            request,
            person,
            answer,
            fingerprint,
            statement,
            signature,
            at,
            mfa_age_seconds: None,
        };
        bastion.road.note(Event::approval(&decision, (0, 1))).await.unwrap();
        bastion.store.add_decision(&decision).await.unwrap();
    }
    bastion.no_permit().await;
    assert_eq!(bastion.road.resume(&[]).await.unwrap(), 1);
    assert_eq!(bastion.road.resume(&[]).await.unwrap(), 0);
    assert!(bastion.reaches("erin", "db-1").await);
}

/// The last signature, made before anything fails.
async fn carols(bastion: &Bastion, id: RequestId) -> (VerifiedIdentity, Vec<u8>) {
    let statement = bastion.statement("carol", id, Answer::Approve).await;
    (bastion.enter("carol").await, Key::of("carol").sign(NAMESPACE, statement.as_bytes()))
}

#[tokio::test]
async fn a_crash_between_grant_and_permit_is_finished_once() {
    let bastion = guarded().await;
    let id = bastion.asked().await;
    bastion.answer("bob", id, Answer::Approve).await.unwrap();
    let (carol, signature) = carols(&bastion, id).await;
    // The approval and the grant are entered; the permit is not.
    bastion.journal.fail_after(2);
    assert!(bastion.road.decide(&carol, id, Answer::Approve, &signature).await.is_err());
    bastion.journal.mend();
    assert_eq!((bastion.count("grant"), bastion.count("permit")), (1, 0));
    assert!(!bastion.reaches("erin", "db-1").await);
    let unfinished = bastion.audit().unfinished();
    assert_eq!(unfinished, vec![id.0]);
    assert_eq!(bastion.road.resume(&unfinished).await.unwrap(), 1);
    assert!(bastion.reaches("erin", "db-1").await);
    assert_eq!(bastion.audit().unfinished(), Vec::<i64>::new());
}

#[tokio::test]
async fn a_crash_between_row_and_grant_leaves_it_dead() {
    let bastion = guarded().await;
    let id = bastion.asked().await;
    bastion.answer("bob", id, Answer::Approve).await.unwrap();
    let (carol, signature) = carols(&bastion, id).await;
    bastion.journal.fail_after(1);
    assert!(bastion.road.decide(&carol, id, Answer::Approve, &signature).await.is_err());
    bastion.journal.mend();
    assert_eq!(bastion.state(id).await, RequestState::Used);
    assert_eq!(bastion.road.resume(&bastion.audit().unfinished()).await.unwrap(), 0);
    bastion.no_permit().await;
    assert_eq!(bastion.count("grant"), 0);
}
