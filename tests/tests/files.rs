//! Files cross with scp, sftp and rsync, and end up as they were; on `db-1` each of them is judged.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use end_to_end::{Bastion, Done, Running, eventually, run, run_with_input};

fn tree(folder: &Path) -> PathBuf {
    let tree = folder.join("tree");
    fs::create_dir_all(tree.join("deep/er")).expect("a folder");
    fs::write(tree.join("plain"), "plain\n").expect("a file");
    fs::write(tree.join("deep/a name with spaces"), "spaces\n").expect("a file");
    fs::write(tree.join("deep/er/上海"), vec![7; 300_000]).expect("a file");
    tree
}

#[track_caller]
fn same(left: &Path, right: &Path) {
    run(Command::new("diff").arg("-r").args([left, right])).ok();
}

fn scp(bastion: &Bastion, protocol: &str) -> Command {
    bastion.log_in("alice");
    let mut scp = bastion.client("scp");
    scp.args(["-q", "-r", protocol]);
    scp
}

fn remote(bastion: &Bastion, target: &str, path: &str) -> String {
    format!("{}:{path}", bastion.place("alice", target))
}

fn rsync(bastion: &Bastion, args: &[&str]) -> Done {
    bastion.log_in("alice");
    let shell = format!("ssh -F {} -o BatchMode=yes", bastion.ssh_config().display());
    run(Command::new("rsync").args(["-a", "-e", &shell]).args(args))
}

#[test]
fn scp_copies_a_tree_up_and_down_in_both_protocols() {
    for protocol in ["-s", "-O"] {
        let bastion = Bastion::start();
        let (tree, back) = (tree(&bastion.scratch()), bastion.scratch().join("back"));
        run(scp(&bastion, protocol).arg(&tree).arg(remote(&bastion, "web-1", "up"))).ok();
        same(&tree, &bastion.home().join("up"));
        run(scp(&bastion, protocol).arg(remote(&bastion, "web-1", "up")).arg(&back)).ok();
        same(&tree, &back);
    }
}

#[test]
fn sftp_puts_gets_renames_and_lists() {
    let bastion = Bastion::start();
    let tree = tree(&bastion.scratch());
    bastion.log_in("alice");
    let back = bastion.scratch().join("back");
    let script = format!(
        "put -R {} up\nrename up/plain up/renamed\nls -l up\nget -R up {}\nrm up/renamed\nmkdir made\n",
        tree.display(),
        back.display()
    );
    let mut sftp = bastion.client("sftp");
    let listing =
        run_with_input(sftp.args(["-b", "-", &bastion.place("alice", "web-1")]), script.as_bytes()).ok();
    assert!(listing.contains("renamed"), "{listing}");
    same(&tree.join("deep"), &back.join("deep"));
    assert_eq!(fs::read_to_string(back.join("renamed")).unwrap(), "plain\n");
    assert!(bastion.home().join("made").is_dir() && !bastion.home().join("up/renamed").exists());
}

#[test]
fn rsync_copies_updates_and_deletes() {
    let bastion = Bastion::start();
    let tree = tree(&bastion.scratch());
    let from = format!("{}/", tree.display());
    let to = format!("{}:mirror/", bastion.place("alice", "web-1"));
    rsync(&bastion, &[&from, &to]).ok();
    same(&tree, &bastion.home().join("mirror"));
    fs::remove_file(tree.join("plain")).unwrap();
    fs::write(tree.join("new"), "new\n").unwrap();
    rsync(&bastion, &["--delete", &from, &to]).ok();
    same(&tree, &bastion.home().join("mirror"));
    let back = format!("{}/", bastion.scratch().join("back").display());
    rsync(&bastion, &[&to, &back]).ok();
    same(&tree, Path::new(&back));
}

#[test]
fn a_copy_from_a_command_gated_target_is_an_export_that_two_people_sign() {
    let bastion = Bastion::start();
    let copy = bastion.scratch().join("copy");
    let mut copying = scp(&bastion, "-O");
    copying.arg(remote(&bastion, "db-1", "production-data/customers.csv")).arg(&copy);
    let mut copying = Running::start(&mut copying);
    assert!(copying.until_stderr("HELD as request 1").contains("data.export"));
    bastion.approve(1, "bob");
    assert!(!copy.exists());
    bastion.approve(1, "carol");
    copying.wait().ok();
    assert_eq!(fs::read_to_string(copy).unwrap(), "id,name\n1,Ana\n");
}

#[test]
fn a_deleting_rsync_onto_a_command_gated_target_does_not_run_by_itself() {
    let bastion = Bastion::start();
    let empty = bastion.scratch().join("empty");
    fs::create_dir(&empty).unwrap();
    bastion.log_in("alice");
    let shell = format!("ssh -F {} -o BatchMode=yes", bastion.ssh_config().display());
    let from = format!("{}/", empty.display());
    let to = format!("{}:production-data/", bastion.place("alice", "db-1"));
    let mut command = Command::new("rsync");
    let mut rsync = Running::start(command.args(["-a", "--delete", "-e", &shell, &from, &to]));
    let decision = bastion.until_entry("decision", |entry| entry["act"] == "exec");
    assert_ne!(decision["verdict"], "allow");
    rsync.kill();
    assert!(bastion.home().join("production-data/customers.csv").exists());
}

#[test]
fn what_only_looks_like_a_transfer_is_an_ordinary_command() {
    let bastion = Bastion::start();
    let canary = bastion.home().join("canary");
    let lines = [
        "scp -t up; touch canary",
        "scp -t $(touch canary)",
        "scp -S ./prog -t up",
        "scp -o ProxyCommand='touch canary' x host:",
        "/tmp/scp -t up",
        "rsync --server -e 'touch canary' . up",
        "rsync -e 'touch canary' x host:up",
        "rsync --rsync-path='touch canary;rsync' x host:up",
        "rsync --server --sender -vlogDtpre.iLsfxC . production-data & touch canary",
    ];
    for (at, line) in lines.into_iter().enumerate() {
        let mut attempt = Running::start(bastion.ssh("alice", "db-1").arg(line));
        let decision = eventually("a decision", || bastion.entries_of("decision").get(at).cloned());
        assert_ne!(decision["verdict"], "allow", "{line}");
        attempt.kill();
        assert!(!canary.exists(), "{line}");
    }
}
