//! An approval serves one act in one session, once, whoever races against whom.

use std::sync::Arc;

use access::model::{Answer, Decision, Outcome, RequestState};
use access::ports::Store;
use access::road::Progress;
use access::statement::NAMESPACE;

use crate::bastion::*;
use crate::evidence::Made;
use crate::keys::Key;

#[tokio::test]
async fn an_approval_does_not_serve_a_second_equal_request() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    let first = held(bastion.road.submit(&session, 0, exec(REMOVAL)).await);
    let mut signatures = Vec::new();
    for name in ["bob", "carol"] {
        let statement = bastion.statement(name, first.id(), Answer::Approve).await;
        signatures.push((name, Key::of(name).sign(NAMESPACE, statement.as_bytes())));
        bastion.answer(name, first.id(), Answer::Approve).await.unwrap();
    }
    let _grant = bastion.road.claim(first).await.unwrap();
    let second = held(bastion.road.submit(&session, 0, exec(REMOVAL)).await);
    for (name, signature) in &signatures {
        let who = bastion.enter(name).await;
        let _told = bastion.road.decide(&who, second.id(), Answer::Approve, signature).await.unwrap_err();
    }
    bastion.cannot_claim(second).await;
    assert_eq!(bastion.count("grant"), 1);
}

#[tokio::test]
async fn the_approval_of_one_command_serves_no_other_in_that_session() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    let small = held(bastion.road.submit(&session, 0, exec("rm -rf scratch")).await);
    let large = held(bastion.road.submit(&session, 1, exec(REMOVAL)).await);
    for name in ["bob", "carol"] {
        bastion.answer(name, small.id(), Answer::Approve).await.unwrap();
    }
    bastion.cannot_claim(large).await;
    assert_eq!(bastion.count("grant"), 0);
    let grant = bastion.road.claim(small).await.unwrap();
    assert!(format!("{:?}", grant.into_start()).contains("Exec"));
}

#[tokio::test]
async fn a_used_request_cannot_be_answered_again() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    let id = pending.id();
    let _grant = bastion.road.claim(pending).await.unwrap();
    for answer in [Answer::Approve, Answer::Deny] {
        let told = bastion.answer("bob", id, answer).await.unwrap_err();
        assert!(told.to_string().contains("is used already"), "{told}");
    }
}

#[tokio::test]
async fn a_request_whose_row_was_taken_first_starts_nothing() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    let (store, id) = (Arc::clone(&bastion.store), pending.id());
    // Another node, say, claims it between this node's last look and its own claim.
    let version = store.request(id).await.unwrap().unwrap().version;
    bastion.store.before_settling(async move {
        assert!(store.settle_request(id, version, RequestState::Used).await.unwrap());
    });
    let told = bastion.cannot_claim(pending).await;
    assert!(told.contains("used already"), "{told}");
    assert_eq!(bastion.count("grant"), 0);
}

#[tokio::test]
async fn a_no_that_arrives_during_the_claim_wins() {
    let mut bastion = Bastion::start().await;
    bastion.person("erin", &["dba-leads"]).await;
    let pending = bastion.met().await;
    let id = pending.id();
    let statement = bastion.statement("erin", id, Answer::Deny).await;
    let no = Decision {
        request: id,
        person: bastion.store.person("erin").await.unwrap().unwrap().id,
        answer: Answer::Deny,
        fingerprint: Key::of("erin").fingerprint(),
        signature: String::from_utf8(Key::of("erin").sign(NAMESPACE, statement.as_bytes())).unwrap(),
        statement,
        at: bastion.road.now(),
        mfa_age_seconds: Some(0),
    };
    let store = Arc::clone(&bastion.store);
    bastion.store.before_settling(async move { store.add_decision(&no).await.unwrap() });
    let told = bastion.cannot_claim(pending).await;
    assert!(told.contains("denied by erin"), "{told}");
    assert_eq!((bastion.count("grant"), bastion.count("request-end")), (0, 1));
}

#[tokio::test]
async fn who_said_no_in_time_is_not_told_that_it_ran() {
    let mut bastion = Bastion::start().await;
    bastion.person("erin", &["dba-leads"]).await;
    let pending = bastion.met().await;
    let id = pending.id();
    let (store, version) = (Arc::clone(&bastion.store), store_version(&bastion, id).await);
    // The claim takes the row just before the denial does; the decision lies there by then, so nothing starts.
    bastion.store.before_settling(async move {
        assert!(store.settle_request(id, version, RequestState::Used).await.unwrap());
    });
    let told = bastion.answer("erin", id, Answer::Deny).await.unwrap();
    assert!(told.contains("denied. Nothing will run."), "{told}");
}

