//! The managed shell: a terminal in front of it, a real sshd behind it.

mod adversary;
mod endings;
mod lines;
mod state;
mod waiting;

use super::bastion::Bastion;
use super::terminal::driven;

/// `prompt()` waits for the next prompt; `line(text)` submits a line and returns what is shown up to the next prompt.
const PRELUDE: &str = r##"
import re
PROMPT = re.compile(rb"\x1b\[\?2004h.*[#$] \r\x1b\[\d+C", re.S)
def prompt(limit=20):
    global seen
    end = time.time() + limit
    while not PROMPT.search(seen):
        if time.time() > end or more(1) is False:
            sys.exit("no prompt in %r" % seen[-2000:])
    seen = seen.replace(b"\x1b[?2004l", b"")
def tab(text):
    for _ in range(8):
        key(b"\t")
        end = time.time() + 2
        while time.time() < end:
            more(0.2)
            if text in seen:
                return
    sys.exit("%r is not completed in %r" % (text, seen))
def line(text, enter=b"\r"):
    forget()
    key(text + enter)
    prompt()
    return seen
def has(shown, *texts):
    for text in texts:
        if text not in shown:
            sys.exit("%r is not in %r" % (text, shown))
def lacks(shown, *texts):
    for text in texts:
        if text in shown:
            sys.exit("%r is in %r" % (text, shown))
prompt()
"##;

/// Opens the shell, drives it by a script that leaves it, and returns what was shown last.
async fn shell(bastion: &Bastion, script: &str) -> String {
    driven(&bastion.ssh(&bastion.gated()), "", &format!("{PRELUDE}\n{script}")).await
}
