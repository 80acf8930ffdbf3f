//! What changes between a signature and the claim: whoever or whatever is no longer as it was starts nothing.

use access::administer::Change;
use access::model::{Answer, RequestState, Target};
use access::ports::Store;
use access::road::Progress;
use access::statement::NAMESPACE;

use crate::bastion::*;
use crate::keys::Key;

/// The claim fails, for that reason, and no grant is on the record.
async fn refuses(bastion: &Bastion, pending: access::Pending, why: &str) {
    let told = bastion.cannot_claim(pending).await;
    assert!(told.contains(why), "{told}");
    assert_eq!(bastion.count("grant"), 0);
}

/// The request is over for everybody, not only for the one who asked.
async fn is_over(bastion: &Bastion, id: access::model::RequestId, state: RequestState) {
    assert_eq!(bastion.state(id).await, state);
    assert_eq!(bastion.count("request-end"), 1);
    let told = bastion.ask_desk("carol", "requests", b"").await;
    assert_eq!(told.stdout, "nothing waits for you\n");
}

#[tokio::test]
async fn an_approver_suspended_after_signing_does_not_count() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    let id = pending.id();
    bastion.suspend("bob").await;
    assert!(matches!(bastion.road.progress(&pending).await, Progress::Waiting(_)));
    refuses(&bastion, pending, "1 more of dba-leads").await;
    is_over(&bastion, id, RequestState::Refused).await;
}

#[tokio::test]
async fn an_approver_who_left_the_group_after_signing_does_not_count() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    let id = pending.id();
    bastion.regroup("bob", &["ops"]).await;
    refuses(&bastion, pending, "1 more of dba-leads").await;
    is_over(&bastion, id, RequestState::Refused).await;
}

#[tokio::test]
async fn a_key_revoked_after_signing_does_not_count() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    let id = pending.id();
    bastion.revoke("bob", "bob").await;
    refuses(&bastion, pending, "1 more of dba-leads").await;
    is_over(&bastion, id, RequestState::Refused).await;
}

#[tokio::test]
async fn a_key_that_was_moved_to_somebody_else_does_not_count_for_the_signer() {
    let mut bastion = Bastion::start().await;
    bastion.person("erin", &["ops"]).await;
    let pending = bastion.met().await;
    bastion.revoke("bob", "bob").await;
    bastion.change(Change::KeyAdd { name: "erin".into(), key: Key::of("bob").line() }).await;
    refuses(&bastion, pending, "1 more of dba-leads").await;
}

#[tokio::test]
async fn a_requester_suspended_before_the_claim_starts_nothing() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    let id = pending.id();
    bastion.suspend("alice").await;
    refuses(&bastion, pending, "suspended").await;
    is_over(&bastion, id, RequestState::Refused).await;
}

#[tokio::test]
async fn a_requester_whose_key_was_revoked_starts_nothing() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    let id = pending.id();
    bastion.revoke("alice", "alice").await;
    refuses(&bastion, pending, "no longer enrolled").await;
    is_over(&bastion, id, RequestState::Refused).await;
}

#[tokio::test]
async fn a_requester_who_left_the_group_starts_nothing() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    let id = pending.id();
    bastion.regroup("alice", &["auditors"]).await;
    refuses(&bastion, pending, "policies changed").await;
    is_over(&bastion, id, RequestState::Refused).await;
}

#[tokio::test]
async fn a_requester_who_joined_the_approvers_meanwhile_is_still_the_requester() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    bastion.regroup("alice", &["ops", "dba-leads"]).await;
    let _told = bastion.answer("alice", pending.id(), Answer::Approve).await.unwrap_err();
    bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
    refuses(&bastion, pending, "1 more of dba-leads").await;
}

#[tokio::test]
async fn time_that_runs_out_is_not_consent() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    let id = pending.id();
    bastion.answer("bob", id, Answer::Approve).await.unwrap();
    let statement = bastion.statement("carol", id, Answer::Approve).await;
    let signature = Key::of("carol").sign(NAMESPACE, statement.as_bytes());
    bastion.clock.advance(1800);
    let carol = bastion.enter("carol").await;
    let told = bastion.road.decide(&carol, id, Answer::Approve, &signature).await.unwrap_err();
    assert!(told.to_string().contains("is expired already"), "{told}");
    let Progress::Ended(told) = bastion.road.progress(&pending).await else { panic!("it still waits") };
    assert!(told.to_string().contains("lapsed"), "{told}");
    refuses(&bastion, pending, "lapsed").await;
    is_over(&bastion, id, RequestState::Expired).await;
}

#[tokio::test]
async fn a_met_request_that_nobody_claimed_in_time_lapses() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    let id = pending.id();
    bastion.clock.advance(1799);
    assert!(matches!(bastion.road.progress(&pending).await, Progress::Met));
    bastion.clock.advance(1);
    refuses(&bastion, pending, "lapsed").await;
    is_over(&bastion, id, RequestState::Expired).await;
}

#[tokio::test]
async fn policies_replaced_meanwhile_end_it() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    let id = pending.id();
    let softer = quorum(r#"{ of = "dba-leads", n = 1 }"#);
    bastion.road.replace_policies(softer).await.unwrap();
    refuses(&bastion, pending, "policies changed").await;
    is_over(&bastion, id, RequestState::Refused).await;
}

#[tokio::test]
async fn another_host_key_pinned_meanwhile_ends_it() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    let id = pending.id();
    let host_key = Key::of("another host").line();
    bastion.change(Change::TargetHostKey { name: "db-1".into(), host_key }).await;
    refuses(&bastion, pending, "changed after this session began").await;
    is_over(&bastion, id, RequestState::Refused).await;
}

#[tokio::test]
async fn a_target_with_other_labels_level_or_address_ends_it() {
    let changes: [fn(&mut Target); 4] = [
        |target| drop(target.labels.insert("tier".into(), "app".into())),
        |target| target.level = access::policy::Level::Recorded,
        |target| target.host = "elsewhere.example.org".into(),
        |target| target.port = 2222,
    ];
    for change in changes {
        let bastion = Bastion::start().await;
        let pending = bastion.met().await;
        let mut target = bastion.store.target("db-1").await.unwrap().unwrap();
        change(&mut target);
        bastion.store.set_target(&target).await.unwrap();
        refuses(&bastion, pending, "changed after this session began").await;
    }
}

#[tokio::test]
async fn a_target_or_account_removed_meanwhile_ends_it() {
    let target = Change::TargetRemove { name: "db-1".into() };
    let account = Change::AccountRemove { target: "db-1".into(), login: "root".into() };
    for change in [target, account] {
        let bastion = Bastion::start().await;
        let pending = bastion.met().await;
        bastion.change(change).await;
        refuses(&bastion, pending, "changed after this session began").await;
    }
}

#[tokio::test]
async fn a_quorum_that_shrank_to_the_signatures_at_hand_changes_nothing() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
    bastion.road.replace_policies(quorum(r#"{ of = "dba-leads", n = 1 }"#)).await.unwrap();
    refuses(&bastion, pending, "policies changed").await;
}
