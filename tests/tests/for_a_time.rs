//! Access for a time over plain ssh: asked for, signed, listed, given back, and told by evidence.

use end_to_end::{Bastion, run};

/// The number after a word in what somebody was told.
fn number_after(word: &str, told: &str) -> u64 {
    let rest = told.split(word).nth(1).unwrap_or_else(|| panic!("no {word:?} in {told:?}"));
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a number")
}

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
