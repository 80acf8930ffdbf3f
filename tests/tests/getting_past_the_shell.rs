//! The managed shell attacked through a real terminal, against a real sshd and a real bash: whatever is typed, pasted,
//! completed or printed by the target, no canary program starts and nothing is written where something runs later.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use end_to_end::{Bastion, Plan, Terminal};

/// Types keys and waits for the next prompt; a held line is given up.
const TYPING: &str = r#"
def prompt(limit=60):
    end, held = time.time() + limit, False
    while b"\x1b[?2004h" not in seen:
        if b"HELD as request" in seen and not held:
            held = True
            key(b"\x03")
        if b"(END)" in seen or b"press RETURN" in seen:
            key(b"q")
        if time.time() > end or more(0.2) is False:
            sys.exit("no prompt after %r" % seen[-3000:])

def type(keys, enter=b"\r"):
    forget()
    key(keys.encode() + enter)
    prompt()

# A line that is sent while another runs is dropped, so `exit` is said until it is heard.
def leave():
    for _ in range(30):
        try:
            key(b"\x15exit\r")
        except OSError:
            break
        end = time.time() + 2
        while time.time() < end:
            if more(0.2) is False:
                return rest()
    rest()

prompt()
"#;

struct Trap {
    bastion: Bastion,
}

impl Trap {
    fn set() -> Trap {
        Trap::set_in(Plan::shipped().start())
    }

