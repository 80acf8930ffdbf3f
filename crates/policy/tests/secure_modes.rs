//! The words that the table adds, against the real programs on a terminal: with them no key and no repository starts a
//! canary; without them the same attempt does, or the attempt would prove nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use policy::Analysis;
use tempfile::TempDir;

/// Types keys on a terminal, one argument after the other, and gives the program time to act on each.
const TERMINAL: &str = r#"
import os, pty, select, sys, time
child, terminal = pty.fork()
if child == 0:
    os.execvp("sh", ["sh", "-c", sys.argv[1]])
def wait(seconds):
    end = time.time() + seconds
    while time.time() < end:
        if select.select([terminal], [], [], 0.05)[0]:
            try: os.read(terminal, 65536)
            except OSError: return
wait(1.0)
for keys in sys.argv[2:]:
    try: os.write(terminal, keys.encode())
    except OSError: break
    wait(0.4)
os.kill(child, 9)
os.waitpid(child, 0)
"#;

/// A line, and what to type once it runs to have the canary made.
const ATTEMPTS: [(&str, &[&str]); 8] = [
    ("less file", &["!touch canary\r", "\r"]),
    ("less file", &["ma", "|atouch canary\r", "\r"]),
    ("less file", &["v", "\r"]),
    ("less '+!touch canary' file", &["\r"]),
    ("cat file | less", &["!touch canary\r", "\r"]),
    ("sh -c 'less file'", &["!touch canary\r", "\r"]),
    ("nano file", &["\u{14}", "touch canary\r", "\u{3}", "\u{12}", "\u{18}touch canary\r"]),
    ("git status", &[]),
];

struct Tried {
    line: &'static str,
    typed: bool,
    secured: BTreeSet<&'static str>,
}

fn tried(line: &'static str, keys: &[&str]) -> Tried {
    let secured = Analysis::of_command(line.as_bytes()).run().unwrap().to_owned();
    // On a busy machine a program may not be ready when the keys come.
    let typed = (0..3).any(|_| made(line, keys).contains("canary"));
    Tried { line, typed, secured: made(&secured, keys) }
}

/// The canaries that were made.
fn made(text: &str, keys: &[&str]) -> BTreeSet<&'static str> {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "line\n".repeat(300)).unwrap();
    bare_repository(folder.path());
    let driven = Command::new("/usr/bin/python3")
        .args(["-c", TERMINAL, text])
        .args(keys)
        .current_dir(folder.path())
        .env_clear()
        .envs([
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("TERM", "xterm"),
            ("HOME", "."),
            ("SHELL", "/bin/sh"),
        ])
        .env("VISUAL", "touch canary;:")
        .env("LESSOPEN", "|touch canary-of-lessopen; cat %s")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    assert!(driven.unwrap().success(), "{text}");
    ["canary", "canary-of-lessopen"].into_iter().filter(|name| folder.path().join(name).exists()).collect()
}

/// A directory that git takes for a repository, whose settings name a program.
fn bare_repository(folder: &Path) {
    for name in ["objects", "refs"] {
        fs::create_dir(folder.join(name)).unwrap();
    }
    fs::write(folder.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    let settings =
        "[core]\nrepositoryformatversion = 0\nbare = false\nworktree = .\nfsmonitor = touch canary;:\n";
    fs::write(folder.join("config"), settings).unwrap();
}

fn is_installed(line: &str) -> bool {
    let program = line.split([' ', '\'']).find(|word| ["less", "nano", "git"].contains(word)).unwrap();
    ["/usr/local/bin", "/usr/bin", "/bin"].iter().any(|folder| Path::new(folder).join(program).exists())
}

#[test]
fn what_is_added_keeps_programs_from_starting_others() {
    let installed = ATTEMPTS.into_iter().filter(|(line, _)| is_installed(line));
    let running: Vec<_> =
        installed.map(|(line, keys)| std::thread::spawn(move || tried(line, keys))).collect();
    let tried: Vec<Tried> = running.into_iter().map(|thread| thread.join().unwrap()).collect();
    for Tried { line, typed, secured } in &tried {
        assert!(secured.is_empty(), "{line} makes {secured:?} all the same");
        assert!(typed, "{line} does not make the canary as it is typed, so the attempt proves nothing");
    }
    println!("{} attempts", tried.len());
}
