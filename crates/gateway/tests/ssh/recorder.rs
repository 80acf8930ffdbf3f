//! A recorder that fails ends the session, says so, and lets nobody in.

use std::process::Stdio;
use std::time::Duration;

use access::recording::Options;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::bastion::{Bastion, LIMIT, eventually, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_that_cannot_write_ends_the_session_with_a_reason() {
    let small =
        Options { wal_file_bytes: 2 << 20, patience: Duration::from_millis(500), ..Options::default() };
    let bastion = Bastion::start_recording(small, |_| ()).await;
    let mut ssh = bastion.ssh(&bastion.web()).arg("cat > /dev/null").stdin(Stdio::piped()).spawn().unwrap();
    let idle = bastion.ssh(&bastion.web()).arg("sleep 100").spawn().unwrap();
    eventually("both run", || bastion.target_connections() == 2).await;
    let folder = bastion.dir.path().join("recordings");
    std::fs::rename(&folder, bastion.dir.path().join("unmounted")).unwrap();
    let mut input = ssh.stdin.take().unwrap();
    let flood = tokio::spawn(async move { while input.write_all(&[0; 1 << 16]).await.is_ok() {} });
    for ended in [ssh, idle] {
        let out = timeout(LIMIT, ended.wait_with_output()).await.unwrap().unwrap();
        assert!(!out.status.success());
        assert!(text(&out.stderr).contains("the recorder cannot write"), "{}", text(&out.stderr));
    }
    flood.abort();
    let refused = bastion.run("echo ran").await;
    assert!(refused.stdout.is_empty() && !refused.status.success(), "{}", text(&refused.stdout));
    eventually("nothing runs on the target", || bastion.target_connections() == 0).await;
}
