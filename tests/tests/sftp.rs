//! SFTP is spoken by the gateway: every operation is judged where it leads on the target, and what crossed is on record.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use end_to_end::{Bastion, Done, Plan, Running, run, run_with_input};

fn sftp(bastion: &Bastion, target: &str, script: &str) -> Done {
    bastion.log_in("alice");
    let mut sftp = bastion.client("sftp");
    run_with_input(sftp.args(["-q", "-b", "-", &bastion.place("alice", target)]), script.as_bytes())
}

/// Starts it with what must wait for others.
fn waiting(bastion: &Bastion, target: &str, script: &str) -> Running {
    bastion.log_in("alice");
    let mut sftp = bastion.client("sftp");
    let mut sftp = Running::start(sftp.args(["-q", "-b", "-", &bastion.place("alice", target)]));
    sftp.write(script.as_bytes());
    sftp
}

fn scp(bastion: &Bastion, from: &str, to: &str) -> Command {
    bastion.log_in("alice");
    let mut scp = bastion.client("scp");
    scp.args(["-q", "-s", "-r", from, to]);
    scp
}

fn remote(bastion: &Bastion, target: &str, path: &str) -> String {
    format!("{}:{path}", bastion.place("alice", target))
}

fn scratch(bastion: &Bastion, name: &str, content: &str) -> String {
    let path = bastion.scratch().join(name);
    fs::write(&path, content).expect("a file");
    path.display().to_string()
}

fn sha256(path: &Path) -> String {
    run(Command::new("sha256sum").arg(path)).ok().split_whitespace().next().expect("a digest").to_owned()
}

fn customers(bastion: &Bastion) -> String {
    fs::read_to_string(bastion.home().join("production-data/customers.csv")).expect("the data is there")
}

const DATA: &str = "id,name\n1,Ana\n";

#[test]
fn new_files_pass_on_a_command_gated_target() {
    let bastion = Bastion::start();
    let file = scratch(&bastion, "file", "new\n");
    run(&mut scp(&bastion, &file, &remote(&bastion, "db-1", "came-in"))).ok();
    assert_eq!(fs::read_to_string(bastion.home().join("came-in")).unwrap(), "new\n");
    let listed = sftp(&bastion, "db-1", &format!("ls -l\nmkdir made\nput {file} made/second\n")).ok();
    assert!(listed.contains("came-in"), "{listed}");
    assert!(bastion.home().join("made/second").is_file());
}

#[test]
fn a_download_from_core_data_is_refused_with_its_rule() {
    let bastion = Bastion::start();
    let copy = bastion.scratch().join("copy");
    let path = "production-data/customers.csv";
    let told =
        run(&mut scp(&bastion, &remote(&bastion, "db-1", path), &copy.display().to_string())).refused();
    assert!(told.contains("no-downloads-of-core-data") && told.contains("customers.csv"), "{told}");
    let told = sftp(&bastion, "db-1", &format!("get {path} {}\n", copy.display())).refused();
    assert!(told.contains("no-downloads-of-core-data"), "{told}");
    assert!(fs::read_to_string(&copy).unwrap_or_default().is_empty());
    let denied = bastion.entries_of("decision").into_iter().filter(|entry| entry["act"] == "read-file");
    assert!(denied.map(|entry| entry["verdict"].clone()).all(|verdict| verdict == "deny"));
}

#[test]
fn an_overwrite_waits_for_two_and_then_happens_once() {
    let bastion = Bastion::start();
    let file = scratch(&bastion, "file", "replaced\n");
    let mut copying =
        Running::start(&mut scp(&bastion, &file, &remote(&bastion, "db-1", "production-data/customers.csv")));
    let notice = copying.until_stderr("HELD as request 1");
    assert!(notice.contains("data.destroy"), "{notice}");
    bastion.approve(1, "bob");
    assert_eq!(customers(&bastion), DATA);
    bastion.approve(1, "carol");
    copying.wait().ok();
    assert_eq!(customers(&bastion), "replaced\n");
}

#[test]
fn a_removal_waits_and_leaving_withdraws_it() {
    let bastion = Bastion::start();
    let mut removing = waiting(&bastion, "db-1", "rm production-data/customers.csv\n");
    removing.until_stderr("HELD as request 1");
    removing.kill();
    bastion.until_entry("request-end", |entry| entry["state"] == "abandoned");
    assert_eq!(customers(&bastion), DATA);
    bastion.answer(1, "approve", "bob").refused();
}

#[test]
fn a_denied_removal_does_not_happen_and_the_session_goes_on() {
    let bastion = Bastion::start();
    let mut removing = waiting(&bastion, "db-1", "-rm production-data/customers.csv\nmkdir after\n");
    removing.until_stderr("HELD as request 1");
    removing.close_stdin();
    bastion.answer(1, "deny", "bob").ok();
    let done = removing.wait();
    assert!(done.stderr.contains("denied by bob"), "{done:?}");
    assert_eq!(customers(&bastion), DATA);
    assert!(bastion.home().join("after").is_dir());
}

#[test]
fn a_link_on_the_target_widens_nothing() {
    let bastion = Bastion::start();
    let file = scratch(&bastion, "file", "planted\n");
    symlink("production-data", bastion.home().join("harmless")).unwrap();
    symlink("production-data/customers.csv", bastion.home().join("new.txt")).unwrap();
    for path in ["harmless/customers.csv", "new.txt", "./harmless/../new.txt"] {
        let mut copying = waiting(&bastion, "db-1", &format!("put {file} {path}\n"));
        let notice = copying.until_stderr("approvers");
        assert!(notice.contains("production-data/customers.csv"), "{path}: {notice}");
        copying.kill();
    }
    let copy = bastion.scratch().join("copy");
    let told = sftp(&bastion, "db-1", &format!("get new.txt {}\n", copy.display())).refused();
    assert!(told.contains("production-data/customers.csv"), "{told}");
    assert_eq!(customers(&bastion), DATA);
}

