//! `init`, `serve` and `admin`: what an operator does, and what the gateway refuses to start with.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use end_to_end::{Bastion, Done, Running, countersign, run, run_with_input};

fn init(folder: &Path) -> Done {
    run(Command::new(countersign()).arg("init").arg(folder).args(["--listen", "127.0.0.1:0"]))
}

fn with_config(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(countersign());
    command.arg("--config").arg(folder.join("countersign.toml")).args(args);
    command
}

/// What `serve` says to a configuration with that change.
fn refusal(from: &str, to: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    init(folder.path()).ok();
    let file = folder.path().join("countersign.toml");
    let text = fs::read_to_string(&file).expect("init made it");
    assert!(text.contains(from), "{from:?} is not in the shipped file");
    fs::write(&file, text.replacen(from, to, 1)).expect("a file");
    run(&mut with_config(folder.path(), &["serve", "--before-ceremony"])).refused()
}

fn line_of(text: &str) -> String {
    let shipped = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../config/countersign.toml"))
        .expect("the shipped file");
    let line = shipped.lines().position(|line| line.contains(text)).expect("the shipped file has it") + 1;
    format!("line {line}")
}

#[test]
fn init_makes_a_node_that_serves_and_whose_secrets_are_private() {
    let folder = tempfile::tempdir().unwrap();
    let node = folder.path().join("node");
    init(&node).ok();
    for entry in fs::read_dir(node.join("secrets")).unwrap().flatten() {
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
    assert_eq!(fs::metadata(node.join("secrets")).unwrap().permissions().mode() & 0o777, 0o700);
    let mut serving = Running::start(&mut with_config(&node, &["serve", "--before-ceremony"]));
    serving.until_stderr("serving SSH");
    serving.signal("TERM");
    assert!(serving.wait().status.success());
    let mut verify = Command::new(countersign());
    run(verify.args(["ledger", "verify"]).arg(node.join("ledger")).arg("--key").arg(node.join("ledger.pub")))
        .ok();
}

#[test]
fn init_does_not_overwrite_a_node() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path()).ok();
    let key = fs::read(folder.path().join("secrets/node.key")).unwrap();
    assert!(init(folder.path()).refused().contains("already"));
    assert_eq!(fs::read(folder.path().join("secrets/node.key")).unwrap(), key);
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let told = refusal("max_startups = 64", "max_startup = 64");
    assert!(told.contains(&line_of("max_startups")) && told.contains("max_startup"), "{told}");
    let told = refusal("[store]", "[stores]");
    assert!(told.contains("stores"), "{told}");
}

#[test]
fn a_value_out_of_range_is_refused_with_its_line_and_the_range() {
    for (key, value, range) in [
        ("login_grace_seconds = 60", "login_grace_seconds = 0", "from 5 to 600"),
        ("remember_code_minutes = 480", "remember_code_minutes = 100000", "from 0 to 1440"),
        ("lock_after_failures = 10", "lock_after_failures = 1", "from 4 to 100"),
        ("segment_seconds = 10", "segment_seconds = 0", "from 1 to 60"),
        ("patience_seconds = 10", "patience_seconds = 3600", "from 0 to 60"),
    ] {
        let told = refusal(key, value);
        assert!(told.contains(range) && told.contains(&line_of(key)), "{value}: {told}");
    }
}

#[test]
fn a_value_of_another_kind_is_refused_with_its_line() {
    for (key, value) in [
        ("max_channels = 64", "max_channels = \"many\""),
        ("max_channels = 64", "max_channels = -1"),
        ("listen = \"127.0.0.1:0\"", "listen = \"everywhere\""),
        ("language = \"en\"", "language = \"fr\""),
        ("time_zone = \"UTC\"", "time_zone = \"Mars/Olympus\""),
    ] {
        let told = refusal(key, value);
        let name = key.split(' ').next().unwrap();
        assert!(told.contains(&line_of(name)), "{value}: {told}");
    }
}

