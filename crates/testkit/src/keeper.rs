//! What keeps a private server: a shell that makes it, stops it and starts it again as told, and ends it when the test
//! program has ended, however that came. The scripts are the demo's.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Keeper {
    folder: PathBuf,
    talk: Mutex<Talk>,
}

#[derive(Debug)]
struct Talk {
    _process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Keeper {
    /// Runs the script with what lies in `settings`, and `port` in that variable.
    pub(crate) fn started(script: &str, settings: &Path, port: (&str, u16)) -> Self {
        let mut process = Command::new("sh")
            .args(["-c", script, "keeper"])
            .arg(settings)
            .env(port.0, port.1.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("sh starts");
        let orders = process.stdin.take().expect("standard input is a pipe");
        let answers = BufReader::new(process.stdout.take().expect("standard output is a pipe"));
        let mut talk = Talk { _process: process, orders, answers };
        Self { folder: talk.answer().into(), talk: Mutex::new(talk) }
    }

    /// Where the server's socket and data are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// `start` or `stop`; returns when that is done.
    pub(crate) fn order(&self, word: &str) {
        let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(talk.orders, "{word}").expect("the keeper listens");
        assert_eq!(talk.answer(), word);
    }
}

impl Talk {
    fn answer(&mut self) -> String {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        assert!(read.is_ok_and(|length| length > 0), "the server does not start: see above");
        line.trim_end().to_owned()
    }
}