    fn set_in(bastion: Bastion) -> Trap {
        let trap = Trap { bastion };
        trap.put("canary", &format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\n", trap.mark().display()));
        trap.put("victim", "dear\n");
        fs::create_dir_all(trap.bastion.home().join(".ssh")).expect("a folder");
        trap
    }

    fn put(&self, name: &str, text: &str) {
        let file = self.bastion.home().join(name);
        fs::write(&file, text).expect("a file");
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("its mode");
    }

    fn canary(&self) -> String {
        self.bastion.home().join("canary").display().to_string()
    }

    fn mark(&self) -> PathBuf {
        self.bastion.home().with_file_name("canary-ran")
    }

    /// A person's terminal on the managed shell.
    fn client(&self) -> Command {
        let plain = self.bastion.ssh("alice", "db-1");
        let mut tty = Command::new(plain.get_program());
        tty.arg("-tt").args(plain.get_args());
        tty
    }

    /// Runs a script of keys, in which `CANARY` stands for the canary program, and returns what was shown.
    #[track_caller]
    fn typed(&self, script: &str) -> String {
        let script =
            format!("{TYPING}\n{}", script.replace("CANARY", &self.canary()).replace("HOME", &self.home()));
        let shown = Terminal::run(&self.client(), &script);
        assert_eq!(fs::read_to_string(self.mark()).ok(), None, "the canary started: {shown}");
        assert_eq!(
            fs::read_to_string(self.bastion.home().join("victim")).ok().as_deref(),
            Some("dear\n"),
            "{shown}"
        );
        shown
    }

    fn home(&self) -> String {
        self.bastion.home().display().to_string()
    }

    /// Types each line and waits for the prompt.
    #[track_caller]
    fn lines(&self, lines: &[&str]) -> String {
        let list = serde_json::to_string(lines).expect("text");
        self.typed(&format!("for line in {list}:\n    type(line)\nleave()\n"))
    }
}

#[test]
fn no_line_of_the_shell_starts_the_canary() {
    let trap = Trap::set();
    trap.lines(&include_str!("tricks/shell.txt").lines().collect::<Vec<_>>());
}

#[test]
fn variables_of_the_shell_start_nothing() {
    let trap = Trap::set();
    trap.lines(&include_str!("tricks/variables.txt").lines().collect::<Vec<_>>());
}

/// What is judged must be where it happens: a line after `cd` is about the directory that the shell is in.
#[test]
fn a_directory_is_part_of_what_is_judged() {
    let trap = Trap::set();
    fs::write(trap.bastion.home().join("payload"), "* * * * * root CANARY\n").expect("a file");
    for (directory, made) in [("HOME/.ssh", "authorized_keys"), ("HOME/.ssh", "rc")] {
        trap.lines(&[
            &format!("cd {directory}"),
            &format!("cp -n HOME/payload {made}"),
            &format!("touch {made}"),
            &format!("cp -n ../payload ./{made}"),
            &format!("tee -a {made}"),
            &format!("cd .. && cd .ssh && cp -n HOME/payload {made}"),
            &format!("cd ..; cp -n payload .ssh/{made}"),
            &format!("x=.ssh; cp -n payload $x/{made}"),
        ]);
        let file = trap.bastion.home().join(".ssh").join(made);
        assert!(!file.exists(), "{made} was made in {directory}");
    }
}

/// Directories whose names mean nothing to the analysis, but their place does.
#[test]
fn files_do_not_appear_in_places_that_something_is_started_from() {
    let trap = Trap::set();
    let name = format!("countersign-canary-{}", std::process::id());
    for place in [
        "/etc/cron.d",
        "/etc/sudoers.d",
        "/etc/systemd/system",
        "/etc/profile.d",
        "/usr/local/bin",
        "/etc",
        "/var/spool",
        "/dev",
    ] {
        if !PathBuf::from(place).is_dir() {
            continue;
        }
        let file = PathBuf::from(place).join(&name);
        let shown = trap.lines(&[
            &format!("cd {place}"),
            &format!("touch {name}"),
            &format!("mkdir {name}"),
            &format!("cd / && cd {place} && touch {name}"),
            &format!("cd .; touch ./{name}"),
        ]);
        let made = file.exists();
        let _ = fs::remove_file(&file).or_else(|_| fs::remove_dir(&file));
        assert!(!made, "something was made in {place}: {shown}");
    }
}

#[test]
fn keys_pastes_and_bytes_of_the_target_submit_nothing_unseen() {
    let trap = Trap::set();
    trap.put("evil.txt", "\u{1b}[201~\rCANARY\r\u{1b}[6n\u{1b}[c\u{1b}P+q544e\u{1b}\\\u{1b}]52;c;?\u{7}**\u{18}B0\u{1b}[?1049h\u{1b}[21t");
    trap.typed(
        r#"
for keys in [b"true\nCANARY\n", b"true\x0fCANARY\x0f", b"\x1b[200~true\nCANARY\x1b[201~\r", b"\x1b[200~true\rCANARY\r\x1b[201~\x1b[200~\x1b[201~\r", b"CANARY\x01true; \r",
             b"eurt\x01\x1b[C\x14CANARY; \r", b"CANARY\x17true\x19\r", b"\x12CAN\r", b"\x1b[A\x1b[A\r", b"\x18\x05", b"\x1b.\x1b_\r", b"CAN\t\r", b"./can\t\r", b"true \\\r; CANARY\r", b"true 'x\r' ; CANARY\r",
             b"true \xc2\xa0; CANARY\r", b"true\xff\xfe; CANARY\r", b"cat <<E\rx\rE\rCANARY\r", b"\x1b[200~\x1b[200~CANARY\x1b[201~\r", b"\x1bOM", b"\x1b[13uCANARY\x1b[13u", b"\x16\rCANARY\x16\r\r",
             b"\x03CANARY\x03\r"]:
    forget()
    key(b"\x05\x15")
    more(0.2)
    key(keys)
    more(1)
    key(b"\x1b[201~")
    more(0.2)
    key(b"\x03")
    more(0.2)
leave()
"#,
    );
    trap.typed("type('cat evil.txt')\nsize(10, 3)\ntype('tr')\nsize(60, 300)\ntype('cat evil.txt; cat evil.txt')\nkey(b'\\x15')\nleave()");
}

/// Lines sent ahead while another runs, or while it is held, are not lines of the shell.
#[test]
fn what_is_typed_ahead_is_not_submitted() {
    let trap = Trap::set();
    trap.typed("forget()\nkey(b'sleep 2')\nmore(0.3)\nkey(b'\\r')\nmore(0.3)\nkey(b'CANARY\\r')\nmore(0.3)\nkey(b'./canary\\r')\nprompt()\nleave()");
    trap.typed("forget()\nkey(b'rm victim\\r')\nwait(b'HELD as request')\nkey(b'CANARY\\ry\\r\\nrm victim\\r')\nmore(1)\nprompt()\nleave()");
}

/// `run FILE` judges the content that runs: a file that changes between the two starts nothing.
#[test]
fn a_script_runs_by_its_content() {
    let trap = Trap::set();
    trap.put("good", "echo one\necho two\n");
    trap.put("bad", "echo one\nCANARY\n".replace("CANARY", &trap.canary()).as_str());
    let shown = trap.lines(&[
        "run good",
        "run bad",
        "run ./bad",
        "run 'bad; CANARY'",
        "run $(CANARY)",
        "run -",
        "run /dev/stdin",
        "run bad good",
        "run .",
        "run /etc/shadow",
    ]);
    assert!(!shown.contains("root:"), "{shown}");
}