#[test]
fn renames_and_links_do_not_lead_round_a_rule() {
    let bastion = Bastion::start();
    for line in [
        "rename production-data/customers.csv gone",
        "symlink /etc/passwd linked",
        "ln production-data/customers.csv second",
        "chmod 4777 production-data/customers.csv",
        "rmdir production-data",
    ] {
        let mut attempt = waiting(&bastion, "db-1", &format!("{line}\n"));
        attempt.until_stderr("HELD as request");
        attempt.kill();
    }
    for name in ["gone", "linked", "second"] {
        assert!(bastion.home().join(name).symlink_metadata().is_err(), "{name}");
    }
    assert_eq!(customers(&bastion), DATA);
}

#[test]
fn keys_are_not_planted_by_upload() {
    let bastion = Bastion::start();
    fs::create_dir(bastion.home().join(".ssh")).unwrap();
    let key = scratch(&bastion, "key", "ssh-ed25519 AAAA mallory\n");
    for path in [".ssh/authorized_keys", "production-data/../.ssh/authorized_keys"] {
        let mut attempt = waiting(&bastion, "db-1", &format!("put {key} {path}\n"));
        let decision = bastion.until_entry("decision", |entry| entry["act"] == "write-file");
        assert_ne!(decision["verdict"], "allow");
        attempt.kill();
    }
    assert!(!bastion.home().join(".ssh/authorized_keys").exists());
}

#[test]
fn a_replay_lists_what_crossed_with_its_digest() {
    let bastion = Bastion::start();
    let file = scratch(&bastion, "file", &"0123456789abcdef\n".repeat(40_000));
    let copy = bastion.scratch().join("copy");
    sftp(&bastion, "web-1", &format!("put {file} up\nget up {}\n", copy.display())).ok();
    assert_eq!(fs::read_to_string(&copy).unwrap(), fs::read_to_string(&file).unwrap());
    let session = bastion.newest_session();
    bastion.until_entry("session-close", |entry| entry["session"] == session.as_str());
    let shown = bastion.replayed(&session);
    let digest = sha256(Path::new(&file));
    for direction in ["upload", "download"] {
        let line = shown.lines().find(|line| line.starts_with(direction));
        let line = line.unwrap_or_else(|| panic!("no {direction} in {shown:?}"));
        assert!(line.contains(&digest) && line.contains("680000 bytes") && line.contains("/up"), "{line}");
    }
    assert!(!shown.contains("0123456789abcdef"), "content is not shown");
}

#[test]
fn content_is_recorded_only_where_a_copy_is_owed() {
    for (annotation, least, most) in [("", 0, 100_000), ("@keep_copy(\"yes\")\n", 400_000, u64::MAX)] {
        let rule = "@id(\"ops-work-on-recorded-production\")";
        let plan = Plan::shipped().file("policies/production.cedar", rule, &format!("{annotation}{rule}"));
        let bastion = plan.start();
        let file = scratch(&bastion, "file", &"x".repeat(400_000));
        run(&mut scp(&bastion, &file, &remote(&bastion, "web-1", "up"))).ok();
        let closed = bastion.until_entry("session-close", |_| true);
        let bytes = closed["bytes"].as_u64().unwrap();
        assert!((least..most).contains(&bytes), "{annotation}: {bytes}");
    }
}

#[test]
fn a_limit_of_bytes_holds_in_both_directions() {
    let rule = "@id(\"ops-work-on-recorded-production\")";
    let limited = format!("@max_bytes(\"100000\")\n{rule}");
    let bastion = Plan::shipped().file("policies/production.cedar", rule, &limited).start();
    let small = scratch(&bastion, "small", &"s".repeat(100_000));
    let large = scratch(&bastion, "large", &"l".repeat(100_001));
    let copy = bastion.scratch().join("copy");
    run(&mut scp(&bastion, &small, &remote(&bastion, "web-1", "small"))).ok();
    let told = run(&mut scp(&bastion, &large, &remote(&bastion, "web-1", "large"))).refused();
    assert!(told.contains("100000 bytes"), "{told}");
    assert!(fs::metadata(bastion.home().join("large")).unwrap().len() <= 100_000);
    fs::write(bastion.home().join("on-target"), "t".repeat(150_000)).unwrap();
    let told = run(&mut scp(&bastion, &remote(&bastion, "web-1", "on-target"), &copy.display().to_string()));
    assert!(told.refused().contains("100000 bytes"));
    assert!(fs::metadata(&copy).unwrap().len() <= 100_000);
    let back = bastion.scratch().join("back");
    run(&mut scp(&bastion, &remote(&bastion, "web-1", "small"), &back.display().to_string())).ok();
}

#[test]
fn a_tree_goes_up_to_a_command_gated_target_without_a_signature() {
    let bastion = Bastion::start();
    let tree = bastion.scratch().join("tree");
    fs::create_dir_all(tree.join("deep/er")).unwrap();
    for number in 0..20 {
        fs::write(tree.join(format!("deep/file-{number}")), format!("{number}\n")).unwrap();
    }
    fs::write(tree.join("deep/er/上海 notes"), "n\n").unwrap();
    let mut copying = scp(&bastion, &tree.display().to_string(), &remote(&bastion, "db-1", "up"));
    run(&mut copying).ok();
    run(Command::new("diff").arg("-r").args([&tree, &bastion.home().join("up")])).ok();
}
