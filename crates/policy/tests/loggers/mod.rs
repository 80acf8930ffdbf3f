//! Real shells in which every command is a logger: what a text starts there, and what it leaves in files.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Names that are no builtin, keyword or alias in any shell.
pub const NAMES: [&str; 6] = ["prog", "run-it", "x1", "a_b", "tool.sh", "9lives"];

/// Logs its words, NUL-separated, in a file of its own; then writes to both outputs, whether anybody reads or not.
const LOGGER: &str = "#!/bin/sh\ntrap '' PIPE\nprintf '%s\\0' \"${0##*/}\" \"$@\" > \"$LOG/$$\"\necho out\necho err >&2\nexit 0\n";

/// What running a text did.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    /// The words of each program that was started, sorted.
    pub argvs: Vec<Vec<String>>,
    /// The files in the working directory with the lines that loggers wrote; each shell words its own errors.
    pub files: BTreeMap<String, Vec<String>>,
}

/// The shells of this machine with a folder of loggers as their only commands.
pub struct Loggers {
    folder: TempDir,
    shells: Vec<PathBuf>,
}

impl Loggers {
    /// bash and dash must be there; zsh and mksh take part where they are installed.
    /// (ksh93 does not wait for the first programs of a pipeline, so their logs may be late.)
    pub fn new() -> Loggers {
        let folder = TempDir::new().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let logger = bin.join("logger");
        fs::write(&logger, LOGGER).unwrap();
        fs::set_permissions(&logger, fs::Permissions::from_mode(0o755)).unwrap();
        for name in NAMES {
            symlink("logger", bin.join(name)).unwrap();
        }
        let mut shells = vec![found("bash").unwrap(), found("dash").unwrap()];
        shells.extend(["zsh", "mksh"].into_iter().filter_map(found));
        Loggers { folder, shells }
    }

    /// Every shell in turn, with its path.
    pub fn run(&self, text: &str) -> Vec<(&Path, Ran)> {
        self.shells.iter().map(|shell| (shell.as_path(), self.run_in(shell, text))).collect()
    }

    fn run_in(&self, shell: &Path, text: &str) -> Ran {
        let log = TempDir::new_in(self.folder.path()).unwrap();
        let work = TempDir::new_in(self.folder.path()).unwrap();
        fs::write(work.path().join("input"), "in\n").unwrap();
        let mut command = Command::new(shell);
        command.arg("-c").arg(text).env_clear().env("PATH", self.folder.path().join("bin"));
        command.env("LOG", log.path()).env("LC_ALL", "C.UTF-8").env("HOME", ".").current_dir(work.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        let mut argvs: Vec<Vec<String>> = contents(log.path()).into_values().map(argv).collect();
        argvs.sort();
        let files =
            contents(work.path()).into_iter().map(|(name, content)| (name, logged_lines(&content))).collect();
        Ran { argvs, files }
    }
}

fn found(shell: &str) -> Option<PathBuf> {
    let places = ["/bin", "/usr/bin", "/usr/local/bin"];
    places.iter().map(|place| Path::new(place).join(shell)).find(|path| path.exists())
}

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap())).collect()
}

fn logged_lines(content: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(content);
    text.lines().filter(|line| ["in", "out", "err"].contains(line)).map(str::to_owned).collect()
}

fn argv(logged: Vec<u8>) -> Vec<String> {
    let text = String::from_utf8(logged).unwrap();
    text.strip_suffix('\0').unwrap().split('\0').map(str::to_owned).collect()
}
