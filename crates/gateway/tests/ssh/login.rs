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
