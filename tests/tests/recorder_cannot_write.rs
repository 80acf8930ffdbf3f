//! When the recording cannot be written, running sessions pause and then end with an explanation, and none starts.

use std::process::Command;

use end_to_end::{Bastion, Plan, Running, eventually, run};

fn impatient() -> Plan {
    Plan::shipped().config("patience_seconds = 10", "patience_seconds = 2")
}

/// A ledger folder on a file system of that many MiB; `None` where nothing may be mounted.
struct Mounted(std::path::PathBuf);

impl Mounted {
    fn over(bastion: &mut Bastion, mib: usize) -> Option<Self> {
        bastion.stop();
        let ledger = bastion.ledger();
        let aside = bastion.scratch().join("ledger");
        std::fs::rename(&ledger, &aside).expect("the folder can be moved");
        std::fs::create_dir(&ledger).expect("a folder");
        let size = format!("size={mib}m");
        let done = run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&ledger));
        if !done.status.success() {
            std::fs::remove_dir(&ledger).expect("it is empty");
            std::fs::rename(&aside, &ledger).expect("the folder can be moved back");
            return None;
        }
        run(Command::new("cp").arg("-a").arg(format!("{}/.", aside.display())).arg(&ledger)).ok();
        Some(Self(ledger))
    }
}

impl Mounted {
    fn fill(&self) {
        let filler = format!("of={}", self.0.join("filler").display());
        let done = run(Command::new("dd").args(["if=/dev/zero", "bs=64k", &filler]));
        assert!(done.stderr.contains("No space left"), "{}", done.stderr);
    }

    fn empty(&self) {
        std::fs::remove_file(self.0.join("filler")).expect("the file can go");
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_ends_what_runs_and_keeps_out_what_comes() {
    let mut bastion = impatient().start();
    let Some(mounted) = Mounted::over(&mut bastion, 256) else {
        eprintln!("skipped: a small file system can only be mounted by root");
        return;
    };
    bastion.restart();
    let mut running = Running::start(bastion.ssh("alice", "web-1").arg("while :; do date; sleep 0.05; done"));
    running.until_stdout("UTC");
    // Random data, so that what is recorded does not shrink into what is left.
    let mut flood = Running::start(bastion.ssh("erin", "web-1").arg("echo ready; read go; cat /dev/urandom"));
    flood.until_stdout("ready");
    mounted.fill();
    flood.write(b"go\n");
    let told = flood.wait().stderr;
    assert!(told.contains("recorder") || told.contains("recording"), "it is explained: {told}");
    let told = running.wait().stderr;
    assert!(told.contains("recorder") || told.contains("recording"), "it is explained: {told}");
    let done = bastion.run("alice", "web-1", "touch came-in");
    assert!(!done.status.success() && !bastion.home().join("came-in").exists(), "{}", done.stderr);
    mounted.empty();
    bastion.kill9();
    bastion.restart();
    assert_eq!(bastion.run("alice", "web-1", "echo again").ok(), "again\n");
    bastion.verify();
    bastion.stop();
    bastion.damages_the_ledger(); // It is unmounted below, before the bastion could look at it.
    drop(mounted);
}

#[test]
fn a_folder_that_is_gone_ends_what_runs_and_keeps_out_what_comes() {
    let mut bastion = impatient().start();
    let mut running =
        Running::start(bastion.ssh("alice", "web-1").arg("while :; do echo tick; sleep 0.05; done"));
    running.until_stdout("tick");
    let aside = bastion.scratch().join("ledger");
    std::fs::rename(bastion.ledger(), &aside).unwrap();
    let refused = eventually("a refusal", || {
        let done = bastion.run("erin", "web-1", "touch came-in");
        (!done.status.success()).then_some(done.stderr)
    });
    assert!(refused.contains("refused") || refused.contains("Permission denied"), "{refused}");
    let told = running.wait().stderr;
    assert!(told.contains("recorder") || told.contains("recording"), "it is explained: {told}");
    assert!(!bastion.home().join("came-in").exists());
    std::fs::rename(&aside, bastion.ledger()).unwrap();
    bastion.kill9();
    bastion.restart();
    assert_eq!(bastion.run("alice", "web-1", "echo again").ok(), "again\n");
}

#[test]
fn a_signature_that_cannot_be_recorded_does_not_count() {
    let mut bastion = impatient().start();
    let Some(mounted) = Mounted::over(&mut bastion, 256) else {
        eprintln!("skipped: a small file system can only be mounted by root");
        return;
    };
    bastion.restart();
    let (mut waiting, number) = bastion.held("alice", "db-1", "rm -rf production-data");
    bastion.approve(number, "bob");
    bastion.log_in("carol");
    let statement = bastion.statement("carol", number, "approve");
    let key = bastion.person("carol").join("id_ed25519");
    let signature = bastion.sign(&key, "countersign", &statement);
    mounted.fill();
    let told = bastion.desk_with("carol", &format!("approve {number}"), signature.as_bytes()).refused();
    assert!(told.contains("refused") || told.contains("Permission denied"), "{told}");
    let ended = waiting.wait();
    assert!(!ended.status.success(), "{}", ended.stderr);
    assert!(bastion.home().join("production-data/customers.csv").exists());
    mounted.empty();
    bastion.kill9();
    bastion.restart();
    bastion.desk_with("carol", &format!("approve {number}"), signature.as_bytes()).refused();
    bastion.verify();
    bastion.stop();
    bastion.damages_the_ledger(); // It is unmounted below, before the bastion could look at it.
    drop(mounted);
}
