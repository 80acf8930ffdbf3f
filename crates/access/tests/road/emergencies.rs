//! Emergencies: fast, told to everybody, short, and never done with until somebody else has looked.

use access::desk_command::Because;
use access::model::{Answer, PermitId};
use access::ports::Store;

use crate::bastion::*;
use crate::lasting::*;

async fn declares(bastion: &Bastion, seconds: u64) -> Result<String, String> {
    let who = bastion.enter("erin").await;
    bastion.road.declare_emergency(&who, &emergency("db-1", seconds)).await.map_err(|fault| fault.to_string())
}

async fn reviews(bastion: &Bastion, name: &str, id: PermitId) -> Result<String, String> {
    let who = bastion.enter(name).await;
    let finding = Because::new("looked at the recording: as declared");
    bastion.road.review_emergency(&who, id, &finding).await.map_err(|fault| fault.to_string())
}

#[tokio::test]
async fn it_lets_its_holder_in_for_its_minutes() {
    let bastion = guarded().await;
    assert!(!bastion.reaches("erin", "db-1").await);
    declares(&bastion, 1800).await.unwrap();
    assert!(bastion.reaches("erin", "db-1").await && !bastion.reaches("erin", "web-1").await);
    bastion.clock.advance(1800);
    assert!(!bastion.reaches("erin", "db-1").await);
    assert_eq!(bastion.road.sweep().await.unwrap(), 1);
    assert_eq!(bastion.road.open_emergencies().await.unwrap().len(), 1, "its review is open");
}

#[tokio::test]
async fn it_is_bounded_and_only_for_those_who_may() {
    let bastion = guarded().await;
    for seconds in [0, 59, 3601, u64::MAX] {
        assert!(declares(&bastion, seconds).await.is_err(), "{seconds}");
    }
    for name in ["alice", "bob", "sam", "dave"] {
        let who = bastion.enter(name).await;
        assert!(bastion.road.declare_emergency(&who, &emergency("db-1", 600)).await.is_err(), "{name}");
    }
    assert_eq!(bastion.count("permit"), 0);
}

#[tokio::test]
async fn what_no_quorum_allows_stays_forbidden() {
    let bastion = guarded().await;
    declares(&bastion, 1800).await.unwrap();
    let session = bastion.session("erin", "db-1").await;
    for command in ["history -c", "python3 -c 'print(1)'", "$(cat x)"] {
        let _told = refused(bastion.road.submit(&session, 0, exec(command)).await);
    }
    let _held = held(bastion.road.submit(&session, 1, exec(REMOVAL)).await);
}

#[tokio::test]
async fn somebody_else_who_had_no_part_in_it_closes_it() {
    let mut bastion = guarded().await;
    bastion.person("max", &[]).await;
    bastion.appoint("max", &["security-administrators", "dba-leads"]).await;
    declares(&bastion, 1800).await.unwrap();
    let id = bastion.newest_permit().await.id;
    assert!(reviews(&bastion, "sam", id).await.unwrap_err().contains("not over yet"));
    let session = bastion.session("erin", "db-1").await;
    let pending = held(bastion.road.submit(&session, 0, exec(REMOVAL)).await);
    bastion.answer("max", pending.id(), Answer::Approve).await.unwrap();
    bastion.clock.advance(1800);
    assert!(reviews(&bastion, "max", id).await.unwrap_err().contains("you approved something"));
    bastion.appoint("erin", &["guests", "security-administrators"]).await;
    for name in ["erin", "alice", "bob"] {
        assert!(reviews(&bastion, name, id).await.is_err(), "{name}");
    }
    reviews(&bastion, "ada", id).await.unwrap();
    assert!(reviews(&bastion, "sam", id).await.is_err(), "once");
    assert_eq!(bastion.count("emergency-reviewed"), 1);
    assert_eq!(bastion.road.open_emergencies().await.unwrap(), vec![]);
}

#[tokio::test]
async fn a_lapsed_one_that_nobody_reviewed_bars_the_next() {
    let bastion = guarded().await;
    declares(&bastion, 600).await.unwrap();
    let id = bastion.newest_permit().await.id;
    assert!(declares(&bastion, 600).await.unwrap_err().contains("still on"));
    bastion.clock.advance(600);
    declares(&bastion, 600).await.unwrap();
    bastion.clock.advance(24 * 3600);
    assert!(declares(&bastion, 600).await.unwrap_err().contains("waits for its review"));
    reviews(&bastion, "sam", id).await.unwrap();
    declares(&bastion, 600).await.unwrap();
    bastion.clock.advance(600);
    assert!(declares(&bastion, 600).await.unwrap_err().contains("waits for its review"), "the second's turn");
}

#[tokio::test]
async fn a_review_that_is_only_in_the_database_is_none() {
    let bastion = guarded().await;
    declares(&bastion, 600).await.unwrap();
    let mut permit = bastion.newest_permit().await;
    permit.until = bastion.in_seconds(1 << 20);
    bastion.clock.advance(600);
    assert!(!bastion.reaches("erin", "db-1").await);
    let person = bastion.store.person("ada").await.unwrap().unwrap().id;
    permit.reviewed = Some(person);
    assert!(bastion.store.set_permit(&permit).await.unwrap());
    assert!(reviews(&bastion, "sam", permit.id).await.is_err(), "the row is not what the ledger says");
}
