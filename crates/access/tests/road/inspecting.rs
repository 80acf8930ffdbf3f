//! Rows that somebody changed with SQL: what the ledger does not explain counts for nothing, comes back to nobody's use,
//! and is told.

use std::sync::Arc;

use access::Road;
use access::audit::Audit;
use access::entry::{Entry, Event};
use access::model::{Answer, Decision, Permit, PersonId, PersonKey, RequestId, Timestamp};
use access::ports::Store;
use access::register::{self, Register};

use crate::bastion::*;
use crate::keys::Key;
use crate::lasting::*;

/// What the start of another process would be told.
async fn alerts(bastion: &Bastion) -> Vec<String> {
    alerts_of(bastion, bastion.audit().register()).await
}

async fn alerts_of(bastion: &Bastion, register: Arc<Register>) -> Vec<String> {
    let before = bastion.journal.entries().len();
    bastion.explained(register, asking("")).inspect(true).await.unwrap();
    let told =
        bastion.journal.entries().split_off(before).into_iter().filter_map(|entry| match entry.event {
            Event::Alert { what } => Some(what),
            _ => None,
        });
    told.collect()
}

#[track_caller]
fn tells(alerts: &[String], what: &str) {
    assert!(alerts.iter().any(|alert| alert.contains(what)), "{what} is not in {alerts:?}");
}

/// Without people whose groups the ledger does not know.
async fn with_a_permit() -> (Bastion, Permit) {
    let mut bastion = Bastion::with_policies(asking("")).await;
    bastion.person("erin", &["guests"]).await;
    let permit = bastion.permitted().await;
    (bastion, permit)
}

