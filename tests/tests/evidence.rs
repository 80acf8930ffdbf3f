//! Evidence of a request: fetched from a real gateway, checked far away with nothing but the file and the public key.

use std::path::PathBuf;
use std::process::Command;

use end_to_end::{Bastion, Done, countersign, run};
use serde_json::Value;

const DELETION: &str = "rm -rf production-data";

/// A folder of somebody who has only the file and the ledger's public key.
struct Auditor {
    folder: PathBuf,
}

impl Auditor {
    fn of(bastion: &Bastion, name: &str, bundle: &str) -> Self {
        let folder = bastion.scratch().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::copy(bastion.node().join("ledger.pub"), folder.join("ledger.pub")).expect("the key");
        let auditor = Self { folder };
        auditor.receives(bundle);
        auditor
    }

    fn receives(&self, bundle: &str) {
        std::fs::write(self.folder.join("evidence.json"), bundle).expect("the file");
    }

    fn verify(&self, language: &str) -> Done {
        let mut command = Command::new(countersign());
        command.current_dir(&self.folder).env_clear();
        command.args(["evidence", "verify", "evidence.json", "--key", "ledger.pub", "--language", language]);
        run(&mut command)
    }
}

/// A deletion by alice, approved by bob and carol, that ran; returns the number of its request.
fn deleted(bastion: &Bastion) -> u64 {
    std::fs::create_dir_all(bastion.home().join("production-data")).expect("a folder");
    let (waiting, number) = bastion.held("alice", "db-1", DELETION);
    bastion.approve(number, "bob");
    bastion.approve(number, "carol");
    waiting.finish().ok();
    bastion.until_entry("session-close", |_| true);
    number
}

fn fetched(bastion: &Bastion, person: &str, number: u64) -> String {
    bastion.desk(person, &format!("evidence {number}")).ok()
}

#[test]
fn the_file_and_the_public_key_are_enough_to_check_the_whole_story() {
    let bastion = Bastion::start();
    let number = deleted(&bastion);
    let auditor = Auditor::of(&bastion, "far-away", &fetched(&bastion, "bob", number));
    let told = auditor.verify("en").ok();
    for fact in [
        "alice (p-",
        "db-1 (env=prod, tier=core-data)",
        "'rm' '-rf' 'production-data'",
        "data.destroy",
        "bob (p-",
        "carol (p-",
        "2 of dba-leads",
        "it ran, once",
        "finished",
        "VALID",
    ] {
        assert!(told.contains(fact), "{fact} is not in\n{told}");
    }
    let chinese = auditor.verify("zh-CN").ok();
    assert!(chinese.contains("执行了一次") && chinese.contains("有效"), "{chinese}");
    assert_eq!(bastion.entries_of("evidence").len(), 1, "that it was handed out is on the record");
}

#[test]
fn the_command_writes_a_file_for_its_owner_alone_and_over_no_other() {
    let bastion = Bastion::start();
    let number = deleted(&bastion);
    bastion.log_in("alice");
    let file = bastion.scratch().join("out.json");
    let fetch = || {
        let mut command =
            bastion.countersign(["evidence", &number.to_string(), "--gateway", "alice@gateway"]);
        run(command.arg("-F").arg(bastion.ssh_config()).arg("-o").arg(&file))
    };
    fetch().ok();
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(&file).expect("it is there").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    assert!(fetch().refused().contains("cannot write"));
    let text = std::fs::read_to_string(&file).expect("text");
    Auditor::of(&bastion, "auditor", &text).verify("en").ok();
}

#[test]
fn strangers_get_none_and_the_status_tells_what_is_wrong() {
    let bastion = Bastion::start();
    let number = deleted(&bastion);
    bastion.desk("erin", &format!("evidence {number}")).refused();
    let bundle = fetched(&bastion, "carol", number);
    let auditor = Auditor::of(&bastion, "auditor", &bundle);
    assert_eq!(auditor.verify("en").code(), 0);
    auditor.receives(&bundle.replace("production-data", "something-else"));
    let told = auditor.verify("en");
    assert!(told.code() == 1 && told.text().contains("NOT VALID"), "{}", told.text());
    auditor.receives("{}\n");
    assert_eq!(auditor.verify("en").code(), 2);
    let other = Bastion::start();
    std::fs::copy(other.node().join("ledger.pub"), auditor.folder.join("ledger.pub")).expect("a key");
    auditor.receives(&bundle);
    assert_eq!(auditor.verify("en").code(), 1, "another ledger's key");
}

#[test]
fn no_proof_hash_or_checkpoint_can_be_exchanged() {
    let bastion = Bastion::start();
    let number = deleted(&bastion);
    let early: Value = serde_json::from_str(&fetched(&bastion, "bob", number)).expect("JSON");
    let late: Value = serde_json::from_str(&fetched(&bastion, "bob", number)).expect("JSON");
    let auditor = Auditor::of(&bastion, "auditor", "");
    let mut tried = 0;
    let beside_the_story = |path: &String| !path.starts_with("/story");
    for path in leaves(&early, String::new()).into_iter().filter(beside_the_story) {
        let mut mutant = early.clone();
        let place = mutant.pointer_mut(&path).expect("it is there");
        *place = match late.pointer(&path) {
            Some(other) if other != place => other.clone(),
            _ => bent(place),
        };
        tried += 1;
        auditor.receives(&format!("{mutant}\n"));
        assert_ne!(auditor.verify("en").code(), 0, "{path} was exchanged");
    }
    assert!(tried > 60, "{tried}");
    auditor.receives(&format!("{early}\n"));
    assert_eq!(auditor.verify("en").code(), 0, "the harness writes what the product writes");
}

/// Pointers to every value that holds no other.
fn leaves(value: &Value, path: String) -> Vec<String> {
    let below: Vec<(String, &Value)> = match value {
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.replace('/', "~1"), field)).collect()
        }
        _ => return vec![path],
    };
    below.into_iter().flat_map(|(name, value)| leaves(value, format!("{path}/{name}"))).collect()
}

fn bent(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let mut text = text.clone();
            let first = if text.starts_with('A') { "B" } else { "A" };
            text.replace_range(..text.chars().next().map_or(0, char::len_utf8), first);
            text.into()
        }
        Value::Number(number) => (number.as_i64().unwrap_or_default() + 1).into(),
        Value::Bool(yes) => (!yes).into(),
        _ => "x".into(),
    }
}
