//! The managed shell end to end: the real binary, the shipped policies, OpenSSH on a terminal, a real sshd and bash.

use end_to_end::{Bastion, Terminal, eventually};

/// `prompt()` waits for the next prompt; `line(text)` submits a line and waits for the prompt after it.
const PRELUDE: &str = r##"
import re
PROMPT = re.compile(rb"\x1b\[\?2004h.*[#$] \r\x1b\[\d+C", re.S)
def prompt(limit=60):
    end = time.time() + limit
    while not PROMPT.search(seen):
        if time.time() > end or more(1) is False:
            sys.exit("no prompt in %r" % seen[-2000:])
def line(text):
    forget()
    key(text + b"\r")
    prompt()
    return seen
def has(shown, *texts):
    for text in texts:
        if text not in shown:
            sys.exit("%r is not in %r" % (text, shown))
prompt()
"##;

fn script(body: &str) -> String {
    format!("{PRELUDE}\n{body}")
}

#[test]
fn a_day_of_small_work_is_done_and_recorded() {
    let bastion = Bastion::start();
    let body = r##"
has(line(b"pwd"), b"/home\r\n")
has(line(b"cd production-data && ls -l"), b"customers.csv")
has(line(b"grep -c Ana customers.csv"), b"1\r\n")
has(line(b"WHAT=Ana"), b"# ")
has(line(b"grep $WHAT customers.csv | cut -d, -f1"), b"1\r\n")
has(line("echo 数据".encode()), "数据\r\n".encode())
has(line(b"why"), b"echo")
key(b"\x04")
rest()
"##;
    let shown = Terminal::run(&bastion.ssh("alice", "db-1"), &script(body));
    assert!(shown.contains("exit status 0"), "{shown}");
    let session = bastion.newest_session();
    let replayed = eventually("the recording", || {
        let replayed = bastion.replayed(&session);
        replayed.contains("customers.csv").then_some(replayed)
    });
    for text in ["env=prod", "grep -c Ana customers.csv", "数据"] {
        assert!(replayed.contains(text), "{text} is not in the recording");
    }
    let judged = bastion.entries_of("decision");
    assert!(judged.iter().filter(|entry| entry["act"] == "exec").count() >= 5, "{judged:#?}");
}

#[test]
fn a_destructive_line_waits_for_two_people_and_the_prompt_returns() {
    let bastion = Bastion::start();
    let body = r##"
forget()
key(b"rm -r production-data\r")
wait(b"HELD as request 1", 60)
wait(b"running now, once", 110)
prompt()
has(line(b"ls"), b"# ")
key(b"\x04")
rest()
"##;
    let mut terminal = Terminal::start(&bastion.ssh("alice", "db-1"), &script(body));
    bastion.until_entry("request", |_| true);
    bastion.approve(1, "bob");
    assert!(bastion.home().join("production-data").exists());
    bastion.approve(1, "carol");
    let done = terminal.wait();
    assert!(done.status.success(), "{}{}", done.text(), done.stderr);
    assert!(!bastion.home().join("production-data").exists());
}

#[test]
fn a_refused_line_leaves_no_trace_and_the_shell_goes_on() {
    let bastion = Bastion::start();
    let body = r##"
for text in (b"python3 -c 'open(\"canary\",\"w\")'", b"ls $(python3 touch.py)", b"touch canary &", b"eval touch canary"):
    has(line(text), b"refused: ")
has(line(b"echo alive"), b"alive\r\n")
key(b"\x04")
rest()
"##;
    Terminal::run(&bastion.ssh("alice", "db-1"), &script(body));
    assert!(!bastion.home().join("canary").exists());
}
