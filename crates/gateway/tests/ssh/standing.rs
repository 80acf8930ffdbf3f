//! Who may not be here any longer is cut off within a second, on whatever they have open.

use std::process::Stdio;
use std::time::Duration;

use access::model::PersonId;
use access::ports::Store;
use tokio::process::Child;
use tokio::time::timeout;

use super::bastion::{Bastion, account, eventually, output, text};
use super::terminal::driven;

/// A second, and what a loaded machine needs to start and end processes.
const SOON: Duration = Duration::from_secs(3);

async fn suspend(bastion: &Bastion, name: &str) {
    bastion.store.set_suspended(&PersonId(format!("p-{name}")), true).await.unwrap();
    bastion.store.stir().await.unwrap();
}

/// Waits for the end of something that was told to end just now; what it printed on standard error.
async fn ended(child: Child) -> String {
    let out = timeout(SOON, child.wait_with_output()).await.expect("it goes on").unwrap();
    assert!(!out.status.success(), "it was not told that it did not finish");
    text(&out.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_persons_commands_end_at_once_on_every_kind_of_channel() {
    let bastion = Bastion::start().await;
    let command = bastion.ssh(&bastion.web()).arg("sleep 100").spawn().unwrap();
    let gated = bastion.ssh(&bastion.gated()).arg("tail -f /dev/null").spawn().unwrap();
    let jump = format!(
        "ProxyCommand=ssh -F /dev/null -i {0}/alice -o UserKnownHostsFile={0}/known_hosts -o BatchMode=yes -p {1} -W %h:%p alice@127.0.0.1",
        bastion.dir.path().display(),
        bastion.port
    );
    let mut through = bastion.client("ssh", "alice");
    through.args(["-o", &jump, &format!("{}@web-1", account()), "sleep 100"]);
    let through = through.spawn().unwrap();
    let mut shell = bastion.ssh(&bastion.web());
    let shell = shell.arg("-tt").stdin(Stdio::piped()).spawn().unwrap();
    let mut sftp = bastion.ssh(&bastion.web());
    let sftp = sftp.args(["-s", "sftp"]).stdin(Stdio::piped()).spawn().unwrap();
    eventually("all five run", || bastion.target_starts() >= 4).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    suspend(&bastion, "alice").await;
    for child in [command, shell, sftp, through] {
        let told = ended(child).await;
        assert!(told.contains("suspended"), "{told}");
    }
    drop(ended(gated).await);
    eventually("nothing is left on the target", || bastion.target_connections() == 0).await;
    eventually("the sessions are closed", || bastion.ledger().contains("\"ended\"")).await;
    let again = bastion.run("true").await;
    assert!(!again.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_person_leaves_the_desk_too() {
    let bastion = Bastion::start().await;
    let held = bastion.ssh(&bastion.gated()).arg("rm -rf /srv/data").spawn().unwrap();
    eventually("it is held", || bastion.ledger().contains("Request {")).await;
    let watching = bastion.ssh("alice").arg("watch 1").spawn().unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    suspend(&bastion, "alice").await;
    for child in [held, watching] {
        let told = ended(child).await;
        assert!(told.contains("suspended"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_taken_away_ends_what_came_in_with_it() {
    let bastion = Bastion::start().await;
    let running = bastion.ssh(&bastion.web()).arg("sleep 100").spawn().unwrap();
    eventually("it runs", || bastion.target_starts() == 1).await;
    let alice = PersonId("p-alice".into());
    let key = bastion.store.keys(&alice).await.unwrap().remove(0);
    bastion.store.remove_key(&alice, &key.fingerprint).await.unwrap();
    bastion.store.stir().await.unwrap();
    let told = ended(running).await;
    assert!(told.contains("no longer enrolled"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_killed_by_its_person_and_by_nobody_else_who_may_not() {
    let bastion = Bastion::start().await;
    let running = bastion.ssh(&bastion.web()).arg("sleep 100").spawn().unwrap();
    eventually("it runs", || bastion.target_starts() == 1).await;
    let session = bastion.store.open_sessions().await.unwrap().remove(0).id.to_string();
    let kill = format!("kill {session} --reason 'not me'");
    let refused = output(bastion.ssh_with_key("bob", "bob").arg(&kill)).await;
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("no session"), "{}", text(&refused.stderr));
    let told = output(bastion.ssh("alice").arg(&kill)).await;
    assert!(told.status.success(), "{}", text(&told.stderr));
    let why = ended(running).await;
    assert!(why.contains("Somebody ended the session"), "{why}");
    eventually("it is entered", || bastion.ledger().contains("Killed")).await;
    let again = output(bastion.ssh("alice").arg(&kill)).await;
    assert!(text(&again.stderr).contains("over already"), "{}", text(&again.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarding_ends_with_its_person() {
    let bastion = Bastion::start().await;
    let mut ssh = bastion.ssh(&bastion.web());
    ssh.arg("-N");
    let idle = ssh.spawn().unwrap();
    eventually("the session is open", || bastion.ledger().contains("SessionOpen")).await;
    suspend(&bastion, "alice").await;
    let told = ended(idle).await;
    assert!(told.contains("suspended") || told.contains("disconnect"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_shell_ends_at_its_prompt() {
    let bastion = Bastion::start().await;
    let ssh = bastion.ssh(&bastion.gated());
    let shown = tokio::join!(driven(&ssh, "", "wait(b'Each line is judged')\nrest(20)"), async {
        eventually("the session is open", || bastion.ledger().contains("SessionOpen")).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        suspend(&bastion, "alice").await;
    });
    assert!(shown.0.contains("suspended"), "{}", shown.0);
}
