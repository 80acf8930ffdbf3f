//! The last byte, the status and the close always arrive; and nothing stays behind.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::sleep;

use super::bastion::{Bastion, eventually, output, piped, text};

#[tokio::test(flavor = "multi_thread")]
async fn the_last_byte_and_the_status_always_arrive() {
    let bastion = Bastion::start().await;
    let (_master, socket) = bastion.master(&bastion.web()).await;
    for n in 0..60 {
        let out = output(bastion.over(&socket).arg(format!("echo {n}; echo e{n} >&2; exit {n}"))).await;
        assert_eq!(text(&out.stdout), format!("{n}\n"));
        assert_eq!(text(&out.stderr), format!("e{n}\n"));
        assert_eq!(out.status.code(), Some(n));
    }
    for n in 0..10 {
        let out = bastion.run(&format!("head -c 100000 /dev/zero; exit {n}")).await;
        assert_eq!((out.stdout.len(), out.status.code()), (100_000, Some(n)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_that_ended_the_program_is_told() {
    let bastion = Bastion::start().await;
    let mut ssh = bastion.client("ssh", "alice");
    ssh.args([
        "-v",
        "-p",
        &bastion.port.to_string(),
        "-l",
        &bastion.web(),
        "-o",
        "LogLevel=DEBUG1",
        "127.0.0.1",
    ]);
    let out = output(ssh.arg("kill -SEGV $$")).await;
    assert_eq!(out.status.code(), Some(255));
    let told = text(&out.stderr);
    assert!(told.contains("exit-signal"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_input_reaches_the_program_and_its_answer_comes_back() {
    let bastion = Bastion::start().await;
    let ssh = bastion.ssh(&bastion.web());
    let out = output(&mut piped("printf 'c\\nb\\na\\n' | \"$@\" 'sort; echo done; exit 5'", &ssh)).await;
    assert_eq!((text(&out.stdout), out.status.code()), ("a\nb\nc\ndone\n".into(), Some(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_killed_leaves_nothing_behind() {
    let bastion = Bastion::start().await;
    for command in ["cat /dev/zero", "sleep 100"] {
        let mut ssh = bastion.ssh(&bastion.web()).arg(command).stdin(Stdio::piped()).spawn().unwrap();
        if command.starts_with("cat") {
            ssh.stdout.as_mut().unwrap().read_exact(&mut [0; 1000]).await.unwrap();
        }
        eventually("the target is connected", || bastion.target_connections() > 0).await;
        ssh.kill().await.unwrap();
        eventually("the target is let go", || bastion.target_connections() == 0).await;
    }
    eventually("both sessions are closed", || bastion.ledger().matches("SessionClose").count() == 2).await;
    assert!(bastion.ledger().contains("lost"), "{}", bastion.ledger());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_target_is_explained() {
    let bastion = Bastion::start().await;
    let out = bastion.run("kill -9 $PPID; sleep 5").await;
    assert!(text(&out.stderr).contains("connection to the target was lost"), "{}", text(&out.stderr));
    assert_eq!(out.status.code(), Some(255));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_what_runs_finish_and_ends_what_does_not() {
    let mut bastion = Bastion::start_with(|options| options.drain = Duration::from_secs(8)).await;
    let begun = |name: &str| bastion.dir.path().join(name);
    let touch = |name: &str| format!("touch {}", begun(name).display());
    let short = bastion.ssh(&bastion.web()).arg(touch("short") + "; sleep 1; echo finished").spawn().unwrap();
    let long = bastion.ssh(&bastion.web()).arg(touch("long") + "; sleep 100").spawn().unwrap();
    eventually("both run", || begun("short").exists() && begun("long").exists()).await;
    bastion.stop().await;
    let short = short.wait_with_output().await.unwrap();
    assert_eq!(text(&short.stdout), "finished\n", "{}", text(&short.stderr));
    let long = long.wait_with_output().await.unwrap();
    assert!(text(&long.stderr).contains("gateway is being stopped"), "{}", text(&long.stderr));
    assert!(!long.status.success());
    sleep(Duration::from_millis(100)).await;
    assert!(bastion.ledger().contains("interrupted"), "{}", bastion.ledger());
}
