//! Who gets in, and that everybody else gets the same answer.

use super::bastion::{Bastion, output, text};

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_unknown_people_get_the_same_answer() {
    let bastion = Bastion::start().await;
    for (key, user) in [("stranger", "alice"), ("alice", "mallory"), ("bob", "alice"), ("alice", "Alice")] {
        let out = output(bastion.ssh_with_key(key, user).arg("help")).await;
        assert_eq!(out.status.code(), Some(255));
        assert!(
            text(&out.stderr).contains("Permission denied (publickey,password)"),
            "{}",
            text(&out.stderr)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_a_remembered_code_is_half_a_login() {
    let bastion = Bastion::start().await;
    access::ports::Store::forget(&*bastion.store, &access::model::PersonId("p-alice".into())).await.unwrap();
    let out = output(bastion.ssh("alice").arg("help")).await;
    assert!(text(&out.stderr).contains("Permission denied (keyboard-interactive)"), "{}", text(&out.stderr));
}

/// Answers the client's one prompt with `code`.
async fn log_in_with(bastion: &Bastion, code: &str) -> (bool, String) {
    let askpass = bastion.dir.path().join("askpass");
    std::fs::write(&askpass, format!("#!/bin/sh\necho \"$1\" >> {}.log\necho {code}\n", askpass.display()))
        .unwrap();
    std::fs::set_permissions(&askpass, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let with_batch = bastion.ssh("alice");
    let mut ssh = tokio::process::Command::new("ssh");
    ssh.args(["-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1"]).args(with_batch.as_std().get_args());
    ssh.env("SSH_ASKPASS", &askpass).env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", ":0");
    ssh.args(["-o", "PreferredAuthentications=publickey,keyboard-interactive", "help"]);
    let out = output(ssh.stdin(std::process::Stdio::null())).await;
    let prompts = std::fs::read_to_string(format!("{}.log", askpass.display())).unwrap_or_default();
    (out.status.success(), prompts)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_completes_the_login_once_and_is_remembered() {
    let bastion = Bastion::start().await;
    let alice = access::model::PersonId("p-alice".into());
    let forget = || access::ports::Store::forget(&*bastion.store, &alice);
    forget().await.unwrap();
    assert!(!log_in_with(&bastion, "000000").await.0);
    let code = Bastion::code();
    let (entered, prompts) = log_in_with(&bastion, &code).await;
    assert!(entered && prompts.contains("Verification code: "), "{prompts}");
    assert!(output(bastion.ssh("alice").arg("help")).await.status.success(), "it is remembered");
    forget().await.unwrap();
    assert!(!log_in_with(&bastion, &code).await.0, "a code works once");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_answers_commands_and_shells() {
    let bastion = Bastion::start().await;
    let out = output(bastion.ssh("alice").arg("targets")).await;
    assert!(
        out.status.success() && text(&out.stdout).contains("web-1"),
        "{}{}",
        text(&out.stdout),
        text(&out.stderr)
    );
    let out = output(bastion.ssh("alice").arg("nonsense here")).await;
    assert_eq!(out.status.code(), Some(2));
    let out = output(&mut bastion.ssh("alice")).await;
    assert!(out.status.success() && text(&out.stdout).contains("approve"), "{}", text(&out.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_logins_than_places_are_turned_away_and_a_slow_login_is_cut() {
    let bastion = Bastion::start_with(|options| {
        options.max_startups = 2;
        options.login_grace = std::time::Duration::from_secs(3);
    })
    .await;
    let connect = || std::net::TcpStream::connect(("127.0.0.1", bastion.port)).unwrap();
    let idle = [connect(), connect()];
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let mut told = String::new();
    let mut turned_away = connect();
    std::io::Read::read_to_string(&mut turned_away, &mut told).unwrap();
    assert!(told.contains("too many connections"), "{told}");
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert_eq!(text(&bastion.run("echo in").await.stdout), "in\n");
    drop(idle);
}
