//! Access for a time over plain ssh: asked for, signed, listed, given back, and told by evidence.

use end_to_end::{Bastion, number_after, run};

#[test]
fn access_for_a_time_is_asked_for_signed_and_given_back() {
    let bastion = Bastion::start();
    let asked = format!("request access db-1 --account {} --for 1h --reason upgrade", bastion.login());
    let number = number_after("request ", &bastion.desk("alice", &asked).ok());
    bastion.answer(number, "approve", "alice").refused();
    assert!(bastion.entries_of("permit").is_empty());
    bastion.approve(number, "bob");
    let permit = bastion.until_entry("permit", |entry| entry["permits"] == "access")["permit"].to_string();
    assert!(bastion.desk("alice", "grants").ok().contains(&permit));
    bastion.desk("erin", &format!("revoke {permit}")).refused();
    bastion.desk("alice", &format!("revoke {permit}")).ok();
    bastion.until_entry("permit-end", |entry| entry["why"] == "returned");
    let file = bastion.scratch().join("evidence.json");
    std::fs::write(&file, bastion.desk("alice", &format!("evidence {number}")).ok()).expect("a file");
    let mut verify = bastion.countersign(["evidence", "verify"]);
    let story = run(verify.arg(&file).arg("--key").arg(bastion.node().join("ledger.pub"))).ok();
    assert!(story.contains("bob"), "{story}");
}

#[test]
fn longer_than_policies_allow_is_refused_with_a_reason() {
    let bastion = Bastion::start();
    let asked = format!("request access db-1 --account {} --for 9h --reason upgrade", bastion.login());
    let told = bastion.desk("alice", &asked).refused();
    assert!(told.contains("request-access"), "{told}");
}

#[test]
fn a_sensitive_recording_is_shown_only_while_a_signed_request_lasts() {
    let mut bastion = Bastion::start();
    bastion.run("alice", "db-1", "echo what alice saw").ok();
    bastion.run("alice", "web-1", "echo harmless").ok();
    let [harmless, sensitive] = [0, 1].map(|row| bastion.sessions()[row][0].clone());
    bastion.hold_ceremony();
    let replay = format!("replay {sensitive} --reason audit");
    for person in ["alice", "bob", "dave", "sam", "sue"] {
        let told = bastion.desk(person, &replay).refused();
        assert!(told.contains("no session"), "{person}: {told}");
    }
    let told = bastion.desk("abe", &replay).refused();
    assert!(told.contains("others must agree"), "{told}");
    assert!(bastion.entries_of("replay-viewed").is_empty());
    assert!(bastion.desk("abe", &format!("replay {harmless} --reason audit")).ok().contains("harmless"));

    let asked = bastion.desk("abe", &format!("request replay {sensitive} --for 1h --reason audit")).ok();
    let number = number_after("request ", &asked);
    bastion.answer(number, "approve", "abe").refused();
    bastion.desk("sam", &format!("show {number} --statement approve")).refused();
    bastion.desk("abe", &replay).refused();
    let permit = number_after("permit ", &bastion.approve(number, "sue"));
    assert!(bastion.desk("abe", &replay).ok().contains("what alice saw"));
    for person in ["sue", "alice"] {
        bastion.desk(person, &replay).refused();
    }
    let viewed = |entry: &serde_json::Value| entry["session"] == *sensitive;
    bastion.until_entry("replay-viewed", viewed);
    bastion.desk("sue", &format!("revoke {permit}")).ok();
    bastion.desk("abe", &replay).refused();
    assert_eq!(bastion.entries_of("replay-viewed").iter().filter(|entry| viewed(entry)).count(), 1);
}
