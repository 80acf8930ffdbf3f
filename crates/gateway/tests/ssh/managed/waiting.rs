//! A held line in the shell: who has signed is shown, Ctrl-C gives it up, the prompt returns.

use super::super::bastion::{Bastion, eventually};
use super::super::held::approve;
use super::shell;

#[tokio::test(flavor = "multi_thread")]
async fn a_held_line_runs_once_it_is_approved_and_the_prompt_returns() {
    let bastion = Bastion::start().await;
    let victim = bastion.dir.path().join("victim");
    std::fs::create_dir(&victim).unwrap();
    let script = r##"
forget()
key(b"rm -rf VICTIM\r")
wait(b"HELD as request 1")
wait(b"bob", 60)
wait(b"running now, once", 60)
prompt()
has(line(b"request"), b"HELD as request 1")
has(line(b"echo after"), b"\r\nafter\r\n")
key(b"\x04")
rest()
"##;
    let script = script.replace("VICTIM", &victim.display().to_string());
    let approvals = async {
        for _ in 0..600 {
            if bastion.ledger().contains("Request") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let starts = bastion.target_starts();
        approve(&bastion, "bob", 1).await;
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        assert!(victim.exists());
        assert_eq!(bastion.target_starts(), starts);
        approve(&bastion, "carol", 1).await;
    };
    tokio::join!(shell(&bastion, &script), approvals);
    assert!(!victim.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_line_is_given_up_with_ctrl_c_and_what_was_typed_meanwhile_is_dropped() {
    let bastion = Bastion::start().await;
    let victim = bastion.dir.path().join("victim");
    std::fs::create_dir(&victim).unwrap();
    let script = r##"
forget()
key(b"rm -rf VICTIM\r")
wait(b"HELD as request 1")
key(b"echo canary\r")
time.sleep(0.5)
key(b"\x03")
prompt()
has(seen, b"given up", b"[130] ")
lacks(seen, b"\r\ncanary")
has(line(b"echo after"), b"\r\nafter\r\n")
key(b"\x04")
rest()
"##;
    shell(&bastion, &script.replace("VICTIM", &victim.display().to_string())).await;
    assert!(victim.exists());
    let waiting = access::ports::Store::waiting_requests(&*bastion.store).await.unwrap();
    assert!(waiting.is_empty());
    eventually("the session is closed", || bastion.ledger().contains("SessionClose")).await;
}