#[test]
fn a_secret_that_others_can_read_is_refused_with_its_line_and_the_cure() {
    for name in ["node.key", "ledger.key", "ssh_host_ed25519_key", "host_ca"] {
        for mode in [0o644, 0o640, 0o604, 0o620] {
            let folder = tempfile::tempdir().unwrap();
            init(folder.path()).ok();
            let secret = folder.path().join("secrets").join(name);
            fs::set_permissions(&secret, fs::Permissions::from_mode(mode)).unwrap();
            let told = run(&mut with_config(folder.path(), &["serve", "--before-ceremony"])).refused();
            assert!(told.contains("chmod 600") && told.contains(name) && told.contains("line "), "{told}");
        }
    }
}

#[test]
fn a_secret_that_is_missing_or_damaged_is_refused_by_name() {
    for name in ["node.key", "ledger.key", "ssh_host_ed25519_key", "host_ca"] {
        for damage in ["", "not a key\n"] {
            let folder = tempfile::tempdir().unwrap();
            init(folder.path()).ok();
            let secret = folder.path().join("secrets").join(name);
            fs::write(&secret, damage).unwrap();
            let mut serving =
                Running::start(&mut with_config(folder.path(), &["serve", "--before-ceremony"]));
            let told = serving.wait().refused();
            assert!(told.contains(name) || told.contains("key"), "{name}: {told}");
            fs::remove_file(&secret).unwrap();
            assert!(
                run(&mut with_config(folder.path(), &["serve", "--before-ceremony"]))
                    .refused()
                    .contains(name)
            );
        }
    }
}

#[test]
fn a_configuration_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = run(&mut with_config(folder.path(), &["serve", "--before-ceremony"])).refused();
    assert!(told.contains("countersign.toml"), "{told}");
}

#[test]
fn two_gateways_do_not_share_a_ledger() {
    let bastion = Bastion::start();
    let config = bastion.node().join("countersign.toml");
    let text = fs::read_to_string(&config).unwrap();
    let second = bastion.node().join("second.toml");
    fs::write(&second, text.replace(&format!("127.0.0.1:{}", bastion.port()), "127.0.0.1:0")).unwrap();
    let told =
        run(Command::new(countersign()).arg("--config").arg(&second).args(["serve", "--before-ceremony"]))
            .refused();
    assert!(told.contains("ledger"), "{told}");
    assert_eq!(bastion.run("alice", "web-1", "echo unharmed").ok(), "unharmed\n");
}

#[test]
fn administration_works_while_it_serves_and_while_it_does_not() {
    let mut bastion = Bastion::start();
    bastion.admin(&["person", "add", "frank", "--group", "ops"]);
    bastion.stop();
    bastion.admin(&["person", "add", "grace", "--group", "auditors"]);
    bastion.admin(&["person", "groups", "frank", "auditors"]);
    let people = bastion.admin(&["person", "list"]);
    for name in ["frank", "grace"] {
        let line = people.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line.contains("active") && line.contains("auditors"), "{line}");
    }
    let targets = bastion.admin(&["target", "list"]);
    assert!(
        targets.contains("db-1") && targets.contains("tier=core-data") && targets.contains(bastion.login())
    );
    bastion.restart();
    let changes: Vec<_> =
        bastion.entries_of("admin").into_iter().map(|entry| entry["change"].clone()).collect();
    assert!(changes.len() >= 3 + 5, "{changes:?}");
}

#[test]
fn a_change_that_makes_no_sense_is_refused_with_the_reason() {
    let bastion = Bastion::start();
    let port = bastion.host.port().to_string();
    let key = bastion.host.public_key().to_string_lossy().into_owned();
    let private = bastion.person("alice").join("id_ed25519").to_string_lossy().into_owned();
    let public = bastion.person("alice").join("id_ed25519.pub").to_string_lossy().into_owned();
    for (line, reason) in [
        (vec!["person", "add", "alice"], "alice"),
        (vec!["person", "add", "Robert'); DROP"], "name"),
        (vec!["person", "add", "../etc"], "name"),
        (vec!["person", "suspend", "nobody"], "nobody"),
        (vec!["key", "add", "bob", &public], "key"),
        (vec!["key", "add", "bob", &private], "key"),
        (vec!["target", "add", "db-1", "--host", "127.0.0.1", "--host-key", &key], "db-1"),
        (vec!["target", "add", "x", "--host", "h", "--level", "none", "--host-key", &key], "level"),
        (vec!["target", "add", "x", "--host", "h", "--label", "env", "--host-key", &key], "key=value"),
        (vec!["target", "set-address", "nowhere", "--host", "h", "--port", &port], "nowhere"),
        (vec!["account", "add", "db-9", "root"], "db-9"),
    ] {
        let done = run(bastion.countersign(["admin"]).args(&line));
        assert!(!done.status.success() && done.stdout.is_empty(), "{line:?} is done: {}", done.text());
        assert!(done.stderr.contains(reason), "{line:?}: {}", done.stderr);
    }
    let weak = run_with_input(&mut bastion.countersign(["admin", "person", "password", "alice"]), b"short\n")
        .refused();
    assert!(weak.contains("password"), "{weak}");
}

