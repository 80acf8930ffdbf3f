//! A destructive act waits until two other people have signed for exactly that act, and then runs once.

use std::path::Path;

use end_to_end::{Bastion, Done, Plan, Running, Terminal, run};

const DELETION: &str = "rm -rf production-data";

fn stands(bastion: &Bastion) -> bool {
    bastion.home().join("production-data/customers.csv").exists()
}

/// Hands a signature in as `person`.
fn hand_in(bastion: &Bastion, person: &str, number: u64, signature: &str) -> Done {
    bastion.desk_with(person, &format!("approve {number}"), signature.as_bytes())
}

fn sign(bastion: &Bastion, person: &str, text: &str) -> String {
    bastion.sign(&bastion.person(person).join("id_ed25519"), "countersign", text)
}

/// One valid approval afterwards shows that the refused one spoilt nothing; two make the command run.
fn still_takes_two(bastion: &Bastion, mut waiting: Running, number: u64, already: &[&str]) {
    for person in ["bob", "carol"] {
        if !already.contains(&person) {
            assert!(stands(bastion), "it ran before the second signature");
            bastion.approve(number, person);
        }
    }
    assert_eq!(waiting.wait().code(), 0, "{}", waiting.stderr());
    assert!(!stands(bastion));
}

#[test]
fn the_requester_sees_at_once_what_is_held_why_for_whom_and_until_when() {
    let bastion = Bastion::start();
    let (mut waiting, number) = bastion.held("alice", "db-1", DELETION);
    let seen = waiting.until_stderr("until");
    for fact in ["request 1 on db-1", "'rm' '-rf' 'production-data'", "data.destroy", "bob", "carol", "until"]
    {
        assert!(seen.contains(fact), "{fact:?} is not in: {seen}");
    }
    assert!(seen.contains("Nothing has run") && !seen.contains("alice,"), "{seen}");
    assert_eq!(number, 1);
    assert!(!waiting.has_ended(), "the connection stays alive");
}

#[test]
fn two_signatures_run_it_once_in_the_waiting_session() {
    let bastion = Bastion::start();
    let (mut waiting, number) = bastion.held("alice", "db-1", DELETION);
    assert!(bastion.approve(number, "bob").contains("Still needed"));
    waiting.until_stderr("bob");
    assert!(stands(&bastion), "one signature is not two");
    assert!(bastion.approve(number, "carol").contains("quorum is met"));
    let done = waiting.finish();
    assert_eq!(done.code(), 0, "{}", done.stderr);
    assert!(done.stderr.contains("approved by bob, carol"), "{}", done.stderr);
    assert!(!stands(&bastion));
    assert_eq!(bastion.entries_of("grant").len(), 1);
    assert_eq!(bastion.entries_of("approval").len(), 2);
}

#[test]
fn what_ran_returns_its_own_output_and_status() {
    let bastion = Bastion::start();
    let (waiting, number) = bastion.held("alice", "db-1", "rm -v production-data/customers.csv missing");
    bastion.approve(number, "bob");
    bastion.approve(number, "carol");
    let done = waiting.finish();
    assert_eq!(done.code(), 1);
    assert_eq!(done.text(), "removed 'production-data/customers.csv'\n");
    assert!(done.stderr.contains("missing"), "{}", done.stderr);
}

#[test]
fn a_second_run_needs_a_new_request() {
    let bastion = Bastion::start();
    let (waiting, first) = bastion.held("alice", "db-1", DELETION);
    let statement = bastion.statement("bob", first, "approve");
    let replay = sign(&bastion, "bob", &statement);
    bastion.approve(first, "bob");
    bastion.approve(first, "carol");
    waiting.finish().ok();
    std::fs::create_dir(bastion.home().join("production-data")).unwrap();
    std::fs::write(bastion.home().join("production-data/customers.csv"), "restored\n").unwrap();
    let (_waiting, second) = bastion.held("alice", "db-1", DELETION);
    assert_eq!(second, first + 1);
    assert!(
        hand_in(&bastion, "bob", second, &replay).refused().contains("refused"),
        "an approval serves once"
    );
    assert!(hand_in(&bastion, "bob", first, &replay).refused().contains("used already"));
    assert!(stands(&bastion));
}

#[test]
fn the_requester_cannot_approve_their_own_request() {
    let bastion = Bastion::start();
    bastion.admin(&["person", "groups", "alice", "ops", "dba-leads"]);
    let (waiting, number) = bastion.held("alice", "db-1", DELETION);
    let told = bastion.answer(number, "approve", "alice").refused();
    assert!(told.contains("your own"), "{told}");
    bastion.approve(number, "bob");
    assert!(bastion.answer(number, "approve", "alice").refused().contains("your own"));
    still_takes_two(&bastion, waiting, number, &["bob"]);
}

