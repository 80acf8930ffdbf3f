//! What is not supported is refused in one line, entered in the ledger, and leaves nothing on the target.

use std::net::TcpStream;
use std::process::Command;

use end_to_end::{Bastion, Running, eventually, run};

/// A line for the person, and an entry whose text names the thing.
fn is_explained(bastion: &Bastion, stderr: &str, what: &str) {
    let lines: Vec<_> = stderr.lines().filter(|line| line.contains("refused")).collect();
    assert!(lines.iter().any(|line| line.contains(what)), "{what:?} is not explained in: {stderr}");
    bastion.until_entry("refusal", |entry| entry["what"].as_str().is_some_and(|text| text.contains(what)));
}

/// An entry that says by which rule.
fn is_denied(bastion: &Bastion, act: &str) {
    bastion.until_entry("decision", |entry| entry["act"] == act && entry["verdict"] == "deny");
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port()
}

#[test]
fn local_forwarding() {
    let bastion = Bastion::start();
    bastion.log_in("alice");
    let (port, secret) = (free_port(), bastion.host.port());
    let forward = format!("{port}:127.0.0.1:{secret}");
    let mut ssh = bastion.client("ssh");
    let place = bastion.place("alice", "web-1");
    let mut session = Running::start(ssh.args(["-L", &forward, &place, "cat"]));
    let mut forwarded = eventually("the client's port", || TcpStream::connect(("127.0.0.1", port)).ok());
    let mut answer = Vec::new();
    let _ = std::io::Read::read_to_end(&mut forwarded, &mut answer);
    assert!(answer.is_empty(), "the target's sshd answered through the forward");
    is_explained(&bastion, &session.until_stderr("open failed"), "own machine");
    session.close_stdin();
    session.finish().ok();
}

#[test]
fn dynamic_forwarding() {
    let bastion = Bastion::start();
    bastion.log_in("alice");
    let port = free_port();
    let mut ssh = bastion.client("ssh");
    let place = bastion.place("alice", "web-1");
    let mut session = Running::start(ssh.args(["-D", &port.to_string(), &place, "cat"]));
    let mut socks = eventually("the client's port", || TcpStream::connect(("127.0.0.1", port)).ok());
    let [high, low] = bastion.host.port().to_be_bytes();
    let mut answer = Vec::new();
    std::io::Write::write_all(&mut socks, &[4, 1, high, low, 127, 0, 0, 1, 0]).unwrap();
    let _ = std::io::Read::read_to_end(&mut socks, &mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("SSH-2.0"), "the target's sshd answered");
    is_explained(&bastion, &session.until_stderr("open failed"), "own machine");
    session.close_stdin();
}

#[test]
fn remote_forwarding() {
    let bastion = Bastion::start();
    let port = free_port();
    let mut ssh = bastion.ssh("alice", "web-1");
    let done = run(ssh.args(["-R", &format!("{port}:127.0.0.1:9"), "sleep 0.3"]));
    is_denied(&bastion, "forward-remote");
    assert!(done.stderr.contains("remote port forwarding failed"), "{}", done.stderr);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "somebody listens");
}

#[test]
fn forwarding_of_unix_sockets() {
    let bastion = Bastion::start();
    bastion.log_in("alice");
    let local = bastion.scratch().join("socket");
    let forward = format!("{}:{}/remote", local.display(), bastion.home().display());
    let mut ssh = bastion.client("ssh");
    let place = bastion.place("alice", "web-1");
    let mut session = Running::start(ssh.args(["-L", &forward, &place, "cat"]));
    let mut forwarded =
        eventually("the client's socket", || std::os::unix::net::UnixStream::connect(&local).ok());
    let _ = std::io::Read::read(&mut forwarded, &mut [0]);
    is_explained(&bastion, &session.until_stderr("open failed"), "own machine");
    session.close_stdin();
    let there = bastion.home().join("remote");
    let mut ssh = bastion.ssh("alice", "web-1");
    run(ssh.args(["-R", &format!("{}:{}", there.display(), local.display()), "true"]));
    is_denied(&bastion, "forward-remote");
    assert!(!there.exists());
}

#[test]
fn agent_forwarding() {
    let bastion = Bastion::start();
    let socket = bastion.scratch().join("agent");
    let mut agent = Running::start(Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket));
    agent.until_stdout("SSH_AUTH_SOCK");
    let mut ssh = bastion.ssh("alice", "web-1");
    let done = run(ssh.args(["-A", "echo agent:$SSH_AUTH_SOCK"]).env("SSH_AUTH_SOCK", &socket));
    assert_eq!(done.text(), "agent:\n", "the command runs, without an agent");
    assert!(done.stderr.contains("refused: forward-agent on web-1"), "{}", done.stderr);
    is_denied(&bastion, "forward-agent");
}

#[test]
fn x11_forwarding() {
    let bastion = Bastion::start();
    let mut ssh = bastion.ssh("alice", "web-1");
    let done = run(ssh.args(["-Y", "echo display:$DISPLAY"]).env("DISPLAY", "127.0.0.1:9"));
    assert_eq!(done.text(), "display:\n");
    assert!(done.stderr.contains("refused: forward-x11 on web-1"), "{}", done.stderr);
    is_denied(&bastion, "forward-x11");
}

#[test]
fn unknown_subsystems() {
    let bastion = Bastion::start();
    let done = run(bastion.ssh("alice", "web-1").args(["-s", "netconf"]));
    assert!(!done.status.success());
    bastion
        .until_entry("refusal", |entry| entry["what"].as_str().is_some_and(|text| text.contains("netconf")));
}

#[test]
#[ignore = "OpenSSH leaves at the refusal, which the gateway sends before its explanation"]
fn unknown_subsystems_are_explained() {
    let bastion = Bastion::start();
    let done = run(bastion.ssh("alice", "web-1").args(["-s", "netconf"]));
    is_explained(&bastion, &done.stderr, "netconf");
}

#[test]
fn a_tunnel_device() {
    let bastion = Bastion::start();
    let mut ssh = bastion.ssh("alice", "web-1");
    ssh.args(["-w", "7:7", "true"]);
    let done = run(&mut ssh);
    assert!(!std::path::Path::new("/sys/class/net/tun7").exists(), "{}", done.stderr);
}
