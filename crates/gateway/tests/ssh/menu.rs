//! The menu and the commands that go on for a while, on a real terminal.

use std::time::Duration;

use tokio::time::timeout;

use super::bastion::{Bastion, eventually, output, text};
use super::terminal::driven;

/// Everything that a terminal would obey, other than what the menu itself draws with.
fn obeyed(shown: &str) -> Vec<&str> {
    ["\u{1b}]", "\u{7}", "\u{1b}[?1049", "\u{202e}"]
        .into_iter()
        .filter(|bytes| shown.contains(bytes))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_menu_leads_to_the_desks_commands_and_out_again() {
    let bastion = Bastion::start().await;
    let script = "wait(b'number: ')\nforget()\nkey(b'4\\r')\nwait(b'@db-1')\nwait(b'number: ')\nforget()\n\
                  key(b'9\\r')\nwait(b'there is no 9 here')\nwait(b'number: ')\nforget()\nkey(b'1\\r')\n\
                  wait(b'nothing waits')\nwait(b'Enter: ')\nforget()\nkey(b'\\r')\nwait(b'number: ')\n\
                  size(40, 60)\nkey(b'0\\r')\nwait(b'bye')\nrest()";
    let shown = driven(&bastion.ssh("alice"), "", script).await;
    assert!(shown.contains("bye"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_leaves_a_question_and_ctrl_d_the_menu() {
    let bastion = Bastion::start().await;
    let script = "wait(b'number: ')\nforget()\nkey(b'5\\r')\nwait(b'target: ')\nforget()\nkey(b'db\\x03')\n\
                  wait(b'number: ')\nforget()\nkey(b'\\x04')\nwait(b'bye')\nrest()";
    let shown = driven(&bastion.ssh("alice"), "", script).await;
    assert!(shown.contains("bye"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_there_is_help() {
    let bastion = Bastion::start().await;
    let told = output(&mut bastion.ssh("alice")).await;
    assert!(text(&told.stdout).contains("requests [--all]"), "{}", text(&told.stdout));
    assert!(!text(&told.stdout).contains("number: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_somebody_else_wrote_reaches_the_terminal_raw() {
    let bastion = Bastion::start().await;
    let hostile = "rm -rf /srv/data $'\\033]0;owned\\007' '\u{1b}[?1049h\u{202e}'";
    let _held = bastion.ssh(&bastion.gated()).arg(hostile).spawn().unwrap();
    let plain = bastion.ssh(&bastion.gated()).arg("rm -rf '/srv/数据'").spawn().unwrap();
    eventually("one is held", || bastion.ledger().contains("Request {")).await;
    let script = "wait(b'number: ')\nforget()\nkey(b'1\\r')\nwait(b'Enter: ')\nforget()\nkey(b'1\\r')\n\
                  wait(b'or Enter: ')\nkey(b'\\r')\nwait(b'number: ')\nkey(b'\\x04')\nwait(b'bye')\nrest()";
    let shown = driven(&bastion.ssh_with_key("bob", "bob"), "", script).await;
    assert!(obeyed(&shown).is_empty(), "{:?} in {shown:?}", obeyed(&shown));
    assert!(shown.contains("数据"), "{shown}");
    drop(plain);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_is_shown_page_by_page() {
    let bastion = Bastion::start().await;
    let script = "size(10, 80)\nwait(b'number: ')\nforget()\nkey(b'7\\r')\nwait(b'-- more')\nforget()\nkey(b'\\r')\n\
                  wait(b'-- more')\nkey(b'q\\r')\nwait(b'number: ')\nkey(b'\\x04')\nrest()";
    let shown = driven(&bastion.ssh("alice"), "", script).await;
    assert!(shown.contains("bye"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_ends_with_the_request_and_with_who_watches() {
    let bastion = Bastion::start().await;
    let mut held = bastion.ssh(&bastion.gated()).arg("rm -rf /srv/data").spawn().unwrap();
    eventually("it is held", || bastion.ledger().contains("Request {")).await;
    let watching = bastion.ssh_with_key("bob", "bob").arg("watch 1").spawn().unwrap();
    let script = "wait(b'request 1 of alice')\nkey(b'\\x03')\nrest(5)";
    let ssh = bastion.ssh_with_key("bob", "bob");
    let interrupted = driven(&ssh, "watch 1", script);
    assert!(timeout(Duration::from_secs(30), interrupted).await.unwrap().contains("2 of"));
    held.kill().await.unwrap();
    let told = timeout(Duration::from_secs(30), watching.wait_with_output()).await.unwrap().unwrap();
    let shown = text(&told.stdout);
    assert!(shown.contains("rm") && shown.ends_with("request 1 is over: abandoned\n"), "{shown}");
    assert!(told.status.success());
    let nothing = output(bastion.ssh("alice").arg("watch 99")).await;
    assert_eq!(nothing.status.code(), Some(1));
}
