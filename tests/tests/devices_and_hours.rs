//! Two shipped rules that other tests leave out: database privilege needs a device, and the night needs somebody else.

use std::path::Path;
use std::process::Command;

use end_to_end::{Bastion, CONFIRM, Plan, Running, number_after, recovery_codes, run};

/// The device authority's key pair, made before the bastion that trusts it.
struct Authority(tempfile::TempDir);

impl Authority {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut keygen = Command::new("ssh-keygen");
        run(keygen.args(["-q", "-N", "", "-t", "ed25519", "-f"]).arg(folder.path().join("ca"))).ok();
        Self(folder)
    }

    fn public_key(&self) -> String {
        std::fs::read_to_string(self.0.path().join("ca.pub")).expect("its public half")
    }

    /// The line of a certificate for that person and key, valid for a day.
    fn certify(&self, principal: &str, key: &Path) -> String {
        let public = key.with_extension("pub");
        let mut keygen = Command::new("ssh-keygen");
        keygen.arg("-q").arg("-s").arg(self.0.path().join("ca"));
        run(keygen.args(["-I", "laptop", "-n", principal, "-V", "-1m:+1d"]).arg(&public)).ok();
        let certificate =
            public.with_file_name(format!("{}-cert.pub", key.file_name().expect("a file").to_string_lossy()));
        std::fs::read_to_string(certificate).expect("the certificate").trim().to_owned()
    }
}

/// Alice is a database lead too, and her enrolled key lies in a file.
fn asking_for_devices(authority: &Authority) -> Bastion {
    let mut bastion = Plan::shipped()
        .keeping("devices.cedar")
        .adding("device_ca.pub", &authority.public_key())
        .config("# authority = \"device_ca.pub\"", "authority = \"device_ca.pub\"")
        .start();
    bastion.admin(&["person", "groups", "alice", "ops", "dba-leads"]);
    bastion.hold_ceremony();
    bastion
}

#[test]
fn a_database_lead_comes_in_only_with_a_key_that_the_device_authority_certified() {
    let authority = Authority::new();
    let bastion = asking_for_devices(&authority);
    let told = bastion.run("alice", "db-1", "echo hello").refused();
    assert!(told.contains("db-1"), "{told}");
    let reached = bastion.desk("alice", "targets").ok();
    assert!(reached.contains("@web-1") && !reached.contains("@db-1"), "{reached}");

    let [first, second] = bastion.halves("person-enrol", "alice");
    let key = bastion.new_key("laptop", "ed25519");
    let (others, own) = (authority.certify("bob", &key), authority.certify("alice", &key));
    let script = format!(
        "wait(b'Evidence of its device'); key(b'{others}\\r'); then(b'does not count')\n\
         then(b'Evidence of its device'); key(b'{own}\\r'); then(b'counts as bound')\n{CONFIRM}"
    );
    let shown = bastion.enrolment(&key, "alice", [&first, &second], &script);
    assert!(shown.contains("Enrolled: "), "{shown}");

    let codes = recovery_codes(&shown);
    let at_db = |key: &Path, code: &str| {
        let mut ssh = bastion.asking_client("ssh");
        bastion.asks(&mut ssh, "alice");
        ssh.env("CODE", code).args(["-o", "IdentitiesOnly=yes", "-o", "IdentityFile=none", "-i"]).arg(key);
        run(ssh.args([&bastion.place("alice", "db-1"), "echo hello"]))
    };
    assert!(at_db(&key, &codes[0]).ok().contains("hello"));
    at_db(&bastion.person("alice").join("id_ed25519"), &codes[1]).refused();
}

#[test]
fn without_evidence_a_key_is_enrolled_and_is_not_a_devices() {
    let authority = Authority::new();
    let bastion = asking_for_devices(&authority);
    let [first, second] = bastion.halves("person-enrol", "alice");
    let key = bastion.new_key("laptop", "ed25519");
    let script = format!("wait(b'Evidence of its device'); key(b'\\r')\n{CONFIRM}");
    let shown = bastion.enrolment(&key, "alice", [&first, &second], &script);
    let reached = bastion.desk_by("alice", &key, &recovery_codes(&shown)[0], "targets").ok();
    assert!(reached.contains("@web-1") && !reached.contains("@db-1"), "{reached}");
}

#[test]
fn at_night_a_role_alone_opens_nothing_and_somebody_elses_signature_does() {
    let bastion = Plan::shipped().at_night().start();
    for target in ["web-1", "db-1"] {
        bastion.run("alice", target, "echo hello").refused();
        run(&mut bastion.jump("alice", target)).refused();
    }
    let asked = format!("request access db-1 --account {} --for 1h --reason incident", bastion.login());
    let number = number_after("request ", &bastion.desk("alice", &asked).ok());
    bastion.desk("erin", &format!("show {number}")).refused();
    bastion.approve(number, "bob");
    assert!(bastion.run("alice", "db-1", "echo hello").ok().contains("hello"));
    bastion.run("erin", "db-1", "echo hello").refused();
    let (mut held, _) = bastion.held("alice", "db-1", "rm -rf production-data");
    held.kill();
    bastion.run("alice", "web-1", "echo hello").refused();
}

#[test]
fn who_is_still_there_when_the_night_begins_changes_nothing_alone() {
    // A connection that policies let begin, under a rule that has always been night for acts.
    let always = "context.weekday > 0 ||";
    let plan = Plan::shipped().keeping("office-hours.cedar");
    let day = "forbid (principal, action in [Action::\"connect\", Action::\"shell\", Action::\"sftp\"], resource)\nwhen {\n  context.weekday > 7 &&";
    let from = "forbid (principal, action in [Action::\"connect\", Action::\"shell\", Action::\"sftp\"], resource)\nwhen {";
    let bastion = plan
        .file("policies/office-hours.cedar", from, day)
        .file("policies/office-hours.cedar", "context.weekday > 5 ||", always)
        .start();
    assert!(bastion.run("alice", "web-1", "ls").ok().contains("production-data"));
    let mut waiting = Running::start(bastion.ssh("alice", "web-1").arg("touch at-night"));
    let told = waiting.until_stderr("HELD as request ");
    bastion.approve(number_after("HELD as request ", &told), "bob");
    waiting.finish().ok();
    assert!(bastion.home().join("at-night").exists());
}
