//! What carries over from line to line, and what the shell does itself.

use super::super::bastion::{Bastion, output, piped, text};
use super::shell;

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_carries_over() {
    let bastion = Bastion::start().await;
    let folder = bastion.dir.path().join("it's a folder");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(&folder, bastion.dir.path().join("link")).unwrap();
    let script = r##"
has(line(b"cd FOLDER/link"), b"a folder\x1b[0m# ")
has(line(b"pwd"), b"FOLDER/it's a folder\r\n")
has(line(b"cd .."), b"FOLDER\x1b[0m# ")
has(line(b"cd -"), b"a folder\x1b[0m# ")
has(line(b"cd /nonexistent"), b"cannot be entered", b"[1] ")
has(line(b"pwd"), b"FOLDER/it's a folder\r\n")
has(line(b"cd /usr && pwd"), b"\r\n/usr\r\n")
has(line(b"pwd"), b"\r\n/usr\r\n")
has(line(b"cd /nonexistent && echo canary"), b"cannot be entered")
lacks(seen, b"\r\ncanary")
has(line(b"cd"), b"# ")
key(b"\x04")
rest()
"##;
    let place = bastion.dir.path().canonicalize().unwrap();
    shell(&bastion, &script.replace("FOLDER", &place.display().to_string())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_the_mask_and_the_status_carry_over() {
    let bastion = Bastion::start().await;
    let folder = tempfile::Builder::new().prefix("managed").tempdir().unwrap();
    let made = folder.path().join("made");
    let script = r##"
line(b"export LC_ALL=C.UTF-8 TZ=Asia/Tokyo")
has(line(b"printenv TZ LC_ALL"), b"Asia/Tokyo\r\nC.UTF-8")
line(b"unset TZ")
has(line(b"printenv TZ"), b"[1] ")
has(line(b"export LD_PRELOAD=/tmp/x.so"), b"refused: LD_PRELOAD", b"[1] ")
has(line(b"export PATH=/tmp"), b"refused: PATH")
has(line(b"cd $NOPE"), b"does not know NOPE")
line(b"umask 077")
has(line(b"umask"), b"0077")
line(b"touch MADE")
key(b"\x04")
rest()
"##;
    shell(&bastion, &script.replace("MADE", &made.display().to_string())).await;
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(made).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_own_words_explain_themselves() {
    let bastion = Bastion::start().await;
    let script = r##"
has(line(b"why"), b"nothing has been judged")
has(line(b"help"), b"run FILE", b"Ctrl-D")
line(b"python3 -c 1")
has(line(b"why"), b"python3 -c 1", b"deny: refused", b"shell.escape")
has(line(b"history"), b"1  why\r\n", b"3  python3 -c 1\r\n")
has(line(b"request"), b"submit the line")
for text in (b"alias ls=rm", b"source x", b". x", b"eval ls", b"fg", b"sleep 9 &", b"f() { ls; }", b"function f"):
    has(line(text), b"refused: ", b"[1] ")
forget()
key(b"ls\x1a")
wait(b"no background jobs")
key(b"\x03")
time.sleep(0.7)
key(b"exit 9\r")
rest()
"##;
    shell(&bastion, script).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_a_target_is_there_in_the_next_session() {
    let bastion = Bastion::start().await;
    shell(&bastion, "line(b'echo remembered')\nkey(b'\\x04')\nrest()").await;
    let script = r##"
forget()
key(b"\x1b[A")
wait(b"echo remembered")
forget()
key(b"\r")
prompt()
has(seen, b"\r\nremembered\r\n")
forget()
key(b"\x12")
key(b"remem")
wait(b"echo remembered")
key(b"\x07")
time.sleep(0.5)
key(b"\x03")
time.sleep(0.5)
key(b"\x04")
rest()
"##;
    shell(&bastion, script).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_runs_as_the_text_that_was_judged() {
    let bastion = Bastion::start().await;
    let at = |name: &str| bastion.dir.path().join(name).display().to_string();
    std::fs::write(at("good"), "echo one; echo two\n").unwrap();
    std::fs::write(at("evil"), format!("echo one; python3 -c 1; touch {}\n", at("canary"))).unwrap();
    std::fs::write(at("long"), "x".repeat(70_000)).unwrap();
    let script = r##"
has(line(b"run GOOD"), b"sha256:", b"\r\none\r\ntwo\r\n")
has(line(b"run EVIL"), b"refused: ", b"[126] ")
lacks(seen, b"\r\none\r\n")
has(line(b"run LONG"), b"longer than 64 KiB")
has(line(b"run /nonexistent"), b"cannot be read")
key(b"\x04")
rest()
"##;
    let script =
        script.replace("GOOD", &at("good")).replace("EVIL", &at("evil")).replace("LONG", &at("long"));
    shell(&bastion, &script).await;
    assert!(!bastion.dir.path().join("canary").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_lines_are_judged_one_by_one() {
    let bastion = Bastion::start().await;
    let mut ssh = bastion.ssh(&bastion.gated());
    ssh.arg("-T");
    let run = async |lines: &str| output(&mut piped(&format!("printf '{lines}' | \"$@\""), &ssh)).await;
    let out = run("cd /usr\\npwd\\necho done\\n").await;
    assert_eq!(text(&out.stdout), "/usr\ndone\n", "{}", text(&out.stderr));
    assert_eq!(out.status.code(), Some(0));
    let out = run("echo begun\\ncat\\nls /nonexistent").await;
    assert_eq!((text(&out.stdout), out.status.code()), ("begun\n".into(), Some(2)), "{}", text(&out.stderr));
    let starts = bastion.target_starts();
    let out = run("python3 -c 1\\necho canary\\n").await;
    assert_eq!((text(&out.stdout), out.status.code()), (String::new(), Some(1)));
    assert!(text(&out.stderr).contains("refused: "), "{}", text(&out.stderr));
    assert_eq!(bastion.target_starts() - starts, 1, "only the gateway's own question for the directory");
}
