//! Consent: nobody does anything before they have accepted the notice, and again when it changes.

use std::process::Command;

use end_to_end::{Bastion, Plan, Terminal, countersign, run};

/// A login of alice on a terminal, with a fresh code, that answers the notice.
fn answers(bastion: &Bastion, prompt: &str, answer: &str) -> String {
    bastion.renew_totp("alice");
    let mut ssh = bastion.asking_client("ssh");
    ssh.args(["alice@gateway", "targets"]);
    let code = Command::new(countersign())
        .args(["totp", "--secret-file"])
        .arg(bastion.person("alice").join("totp"))
        .output();
    let code = String::from_utf8(code.expect("the program runs").stdout).expect("six digits");
    let script = format!(
        "wait(b'(alice@'); key(b'{}\\n')\nwait({prompt:?}.encode()); key({answer:?}.encode() + b'\\n')\nrest()\n",
        code.trim()
    );
    Terminal::run(&ssh, &script)
}

/// The version in `… consent accept VERSION`.
fn version(told: &str) -> String {
    let rest = told.split("consent accept ").nth(1).unwrap_or_else(|| panic!("no version in {told:?}"));
    rest.chars().take_while(char::is_ascii_hexdigit).collect()
}

#[test]
fn who_does_not_accept_comes_in_and_may_do_nothing() {
    let bastion = Plan::shipped().asking_consent().start();
    let told = answers(&bastion, "if you agree: ", "no");
    assert!(told.contains("Notice about recording") && told.contains("accept the notice"), "{told}");
    assert!(!told.contains("web-1"), "{told}");
    for client in [
        vec!["ssh".to_owned(), bastion.place("alice", "web-1"), "echo done".to_owned()],
        vec!["ssh".to_owned(), "alice@gateway".to_owned(), "requests".to_owned()],
        vec!["sftp".to_owned(), "-b".to_owned(), "/dev/null".to_owned(), bastion.place("alice", "web-1")],
    ] {
        let told = run(bastion.client(&client[0]).args(&client[1..])).refused();
        assert!(told.contains("consent accept"), "{client:?} is told how: {told}");
    }
    assert!(bastion.entries_of("consent").is_empty());
}

#[test]
fn a_login_that_asks_accepts_in_either_language() {
    let bastion = Plan::shipped().asking_consent().start();
    let told = answers(&bastion, "if you agree: ", "accept");
    assert!(told.contains("web-1") && told.contains("exit status 0"), "{told}");
    assert!(told.contains("录制"), "both texts are shown: {told}");
    let chinese =
        Plan::shipped().asking_consent().config("language = \"en\"", "language = \"zh-CN\"").start();
    let told = answers(&chinese, "如同意", "同意");
    assert!(told.contains("web-1"), "{told}");
    for bastion in [bastion, chinese] {
        assert_eq!(bastion.entries_of("consent").len(), 1);
    }
}

#[test]
fn a_client_that_cannot_be_asked_accepts_by_command_and_again_when_the_notice_changes() {
    let mut bastion = Plan::shipped().asking_consent().start();
    answers(&bastion, "if you agree: ", "no");
    let desk = |bastion: &Bastion, line: &str| run(bastion.client("ssh").args(["alice@gateway", line]));
    let first = version(&desk(&bastion, "consent").ok());
    desk(&bastion, &format!("consent accept {}", "0".repeat(64))).refused();
    desk(&bastion, &format!("consent accept {first}")).ok();
    desk(&bastion, "targets").ok();
    bastion.run("alice", "web-1", "echo done").ok();

    bastion.stop();
    let notice = bastion.node().join("consent/notice.zh.txt");
    let text = std::fs::read_to_string(&notice).expect("the notice");
    std::fs::write(&notice, text + "补充一行。\n").expect("the notice can be written");
    bastion.restart();
    let second = version(&desk(&bastion, "targets").refused());
    assert_ne!(first, second);
    run(bastion.client("ssh").args([&bastion.place("alice", "web-1"), "echo done"])).refused();
    desk(&bastion, &format!("consent accept {first}")).refused();
    desk(&bastion, &format!("consent accept {second}")).ok();
    bastion.run("alice", "web-1", "echo done").ok();
    let accepted = bastion.entries_of("consent");
    assert_eq!(accepted.len(), 2);
    assert!(accepted[0]["version"] == *first && accepted[1]["version"] == *second, "{accepted:?}");
}
