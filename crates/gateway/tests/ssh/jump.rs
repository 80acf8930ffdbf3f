//! `ssh -J`: native clients reach a target through an inner connection that the gateway terminates.

use super::bastion::{Bastion, account, output, piped, text};

/// `ssh -J` with those options to a target.
pub fn through(bastion: &Bastion, options: &[&str], target: &str) -> tokio::process::Command {
    let outer = bastion.client("ssh", "alice");
    let outer = outer.as_std();
    let words: Vec<_> = outer.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let proxy = format!("ssh {} -p {} -l alice -W %h:%p 127.0.0.1", words.join(" "), bastion.port);
    let mut ssh = bastion.client("ssh", "alice");
    ssh.args(["-o", &format!("ProxyCommand={proxy}"), "-l", &account()]).args(options).arg(target);
    ssh
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_reaches_the_target_with_a_certificate_for_its_name() {
    let bastion = Bastion::start().await;
    let out = output(through(&bastion, &[], "web-1").arg("echo hello; exit 4")).await;
    assert_eq!((text(&out.stdout), out.status.code()), ("hello\n".into(), Some(4)), "{}", text(&out.stderr));
    assert!(bastion.ledger().contains("\"jump\""), "{}", bastion.ledger());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_carries_large_transfers() {
    let bastion = Bastion::start().await;
    let ssh = through(&bastion, &[], "web-1");
    let out = output(&mut piped("head -c 50M /dev/zero | \"$@\" cat | wc -c", &ssh)).await;
    assert_eq!(text(&out.stdout).trim(), "52428800", "{}", text(&out.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_to_a_target_that_does_not_exist_is_refused() {
    let bastion = Bastion::start().await;
    let out = output(through(&bastion, &[], "nowhere").arg("true")).await;
    assert!(!out.status.success());
    assert!(text(&out.stderr).contains("not on offer"), "{}", text(&out.stderr));
    assert!(bastion.ledger().contains("nowhere"), "{}", bastion.ledger());
}
