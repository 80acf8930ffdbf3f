//! The managed shell: a terminal in front of it, a real sshd behind it.

use super::bastion::Bastion;
use super::terminal::driven;

async fn shell(bastion: &Bastion, script: &str) -> String {
    driven(&bastion.ssh(&bastion.gated()), "", script).await
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_run_one_after_the_other_and_their_status_is_shown() {
    let bastion = Bastion::start().await;
    let script = r##"
wait(b"# ")
key(b"echo first\r")
wait(b"first\r\n")
wait(b"# ")
forget()
key(b"cd /tmp\r")
wait(b":\x1b[1m/tmp")
forget()
key(b"pwd\r")
wait(b"\r\n/tmp\r\n")
forget()
key(b"ls /nonexistent\r")
wait(b"[2] ")
key(b"\x04")
rest()
"##;
    let seen = shell(&bastion, script).await;
    assert!(seen.contains("exit"), "{seen}");
}
