//! What receivers are told, which of them, and that an outbox that cannot be written stops only what must be told.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use access::announcement::{AboutPermit, Announcement, Receiver};
use access::model::{Answer, Notice, RequestState, Timestamp};
use access::ports::Store as _;
use serde_json::Value;

use crate::bastion::{Bastion, HOME, REMOVAL_RUN, allowed, exec, policies};

/// `leads` are told everything, but no commands; `duty` sees the commands of new requests, and nothing else.
pub fn receivers() -> Vec<Receiver> {
    let events = Some(BTreeSet::from(["request-made".to_owned()]));
    vec![
        Receiver { name: "leads".into(), events: None, commands: false },
        Receiver { name: "duty".into(), events, commands: true },
    ]
}

async fn told(bastion: &Bastion, receiver: &str) -> Vec<Notice> {
    let notices = bastion.store.due(receiver, Timestamp(i64::MAX), 1000).await.unwrap();
    // Setting a bastion up is told too.
    notices.into_iter().filter(|notice| notice.event != "key-enrolled").collect()
}

async fn events(bastion: &Bastion, receiver: &str) -> Vec<String> {
    told(bastion, receiver).await.into_iter().map(|notice| notice.event).collect()
}

fn body(notice: &Notice) -> Value {
    serde_json::from_str(&notice.body).unwrap()
}

#[tokio::test]
async fn a_held_act_is_told_before_anyone_signs_and_its_command_only_to_those_who_may_see_it() {
    let bastion = Bastion::start().await;
    let pending = bastion.held().await;
    let (leads, duty) = (told(&bastion, "leads").await, told(&bastion, "duty").await);
    assert_eq!((leads.len(), duty.len()), (1, 1));
    let seen = body(&leads[0]);
    for (field, value) in [
        ("event", "request-made".into()),
        ("request", pending.id().0.into()),
        ("requester", "alice".into()),
        ("target", "db-1".into()),
        ("account", "root".into()),
        ("program", "rm".into()),
        ("command", Value::Null),
        ("effects", vec!["data.destroy"].into()),
        ("quorums", vec!["two-dba-leads"].into()),
    ] {
        assert_eq!(seen[field], value, "{field}");
    }
    assert_eq!(seen["labels"]["env"], "prod");
    assert!(!leads[0].body.contains("production-data"), "{}", leads[0].body);
    assert_eq!(body(&duty[0])["command"], REMOVAL_RUN);
}

#[tokio::test]
async fn each_signature_and_the_end_are_told_in_order() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    let _grant = bastion.road.claim(pending).await.unwrap();
    let all = told(&bastion, "leads").await;
    let words: Vec<_> = all.iter().map(|notice| &*notice.event).collect();
    assert_eq!(words, ["request-made", "request-decided", "request-decided", "request-ended"]);
    assert_eq!((&body(&all[1])["by"], &body(&all[2])["by"]), (&"bob".into(), &"carol".into()));
    assert_eq!(body(&all[3])["state"], "used");
    assert_eq!(events(&bastion, "duty").await, ["request-made"]);
}

#[tokio::test]
async fn a_denial_and_a_lapse_are_told() {
    let bastion = Bastion::start().await;
    let denied = bastion.held().await;
    bastion.answer("bob", denied.id(), Answer::Deny).await.unwrap();
    let lapsed = bastion.held().await;
    bastion.clock.advance(1800);
    bastion.road.progress(&lapsed).await;
    assert_eq!(bastion.state(lapsed.id()).await, RequestState::Expired);
    let ends: Vec<_> =
        told(&bastion, "leads").await.iter().map(|notice| body(notice)["state"].clone()).collect();
    assert_eq!(ends.iter().filter(|state| !state.is_null()).collect::<Vec<_>>(), ["denied", "expired"]);
}

#[tokio::test]
async fn what_was_typed_as_a_name_that_nobody_has_is_told_to_nobody() {
    let bastion = Bastion::start().await;
    for name in ["bob", "hunter2-is-my-password"] {
        for _ in 0..10 {
            let _told = bastion.road.enter_with_password(name, "wrong", HOME).await;
            bastion.clock.advance(64);
        }
    }
    let all = told(&bastion, "leads").await;
    assert_eq!(
        all.iter().map(|notice| body(notice)["person"].clone()).collect::<Vec<_>>(),
        ["bob".into(), Value::Null]
    );
    assert!(all.iter().all(|notice| !notice.body.contains("hunter2")));
}

#[tokio::test]
async fn a_quorum_may_name_whom_it_tells() {
    for (tell, leads, duty) in [("[\"duty\"]", 0, 1), ("[\"nobody-of-that-name\"]", 1, 1), ("[]", 1, 1)] {
        let with = policies(|sources| {
            let two = "[quorum.two-dba-leads]\n";
            sources.quorums.1 = sources.quorums.1.replace(two, &format!("{two}tell = {tell}\n"));
        });
        let bastion = Bastion::with_policies(with).await;
        let _pending = bastion.held().await;
        let made = |all: Vec<String>| all.iter().filter(|event| *event == "request-made").count();
        let counts = (made(events(&bastion, "leads").await), made(events(&bastion, "duty").await));
        assert_eq!(counts, (leads, duty), "{tell}");
    }
}

#[tokio::test]
async fn an_outbox_that_cannot_be_written_stops_no_act_and_raises_one_alert() {
    let bastion = Bastion::start().await;
    bastion.store.outbox_is_full.store(true, Ordering::SeqCst);
    let pending = bastion.met().await;
    let _grant = bastion.road.claim(pending).await.unwrap();
    let session = bastion.session("alice", "web-1").await;
    let _grant = allowed(bastion.road.submit(&session, 0, exec("ls")).await);
    bastion.suspend("bob").await;
    assert_eq!(bastion.count("alert"), 1, "one for the whole time that it fails");
    bastion.store.outbox_is_full.store(false, Ordering::SeqCst);
    bastion.suspend("carol").await;
    assert_eq!(events(&bastion, "leads").await, ["person-suspended"]);
}

#[tokio::test]
async fn an_emergency_that_cannot_be_told_is_none_and_one_that_can_is_told_to_everybody() {
    let bastion = Bastion::start().await;
    let declared = || {
        let about = AboutPermit { permit: 1, holder: "alice".into(), ..AboutPermit::default() };
        Announcement::EmergencyDeclared { about, reason: "the database is down".into() }
    };
    bastion.store.outbox_is_full.store(true, Ordering::SeqCst);
    bastion.road.announce_first(declared()).await.unwrap_err();
    bastion.store.outbox_is_full.store(false, Ordering::SeqCst);
    bastion.road.announce_first(declared()).await.unwrap();
    for receiver in ["leads", "duty"] {
        assert_eq!(events(&bastion, receiver).await, ["emergency-declared"]);
    }
}
