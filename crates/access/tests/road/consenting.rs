//! Nobody does anything before they have accepted the notice about recording, in the words that are in force.

use access::model::Way;
use access::ports::Store;
use access::road::ConsentNotice;

use crate::bastion::*;

fn notice() -> ConsentNotice {
    ConsentNotice::new("Everything is recorded.", "一切都会被录制。")
}

async fn asking() -> Bastion {
    Bastion::with_notice(notice()).await
}

async fn accept(bastion: &Bastion, name: &str) {
    let told = bastion.ask_desk(name, &format!("consent accept {}", notice().version()), b"").await;
    assert_eq!(told.status, 0, "{told:?}");
}

#[tokio::test]
async fn nothing_is_done_before_the_notice_is_accepted() {
    let bastion = asking().await;
    let who = bastion.enter("alice").await;
    for line in ["targets", "requests", "keys"] {
        let told = bastion.road.desk(&who, line, b"").await;
        assert_eq!((told.status, told.stdout.as_str()), (1, ""), "{line}: {told:?}");
        let how = format!("consent accept {}", notice().version());
        assert!(told.stderr.contains(&how) && told.stderr.lines().count() == 1, "{told:?}");
    }
    let told = bastion.road.open(&who, &root_at("web-1"), Way::Direct).await.err().unwrap();
    assert!(told.to_string().contains("accept the notice"), "{told}");
    assert_eq!((bastion.count("session-open"), bastion.count("consent")), (0, 0));
}

#[tokio::test]
async fn an_acceptance_is_an_entry_once_and_opens_the_doors() {
    let bastion = asking().await;
    let shown = bastion.ask_desk("alice", "consent", b"").await;
    assert!(shown.stdout.contains("Everything is recorded.") && shown.stdout.contains("一切都会被录制。"));
    accept(&bastion, "alice").await;
    accept(&bastion, "alice").await;
    assert_eq!(bastion.count("consent"), 1);
    let _session = bastion.session("alice", "web-1").await;
    let told = bastion.ask_desk("bob", "targets", b"").await;
    assert_eq!(told.status, 1, "it was alice who accepted: {told:?}");
}

#[tokio::test]
async fn another_version_than_the_one_in_force_cannot_be_accepted() {
    let bastion = asking().await;
    let shown_before = ConsentNotice::new("Nothing is recorded.", "不录制。");
    for version in [shown_before.version(), "", "accept"] {
        let told = bastion.ask_desk("alice", &format!("consent accept '{version}'"), b"").await;
        assert_ne!(told.status, 0, "{told:?}");
    }
    assert_eq!(bastion.count("consent"), 0);
}

#[tokio::test]
async fn a_row_that_somebody_wrote_is_no_consent() {
    let bastion = asking().await;
    let alice = bastion.store.person("alice").await.unwrap().unwrap();
    bastion.store.add_consent(&alice.id, notice().version(), bastion.road.now()).await.unwrap();
    let told = bastion.ask_desk("alice", "targets", b"").await;
    assert!(told.status == 1 && told.stderr.contains("accept the notice"), "{told:?}");
}

#[tokio::test]
async fn who_owes_an_answer_can_still_be_suspended() {
    let bastion = asking().await;
    let who = bastion.enter("alice").await;
    assert!(bastion.road.owed_notice(&who).await.is_some());
    bastion.suspend("alice").await;
    let told = bastion.road.accept_consent(&who, notice().version()).await.unwrap_err();
    assert!(told.to_string().contains("suspended"), "{told}");
    assert!(bastion.road.owed_notice(&who).await.is_none());
}
