//! Passwords, verification seeds, private keys and the node's own keys appear nowhere but where they belong.

use std::fs;
use std::process::Command;

use end_to_end::{Bastion, Running, eventually, run};

const PASSWORD: &str = "correct horse battery staple";

/// Every secret of a bastion, with a name for the report.
fn secrets(bastion: &Bastion) -> Vec<(String, Vec<u8>)> {
    let mut secrets = vec![("a password".to_owned(), PASSWORD.into())];
    let text = |path: &std::path::Path| fs::read_to_string(path).expect("a secret is read");
    for person in ["alice", "bob"] {
        let seed = text(&bastion.person(person).join("totp"));
        secrets.push((format!("{person}'s seed"), base32(seed.trim())));
        secrets.push((format!("{person}'s seed in base32"), seed.trim().into()));
    }
    for name in ["node.key", "ledger.key"] {
        let key = text(&bastion.node().join("secrets").join(name)).trim().to_owned();
        secrets.push((format!("{name} in binary"), unhex(&key)));
        secrets.push((format!("{name} in hex"), key.into()));
    }
    for name in ["ssh_host_ed25519_key", "host_ca"] {
        secrets.push((name.to_owned(), private_part(&text(&bastion.node().join("secrets").join(name)))));
    }
    secrets.push((
        "the given credential".to_owned(),
        private_part(&text(&bastion.scratch().join("credential"))),
    ));
    secrets
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).expect("a hex digit") as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn base32(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
    for letter in text.bytes() {
        bits = bits << 5 | alphabet.iter().position(|&known| known == letter).expect("base32") as u32;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

/// A line from the middle of an OpenSSH private key: it holds the secret half.
fn private_part(pem: &str) -> Vec<u8> {
    let lines: Vec<_> = pem.lines().filter(|line| !line.starts_with('-')).collect();
    lines[lines.len() - 2].as_bytes()[8..].to_vec()
}

#[track_caller]
fn holds_none(what: &str, bytes: &[u8], secrets: &[(String, Vec<u8>)]) {
    for (name, secret) in secrets {
        assert!(secret.len() >= 16, "{name} is too short to look for");
        let found = bytes.windows(secret.len()).any(|window| window == secret);
        assert!(!found, "{what} holds {name}");
    }
}

/// A bastion in which every secret was used.
fn used() -> Bastion {
    let mut bastion = Bastion::start();
    // With everything that it can log.
    bastion.stop();
    bastion.restart_with_logs();
    bastion.set_password("alice", PASSWORD);
    let key = bastion.new_key("credential", "ed25519");
    bastion.host.authorize(&fs::read_to_string(key.with_extension("pub")).expect("a public key"));
    bastion.admin(&["account", "add", "web-1", bastion.login(), "--private-key", &key.to_string_lossy()]);
    let mut ssh = bastion.asking_client("ssh");
    ssh.args(["-o", "PreferredAuthentications=password,keyboard-interactive"]);
    bastion.asks(&mut ssh, "alice");
    run(ssh.args(["alice@gateway", "targets"])).ok();
    bastion.renew_totp("alice");
    bastion.log_in("alice");
    bastion.run("alice", "web-1", "echo used").ok();
    run(bastion.jump("alice", "web-1").arg("echo used")).ok();
    bastion
}

#[test]
fn no_log_no_database_and_no_ledger_holds_one() {
    let mut bastion = used();
    let secrets = secrets(&bastion);
    let logged = bastion.stop().unwrap();
    assert!(logged.stderr.len() > 500, "it did log: {}", logged.stderr);
    holds_none("the log", logged.stderr.as_bytes(), &secrets);
    let kept =
        run(Command::new("find").arg(bastion.node()).args(["-type", "f", "-not", "-path", "*/secrets/*"]))
            .ok();
    assert!(kept.contains("state.db") && kept.contains("segments/"), "{kept}");
    for file in kept.lines() {
        holds_none(file, &fs::read(file).unwrap(), &secrets);
    }
}

#[test]
fn no_process_shows_one() {
    let bastion = used();
    let secrets = secrets(&bastion);
    let gateway = bastion.gateway().unwrap().id();
    let mut running = Running::start(bastion.ssh("alice", "web-1").arg("cat"));
    eventually("the session", || (!bastion.host.processes().is_empty()).then_some(()));
    let mut ids = bastion.host.processes();
    ids.push(gateway);
    for id in ids {
        for file in ["cmdline", "environ"] {
            let shown = fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
            holds_none(&format!("{file} of process {id}"), &shown, &secrets);
        }
    }
    running.close_stdin();
}

#[test]
fn no_command_prints_one() {
    let bastion = used();
    let secrets = secrets(&bastion);
    for line in [
        &["admin", "person", "list"][..],
        &["admin", "target", "list"],
        &["admin", "ssh-config"],
        &["sessions"],
        &["policy", "explain", "--person", "alice", "--target", "db-1", "--", "ls"],
        &["admin", "account", "add", "nowhere", "root"],
        &["admin", "key", "add", "bob", &bastion.scratch().join("credential").to_string_lossy()],
    ] {
        let done = run(&mut bastion.countersign(line));
        holds_none(&format!("{line:?}"), &[done.stdout, done.stderr.into_bytes()].concat(), &secrets);
    }
}

#[test]
fn what_a_terminal_shows_is_sealed_in_the_recording() {
    let mut bastion = Bastion::start();
    let marker = "a-marker-that-crosses-7731";
    bastion.run("alice", "web-1", &format!("echo {marker}; echo {marker}-sent")).ok();
    assert!(bastion.replayed(&bastion.newest_session()).contains(marker));
    bastion.stop();
    let kept = run(Command::new("find").arg(bastion.node()).args(["-type", "f"])).ok();
    for file in kept.lines() {
        let bytes = fs::read(file).unwrap();
        let found = bytes.windows(marker.len()).any(|window| window == marker.as_bytes());
        assert!(!found, "{file} holds what crossed, in clear");
    }
}

#[test]
fn only_the_owner_can_read_what_the_node_keeps() {
    let bastion = used();
    let others = run(Command::new("find").arg(bastion.node()).args([
        "-type",
        "f",
        "-perm",
        "/007",
        "-not",
        "-name",
        "*.pub",
        "-not",
        "-name",
        "countersign.toml",
        "-not",
        "-name",
        "tls_ca.pem",
        "-not",
        "-path",
        "*/policies/*",
        "-not",
        "-path",
        "*/consent/*",
    ]));
    assert_eq!(others.ok(), "", "others could read these");
}
