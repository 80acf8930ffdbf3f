//! What is not on offer is refused in one line, on the record, without breaking what is.

use access::model::{Service, Target};
use access::recording::SessionEvent;

use super::bastion::{Bastion, eventually, output, text};

#[tokio::test(flavor = "multi_thread")]
async fn agent_and_x11_forwarding_are_refused_and_the_command_still_runs() {
    let bastion = Bastion::start().await;
    let script =
        r#"eval $(ssh-agent) >/dev/null; DISPLAY=:9 "$@"; status=$?; ssh-agent -k >/dev/null; exit $status"#;
    let mut ssh = bastion.client("ssh", "alice");
    ssh.args([
        "-A",
        "-p",
        &bastion.port.to_string(),
        "-l",
        &bastion.web(),
        "127.0.0.1",
        "echo ran; echo $SSH_AUTH_SOCK",
    ]);
    let out = output(&mut super::bastion::piped(script, &ssh)).await;
    assert_eq!(text(&out.stdout), "ran\n\n", "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("refused: forward-agent on web-1"), "{}", text(&out.stderr));
    assert!(bastion.ledger().contains("act: \"forward-agent\""), "{}", bastion.ledger());
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarding_from_a_target_session_is_refused() {
    let bastion = Bastion::start().await;
    let mut ssh = bastion.client("ssh", "alice");
    ssh.args(["-W", "127.0.0.1:22", "-p", &bastion.port.to_string(), "-l", &bastion.web(), "127.0.0.1"]);
    let out = output(&mut ssh).await;
    assert!(!out.status.success());
    assert!(text(&out.stderr).contains("gateway's own machine"), "{}", text(&out.stderr));
    let mut ssh = bastion.client("ssh", "alice");
    ssh.args(["-R", "0:127.0.0.1:22", "-o", "ExitOnForwardFailure=yes", "-p", &bastion.port.to_string()]);
    ssh.args(["-l", &bastion.web(), "127.0.0.1", "true"]);
    let out = output(&mut ssh).await;
    assert!(!out.status.success());
    // The client hears the no, and may be gone, before the connection's task has entered it.
    eventually("the refusal is entered", || bastion.ledger().contains("own machine) 127.0.0.1:22")).await;
    eventually("the decision is entered", || bastion.ledger().contains("act: \"forward-remote\"")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_is_no_way_to_anywhere_but_targets() {
    let bastion = Bastion::start().await;
    for place in ["127.0.0.1:22", "nosuch:22", "[::1]:22", "web-1:5432", "169.254.169.254:80"] {
        let mut ssh = bastion.client("ssh", "alice");
        ssh.args(["-W", place, "-p", &bastion.port.to_string(), "-l", "alice", "127.0.0.1"]);
        let out = output(&mut ssh).await;
        assert!(out.stdout.is_empty(), "{place}: {}", text(&out.stdout));
        assert!(text(&out.stderr).contains("is not on offer"), "{place}: {}", text(&out.stderr));
    }
    assert_eq!(bastion.target_connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_subsystems_and_variables_do_not_cross() {
    let mut bastion = Bastion::start().await;
    let mut ssh = bastion.client("ssh", "alice");
    ssh.args(["-s", "-p", &bastion.port.to_string(), "-l", &bastion.web(), "127.0.0.1", "netconf"]);
    assert!(!output(&mut ssh).await.status.success());
    let mut ssh = bastion.client("ssh", "alice");
    ssh.args([
        "-o",
        "SetEnv=LC_TIME=C.UTF-8 BASH_ENV=/evil LD_PRELOAD=/evil",
        "-p",
        &bastion.port.to_string(),
    ]);
    ssh.args(["-l", &bastion.web(), "127.0.0.1", "echo $LC_TIME-$BASH_ENV-$LD_PRELOAD"]);
    let out = output(&mut ssh).await;
    assert_eq!(text(&out.stdout), "C.UTF-8--\n", "{}", text(&out.stderr));
    bastion.stop().await;
    let events: Vec<_> = bastion.frames().iter().filter_map(|frame| frame.event()).collect();
    for name in ["BASH_ENV", "LD_PRELOAD"] {
        let what = format!("the environment variable {name}");
        let dropped = SessionEvent::Refused { what, why: String::new() };
        assert!(events.contains(&dropped), "{name} is not recorded: {events:?}");
    }
    assert!(!format!("{events:?}").contains("/evil"), "a value that did not cross was recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_key_than_the_pinned_one_is_refused_with_both_fingerprints() {
    let bastion = Bastion::start().await;
    let other = std::fs::read_to_string(bastion.dir.path().join("stranger.pub")).unwrap();
    let other = other.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    bastion.move_target(|target: &mut Target| target.service = Service::Ssh { host_key: other }).await;
    let out = bastion.run("true").await;
    let told = text(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{told}");
    assert_eq!(told.matches("SHA256:").count(), 2, "{told}");
    assert!(told.contains("web-1") && told.contains("set-host-key"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_down_is_told_in_one_line() {
    let bastion = Bastion::start().await;
    bastion.move_target(|target: &mut Target| target.port = 1).await;
    let out = bastion.run("true").await;
    assert!(text(&out.stderr).contains("web-1 does not answer"), "{}", text(&out.stderr));
    assert_eq!(text(&out.stderr).lines().count(), 1);
}
