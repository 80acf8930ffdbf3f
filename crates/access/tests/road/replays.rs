//! Looks at recordings of sensitive sessions: one session, one viewer, for a time, agreed by others, on the record.

use crate::lasting::*;

#[tokio::test]
async fn others_agree_before_a_sensitive_recording_is_seen() {
    let bastion = guarded().await;
    let (one, other) = (bastion.session("alice", "db-1").await, bastion.session("alice", "db-1").await);
    let erin = bastion.enter("erin").await;
    let told = bastion.road.may_view(&erin, &one.id()).await.unwrap_err().to_string();
    assert!(told.contains("request replay"), "{told}");
    bastion.road.request_replay(&erin, &replay(&one)).await.unwrap();
    bastion.agree(bastion.newest_request().await).await.unwrap();
    bastion.road.may_view(&erin, &one.id()).await.unwrap();
    assert!(bastion.road.may_view(&erin, &other.id()).await.is_err(), "one session");
    bastion.road.note_view(&erin, &one.id()).await.unwrap();
    assert_eq!(bastion.count("replay-viewed"), 1);
    bastion.clock.advance(3600);
    assert!(bastion.road.may_view(&erin, &one.id()).await.is_err(), "for its time");
}

#[tokio::test]
async fn the_permit_serves_one_viewer_while_its_approvals_hold() {
    let mut bastion = guarded().await;
    bastion.person("finn", &["guests"]).await;
    let session = bastion.session("alice", "db-1").await;
    let (erin, finn) = (bastion.enter("erin").await, bastion.enter("finn").await);
    bastion.road.request_replay(&erin, &replay(&session)).await.unwrap();
    bastion.agree(bastion.newest_request().await).await.unwrap();
    assert!(bastion.road.may_view(&finn, &session.id()).await.is_err());
    bastion.road.may_view(&erin, &session.id()).await.unwrap();
    bastion.suspend("carol").await;
    assert!(bastion.road.may_view(&erin, &session.id()).await.is_err());
}

#[tokio::test]
async fn a_permit_to_come_in_shows_no_recording_and_the_other_way_round() {
    let bastion = guarded().await;
    let session = bastion.session("alice", "db-1").await;
    let _permit = bastion.permitted().await;
    let erin = bastion.enter("erin").await;
    assert!(bastion.road.may_view(&erin, &session.id()).await.is_err());
    let bastion = guarded().await;
    let session = bastion.session("alice", "db-1").await;
    let erin = bastion.enter("erin").await;
    bastion.road.request_replay(&erin, &replay(&session)).await.unwrap();
    bastion.agree(bastion.newest_request().await).await.unwrap();
    assert!(!bastion.reaches("erin", "db-1").await);
}

#[tokio::test]
async fn whoever_may_not_ask_learns_nothing_of_it() {
    let bastion = guarded().await;
    let session = bastion.session("alice", "db-1").await;
    let dave = bastion.enter("dave").await;
    let refused = bastion.road.may_view(&dave, &session.id()).await.unwrap_err().to_string();
    let unknown = access::recording::SessionId([9; 16]);
    let missing = bastion.road.may_view(&dave, &unknown).await.unwrap_err().to_string();
    assert_eq!(refused.replace(&session.id().to_string(), "S"), missing.replace(&unknown.to_string(), "S"));
    assert!(bastion.road.request_replay(&dave, &replay(&session)).await.is_err());
}