async fn store_version(bastion: &Bastion, id: access::model::RequestId) -> i64 {
    bastion.store.request(id).await.unwrap().unwrap().version
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_denial_and_a_claim_at_once_never_both_win() {
    let (mut ran, mut denied) = (0, 0);
    for round in 0..40 {
        let mut bastion = Bastion::start().await;
        bastion.person("erin", &["dba-leads"]).await;
        let pending = bastion.met().await;
        let id = pending.id();
        let statement = bastion.statement("erin", id, Answer::Deny).await;
        let no = Key::of("erin").sign(NAMESPACE, statement.as_bytes());
        let erin = bastion.enter("erin").await;
        let (one, two) = (bastion.road.clone(), bastion.road.clone());
        let claim = tokio::spawn(async move { one.claim(pending).await.is_ok() });
        if round % 2 == 0 {
            tokio::task::yield_now().await;
        }
        let deny = tokio::spawn(async move { two.decide(&erin, id, Answer::Deny, &no).await });
        let (claimed, answered) = (claim.await.unwrap(), deny.await.unwrap());
        assert_ne!(claimed, answered.is_ok(), "{answered:?}");
        assert_eq!(bastion.count("grant"), usize::from(claimed));
        ran += usize::from(claimed);
        denied += usize::from(!claimed);
    }
    assert_eq!(ran + denied, 40);
}

#[tokio::test]
async fn one_no_ends_it_although_the_others_had_signed() {
    let mut bastion = Bastion::start().await;
    bastion.person("erin", &["dba-leads"]).await;
    let pending = bastion.met().await;
    let id = pending.id();
    let told = bastion.answer("erin", id, Answer::Deny).await.unwrap();
    assert!(told.contains("denied. Nothing will run."), "{told}");
    let Progress::Ended(told) = bastion.road.progress(&pending).await else { panic!("it still waits") };
    assert!(told.to_string().contains("denied by erin"), "{told}");
    bastion.cannot_claim(pending).await;
    assert_eq!(bastion.state(id).await, RequestState::Denied);
    assert_eq!(bastion.count("grant"), 0);
}

/// Two connections of bob: both answers are entered before either row is written.
#[tokio::test]
async fn who_says_yes_and_no_at_once_has_said_no() {
    let (mut without_a_row, mut both_were_entered) = (0, 0);
    for round in 0..20 {
        let bastion = Bastion::start().await;
        bastion.enter_policies().await;
        let pending = bastion.held().await;
        let id = pending.id();
        let who = bastion.enter("bob").await;
        let mut signatures = Vec::new();
        for answer in [Answer::Approve, Answer::Deny] {
            let statement = bastion.statement("bob", id, answer).await;
            signatures.push(Key::of("bob").sign(NAMESPACE, statement.as_bytes()));
        }
        bastion.store.shuffle(round);
        let (yes, no) = tokio::join!(
            bastion.road.decide(&who, id, Answer::Approve, &signatures[0]),
            bastion.road.decide(&who, id, Answer::Deny, &signatures[1])
        );
        let entered = bastion.count("approval");
        if entered == 1 {
            assert_ne!(yes.is_ok(), no.is_ok(), "round {round}");
            continue;
        }
        both_were_entered += 1;
        assert!(no.unwrap().contains("denied. Nothing will run."), "round {round}");
        assert_eq!(bastion.state(id).await, RequestState::Denied, "nobody else signs in vain");
        let told = bastion.cannot_claim(pending).await;
        assert!(told.contains("denied by bob"), "{told}");
        let story = Made::of(&bastion, "alice", id).await.story();
        assert!(story.contains("denied it with the key"), "{story}");
        without_a_row += usize::from(story.contains("what was signed was not kept"));
    }
    assert!(0 < without_a_row && without_a_row < both_were_entered, "{without_a_row} of {both_were_entered}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_last_approvals_at_once_make_one_grant() {
    for _ in 0..20 {
        let bastion = Bastion::start().await;
        let pending = bastion.held().await;
        let id = pending.id();
        let mut answers = Vec::new();
        for name in ["bob", "carol"] {
            let statement = bastion.statement(name, id, Answer::Approve).await;
            let signature = Key::of(name).sign(NAMESPACE, statement.as_bytes());
            let (road, who) = (bastion.road.clone(), bastion.enter(name).await);
            answers
                .push(tokio::spawn(async move { road.decide(&who, id, Answer::Approve, &signature).await }));
        }
        for answer in answers {
            answer.await.unwrap().unwrap();
        }
        let _grant = bastion.road.claim(pending).await.unwrap();
        assert_eq!((bastion.count("approval"), bastion.count("grant")), (2, 1));
    }
}

#[tokio::test]
async fn an_abandoned_request_cannot_be_approved() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    let id = pending.id();
    bastion.answer("bob", id, Answer::Approve).await.unwrap();
    let told = bastion.road.abandon(pending).await;
    assert!(told.to_string().contains("given up. Nothing has run"), "{told}");
    let told = bastion.answer("carol", id, Answer::Approve).await.unwrap_err();
    assert!(told.to_string().contains("is abandoned already"), "{told}");
    assert_eq!(bastion.state(id).await, RequestState::Abandoned);
}

#[tokio::test]
async fn what_an_earlier_process_left_waiting_is_given_up_at_the_start() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    assert_eq!(bastion.road.abandon_orphans().await.unwrap(), 1);
    assert_eq!(bastion.road.abandon_orphans().await.unwrap(), 0);
    bastion.cannot_claim(pending).await;
    assert_eq!((bastion.count("grant"), bastion.count("request-end")), (0, 1));
}

#[tokio::test]
async fn a_session_that_is_over_claims_nothing() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    let pending = held(bastion.road.submit(&session, 0, exec(REMOVAL)).await);
    let id = pending.id();
    for name in ["bob", "carol"] {
        bastion.answer(name, id, Answer::Approve).await.unwrap();
    }
    bastion.road.close(&session, Outcome::Lost).await;
    bastion.cannot_claim(pending).await;
    assert_eq!(bastion.state(id).await, RequestState::Abandoned);
    assert_eq!(bastion.count("grant"), 0);
}
