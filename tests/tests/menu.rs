//! The menu: `ssh -t person@gateway` on a real terminal, in both languages, with nothing in it that a terminal obeys.

use std::process::Command;

use end_to_end::{Bastion, Plan, Terminal, number_after};

/// A reason that would show one thing and mean another, and hide a part of itself.
const REASON: &str = "fix \u{202e}gnp.exe \u{200b}now";

/// Alice waits for access to `web-1`; the request's number.
fn request(bastion: &Bastion) -> u64 {
    let login = bastion.login();
    let asked = format!("request access web-1 --account {login} --for 1h --reason '{REASON}'");
    number_after("request ", &bastion.desk("alice", &asked).ok())
}

fn menu(bastion: &Bastion, person: &str) -> Command {
    bastion.log_in(person);
    let mut ssh = bastion.client("ssh");
    ssh.args(["-t", &format!("{person}@gateway")]).env("TERM", "xterm");
    ssh
}

/// Nothing of what somebody else wrote reaches the terminal as it is.
fn assert_legible(shown: &str) {
    assert!(shown.contains("\\u{202e}") && shown.contains("\\u{200b}"), "{shown}");
    assert!(!shown.contains(['\u{202e}', '\u{200b}']), "{shown:?}");
}

#[test]
fn an_approver_lists_looks_and_follows_until_it_is_over() {
    let bastion = Bastion::start();
    let number = request(&bastion);
    bastion.log_in("carol");
    let script = format!(
        "size(60, 120)\nwait(b'number: '); key(b'1\\r')\nthen(b'number of a request'); key(b'{number}\\r')\n\
         then(b'w to follow'); key(b'w\\r')\nthen(b'until'); print('follows', flush=True)\n\
         then(b'is over'); then(b'number: '); key(b'0\\r'); then(b'bye')\nrest()\n"
    );
    let mut menu = Terminal::start(&menu(&bastion, "bob"), &script);
    menu.until_stdout("follows");
    bastion.approve(number, "carol");
    let shown = menu.wait().ok();
    assert!(shown.contains("exit status 0"), "{shown}");
    assert!(shown.contains("alice") && shown.contains("You are bob"), "{shown}");
    assert!(shown.contains(&format!("show {number} --statement approve | ssh-keygen -Y sign")), "{shown}");
    assert_legible(&shown);
}

#[test]
fn access_is_asked_for_in_fields_and_a_denial_is_seen() {
    let bastion = Bastion::start();
    let login = bastion.login().to_owned();
    let ask = format!(
        "size(60, 120)\nwait(b'number: '); key(b'5\\r')\nthen(b'target: '); key(b'web-1\\r')\nthen(b'account'); key(b'{login}\\r')\n\
         then(b'for how long'); key(b'1h\\r')\nthen(b'why: '); key(b'upgrade\\r')\nthen(b'ticket'); key(b'OPS-7\\r')\n\
         then(b'waits: '); then(b'number: '); key(b'0\\r')\nrest()\n"
    );
    Terminal::run(&menu(&bastion, "alice"), &ask);
    let requested = bastion.until_entry("request", |entry| entry["asks"] == "access")["request"].as_u64();
    let number = requested.expect("a number");
    bastion.answer(number, "deny", "bob").ok();
    let look = format!(
        "size(60, 120)\nwait(b'number: '); key(b'2\\r')\nthen(b'number of a request'); key(b'{number}\\r')\n\
         then(b'w to follow'); key(b'\\r')\nthen(b'number: '); key(b'0\\r')\nrest()\n"
    );
    let shown = Terminal::run(&menu(&bastion, "alice"), &look);
    assert!(shown.contains("denied") && shown.contains("OPS-7"), "{shown}");
}

#[test]
fn it_speaks_chinese_where_the_gateway_does_and_ctrl_c_leaves_only_what_was_begun() {
    let bastion = Plan::shipped().config("language = \"en\"", "language = \"zh-CN\"").start();
    bastion.log_in("alice");
    let script = "wait('编号：'.encode()); key(b'5\\r')\nthen('目标：'.encode()); key(b'\\x03')\nthen(b'^C')\n\
                  then('编号：'.encode()); key(b'4\\r'); then(b'web-1')\n\
                  then('编号：'.encode()); key(b'9\\r'); then('没有'.encode())\n\
                  then('编号：'.encode()); key(b'0\\r'); then('再见'.encode())\nrest()\n";
    let shown = Terminal::run(&menu(&bastion, "alice"), script);
    assert!(shown.contains("exit status 0"), "{shown}");
}

#[test]
fn a_long_text_stops_at_the_terminals_height_and_can_be_left() {
    let bastion = Bastion::start();
    let script = "size(16, 60)\nwait(b'number: '); key(b'7\\r')\n\
                  then(b'more: Enter'); key(b'q\\r'); then(b'number: '); key(b'0\\r')\nrest()\n";
    let shown = Terminal::run(&menu(&bastion, "bob"), script);
    assert!(shown.contains("exit status 0"), "{shown}");
}
