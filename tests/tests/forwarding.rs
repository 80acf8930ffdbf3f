//! Forwarding through the real program: nothing leads back to the gateway's own machine, whatever the policies permit, and
//! what is refused says why. (Forwardings that work need a target on another machine: `crates/gateway/tests/ssh`.)

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use end_to_end::{Bastion, Done, Plan, Running, eventually, run, run_with_input};

const FIRST: &str = "@id(\"ops-connect-to-production\")";

/// A bastion whose policies permit every forwarding to everybody.
fn permissive() -> Bastion {
    let actions = ["forward", "forward-unix", "forward-remote", "forward-agent", "forward-x11"];
    let actions = actions.map(|name| format!("Action::\"{name}\"")).join(", ");
    let permit =
        format!("@id(\"forward-anything\")\npermit (principal, action in [{actions}], resource);\n\n");
    Plan::shipped().file("policies/production.cedar", FIRST, &(permit + FIRST)).start()
}

fn standard_forward(bastion: &Bastion, target: &str, to: &str) -> Done {
    bastion.log_in("alice");
    let mut ssh = bastion.client("ssh");
    run(ssh.args(["-W", to, &bastion.place("alice", target)]))
}

/// A service that nobody may reach through the gateway; it says how often it was reached.
fn canary() -> (u16, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket option");
    (listener.local_addr().expect("its address").port(), listener)
}

#[test]
fn no_policy_leads_back_to_the_gateways_machine() {
    let bastion = permissive();
    let (port, listener) = canary();
    for target in ["web-1", "db-1"] {
        for host in [
            "127.0.0.1",
            "localhost",
            "2130706433",
            "0x7f.1",
            "127.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "0.0.0.0",
        ] {
            let told = standard_forward(&bastion, target, &format!("{host}:{port}")).refused();
            assert!(told.contains("No policy can permit it"), "{host}: {told}");
        }
    }
    assert!(listener.accept().is_err(), "somebody reached the gateway's loopback");
    let refused = bastion.entries_of("refusal");
    assert_eq!(
        refused
            .iter()
            .filter(|entry| entry["what"].as_str().is_some_and(|text| text.contains("forwarding")))
            .count(),
        16
    );
}

#[test]
fn no_policy_leads_to_metadata_and_link_local_addresses() {
    let bastion = permissive();
    for host in
        ["169.254.169.254", "2852039166", "[::ffff:a9fe:a9fe]", "[fe80::1]", "metadata.google.internal."]
    {
        let told = standard_forward(&bastion, "web-1", &format!("{host}:80")).refused();
        assert!(told.contains("No policy can permit it"), "{host}: {told}");
    }
}

#[test]
fn a_forward_inside_a_jump_is_judged_like_any_other() {
    let bastion = Bastion::start();
    let mut ssh = bastion.jump("alice", "web-1");
    let told = run(ssh.args(["-o", "ClearAllForwardings=no"]).arg("true"));
    told.ok();
    bastion.log_in("alice");
    let mut ssh = bastion.client("ssh");
    ssh.args(["-J", "alice@gateway", "-W", "db.example:5432", &format!("{}@web-1", bastion.login())]);
    let told = run(&mut ssh).refused();
    assert!(told.contains("gateway's own machine"), "{told}");
}

#[test]
fn what_is_permitted_but_not_carried_says_so() {
    let bastion = permissive();
    let (port, _listener) = canary();
    let mut ssh = bastion.ssh("alice", "web-1");
    let done = run(ssh.args(["-R", &format!("0:127.0.0.1:{port}"), "sleep 1"]));
    assert!(done.stderr.contains("remote port forwarding failed"), "{}", done.stderr);
    bastion.until_entry("decision", |entry| entry["act"] == "forward-remote" && entry["verdict"] == "allow");
    bastion.until_entry("refusal", |entry| {
        entry["what"].as_str().is_some_and(|text| text.contains("remote forwarding (not carried)"))
    });
    let mut ssh = bastion.ssh("alice", "web-1");
    let done = run(ssh.args(["-Y", "echo display:$DISPLAY"]).env("DISPLAY", "127.0.0.1:9"));
    assert_eq!(done.text(), "display:\n");
    assert!(done.stderr.contains("does not carry it"), "{}", done.stderr);
}

#[test]
fn a_session_without_a_channel_is_shown() {
    let bastion = Bastion::start();
    bastion.log_in("alice");
    let mut ssh = bastion.client("ssh");
    let session = Running::start(ssh.args(["-N", &bastion.place("alice", "web-1")]));
    let row = eventually("the session", || {
        bastion.sessions().into_iter().find(|row| row.join(" ").contains("web-1"))
    });
    assert!(row.join(" ").contains("alice"), "{row:?}");
    drop(session);
}

