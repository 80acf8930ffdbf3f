//! After the ceremony nobody changes anything alone: not an administrator, not the gateway's own account, not SQL.

use std::process::Command;

use end_to_end::{Bastion, Plan, Running, half, number_after, run};
use serde_json::Value;

fn with_administrators() -> Bastion {
    let mut bastion = Plan::shipped().config("compare_seconds = 60", "compare_seconds = 1").start();
    bastion.hold_ceremony();
    bastion
}

/// Runs SQL on the database, behind the gateway's back.
fn edit(bastion: &Bastion, sql: &str) {
    let script = "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], timeout=20)\n\
                  assert db.execute(sys.argv[2]).rowcount > 0, 'nothing changed'\ndb.commit()";
    run(Command::new("python3").args(["-c", script]).arg(bastion.node().join("state.db")).arg(sql)).ok();
}

const NEW_PERSON: &[u8] = br#"{"change":"person-add","name":"frank","groups":["dba-leads"]}"#;

#[test]
fn serving_waits_for_the_ceremony_and_it_happens_once() {
    let mut bastion = Bastion::start();
    bastion.stop();
    let told = Running::start(&mut bastion.countersign(["serve"])).wait().refused();
    assert!(told.contains("--before-ceremony"), "{told}");
    bastion.hold_ceremony();
    bastion.stop();
    let key = format!("mallory={}", bastion.person("erin").join("id_ed25519.pub").display());
    let mut again = Command::new(bastion.countersign([""]).get_program());
    again.arg("init").arg(bastion.node()).args(["--system", &key, "--security", &key, "--audit", &key]);
    run(&mut again).refused();
    assert_eq!(bastion.entries_of("ceremony").len(), 1);
}

#[test]
fn the_gateways_own_account_changes_nothing_any_more() {
    let bastion = with_administrators();
    for line in [
        &["person", "add", "mallory", "--group", "dba-leads"][..],
        &["person", "groups", "alice", "dba-leads"],
        &["person", "totp", "alice"],
        &["target", "set-address", "db-1", "--host", "127.0.0.2"],
    ] {
        run(bastion.countersign(["admin"]).args(line)).refused();
    }
    let people = bastion.admin(&["person", "list"]);
    assert!(!people.contains("mallory"), "{people}");
    bastion.run("alice", "web-1", "echo hello").ok();
    let told = run(&mut bastion.countersign(["replay", &bastion.newest_session()])).refused();
    assert!(told.contains("--gateway"), "{told}");
}

#[test]
fn one_administrator_widens_nothing_and_three_can() {
    let bastion = with_administrators();
    for name in ["sam", "abe", "alice"] {
        bastion.desk_with(name, "change", NEW_PERSON).refused();
    }
    let number = number_after("request ", &bastion.desk_with("sue", "change", NEW_PERSON).ok());
    bastion.answer(number, "approve", "sue").refused();
    assert!(!bastion.admin(&["person", "list"]).contains("frank"));
    bastion.approve(number, "sam");
    assert!(!bastion.admin(&["person", "list"]).contains("frank"), "one signature is not enough");
    bastion.approve(number, "abe");
    assert!(bastion.admin(&["person", "list"]).contains("frank"));
    bastion.answer(number, "approve", "abe").refused();
}

#[test]
fn what_takes_away_is_done_at_once() {
    let bastion = with_administrators();
    bastion.log_in("erin");
    let suspend = br#"{"change":"person-suspend","name":"erin"}"#;
    bastion.desk_with("sam", "change", suspend).refused();
    bastion.desk_with("sue", "change", suspend).ok();
    bastion.desk("erin", "requests").refused();
    let resume = br#"{"change":"person-resume","name":"erin"}"#;
    let told = bastion.desk_with("sue", "change", resume).ok();
    assert!(number_after("request ", &told) > 0, "re-admitting waits: {told}");
}

#[test]
fn nobody_holds_two_roles() {
    let bastion = with_administrators();
    let both = br#"{"change":"person-groups","name":"sam","groups":["system-administrators","security-administrators"]}"#;
    bastion.desk_with("sue", "change", both).refused();
}

