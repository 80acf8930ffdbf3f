//! Ways past the judge, tried at the prompt: nothing of a refused line reaches the target.

use super::super::bastion::Bastion;
use super::shell;

/// Lines that would touch `canary` in the directory of the shell, if anything ran them as they stand.
const REFUSED: &[&str] = &[
    "ls $(python3 touch.py)",
    "ls `python3 touch.py`",
    "cat <(python3 touch.py)",
    "touch canary &",
    "python3 -c 'open(\"canary\",\"w\")'",
    "eval 'touch canary'",
    ". ./script",
    "source script",
    "alias ls='touch canary'",
    "ls() { touch canary; }",
    "coproc touch canary",
    "perl -e 'open(F,\">canary\")'",
    "bash script",
    "LD_PRELOAD=x ls",
    "touch\u{a0}canary",
    "touch canary\u{202e}",
    "touch can\u{200b}ary",
    "cd /tmp && python3 -c 'open(\"canary\",\"w\")'",
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_refused_line_reaches_the_target() {
    let bastion = Bastion::start().await;
    std::fs::write(bastion.dir.path().join("script"), "touch canary\n").unwrap();
    // Where the lines start is the gateway's own question, and so is the `cd` in them.
    shell(&bastion, "key(b'\\x04')\nrest()").await;
    let before = bastion.target_starts();
    let lines = format!("{REFUSED:?}").replace("\\u{a0}", "\\u00a0").replace("\\u{202e}", "\\u202e");
    let lines = lines.replace("\\u{200b}", "\\u200b");
    let script = format!(
        "for text in {lines}:\n    shown = line(text.encode())\n    \
         if not re.search(rb\"refused: |cannot\", shown): sys.exit(\"not refused: %r: %r\" % (text, shown))\n\
         key(b'\\x04')\nrest()"
    );
    shell(&bastion, &script).await;
    let own = 2;
    assert_eq!(bastion.target_starts() - before, own, "its directory, and one cd");
    for place in ["canary", "can\u{200b}ary"] {
        assert!(!bastion.dir.path().join(place).exists());
    }
    assert!(!std::path::Path::new("/tmp/canary").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_what_a_program_printed_is_not_a_line() {
    let bastion = Bastion::start().await;
    let script = r##"
has(line(b"printf '\\033[6n\\033[c\\033]0;x\\007root@db-1:/# '"), b"\x1b[6n")
key(b"\x1b[24;80R")
key(b"\x1b[?62;1;6c")
key(b"\x1b]lecho canary\r\x1b\\")
key(b"\x1bP1$recho canary\r\n\x1b\\")
key(b"\x1b[M\r\r\r")
time.sleep(0.5)
lacks(seen, b"canary")
has(line(b"echo genuine"), b"\r\ngenuine\r\n")
has(line(b"why"), b"echo genuine")
key(b"\x04")
rest()
"##;
    shell(&bastion, script).await;
    assert_eq!(bastion.ledger().matches("act: \"exec\"").count(), 2, "{}", bastion.ledger());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paste_runs_only_after_enter_and_stops_where_it_is_refused() {
    let bastion = Bastion::start().await;
    let canary = bastion.dir.path().join("canary");
    let script = r##"
forget()
key(b"\x1b[200~echo one\recho two\rpython3 -c 1\rtouch CANARY\r\x1b[201~")
wait(b"CANARY"[-6:])
time.sleep(0.7)
lacks(seen, b"\r\none\r\n")
forget()
key(b"\r")
prompt()
has(seen, b"\r\none\r\n", b"\r\ntwo\r\n", b"refused: ")
key(b"\x04")
rest()
"##;
    shell(&bastion, &script.replace("CANARY", &canary.display().to_string())).await;
    assert!(!canary.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_line_is_judged_as_it_is_shown() {
    let bastion = Bastion::start().await;
    let canary = bastion.dir.path().join("canary");
    let script = r##"
line(b"echo harmless")
# Recalled, and turned into another command by keys in its middle.
forget()
key(b"\x1b[A")
key(b"\x01")
for _ in range(4):
    key(b"\x1b[3~")
key(b"python3 -c 'open(\"CANARY\",\"w\")' #")
key(b"\r")
prompt()
has(seen, b"refused: ")
# Typed backwards, transposed, with a row end in the middle, on a terminal that changes its size.
forget()
key(b"-c 1")
key(b"\x01")
key(b"python3 ")
size(24, 31)
time.sleep(0.3)
key(b"\x05\x14\x14")
key(b"\n")
prompt()
has(seen, b"refused: ")
key(b"\x04")
rest()
"##;
    shell(&bastion, &script.replace("CANARY", &canary.display().to_string())).await;
    assert!(!canary.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_ahead_goes_to_the_program_and_not_to_the_prompt() {
    let bastion = Bastion::start().await;
    let canary = bastion.dir.path().join("canary");
    let script = r##"
forget()
key(b"sleep 2\r")
wait(b"2004l")
time.sleep(0.7)
key(b"touch CANARY\r")
prompt()
has(line(b"echo next"), b"\r\nnext\r\n")
key(b"\x04")
rest()
"##;
    shell(&bastion, &script.replace("CANARY", &canary.display().to_string())).await;
    assert!(!canary.exists());
}
