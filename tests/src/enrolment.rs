//! `ssh enrol@gateway`, answered on a pseudo-terminal as a newcomer would.

use std::path::Path;
use std::process::Command;

use crate::bastion::Bastion;
use crate::binary::countersign;
use crate::running::{Done, run};
use crate::terminal::Terminal;

/// For scripts: `shown(pattern)`, and `digits(seed)` as an authenticator would show them.
const AUTHENTICATOR: &str = "import re, subprocess\n\
    def shown(pattern):\n    return re.findall(pattern, seen.decode(errors='replace'))\n\
    def digits(seed):\n    \
        open(FILE, 'w').write(seed)\n    os.chmod(FILE, 0o600)\n    \
        return subprocess.check_output([PROGRAM, 'totp', '--secret-file', FILE]).strip()\n";

impl Bastion {
    /// `ssh enrol@gateway` with that key.
    pub fn knock(&self, key: &Path) -> Command {
        let mut ssh = self.asking_client("ssh");
        ssh.args(["-t", "-o", "NumberOfPasswordPrompts=1", "-o", "IdentitiesOnly=yes", "-i"]).arg(key);
        ssh.arg("enrol@gateway");
        ssh
    }

    /// Answers the three questions at the door, and goes on with `script`; what was shown.
    #[track_caller]
    pub fn enrolment(&self, key: &Path, name: &str, halves: [&str; 2], script: &str) -> String {
        let seed = key.with_extension("seed");
        let [first, second] = halves;
        let all = format!(
            "{AUTHENTICATOR}FILE, PROGRAM = {seed:?}, {program:?}\n\
             wait(b'Your name'); key(b'{name}\\n')\nwait(b'First half'); key(b'{first}\\n')\n\
             wait(b'Second half'); key(b'{second}\\n')\n{script}rest()\n",
            program = countersign(),
        );
        Terminal::run(&self.knock(key), &all)
    }

    /// A command at the desk, with a key and that code, which may be a recovery code.
    #[track_caller]
    pub fn desk_by(&self, name: &str, key: &Path, code: &str, line: &str) -> Done {
        let mut ssh = self.asking_client("ssh");
        self.asks(&mut ssh, name);
        ssh.env("CODE", code).args(["-o", "IdentitiesOnly=yes", "-i"]).arg(key);
        run(ssh.args([&format!("{name}@gateway"), line]))
    }
}

/// A script that confirms the authenticator, after one wrong code, and takes the recovery codes.
pub const CONFIRM: &str = "wait(b'authenticator shows')\nseed = shown('secret=([A-Z2-7]+)')[0]\n\
    key(b'000000\\r'); then(b'try again'); then(b'authenticator shows')\n\
    key(digits(seed) + b'\\r'); then(b'Type done'); key(b'done\\r')\n";

/// The recovery codes that a dialogue showed.
pub fn recovery_codes(shown: &str) -> Vec<String> {
    let is_code = |word: &&str| word.len() == 14 && word.split('-').all(|group| group.len() == 4);
    shown.split_whitespace().filter(is_code).map(str::to_owned).collect()
}
