//! Programs that a test started: their output as it comes, bounded waits, and a sure end.

use std::io::{Read, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

/// No single step of a test takes longer, also on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(120);

/// How a program ended, and what it printed.
#[derive(Debug)]
pub struct Done {
    /// Exit status.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error, as text.
    pub stderr: String,
}

impl Done {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Exit code; -1 after a signal.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }

    /// Asserts success and returns standard output.
    #[track_caller]
    pub fn ok(self) -> String {
        assert!(self.status.success(), "{}\nout: {}\nerr: {}", self.status, self.text(), self.stderr);
        self.text()
    }

    /// Asserts failure and returns standard error.
    #[track_caller]
    pub fn refused(self) -> String {
        assert!(!self.status.success(), "not refused\nout: {}\nerr: {}", self.text(), self.stderr);
        self.stderr
    }
}

type Captured = Arc<Mutex<Vec<u8>>>;

/// A program that runs. It is killed when this value is dropped.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Captured,
    stderr: Captured,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts it with all three streams in our hands.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|fault| panic!("{command:?}: {fault}"));
        let (stdout, stderr) = (Captured::default(), Captured::default());
        let readers = vec![
            capture(child.stdout.take().expect("stdout is a pipe"), &stdout),
            capture(child.stderr.take().expect("stderr is a pipe"), &stderr),
        ];
        Self { stdin: child.stdin.take(), child, stdout, stderr, readers }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its standard input.
    pub fn write(&mut self, bytes: &[u8]) {
        // A program that ended without reading says why by its status.
        let _ = self.stdin.as_mut().map(|pipe| pipe.write_all(bytes).and_then(|()| pipe.flush()));
    }

    /// Ends its standard input.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// What it has printed on standard output so far.
    pub fn stdout(&self) -> Vec<u8> {
        lock(&self.stdout).clone()
    }

    /// What it has printed on standard error so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&lock(&self.stderr)).into_owned()
    }

    /// Waits until standard error contains `text`, and returns all of it.
    #[track_caller]
    pub fn until_stderr(&mut self, text: &str) -> String {
        eventually(&format!("{text:?} on standard error"), || {
            let seen = self.stderr();
            assert!(seen.contains(text) || !self.has_ended(), "ended without {text:?}: {seen}");
            seen.contains(text).then_some(seen)
        })
    }

    /// Waits until standard output contains `text`, and returns all of it.
    #[track_caller]
    pub fn until_stdout(&mut self, text: &str) -> String {
        eventually(&format!("{text:?} on standard output"), || {
            let seen = String::from_utf8_lossy(&self.stdout()).into_owned();
            seen.contains(text).then_some(seen)
        })
    }

    /// Whether it has ended and everything it printed was read.
    pub fn has_ended(&mut self) -> bool {
        let ended = matches!(self.child.try_wait(), Ok(Some(_)));
        ended && self.readers.iter().all(JoinHandle::is_finished)
    }

    /// Sends SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
    }

    /// Sends a signal by name, e.g. `TERM`.
    pub fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let _ = kill.args([&format!("-{name}"), &self.id().to_string()]).stderr(Stdio::null()).status();
    }

    /// Waits for its end.
    #[track_caller]
    pub fn finish(mut self) -> Done {
        self.close_stdin();
        self.wait()
    }

    /// Waits for its end without ending its standard input first.
    #[track_caller]
    pub fn wait(&mut self) -> Done {
        let deadline = Instant::now() + LIMIT;
        while !self.has_ended() {
            assert!(Instant::now() < deadline, "still running; printed {}", self.stderr());
            sleep(Duration::from_millis(5));
        }
        let status = self.child.wait().expect("a child that has ended can be waited for");
        Done { status, stdout: self.stdout(), stderr: self.stderr() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn capture(mut from: impl Read + Send + 'static, to: &Captured) -> JoinHandle<()> {
    let to = to.clone();
    spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            lock(&to).extend_from_slice(&buffer[..count]);
        }
    })
}

fn lock(captured: &Captured) -> std::sync::MutexGuard<'_, Vec<u8>> {
    captured.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a program without input to its end.
#[track_caller]
pub fn run(command: &mut Command) -> Done {
    Running::start(command).finish()
}

/// Runs a program with that input to its end.
#[track_caller]
pub fn run_with_input(command: &mut Command, input: &[u8]) -> Done {
    let mut running = Running::start(command);
    running.write(input);
    running.finish()
}

/// Asks again until there is an answer.
#[track_caller]
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited too long for {what}");
        sleep(Duration::from_millis(20));
    }
}