/// What Remote-SSH does: a shell that reads its script from standard input, beside a SOCKS port.
#[test]
fn a_remote_ide_starts_on_a_recorded_target() {
    let bastion = Bastion::start();
    bastion.log_in("alice");
    let socks = free_port();
    let mut ssh = bastion.client("ssh");
    ssh.args(["-T", "-D", &socks.to_string(), &bastion.place("alice", "web-1"), "bash"]);
    let mut session = Running::start(&mut ssh);
    session.write(
        b"echo '0123456789ab: running'\nuname -rsv\nexport VSCODE_AGENT_FOLDER=\"$HOME/.vscode-server\"\n",
    );
    session.write(b"mkdir -p \"$VSCODE_AGENT_FOLDER/bin\"\nprintf '0123456789ab: %s\\n' start\n");
    session.until_stdout("0123456789ab: start");
    let mut through = eventually("the SOCKS port", || TcpStream::connect(("127.0.0.1", socks)).ok());
    through.write_all(&[4, 1, 0x23, 0x28, 127, 0, 0, 1, 0]).expect("the client reads");
    let mut answer = Vec::new();
    let _ = through.read_to_end(&mut answer);
    session.until_stderr("open failed");
    session.close_stdin();
    session.finish().ok();
    assert!(bastion.home().join(".vscode-server/bin").exists());
}

#[test]
fn a_remote_ide_gets_one_clear_sentence_on_a_gated_target() {
    let bastion = Bastion::start();
    for command in [
        "bash",
        "sh",
        "/bin/bash --login",
        "~/.vscode-server/bin/0123/bin/code-server --start-server --host=127.0.0.1 --port=0",
        "$HOME/.cache/JetBrains/RemoteDev/dist/x/bin/remote-dev-server.sh run /srv",
    ] {
        let mut ssh = bastion.ssh("alice", "db-1");
        let told = run_with_input(ssh.args(["-T", command]), b"touch came-in\n").refused();
        assert_eq!(told.lines().count(), 1, "{command}: {told}");
        assert!(told.contains("command-gated") && told.contains("Remote IDE"), "{command}: {told}");
        assert!(told.contains("ask the owners"), "{command}: {told}");
    }
    assert!(!bastion.home().join("came-in").exists());
}

/// Text on standard input is not part of what is judged, so nothing that reads commands from there may start.
#[test]
fn nothing_that_takes_commands_on_its_standard_input_starts_on_a_gated_target() {
    let bastion = Bastion::start();
    let mark = bastion.home().join("came-in");
    let shell = format!("touch {}\n", mark.display());
    let python = format!("open({:?}, 'w')\n", mark.display().to_string());
    let perl = format!("open(F, '>', {:?});\n", mark.display().to_string());
    let escape = format!("\\! touch {}\n!touch {0}\n.shell touch {0}\n", mark.display());
    for (command, input) in [
        ("bash", &shell),
        ("sh", &shell),
        ("sh -s", &shell),
        ("bash -s -- x", &shell),
        ("bash -", &shell),
        ("bash /dev/stdin", &shell),
        ("dash", &shell),
        ("env bash", &shell),
        ("nohup sh", &shell),
        ("timeout 9 sh", &shell),
        ("exec bash", &shell),
        ("cat | sh", &shell),
        ("cat - | bash -s", &shell),
        ("xargs sh -c", &shell),
        ("xargs -I{} sh -c {}", &shell),
        ("xargs env", &shell),
        ("at now", &shell),
        ("batch", &shell),
        ("crontab -", &shell),
        ("parallel", &shell),
        ("source /dev/stdin", &shell),
        (". /dev/stdin", &shell),
        ("python3", &python),
        ("python3 -", &python),
        ("python3 /dev/stdin", &python),
        ("perl", &perl),
        ("perl -", &perl),
        ("ed", &escape),
        ("vim -es", &escape),
        ("ex", &escape),
        ("psql", &escape),
        ("mysql", &escape),
        ("sqlite3", &escape),
        ("awk -f -", &shell),
        ("sed -f -", &shell),
        ("make -f -", &shell),
        ("dc", &escape),
        ("tclsh", &shell),
        ("node -", &shell),
        ("ruby -", &shell),
        ("gdb", &shell),
        ("ssh 127.0.0.1", &shell),
    ] {
        let mut client = Running::start(bastion.ssh("alice", "db-1").args(["-T", command]));
        client.write(input.as_bytes());
        client.close_stdin();
        // What nobody knows is held for two signatures, which is as good here: nothing of it has run.
        let held = eventually(command, || {
            let held = client.stderr().contains("HELD as request");
            (held || client.has_ended()).then_some(held)
        });
        assert!(!mark.exists(), "{command} ran what was on its standard input");
        assert!(held || !client.wait().status.success(), "{command} was not refused");
    }
    let decisions = bastion.entries_of("decision");
    assert!(
        decisions.iter().all(|entry| entry["act"] != "exec" || entry["verdict"] != "allow"),
        "{decisions:#?}"
    );
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port()
}
