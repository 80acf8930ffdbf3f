//! A declared emergency over the whole way: told at once, faster for what policies name and nothing else, recorded, and
//! open until somebody else has looked at it.

use std::time::Instant;

use end_to_end::{Bastion, Done, Plan, Webhook, free_port, number_after};

/// A service that no machine has: nothing is stopped when the command runs.
const STOP: &str = "systemctl stop countersign-no-such-service";

/// Alice is on call, three administrators are enrolled, and one receiver wants nothing but alerts.
fn on_call() -> (Bastion, Webhook) {
    let shorter = ("longest_minutes = 60", "longest_minutes = 30");
    let mut bastion = Plan::shipped().file("policies/quorums.toml", shorter.0, shorter.1).start();
    bastion.admin(&["person", "groups", "alice", "ops", "on-call"]);
    let port = free_port();
    bastion.tell(&[("duty", port, "events = [\"alert\"]")]);
    bastion.hold_ceremony();
    (bastion, Webhook::start(port, true))
}

fn declare(bastion: &Bastion, time: &str) -> Done {
    bastion.desk("alice", &format!("emergency declare db-1 --for {time} --reason 'primary does not answer'"))
}

#[test]
fn only_who_is_on_call_declares_one_and_not_for_longer_than_the_quorums_say() {
    let (bastion, duty) = on_call();
    let told = declare(&bastion, "31m").refused();
    assert!(told.contains("1 to 30 minutes"), "{told}");
    for person in ["bob", "sue"] {
        bastion.desk(person, "emergency declare db-1 --for 10m --reason mine").refused();
    }
    assert!(bastion.entries_of("permit").is_empty() && duty.bodies().is_empty());
}

#[test]
fn it_takes_one_signature_to_stop_a_service_and_two_for_everything_else() {
    let (bastion, duty) = on_call();
    let (waiting, before) = bastion.held("alice", "db-1", STOP);
    assert!(waiting.stderr().contains("2 of dba-leads"), "{}", waiting.stderr());
    bastion.desk("bob", &format!("show {before}")).ok();
    let asked = Instant::now();
    let id = number_after("EMERGENCY ", &declare(&bastion, "30m").ok());
    let told = duty.until("emergency-declared");
    eprintln!("the receiver was told {:?} after the command was given", asked.elapsed());
    assert_eq!((&told["holder"], &told["reason"]), (&"alice".into(), &"primary does not answer".into()));

    let (stopping, request) = bastion.held("alice", "db-1", STOP);
    bastion.approve(request, "bob");
    let stopped = stopping.finish();
    assert!(stopped.stderr.contains("approved by bob"), "{}", stopped.stderr);
    bastion.until_entry("grant", |entry| entry["request"] == request);

    let (_removing, request) = bastion.held("alice", "db-1", "rm -rf production-data");
    let told = bastion.approve(request, "bob");
    assert!(told.contains("1 more of dba-leads"), "{told}");
    let told = bastion.run("alice", "db-1", "history -c").refused();
    assert!(told.contains("no-unseen-commands"), "no emergency lifts what is @never: {told}");
    assert!(bastion.home().join("production-data").exists());
    bastion.desk("alice", &format!("revoke {id}")).ok();
}

#[test]
fn it_stays_open_until_somebody_else_has_reviewed_it() {
    let (bastion, duty) = on_call();
    let id = number_after("EMERGENCY ", &declare(&bastion, "30m").ok());
    let session = "echo looked at the primary";
    bastion.run("alice", "db-1", session).ok();
    let review = format!("emergency review {id} --reason 'as declared'");
    let told = bastion.desk("sue", &review).refused();
    assert!(told.contains("not over yet"), "{told}");
    bastion.desk("alice", &format!("revoke {id}")).ok();
    for person in ["alice", "bob", "dave", "sam"] {
        let told = bastion.desk(person, &review).refused();
        assert!(told.contains("no emergency"), "{person}: {told}");
    }
    assert!(bastion.desk("abe", "emergency list").ok().contains("alice"), "its review is open");
    assert!(bastion.entries_of("emergency-reviewed").is_empty());

    let recording = bastion.sessions().iter().find(|row| row[2] == "alice").map(|row| row[0].clone());
    let shown =
        bastion.desk("abe", &format!("request replay {} --reason 'the emergency'", recording.unwrap()));
    assert!(shown.ok().contains("1 of security-administrators"));
    bastion.desk("abe", &review).ok();
    bastion.desk("sue", &review).refused();
    assert!(!bastion.desk("abe", "emergency list").ok().contains("alice"));
    let entry = bastion.until_entry("emergency-reviewed", |entry| entry["permit"] == id);
    assert!(entry["finding"].is_string() && !entry.to_string().contains("as declared"), "{entry}");
    // What the receiver's own list of events leaves out does not reach it; a declared emergency always does.
    let events: Vec<_> = duty.bodies().iter().map(|body| body["event"].clone()).collect();
    assert_eq!(events, ["emergency-declared"]);
}
