//! `ssh person+account@target@gateway` and `ssh -J` are the same session: same policy, same recording.

use end_to_end::{Bastion, run};

#[test]
fn a_direct_session_runs_a_command_on_the_target() {
    let bastion = Bastion::start();
    let done = bastion.run("alice", "web-1", "pwd; echo apart >&2; exit 7");
    assert_eq!((done.code(), done.stderr.as_str()), (7, "apart\n"));
    assert_eq!(done.text().trim(), bastion.home().to_string_lossy());
}

#[test]
fn a_jump_accepts_the_host_certificate_and_runs_the_same() {
    let bastion = Bastion::start();
    let mut jump = bastion.jump("alice", "web-1");
    let done = run(jump.args(["-o", "StrictHostKeyChecking=yes", "pwd; echo apart >&2; exit 7"]));
    assert_eq!((done.code(), done.stderr.as_str()), (7, "apart\n"));
    assert_eq!(done.text().trim(), bastion.home().to_string_lossy());
}

#[test]
fn a_client_that_does_not_trust_the_authority_refuses_the_jump() {
    let bastion = Bastion::start();
    let known_hosts = bastion.ssh_config().with_file_name("known_hosts");
    let lines = std::fs::read_to_string(&known_hosts).unwrap();
    assert!(lines.lines().any(|line| line.starts_with("@cert-authority ")), "{lines}");
    let without: Vec<_> = lines.lines().filter(|line| !line.starts_with('@')).collect();
    std::fs::write(known_hosts, without.join("\n") + "\n").unwrap();
    let told = run(bastion.jump("alice", "web-1").arg("true")).refused();
    assert!(told.contains("Host key verification failed"), "{told}");
}

#[test]
fn both_ways_are_judged_alike() {
    let bastion = Bastion::start();
    let victim = bastion.home().join("production-data/customers.csv");
    for mut way in [bastion.ssh("alice", "db-1"), bastion.jump("alice", "db-1")] {
        let told = run(way.arg("rm -f `echo production-data/customers.csv`")).refused();
        assert!(told.contains("refused"), "{told}");
    }
    for mut way in [bastion.ssh("alice", "db-1"), bastion.jump("alice", "db-1")] {
        let mut shell = end_to_end::Running::start(&mut way);
        shell.write(b"eval rm -f production-data/customers.csv\n");
        let told = shell.finish().refused();
        assert!(told.contains("refused"), "{told}");
    }
    for mut way in [bastion.ssh("dave", "db-1"), bastion.jump("dave", "db-1")] {
        let told = run(way.arg("true")).refused();
        assert!(
            ["no access", "not allowed", "a target of yours"].iter().any(|why| told.contains(why)),
            "{told}"
        );
    }
    assert!(victim.exists());
}

#[test]
fn a_deletion_is_held_for_two_people_through_a_jump_too() {
    let bastion = Bastion::start();
    let mut waiting = end_to_end::Running::start(bastion.jump("alice", "db-1").arg("rm -rf production-data"));
    waiting.until_stderr("HELD as request 1 ");
    bastion.approve(1, "bob");
    bastion.approve(1, "carol");
    let done = waiting.finish();
    assert_eq!(done.code(), 0, "{}", done.stderr);
    assert!(!bastion.home().join("production-data").exists());
}

#[test]
fn both_ways_are_recorded_alike() {
    let bastion = Bastion::start();
    run(bastion.ssh("alice", "web-1").arg("echo seen-$((40 + 2))")).ok();
    let direct = bastion.newest_session();
    run(bastion.jump("alice", "web-1").arg("echo seen-$((40 + 2))")).ok();
    let jump = bastion.newest_session();
    let ways: Vec<_> = bastion.sessions().into_iter().map(|row| row[4].clone()).collect();
    assert_eq!(ways, ["jump", "direct"]);
    for session in [direct, jump] {
        assert_eq!(bastion.replayed(&session).trim(), "seen-42");
        let closed = bastion.until_entry("session-close", |entry| entry["session"] == session.as_str());
        assert_eq!((&closed["outcome"], closed["segments"].as_u64()), (&"finished".into(), Some(1)));
    }
}

#[test]
fn a_jump_reaches_targets_and_nothing_else() {
    let bastion = Bastion::start();
    bastion.log_in("alice");
    let port = bastion.host.port().to_string();
    for place in ["root@127.0.0.1", "root@localhost", "root@web-2"] {
        let mut ssh = bastion.client("ssh");
        run(ssh.args(["-J", "alice@gateway", "-p", &port, place, "true"])).refused();
    }
    let mut around = bastion.client("ssh");
    let told = run(around.args(["-W", &format!("127.0.0.1:{port}"), "alice@gateway"])).refused();
    assert!(told.contains("not on offer"), "{told}");
    assert!(bastion.sessions().is_empty(), "nothing of it became a session");
}

#[test]
fn files_are_copied_through_a_jump() {
    let bastion = Bastion::start();
    bastion.log_in("alice");
    let file = bastion.scratch().join("report");
    std::fs::write(&file, "through the jump\n").unwrap();
    let mut scp = bastion.client("scp");
    scp.args(["-q", "-J", "alice@gateway"]).arg(&file).arg(format!("{}@web-1:copied", bastion.login()));
    run(&mut scp).ok();
    assert_eq!(std::fs::read_to_string(bastion.home().join("copied")).unwrap(), "through the jump\n");
}
