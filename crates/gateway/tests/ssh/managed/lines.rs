//! Lines that run: output, status, terminals, signals.

use super::super::bastion::Bastion;
use super::shell;

#[tokio::test(flavor = "multi_thread")]
async fn lines_run_one_after_the_other_on_a_terminal() {
    let bastion = Bastion::start().await;
    let script = r##"
has(line(b"echo first"), b"\r\nfirst\r\n")
has(line(b"printf 'a\\nb\\n' | sort -r"), b"\r\nb\r\na\r\n")
has(line(b"tty"), b"/dev/pts/")
has(line(b"ls /nonexistent"), b"[2] ")
has(line(b"true"), b"\x1b[0m# ")
has(line(b"seq 1 60000 | tail -n 1"), b"60000")
has(line(b"seq 1 60000"), b"\r\n59999\r\n60000\r\n")
key(b"\x04")
rest()
"##;
    let seen = shell(&bastion, script).await;
    assert!(seen.contains("exit"), "{seen}");
    assert!(bastion.ledger().matches("Decision").count() >= 7, "{}", bastion.ledger());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_sizes_and_signals_reach_the_program() {
    let bastion = Bastion::start().await;
    let script = r##"
forget()
key(b"cat\r")
wait(b"2004l")
time.sleep(0.7)
key(b"hello\r")
wait(b"hello\r\nhello\r\n")
key(b"\x1a")
time.sleep(0.3)
key(b"still here\r")
wait(b"still here\r\n")
key(b"\x04")
prompt()
for keys, status in ((b"\x03", b"[130] "), (b"\x1c", b"[131] ")):
    forget()
    key(b"sleep 100\r")
    wait(b"2004l")
    time.sleep(0.7)
    key(keys)
    prompt()
    has(seen, status)
size(33, 111)
time.sleep(0.5)
has(line(b"stty size"), b"33 111")
key(b"\x04")
rest()
"##;
    shell(&bastion, script).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_screen_program_works() {
    let bastion = Bastion::start().await;
    let script = r##"
forget()
key(b"top\r")
wait(b"load average")
key(b"q")
prompt()
has(line(b"echo after"), b"\r\nafter\r\n")
key(b"exit 7\r")
rest()
"##;
    shell(&bastion, script).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_completed_from_the_target() {
    let bastion = Bastion::start().await;
    let folder = bastion.dir.path().join("names");
    std::fs::create_dir_all(folder.join("only one")).unwrap();
    std::fs::write(folder.join("only one/it's"), "content").unwrap();
    std::fs::write(folder.join("only one/evil\u{1b}[2J"), "").unwrap();
    let script = r##"
key(b"cat FOLDER/on")
tab(b"'/")
key(b"it")
tab(b"s'")
forget()
key(b"\r")
prompt()
has(seen, b"content")
forget()
key(b"hist")
tab(b"history ")
key(b"\x15")
key(b"ls 'FOLDER/only one/ev")
tab(b"<U+001B>")
lacks(seen, b"evil\x1b")
key(b"\x03")
time.sleep(0.7)
key(b"\x04")
rest()
"##;
    shell(&bastion, &script.replace("FOLDER", &folder.display().to_string())).await;
}