#[test]
fn one_person_counts_once_also_with_a_second_key() {
    let bastion = Bastion::start();
    let second = bastion.new_key("second", "ecdsa");
    bastion.enrol_key("bob", &second.with_extension("pub"));
    let (waiting, number) = bastion.held("alice", "db-1", DELETION);
    bastion.approve(number, "bob");
    assert!(bastion.answer(number, "approve", "bob").refused().contains("counts once"));
    let other = bastion.sign(&second, "countersign", &bastion.statement("bob", number, "approve"));
    assert!(hand_in(&bastion, "bob", number, &other).refused().contains("counts once"));
    still_takes_two(&bastion, waiting, number, &["bob"]);
}

#[test]
fn people_of_other_groups_neither_see_nor_approve() {
    let bastion = Bastion::start();
    let (waiting, number) = bastion.held("alice", "db-1", DELETION);
    for person in ["erin", "dave"] {
        assert!(!bastion.desk(person, "requests").ok().contains("production-data"));
        let statement = bastion.statement("bob", number, "approve");
        let signature = sign(&bastion, person, &statement);
        hand_in(&bastion, person, number, &signature).refused();
    }
    still_takes_two(&bastion, waiting, number, &[]);
}

#[test]
fn approvers_see_the_act_in_the_list_and_in_full() {
    let bastion = Bastion::start();
    let (_waiting, number) = bastion.held("alice", "db-1", DELETION);
    let list = bastion.desk("bob", "requests").ok();
    assert!(list.contains("'rm' '-rf' 'production-data'") && list.contains("alice"), "{list}");
    let shown = bastion.desk("carol", &format!("show {number}")).ok();
    for fact in ["db-1", "env=prod", "tier=core-data", bastion.login(), "alice", "data.destroy", "sha256:"] {
        assert!(shown.contains(fact), "{fact:?} is not in: {shown}");
    }
}

#[test]
fn a_signature_over_anything_else_is_refused_with_the_reason() {
    let bastion = Bastion::start();
    let (_other_waiting, other) = bastion.held("alice", "db-1", "rm -f production-data/customers.csv");
    let (waiting, number) = bastion.held("alice", "db-1", DELETION);
    let statement = bastion.statement("bob", number, "approve");
    let key = bastion.person("bob").join("id_ed25519");
    let stranger = bastion.new_key("stranger", "ed25519");
    let carols = bastion.person("carol").join("id_ed25519");
    let sign = |key: &Path, namespace: &str, text: &str| bastion.sign(key, namespace, text);
    let attempts = [
        (
            "another request",
            sign(&key, "countersign", &bastion.statement("bob", other, "approve")),
            "Sign exactly",
        ),
        ("a denial", sign(&key, "countersign", &bastion.statement("bob", number, "deny")), "Sign exactly"),
        (
            "changed text",
            sign(&key, "countersign", &statement.replace("production-data", "other-data")),
            "Sign exactly",
        ),
        ("a trimmed text", sign(&key, "countersign", statement.trim_end()), "Sign exactly"),
        ("another namespace", sign(&key, "file", &statement), "namespace"),
        ("a key that is not enrolled", sign(&stranger, "countersign", &statement), "not enrolled"),
        ("somebody else's key", sign(&carols, "countersign", &statement), "not enrolled"),
        ("no signature", "approved, really\n".to_owned(), "refused"),
        ("nothing", String::new(), "refused"),
    ];
    for (what, signature, reason) in &attempts {
        let told = hand_in(&bastion, "bob", number, signature).refused();
        assert!(told.contains("refused") && told.contains(reason), "{what}: {told}");
    }
    assert_eq!(bastion.entries_of("approval").len(), 0);
    assert!(bastion.entries_of("approval-refused").len() >= attempts.len(), "each is on the record");
    still_takes_two(&bastion, waiting, number, &[]);
}

#[test]
fn a_suspended_person_can_neither_sign_nor_keep_a_signature_counting() {
    let bastion = Bastion::start();
    let (mut waiting, number) = bastion.held("alice", "db-1", DELETION);
    bastion.approve(number, "bob");
    waiting.until_stderr("bob");
    let signature = sign(&bastion, "carol", &bastion.statement("carol", number, "approve"));
    bastion.admin(&["person", "suspend", "carol"]);
    hand_in(&bastion, "carol", number, &signature).refused();
    bastion.admin(&["person", "suspend", "bob"]);
    bastion.admin(&["person", "resume", "carol"]);
    bastion.log_in_again("carol");
    let told = hand_in(&bastion, "carol", number, &signature).ok();
    assert!(told.contains("Still needed"), "bob's signature no longer counts: {told}");
    assert!(stands(&bastion));
    bastion.admin(&["person", "resume", "bob"]);
    assert_eq!(waiting.wait().code(), 0, "{}", waiting.stderr());
}

#[test]
fn a_key_that_was_removed_takes_its_signature_with_it() {
    let bastion = Bastion::start();
    let second = bastion.new_key("second", "ed25519");
    bastion.enrol_key("bob", &second.with_extension("pub"));
    let (_waiting, number) = bastion.held("alice", "db-1", DELETION);
    let signature = bastion.sign(&second, "countersign", &bastion.statement("bob", number, "approve"));
    hand_in(&bastion, "bob", number, &signature).ok();
    let listed = run(std::process::Command::new("ssh-keygen").arg("-lf").arg(&second)).ok();
    let fingerprint = listed.split_whitespace().nth(1).unwrap();
    bastion.admin(&["key", "remove", "bob", fingerprint]);
    assert!(bastion.approve(number, "carol").contains("Still needed"));
    assert!(stands(&bastion));
}