#[tokio::test]
async fn what_the_road_did_itself_raises_no_alert() {
    let (bastion, permit) = with_a_permit().await;
    let _pending = bastion.met().await;
    let who = bastion.enter("erin").await;
    bastion.road.revoke_permit(&who, permit.id).await.unwrap();
    assert_eq!(alerts(&bastion).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_decision_that_differs_in_any_column_is_found_and_counts_for_nothing() {
    type Edit = fn(&mut Decision);
    let changes: [(&str, Edit); 8] = [
        ("person", |row| row.person = PersonId("p-0000000000000000".into())),
        ("answer", |row| row.answer = Answer::Deny),
        ("key", |row| row.fingerprint = Key::of("carol").fingerprint()),
        ("statement", |row| row.statement = row.statement.replace("production-data", "scratch")),
        ("signature", |row| row.signature = row.signature.replacen('A', "B", 1)),
        ("moment", |row| row.at = Timestamp(row.at.0 - 3_600_000_000)),
        ("second factor", |row| row.mfa_age_seconds = Some(1)),
        ("no second factor", |row| row.mfa_age_seconds = None),
    ];
    for (column, change) in changes {
        let bastion = Bastion::start().await;
        let pending = bastion.held().await;
        bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
        bastion.store.retell(change);
        tells(&alerts(&bastion).await, "on request 1 is not what the ledger says");
        let road = restarted(&bastion);
        assert_eq!(road.store().decisions(pending.id()).await.unwrap(), vec![], "{column}");
    }
}

#[tokio::test]
async fn a_signature_that_only_an_altered_ledger_bears_out_is_verified_again_and_found() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
    let other = Key::of("carol").sign("countersign", b"something else");
    let other = String::from_utf8(other).unwrap();
    let forged = access::blind::sha256_hex(other.as_bytes());
    let register = read(bastion.journal.entries(), |event| {
        if let Event::Approval { signature, .. } = event {
            signature.clone_from(&forged);
        }
    });
    bastion.store.retell(move |row| row.signature.clone_from(&other));
    tells(&alerts_of(&bastion, register).await, "does not hold");
}

/// The register of a ledger with other entries.
fn read(entries: Vec<Entry>, change: impl Fn(&mut Event)) -> Arc<Register> {
    let mut audit = Audit::default();
    for (mut entry, index) in entries.into_iter().zip(0..) {
        change(&mut entry.event);
        audit.take(index, &entry.encode()).unwrap();
    }
    audit.register()
}

#[tokio::test]
async fn a_key_counts_for_nobody_but_the_person_it_was_enrolled_for() {
    let bastion = Bastion::start().await;
    let alice = bastion.store.person("alice").await.unwrap().unwrap().id;
    let fingerprint = Key::of("bob").fingerprint();
    let stolen = bastion.store.key(&fingerprint).await.unwrap().unwrap();
    bastion.store.remove_key(&stolen.person, &fingerprint).await.unwrap();
    let stolen = PersonKey { person: alice, ..stolen };
    // Even the entry of the row's content is hers; the entry that enrols it is not.
    let digest = register::key(&stolen).digest;
    let register = read(bastion.journal.entries(), |event| match event {
        Event::State { id, after, .. } if *id == fingerprint => *after = Some(digest.clone()),
        _ => {}
    });
    bastion.store.put_key(&stolen).await.unwrap();
    tells(&alerts_of(&bastion, register.clone()).await, &fingerprint);
    let road = bastion.explained(register, asking(""));
    assert_eq!(road.store().key(&fingerprint).await.unwrap(), None);
}

/// The same node after a restart.
fn restarted(bastion: &Bastion) -> Road {
    bastion.explained(bastion.audit().register(), asking(""))
}

async fn lets_erin_in(bastion: &Bastion, road: &Road) -> bool {
    let who = bastion.enter("erin").await;
    road.open(&who, &root_at("db-1"), access::model::Way::Direct).await.is_ok()
}

#[tokio::test]
async fn a_permit_that_was_ended_stays_ended_whatever_its_row_says() {
    let (bastion, live) = with_a_permit().await;
    let who = bastion.enter("erin").await;
    bastion.road.revoke_permit(&who, live.id).await.unwrap();
    for what in ["its end is taken out", "it is deleted and put in again"] {
        if what.contains("deleted") {
            bastion.store.rewrite_permit(live.id, None);
            bastion.store.add_permit(&live).await.unwrap();
        } else {
            bastion.store.rewrite_permit(live.id, Some(live.clone()));
        }
        assert!(bastion.newest_permit().await.ended.is_none(), "{what}");
        tells(&alerts(&bastion).await, "permit 1 is not what the ledger says");
        let road = restarted(&bastion);
        assert!(!lets_erin_in(&bastion, &road).await, "{what}");
        assert_eq!(road.store().live_permits(road.now()).await.unwrap(), vec![], "{what}");
        assert_eq!(road.sweep().await.unwrap(), 0, "{what}");
    }
}

#[tokio::test]
async fn a_permit_whose_time_was_moved_is_over_at_its_own() {
    let (bastion, live) = with_a_permit().await;
    let longer = Permit { until: bastion.in_seconds(1 << 30), ..live };
    bastion.store.rewrite_permit(longer.id, Some(longer));
    tells(&alerts(&bastion).await, "permit 1");
    assert!(!lets_erin_in(&bastion, &restarted(&bastion)).await);
}

#[tokio::test]
async fn a_deleted_permit_is_told_of_and_put_back_with_its_end_and_its_review() {
    let (bastion, live) = with_a_permit().await;
    bastion.store.rewrite_permit(live.id, None);
    assert!(!lets_erin_in(&bastion, &restarted(&bastion)).await, "without the row there is no permit");
    tells(&alerts(&bastion).await, "permit 1 was missing or altered, and was put back");
    assert_eq!(register::permit(&bastion.newest_permit().await), register::permit(&live));
    assert!(lets_erin_in(&bastion, &restarted(&bastion)).await);
    let who = bastion.enter("erin").await;
    bastion.road.revoke_permit(&who, live.id).await.unwrap();
    bastion.store.rewrite_permit(live.id, None);
    tells(&alerts(&bastion).await, "put back");
    let back = bastion.newest_permit().await;
    assert_eq!(back.ended.map(|(_, why)| why).as_deref(), Some("returned"));
    assert!(!lets_erin_in(&bastion, &restarted(&bastion)).await);
}

#[tokio::test]
async fn a_request_set_back_to_waiting_is_told_of_and_not_consumed_again() {
    let (bastion, _) = with_a_permit().await;
    let id = RequestId(1);
    bastion.store.reopen(id);
    tells(&alerts(&bastion).await, "request 1 is not what the ledger says");
    let road = restarted(&bastion);
    assert_eq!(road.resume(&[]).await.unwrap(), 0);
    assert_eq!(bastion.count("permit"), 1);
}
