//! Clients on a pseudo-terminal, driven by a short script.

use std::process::Command;

use crate::running::{Running, run};

const DRIVER: &str = include_str!("terminal.py");

/// A client that needs a terminal.
pub struct Terminal;

impl Terminal {
    /// Runs `client` on a terminal of 24 by 80; `script` may `wait(b"text")`, `then(b"text")` for what comes behind that, `key(b"keys")`, `size(rows, columns)`,
    /// `forget()` and must end with `rest()`, which prints what was shown and `exit status N`.
    #[track_caller]
    pub fn run(client: &Command, script: &str) -> String {
        run(&mut Self::command(client, script)).ok()
    }

    /// The same in the background.
    pub fn start(client: &Command, script: &str) -> Running {
        Running::start(&mut Self::command(client, script))
    }

    fn command(client: &Command, script: &str) -> Command {
        let mut python = Command::new("python3");
        python.args(["-c", &format!("{DRIVER}\n{script}")]).arg(client.get_program()).args(client.get_args());
        python.envs(client.get_envs().filter_map(|(name, value)| Some((name, value?))));
        python
    }
}