#[test]
fn one_denial_ends_it() {
    let bastion = Bastion::start();
    let (waiting, number) = bastion.held("alice", "db-1", DELETION);
    bastion.approve(number, "bob");
    assert!(bastion.answer(number, "deny", "carol").ok().contains("denied"));
    let told = waiting.finish().refused();
    assert!(told.contains("denied by carol"), "{told}");
    assert!(stands(&bastion));
    assert_eq!(bastion.entries_of("request-end")[0]["state"], "denied");
}

#[test]
fn ctrl_c_gives_it_up() {
    let bastion = Bastion::start();
    let ssh = bastion.ssh("alice", "db-1");
    let mut ssh_tty = std::process::Command::new(ssh.get_program());
    ssh_tty.arg("-tt").args(ssh.get_args()).arg(DELETION);
    let shown = Terminal::run(&ssh_tty, "wait(b'HELD as request')\nkey(b'\\x03')\nrest()");
    assert!(shown.contains("given up") && shown.contains("exit status 130"), "{shown}");
    assert!(stands(&bastion));
    assert_eq!(bastion.entries_of("request-end")[0]["state"], "abandoned");
    assert!(bastion.answer(1, "approve", "bob").refused().contains("abandoned"));
}

#[test]
fn a_lost_connection_gives_it_up() {
    let bastion = Bastion::start();
    let (mut waiting, number) = bastion.held("alice", "db-1", DELETION);
    bastion.approve(number, "bob");
    waiting.kill();
    let ended = bastion.until_entry("request-end", |_| true);
    assert_eq!((&ended["state"], ended["request"].as_u64()), (&"abandoned".into(), Some(number)));
    bastion.answer(number, "approve", "carol").refused();
    assert!(stands(&bastion));
}

#[test]
fn a_request_lapses_and_silence_is_not_consent() {
    let bastion = Plan::shipped().expires_seconds(60).start();
    let (waiting, number) = bastion.held("alice", "db-1", DELETION);
    let late = sign(&bastion, "carol", &bastion.statement("carol", number, "approve"));
    bastion.approve(number, "bob");
    let told = waiting.finish().refused();
    assert!(told.contains("lapsed"), "{told}");
    assert!(stands(&bastion));
    let told = hand_in(&bastion, "carol", number, &late).refused();
    assert!(told.contains("expired"), "{told}");
    assert_eq!(bastion.entries_of("request-end")[0]["state"], "expired");
}

#[test]
fn policies_that_change_meanwhile_end_it() {
    let bastion = Bastion::start();
    let (waiting, number) = bastion.held("alice", "db-1", DELETION);
    bastion.approve(number, "bob");
    let file = bastion.node().join("policies/production.cedar");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text + "\n// One more line.\n").unwrap();
    bastion.admin(&["reload-policies"]);
    let _ = bastion.answer(number, "approve", "carol");
    let told = waiting.finish().refused();
    assert!(told.contains("policies changed"), "{told}");
    assert!(stands(&bastion));
}

#[test]
fn countersign_approve_does_the_same_with_a_look_and_a_question() {
    let bastion = Bastion::start();
    let (waiting, number) = bastion.held("alice", "db-1", DELETION);
    let decide = |person: &str, answer: &[u8]| {
        bastion.log_in(person);
        let number = number.to_string();
        let mut command =
            bastion.countersign(["approve", &number, "--gateway", &format!("{person}@gateway")]);
        command
            .arg("-F")
            .arg(bastion.ssh_config())
            .arg("--key")
            .arg(bastion.person(person).join("id_ed25519"));
        end_to_end::run_with_input(&mut command, answer)
    };
    let told = decide("bob", b"yes\n").refused();
    assert!(told.contains("nothing was signed") && told.contains("'rm' '-rf' 'production-data'"), "{told}");
    decide("bob", b"approve\n").ok();
    decide("carol", b"approve\n").ok();
    waiting.finish().ok();
    assert!(!stands(&bastion));
}

#[test]
fn countersign_approve_signs_with_the_agent() {
    let bastion = Bastion::start();
    let (_waiting, number) = bastion.held("alice", "db-1", DELETION);
    bastion.log_in("bob");
    let socket = bastion.scratch().join("agent");
    let mut agent = Running::start(std::process::Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket));
    agent.until_stdout("SSH_AUTH_SOCK");
    let mut add = std::process::Command::new("ssh-add");
    run(add.arg("-q").arg(bastion.person("bob").join("id_ed25519")).env("SSH_AUTH_SOCK", &socket)).ok();
    let mut approve =
        bastion.countersign(["approve", &number.to_string(), "--gateway", "bob@gateway", "--yes"]);
    let told = run(approve.arg("-F").arg(bastion.ssh_config()).env("SSH_AUTH_SOCK", &socket)).ok();
    assert!(told.contains("recorded"), "{told}");
}
