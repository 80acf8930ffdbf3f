//! Terminals: sizes, Ctrl-C under a flood, and what is shown.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use super::bastion::{Bastion, LIMIT, output, text};

/// Runs a program on a terminal of its own, types into it and resizes it; see the script below.
async fn on_a_terminal(bastion: &Bastion, command: &str, script: &str) -> String {
    driven(&bastion.ssh(&bastion.web()), command, script).await
}

/// The same for a client of the test's choice; without a command it asks for a shell.
pub async fn driven(ssh: &tokio::process::Command, command: &str, script: &str) -> String {
    let mut python = tokio::process::Command::new("python3");
    let ssh = ssh.as_std();
    python.args(["-c", &format!("{DRIVER}\n{script}"), command]).arg(ssh.get_program()).arg("-tt");
    python.args(ssh.get_args()).kill_on_drop(true);
    let out = output(&mut python).await;
    assert!(out.status.success(), "{}{}", text(&out.stdout), text(&out.stderr));
    text(&out.stdout)
}

/// Starts the client on a pseudo-terminal; `wait(text)`, `key(bytes)`, `size(rows, columns)`, `rest()`.
const DRIVER: &str = r#"
import fcntl, os, pty, select, struct, sys, termios, time, signal
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:] + ([sys.argv[1]] if sys.argv[1] else []))
seen = b""
def size(rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
def key(keys):
    os.write(fd, keys)
def more(limit):
    global seen
    if select.select([fd], [], [], limit)[0]:
        try:
            part = os.read(fd, 65536)
        except OSError:
            part = b""
        if not part:
            return False
        seen = (seen + part)[-200000:]
        return True
    return None
def wait(text, limit=40):
    end = time.time() + limit
    while text not in seen:
        if time.time() > end or more(1) is False:
            sys.exit("not seen: %r in %r" % (text, seen[-2000:]))
def forget():
    global seen
    seen = b""
def rest(limit=40):
    end = time.time() + limit
    while time.time() < end and more(1) is not False:
        pass
    os.waitpid(pid, 0)
    sys.stdout.write(seen.decode(errors="replace"))
def status(expected):
    while more(40) is not False:
        pass
    found = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if found != expected:
        sys.exit("exit status %d instead of %d after %r" % (found, expected, seen[-2000:]))
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_size_of_the_window_reaches_the_target() {
    let bastion = Bastion::start().await;
    let script = r#"
size(30, 100)
wait(b"ready")
size(41, 132)
wait(b"resized")
rest()
"#;
    let command = "trap 'echo resized $(stty size)' WINCH; echo ready; sleep 1 & wait; sleep 1; stty size";
    let seen = on_a_terminal(&bastion, command, script).await;
    assert!(seen.contains("resized 41 132"), "{seen}");
    assert!(seen.contains("web-1"), "the greeting names the target: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_an_endless_writer() {
    let bastion = Bastion::start().await;
    let script = r#"
wait(b"y\r\ny\r\n")
time.sleep(2)
key(b"\x03")
rest()
"#;
    let begun = std::time::Instant::now();
    on_a_terminal(&bastion, "yes", script).await;
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_without_a_terminal_reads_its_commands() {
    let bastion = Bastion::start().await;
    let mut ssh = bastion.ssh(&bastion.web());
    let mut shell = ssh.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut input = shell.stdin.take().unwrap();
    input.write_all(b"echo one; exit 7\n").await.unwrap();
    let mut seen = String::new();
    shell.stdout.take().unwrap().read_to_string(&mut seen).await.unwrap();
    assert_eq!(seen, "one\n");
    assert_eq!(timeout(LIMIT, shell.wait()).await.unwrap().unwrap().code(), Some(7));
    sleep(Duration::from_millis(10)).await;
}
