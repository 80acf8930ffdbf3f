//! Held acts: nothing reaches the target before the quorum, and leaving withdraws the request.

use std::time::Duration;

use tokio::time::sleep;

use super::bastion::{Bastion, eventually, output, piped, text};

/// Signs and submits one approver's answer with nothing but OpenSSH.
pub async fn approve(bastion: &Bastion, name: &str, number: u64) {
    let ssh = bastion.ssh_with_key(name, name);
    let script = format!(
        "\"$@\" show {number} --statement approve | ssh-keygen -q -Y sign -n \"$NS\" -f $KEY - | \"$@\" approve {number}"
    );
    let mut command = piped(&script, &ssh);
    command.env("KEY", bastion.dir.path().join(name)).env("NS", access::statement::NAMESPACE);
    let out = output(&mut command).await;
    assert!(out.status.success(), "{}{}", text(&out.stdout), text(&out.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_command_runs_once_two_people_have_signed() {
    let bastion = Bastion::start().await;
    let victim = bastion.dir.path().join("victim");
    std::fs::create_dir(&victim).unwrap();
    let ssh = bastion.ssh(&bastion.gated()).arg(format!("rm -rf {}", victim.display())).spawn().unwrap();
    eventually("it is held", || bastion.ledger().contains("Request")).await;
    approve(&bastion, "bob", 1).await;
    sleep(Duration::from_millis(600)).await;
    assert!(victim.exists(), "one signature is not enough");
    assert_eq!(bastion.target_connections(), 0, "nothing has reached the target");
    approve(&bastion, "carol", 1).await;
    let out = ssh.wait_with_output().await.unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(!victim.exists());
    assert!(text(&out.stderr).contains("bob"), "{}", text(&out.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_withdraws_its_request() {
    let bastion = Bastion::start().await;
    let mut ssh = bastion.ssh(&bastion.gated()).arg("rm -rf /srv/none-such").spawn().unwrap();
    eventually("it is held", || bastion.ledger().contains("Request")).await;
    ssh.kill().await.unwrap();
    let waiting = || async { access::ports::Store::waiting_requests(&*bastion.store).await.unwrap().len() };
    for _ in 0..100 {
        if waiting().await == 0 {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(waiting().await, 0);
    assert_eq!(bastion.target_connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_command_is_refused_and_never_dialled() {
    let bastion = Bastion::start().await;
    let out = output(bastion.ssh(&bastion.gated()).arg("python3 -c 'print(1)'")).await;
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    assert!(!out.stderr.is_empty());
    assert_eq!(bastion.target_connections(), 0);
}