#[test]
fn what_sql_says_is_not_honoured_and_raises_an_alert() {
    let bastion = with_administrators();
    for name in ["alice", "dave"] {
        bastion.log_in(name);
    }
    edit(&bastion, r#"UPDATE people SET groups = '["security-administrators"]' WHERE name = 'alice'"#);
    bastion.desk_with("alice", "change", NEW_PERSON).refused();
    edit(
        &bastion,
        "UPDATE person_keys SET person = (SELECT id FROM people WHERE name = 'sue')
             WHERE person = (SELECT id FROM people WHERE name = 'dave')",
    );
    bastion.desk_with("dave", "change", NEW_PERSON).refused();
    edit(&bastion, "UPDATE targets SET host = '127.0.0.9' WHERE name = 'db-1'");
    for what in ["person", "key", "target"] {
        bastion.until_entry("alert", |entry| entry["what"].as_str().is_some_and(|told| told.contains(what)));
    }
}

#[test]
fn a_policy_folder_that_nobody_approved_does_not_count() {
    let bastion = with_administrators();
    let quorums = bastion.node().join("policies/quorums.toml");
    let text = std::fs::read_to_string(&quorums).expect("the file");
    let lowered = text.replacen("of = \"dba-leads\", n = 2", "of = \"dba-leads\", n = 1", 1);
    assert_ne!(lowered, text);
    std::fs::write(&quorums, lowered).expect("the file");
    run(&mut bastion.countersign(["admin", "reload-policies"])).refused();
    let (_waiting, number) = bastion.held("alice", "db-1", "rm -rf production-data");
    let told = bastion.approve(number, "bob");
    assert!(told.contains("1 more of dba-leads"), "{told}");
    bastion.until_entry("alert", |entry| entry["what"].as_str().is_some_and(|what| what.contains("policy")));
}

#[test]
fn rows_that_appear_or_vanish_behind_the_gateway_raise_alerts() {
    let bastion = with_administrators();
    bastion.run("alice", "db-1", "echo before").ok();
    for (what, sql) in [
        ("session", "DELETE FROM sessions WHERE id = (SELECT id FROM sessions LIMIT 1)"),
        ("retention-days", "INSERT INTO settings (name, value) VALUES ('retention-days', '1')"),
        ("person", "DELETE FROM people WHERE name = 'erin'"),
        ("key", "DELETE FROM person_keys WHERE person = (SELECT id FROM people WHERE name = 'carol')"),
    ] {
        edit(&bastion, sql);
        let about = |entry: &Value| entry["what"].as_str().is_some_and(|told| told.contains(what));
        bastion.until_entry("alert", about);
    }
}

#[test]
fn a_decision_or_an_end_that_sql_wrote_starts_nothing() {
    let bastion = with_administrators();
    let victim = bastion.home().join("production-data");
    std::fs::create_dir_all(&victim).expect("a folder");
    let (mut waiting, number) = bastion.held("alice", "db-1", "rm -rf production-data");
    bastion.approve(number, "bob");
    edit(
        &bastion,
        "INSERT INTO decisions SELECT request, arrival + 1, (SELECT id FROM people WHERE name = 'carol'), answer,
             fingerprint, statement, signature, decided, mfa_age FROM decisions",
    );
    bastion.until_entry("alert", |_| true);
    edit(&bastion, "UPDATE requests SET state = 'used', version = version + 1");
    bastion.until_entry("alert", |entry| entry["what"].as_str().is_some_and(|what| what.contains("request")));
    assert!(victim.exists() && bastion.entries_of("grant").is_empty());
    waiting.kill();
}

#[test]
fn an_enrolment_code_is_told_in_two_halves_to_two_people() {
    let bastion = with_administrators();
    let asked = bastion.desk_with("sue", "change", br#"{"change":"person-enrol","name":"erin"}"#).ok();
    let number = number_after("request ", &asked);
    let between = bastion.approve(number, "sam");
    let last = bastion.approve(number, "abe");
    let halves: Vec<_> = [&asked, &last].iter().filter_map(|told| half(told)).collect();
    assert!(halves.len() == 2 && halves[0] != halves[1], "{asked}\n{last}");
    assert_eq!(half(&between), None, "{between}");
    let ledger = format!("{:?}", bastion.entries());
    assert!(halves.iter().all(|half| !ledger.contains(half.as_str())));
}

#[test]
fn what_changed_while_the_gateway_stood_still_is_found_at_the_start() {
    let mut bastion = with_administrators();
    bastion.log_in("alice");
    bastion.stop();
    edit(&bastion, r#"UPDATE people SET groups = '["security-administrators"]' WHERE name = 'alice'"#);
    edit(&bastion, "UPDATE targets SET level = 'recorded' WHERE name = 'db-1'");
    bastion.restart();
    for what in ["person", "target"] {
        bastion.until_entry("alert", |entry| entry["what"].as_str().is_some_and(|told| told.contains(what)));
    }
    bastion.desk_with("alice", "change", NEW_PERSON).refused();
    bastion.run("alice", "db-1", "python3 -c 'print(1)'").refused();
}
