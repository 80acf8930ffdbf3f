//! How the shell ends: by its person, by idleness, by a stop, by a recorder that cannot write.

use std::time::Duration;

use access::recording::Options;

use super::super::bastion::{Bastion, eventually};
use super::{PRELUDE, shell};
use crate::terminal::driven;

#[tokio::test(flavor = "multi_thread")]
async fn it_leaves_with_the_status_that_it_is_told() {
    let bastion = Bastion::start().await;
    for (keys, status) in [("exit 7\\r", 7), ("ls /nonexistent\\r", 2), ("exit\\r", 0)] {
        let leave = if keys.starts_with("ls") { "forget()\nprompt()\nkey(b'\\x04')" } else { "" };
        let script = format!("forget()\nkey(b'{keys}')\n{leave}\nstatus({status})");
        shell(&bastion, &script).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_at_which_nothing_happens_ends() {
    let bastion = Bastion::start_with(|options| options.idle_limit = Some(Duration::from_secs(2))).await;
    let seen = shell(&bastion, "rest()").await;
    assert!(seen.contains("nothing happened for too long"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_the_prompt_with_a_reason() {
    let mut bastion = Bastion::start_with(|options| options.drain = Duration::from_secs(1)).await;
    let ssh = bastion.ssh(&bastion.gated());
    let script = format!("{PRELUDE}\nrest()");
    let person = tokio::spawn(async move { driven(&ssh, "", &script).await });
    eventually("the shell is open", || bastion.target_starts() == 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    bastion.stop().await;
    let seen = person.await.unwrap();
    assert!(seen.contains("gateway is being stopped"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_that_cannot_write_ends_the_prompt() {
    let small =
        Options { wal_file_bytes: 2 << 20, patience: Duration::from_millis(500), ..Options::default() };
    let bastion = Bastion::start_recording(small, |_| ()).await;
    let ssh = bastion.ssh(&bastion.gated());
    let script = r##"
import threading
def type_on():
    for _ in range(4000):
        try:
            key(b"x" * 500 + b"\x15")
        except OSError:
            return
        time.sleep(0.002)
os.rename("FOLDER", "FOLDER.unmounted")
threading.Thread(target=type_on, daemon=True).start()
rest()
"##;
    let folder = bastion.dir.path().join("recordings").display().to_string();
    let script = format!("{PRELUDE}\n{}", script.replace("FOLDER", &folder));
    let seen = driven(&ssh, "", &script).await;
    assert!(
        seen.contains("the recorder cannot write"),
        "{}",
        seen.get(seen.len().saturating_sub(500)..).unwrap_or(&seen)
    );
}