#[test]
fn another_host_key_ends_the_attempt_with_advice_until_it_is_pinned() {
    let mut bastion = Bastion::start();
    bastion.run("alice", "web-1", "true").ok();
    bastion.host.reinstall();
    let told = bastion.run("alice", "web-1", "touch came-in").refused();
    assert!(told.contains("another host key") && told.matches("SHA256:").count() == 2, "{told}");
    assert!(told.contains("countersign admin target set-host-key web-1"), "{told}");
    assert!(!bastion.home().join("came-in").exists());
    bastion.admin(&[
        "target",
        "set-host-key",
        "web-1",
        "--host-key",
        &bastion.host.public_key().to_string_lossy(),
    ]);
    assert_eq!(bastion.run("alice", "web-1", "echo again").ok(), "again\n");
}

#[test]
fn a_credential_that_the_target_refuses_is_told() {
    let bastion = Bastion::start();
    bastion.admin(&["account", "add", "web-1", bastion.login()]);
    let told = bastion.run("alice", "web-1", "true").refused();
    assert!(
        told.contains("does not accept the gateway's credential") && told.contains("account add"),
        "{told}"
    );
}

#[test]
fn a_credential_of_ones_own_can_be_given() {
    let bastion = Bastion::start();
    let key = bastion.new_key("credential", "ed25519");
    bastion.host.authorize(&fs::read_to_string(key.with_extension("pub")).unwrap());
    bastion.admin(&["account", "add", "web-1", bastion.login(), "--private-key", &key.to_string_lossy()]);
    assert_eq!(bastion.run("alice", "web-1", "echo in").ok(), "in\n");
}

#[test]
fn a_target_that_is_down_gone_or_unknown_is_told() {
    let bastion = Bastion::start();
    bastion.admin(&["target", "set-address", "web-1", "--host", "127.0.0.1", "--port", "1"]);
    assert!(bastion.run("alice", "web-1", "true").refused().contains("does not answer"));
    bastion.admin(&["target", "remove", "web-1"]);
    let gone = bastion.run("alice", "web-1", "true").refused();
    let unknown = run(bastion.client("ssh").args([&bastion.place("alice", "web-7"), "true"])).refused();
    assert!(gone.contains("no access to web-1"), "{gone}");
    assert_eq!(gone.replace("web-1", "X"), unknown.replace("web-7", "X"), "what exists is not told");
}

#[test]
fn the_printed_client_lines_are_all_that_a_client_needs() {
    let bastion = Bastion::start();
    bastion.log_in("alice");
    let printed = bastion.admin(&["ssh-config", "--host", "127.0.0.1"]);
    let (config, known) = printed.split_once("# ~/.ssh/known_hosts\n").unwrap();
    let folder = bastion.scratch();
    fs::write(folder.join("known"), known).unwrap();
    fs::write(folder.join("config"), config).unwrap();
    let key = bastion.person("alice").join("id_ed25519");
    let mut ssh = Command::new("ssh");
    ssh.arg("-F").arg(folder.join("config")).arg("-i").arg(key);
    ssh.args(["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o"]);
    ssh.arg(format!("UserKnownHostsFile={}", folder.join("known").display()));
    run(ssh.args([&bastion.place("alice", "web-1"), "true"])).ok();
}
