//! What a client sets in the environment of the program that it asks for. The host behind the gateway would accept every
//! variable, so each canary is stopped by the gateway or by nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use end_to_end::{Bastion, Plan, run, run_with_input};

/// A script on the host that leaves a mark when anything starts or sources it.
struct Canary {
    script: PathBuf,
    mark: PathBuf,
}

impl Canary {
    fn new(bastion: &Bastion) -> Self {
        let (script, mark) = (bastion.home().join("canary"), bastion.home().join("sang"));
        fs::write(&script, format!("#!/bin/sh\necho sang >> '{}'\n", mark.display())).expect("a file");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("its mode");
        Self { script, mark }
    }

    /// Variables that make one program or another start it, or load what is not there and say so.
    fn variables(&self) -> Vec<(&'static str, String)> {
        let script = self.script.display().to_string();
        vec![
            ("LD_PRELOAD", "/nonexistent/canary.so".into()),
            ("LD_LIBRARY_PATH", "/nonexistent".into()),
            ("BASH_ENV", script.clone()),
            ("ENV", script.clone()),
            ("PS4", format!("$({script})")),
            ("PROMPT_COMMAND", script.clone()),
            ("GIT_SSH_COMMAND", script.clone()),
            ("GIT_EDITOR", script.clone()),
            ("GIT_CONFIG_COUNT", "0".into()),
            ("PAGER", script.clone()),
            ("EDITOR", script.clone()),
            ("PATH", self.script.parent().expect("a folder").display().to_string()),
            ("IFS", "/".into()),
            ("SHELLOPTS", "xtrace".into()),
            ("BASHOPTS", "extdebug".into()),
            ("BASH_FUNC_cat%%", format!("() {{ {script}; }}")),
            ("PYTHONSTARTUP", script.clone()),
            ("PYTHONPATH", "/nonexistent".into()),
            ("PERL5OPT", "-MCanary".into()),
            ("PERL5LIB", "/nonexistent".into()),
            ("LESSOPEN", format!("|{script} %s")),
            ("KUBECONFIG", "/nonexistent".into()),
            ("PGHOST", "nowhere".into()),
            ("http_proxy", "http://127.0.0.1:9".into()),
            ("LC_EVIL", script.clone()),
            ("LANG", format!("../..{script}")),
        ]
    }

    fn is_silent(&self) -> bool {
        !self.mark.exists()
    }
}

/// `ssh -o SetEnv=…` with all of them.
fn with(mut ssh: Command, variables: &[(&str, String)]) -> Command {
    let quoted = |(name, value): &(&str, String)| format!("\"{name}={value}\"");
    let list = variables.iter().map(quoted).collect::<Vec<_>>().join(" ");
    ssh.arg("-o").arg(format!("SetEnv={list}"));
    ssh
}

fn names_in(environment: &str) -> Vec<&str> {
    environment.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect()
}

#[test]
fn the_host_would_be_fooled_without_a_gateway() {
    let bastion = Bastion::start();
    let canary = Canary::new(&bastion);
    let key = bastion.new_key("direct", "ed25519");
    let public = fs::read_to_string(key.with_extension("pub")).expect("a key");
    bastion.host.authorize(&public);
    let mut ssh = Command::new("ssh");
    ssh.args([
        "-F",
        "/dev/null",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-i",
    ]);
    ssh.arg(key).args(["-p", &bastion.host.port().to_string(), "-l", bastion.login(), "127.0.0.1"]);
    let bash_env = [("BASH_ENV", canary.script.display().to_string())];
    run(with(ssh, &bash_env).arg("true")).ok();
    assert!(!canary.is_silent(), "the canary cannot sing, so its silence would prove nothing");
}

#[test]
fn no_variable_that_changes_what_runs_reaches_any_target() {
    let bastion = Bastion::start();
    let canary = Canary::new(&bastion);
    let variables = canary.variables();
    let done = run(with(bastion.ssh("alice", "web-1"), &variables).arg("env; cat /dev/null; set -x; true"));
    assert!(done.status.success() && !done.stderr.contains("canary"), "{}", done.stderr);
    let text = done.text();
    for (name, value) in &variables {
        let crossed = format!("{name}={value}");
        assert!(!text.lines().any(|line| line == crossed), "{crossed} in: {text}");
    }
    assert!(!names_in(&text).contains(&"LD_PRELOAD"), "{text}");
    let done = run(with(bastion.ssh("alice", "db-1"), &variables).arg("cat production-data/customers.csv"));
    assert!(!done.stderr.contains("canary"), "{}", done.stderr);
    assert!(done.ok().contains("Ana"), "the program runs, without the variables");
    assert!(canary.is_silent());
}

#[test]
fn a_shell_on_a_recorded_target_starts_without_them_too() {
    let bastion = Bastion::start();
    let canary = Canary::new(&bastion);
    let mut ssh = with(bastion.ssh("alice", "web-1"), &canary.variables());
    run_with_input(&mut ssh, b"set -x; git --version; true\nexit\n").ok();
    assert!(canary.is_silent());
}

#[test]
fn language_and_looks_cross_and_so_does_what_the_operator_lists() {
    let bastion = Plan::shipped().config("environment = []", "environment = [\"APP_*\", \"REGION\"]").start();
    let variables = [
        ("LC_TIME", "de_DE.UTF-8"),
        ("TZ", "Asia/Shanghai"),
        ("NO_COLOR", "1"),
        ("APP_MODE", "blue green"),
        ("REGION", "eu-1"),
        ("REGIONS", "no"),
        ("BASH_ENV", "/nonexistent"),
        ("APP_PATH", "/nonexistent"),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    for target in ["web-1", "db-1"] {
        let text = run(with(bastion.ssh("alice", target), &variables).arg("env")).ok();
        for crossing in
            ["LC_TIME=de_DE.UTF-8", "TZ=Asia/Shanghai", "NO_COLOR=1", "APP_MODE=blue green", "REGION=eu-1"]
        {
            assert!(text.lines().any(|line| line == crossing), "{crossing} did not reach {target}: {text}");
        }
        let crossed = names_in(&text);
        for name in ["REGIONS", "BASH_ENV", "APP_PATH"] {
            assert!(!crossed.contains(&name), "{name} reached {target}");
        }
    }
}
