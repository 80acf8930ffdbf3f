//! Back-pressure: a reader that stalls stalls itself and nobody else, and memory stays bounded.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use super::bastion::{Bastion, LIMIT, eventually, output, resident, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_channel_does_not_stop_its_siblings() {
    let bastion = Bastion::start().await;
    let (_master, socket) = bastion.master(&bastion.web()).await;
    // Nobody reads this one's output.
    let mut stalled = bastion.over(&socket).arg("cat /dev/zero").spawn().unwrap();
    sleep(Duration::from_secs(2)).await;
    for n in 0..5 {
        let out =
            output(bastion.over(&socket).arg(format!("head -c 3000000 /dev/zero | wc -c; echo {n}"))).await;
        assert_eq!(text(&out.stdout), format!("3000000\n{n}\n"));
    }
    let out = output(bastion.over(&socket).arg("head -c 20000000 /dev/zero")).await;
    assert_eq!(out.stdout.len(), 20_000_000);
    stalled.kill().await.unwrap();
    eventually("only idle target connections are left", || bastion.target_connections() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_upload_does_not_stop_its_siblings() {
    let bastion = Bastion::start().await;
    let (_master, socket) = bastion.master(&bastion.web()).await;
    let mut stalled = bastion.over(&socket).arg("sleep 100").stdin(Stdio::piped()).spawn().unwrap();
    let mut input = stalled.stdin.take().unwrap();
    let flood = tokio::spawn(async move {
        let zeros = vec![0; 1 << 16];
        for _ in 0..16 * 40 {
            if input.write_all(&zeros).await.is_err() {
                return;
            }
        }
        sleep(LIMIT).await;
    });
    sleep(Duration::from_secs(2)).await;
    let out = output(bastion.over(&socket).arg("echo alive")).await;
    assert_eq!(text(&out.stdout), "alive\n");
    flood.abort();
    stalled.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_writer_to_a_slow_reader_takes_little_memory() {
    let bastion = Bastion::start().await;
    let mut slow = bastion.ssh(&bastion.web()).arg("yes").spawn().unwrap();
    let mut output = slow.stdout.take().unwrap();
    let mut chunk = vec![0; 4096];
    output.read_exact(&mut chunk).await.unwrap();
    let before = resident();
    for _ in 0..60 {
        output.read_exact(&mut chunk).await.unwrap();
        sleep(Duration::from_millis(50)).await;
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 24 << 20, "{} KiB", grown / 1024);
    slow.kill().await.unwrap();
    eventually("the writer is gone", || bastion.target_connections() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_whose_reader_is_slow_uses_the_spool_file_and_completes() {
    let bastion = Bastion::start().await;
    let ssh = bastion.ssh(&bastion.web());
    let script = "head -c 60M /dev/zero | \"$@\" cat | (sleep 4; wc -c)";
    let out = output(&mut super::bastion::piped(script, &ssh)).await;
    assert_eq!(text(&out.stdout).trim(), "62914560", "{}", text(&out.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_channels_at_once_share_one_connection() {
    let bastion = Bastion::start().await;
    let (_master, socket) = bastion.master(&bastion.web()).await;
    let all: Vec<_> = (0..12)
        .map(|n| {
            let mut ssh = bastion.over(&socket);
            ssh.arg(format!("head -c 1000000 /dev/urandom | wc -c; exit {n}"));
            tokio::spawn(async move { timeout(LIMIT, ssh.output()).await.unwrap().unwrap() })
        })
        .collect();
    for (n, ssh) in all.into_iter().enumerate() {
        let out = ssh.await.unwrap();
        assert_eq!(text(&out.stdout), "1000000\n", "{}", text(&out.stderr));
        assert_eq!(out.status.code(), Some(n as i32));
    }
}
