//! What a session stands on is remembered for a moment: the next act after a change of this process meets it, and what
//! somebody else has changed is met a quarter of a second later.

use std::sync::atomic::Ordering;

use access::administer::Change;
use access::model::Timestamp;
use access::ports::Store;
use access::{Session, Step};
use testkit::sample::NOW;

use crate::bastion::*;
use crate::keys::Key;
use crate::lasting::*;

async fn may(bastion: &Bastion, session: &Session) -> bool {
    matches!(bastion.road.submit(session, 0, exec("uptime")).await, Step::Run(_))
}

/// Whether the session's next act needs no store.
async fn is_remembered(bastion: &Bastion, session: &Session) -> bool {
    bastion.store.silent.store(true, Ordering::SeqCst);
    let may = may(bastion, session).await;
    bastion.store.silent.store(false, Ordering::SeqCst);
    may
}

/// Alice on web-1, who has just done something.
async fn at_work() -> (Bastion, Session) {
    let bastion = Bastion::start().await.into_node(policies(|_| ()));
    let session = bastion.session("alice", "web-1").await;
    assert!(may(&bastion, &session).await && is_remembered(&bastion, &session).await);
    (bastion, session)
}

fn later(bastion: &Bastion, microseconds: i64) {
    bastion.clock.set(Timestamp(bastion.road.now().0 + microseconds));
}

#[tokio::test]
async fn the_very_next_act_meets_a_change() {
    let changes = [
        Change::PersonSuspend { name: "alice".into() },
        Change::PersonGroups { name: "alice".into(), groups: groups(&[]) },
        Change::PersonExpiry { name: "alice".into(), expires: Some(NOW.0) },
        Change::KeyRemove { name: "alice".into(), fingerprint: Key::of("alice").fingerprint() },
        Change::TargetAddress { name: "web-1".into(), host: "elsewhere.example.org".into(), port: 22 },
        Change::AccountRemove { target: "web-1".into(), login: "root".into() },
        Change::TargetRemove { name: "web-1".into() },
    ];
    for change in changes {
        let (bastion, session) = at_work().await;
        bastion.change(change.clone()).await;
        assert!(!may(&bastion, &session).await, "{change:?}");
    }
}

#[tokio::test]
async fn what_another_hand_changes_is_met_a_quarter_of_a_second_later() {
    let (bastion, session) = at_work().await;
    let alice = bastion.store.person("alice").await.unwrap().unwrap().id;
    bastion.store.set_suspended(&alice, true).await.unwrap();
    later(&bastion, 249_999);
    assert!(may(&bastion, &session).await, "nothing is remembered, so this test tells nothing");
    later(&bastion, 1);
    assert!(!may(&bastion, &session).await);
}

#[tokio::test]
async fn nobody_goes_on_without_the_store_for_longer_than_that() {
    let (bastion, session) = at_work().await;
    bastion.store.silent.store(true, Ordering::SeqCst);
    later(&bastion, 250_000);
    assert!(!may(&bastion, &session).await);
    bastion.store.silent.store(false, Ordering::SeqCst);
    assert!(may(&bastion, &session).await);
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_no_row_younger() {
    let (bastion, session) = at_work().await;
    later(&bastion, -1);
    assert!(!is_remembered(&bastion, &session).await);
}

#[tokio::test]
async fn an_account_or_a_key_ends_at_its_moment_though_its_row_is_remembered() {
    let (name, fingerprint) = ("alice".to_owned(), Key::of("alice").fingerprint());
    let expires = Some(NOW.0 + 100_000);
    let ends = [
        Change::PersonExpiry { name: name.clone(), expires },
        Change::KeyExpiry { name, fingerprint, expires },
    ];
    for end in ends {
        let (bastion, session) = at_work().await;
        bastion.change(end.clone()).await;
        assert!(may(&bastion, &session).await && is_remembered(&bastion, &session).await);
        later(&bastion, 100_000);
        assert!(!may(&bastion, &session).await, "{end:?}");
    }
}

#[tokio::test]
async fn who_is_told_to_look_again_looks_at_once() {
    let (bastion, session) = at_work().await;
    bastion.road.store().stir().await.unwrap();
    assert!(!is_remembered(&bastion, &session).await);
}

#[tokio::test]
async fn a_permit_is_asked_about_at_every_act() {
    let mut bastion = Bastion::with_policies(asking("")).await;
    bastion.person("erin", &["guests"]).await;
    let bastion = bastion.into_node(asking(""));
    let permit = bastion.permitted().await;
    let session = bastion.session("erin", "db-1").await;
    assert!(may(&bastion, &session).await && may(&bastion, &session).await);
    let who = bastion.enter("erin").await;
    bastion.road.revoke_permit(&who, permit.id).await.unwrap();
    assert!(!may(&bastion, &session).await);
}

#[tokio::test]
async fn a_permit_that_ends_by_its_time_lets_no_further_act_through() {
    let mut bastion = Bastion::with_policies(asking("")).await;
    bastion.person("erin", &["guests"]).await;
    let bastion = bastion.into_node(asking(""));
    let permit = bastion.permitted().await;
    let session = bastion.session("erin", "db-1").await;
    bastion.clock.set(Timestamp(permit.until.0 - 1));
    assert!(may(&bastion, &session).await);
    later(&bastion, 1);
    assert!(!may(&bastion, &session).await);
}
