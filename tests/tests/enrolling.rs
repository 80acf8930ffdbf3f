//! Enrolment by a code in two halves, as a newcomer meets it: one dialogue over ssh, and nothing else.

use end_to_end::{Bastion, CONFIRM, Plan, Running, Terminal, half, number_after, recovery_codes, run};
use serde_json::json;

/// After the ceremony, with a person `frank` who has nothing yet.
fn with_frank(plan: Plan) -> Bastion {
    let mut bastion = plan.start();
    bastion.hold_ceremony();
    bastion.change(&json!({ "change": "person-add", "name": "frank", "groups": ["ops"] }));
    bastion
}

fn keys_enrolled(bastion: &Bastion) -> usize {
    bastion.entries_of("key").iter().filter(|entry| entry["change"] == "enrolled").count()
}

#[test]
fn a_newcomer_enrols_key_authenticator_and_recovery_codes_in_one_dialogue() {
    let bastion = with_frank(Plan::shipped());
    let [first, second] = bastion.halves("person-enrol", "frank");
    let key = bastion.new_key("frank", "ed25519");
    let before = keys_enrolled(&bastion);
    let shown = bastion.enrolment(&key, "frank", [&first, &second], CONFIRM);
    assert!(shown.contains("Enrolled: SHA256:") && shown.contains("exit status 0"), "{shown}");
    assert!(shown.contains("otpauth://totp/Countersign:frank"), "{shown}");
    let rows = shown.lines().filter(|line| line.matches(['█', '▀', '▄']).count() > 20).count();
    assert!(rows > 12, "the QR code has {rows} rows:\n{shown}");
    assert_eq!(keys_enrolled(&bastion), before + 1);

    let codes = recovery_codes(&shown);
    assert_eq!(codes.len(), 10, "{shown}");
    assert!(bastion.desk_by("frank", &key, &codes[0], "help").ok().contains("requests"));
    bastion.desk_by("frank", &key, &codes[0], "help").refused();
    bastion.desk_by("frank", &key, &codes[1], "help").ok();
    let ledger = format!("{:?}", bastion.entries());
    assert!(codes.iter().all(|code| !ledger.contains(code.as_str())), "codes are kept as hashes alone");

    let again = bastion.enrolment(&bastion.new_key("second", "ed25519"), "frank", [&first, &second], "");
    assert!(again.contains("Permission denied"), "a code is good once: {again}");
    assert_eq!(keys_enrolled(&bastion), before + 1);
}

#[test]
fn wrong_halves_or_another_persons_enrol_nothing_and_leave_the_code_good() {
    let bastion = with_frank(Plan::shipped());
    let [first, second] = bastion.halves("person-enrol", "frank");
    let key = bastion.new_key("frank", "ed25519");
    let before = keys_enrolled(&bastion);
    for (name, halves) in [
        ("frank", [&*first, &*first]),
        ("frank", [&*second, &*first]),
        ("erin", [&*first, &*second]),
        ("nobody", [&*first, &*second]),
    ] {
        let told = bastion.enrolment(&key, name, halves, "");
        assert!(told.contains("Permission denied") && !told.contains("otpauth"), "{name}: {told}");
    }
    let left =
        bastion.enrolment(&key, "frank", [&first, &second], "wait(b'authenticator shows'); key(b'\\x03')\n");
    assert!(left.contains("Nothing was enrolled; the code is still good"), "{left}");
    assert_eq!(keys_enrolled(&bastion), before);
    let shown = bastion.enrolment(&key, "frank", [&first, &second], CONFIRM);
    assert!(shown.contains("Enrolled: "), "{shown}");
    let told = bastion.desk_by("erin", &key, &recovery_codes(&shown)[0], "help").refused();
    assert!(told.contains("Permission denied"), "the key is frank's alone: {told}");
}

#[test]
fn a_code_that_is_over_enrols_nothing() {
    let plan = Plan::shipped().config("enrolment_code_minutes = 1440", "enrolment_code_minutes = 1");
    let bastion = with_frank(plan);
    let [first, second] = bastion.halves("person-enrol", "frank");
    std::thread::sleep(std::time::Duration::from_secs(61));
    let before = keys_enrolled(&bastion);
    let told = bastion.enrolment(&bastion.new_key("late", "ed25519"), "frank", [&first, &second], "");
    assert!(told.contains("Permission denied"), "{told}");
    assert_eq!(keys_enrolled(&bastion), before);
}

#[test]
fn recovery_takes_two_others_ends_what_was_and_begins_anew() {
    let mut bastion = Bastion::start();
    bastion.hold_ceremony();
    let mut open = Running::start(bastion.ssh("erin", "web-1").arg("echo ready; sleep 300"));
    open.until_stdout("ready");
    let recover = json!({ "change": "person-recover", "name": "erin" });
    bastion.desk_with("erin", "change", recover.to_string().as_bytes()).refused();
    let asked = bastion.desk_with("sue", "change", recover.to_string().as_bytes()).ok();
    let number = number_after("request ", &asked);
    bastion.answer(number, "approve", "sue").refused();
    bastion.approve(number, "sam");
    assert!(!open.has_ended(), "one signature is not enough");
    let last = bastion.approve(number, "abe");
    let told = open.wait().refused();
    assert!(told.contains("countersign:"), "{told}");
    run(bastion.client("ssh").args(["erin@gateway", "help"])).refused();

    let halves = [asked, last].map(|told| half(&told).unwrap());
    let key = bastion.new_key("found", "ed25519");
    let shown = bastion.enrolment(&key, "erin", [&halves[0], &halves[1]], CONFIRM);
    bastion.desk_by("erin", &key, &recovery_codes(&shown)[0], "help").ok();
    let old = bastion.desk_by("erin", &bastion.person("erin").join("id_ed25519"), "000000", "help");
    assert!(old.refused().contains("Permission denied"));
}

#[test]
fn a_newcomer_can_do_nothing_but_enrol() {
    let bastion = with_frank(Plan::shipped());
    let [first, second] = bastion.halves("person-enrol", "frank");
    let key = bastion.new_key("frank", "ed25519");
    let mut ssh = bastion.knock(&key);
    ssh.arg("targets");
    let script = format!(
        "wait(b'Your name'); key(b'frank\\n')\nwait(b'First half'); key(b'{first}\\n')\n\
         wait(b'Second half'); key(b'{second}\\n')\nrest()\n"
    );
    let told = Terminal::run(&ssh, &script);
    assert!(told.contains("can do nothing but enrol") && !told.contains("web-1"), "{told}");
}
