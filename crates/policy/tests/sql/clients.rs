//! Clients of PostgreSQL's own, and what they asked the server by its log.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use super::server::Server;

impl Server {
    /// Runs a client of PostgreSQL's own.
    pub fn run(&self, program: &str, arguments: &[&str]) {
        let done = Command::new(self.programs.join(program))
            .args(["-U", "truth", "-h", &self.folder])
            .args(arguments)
            .env("PGDATABASE", "postgres")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the client starts");
        assert!(done.success(), "{program} {arguments:?}");
    }

    /// Every different statement in the server's log, numbers of objects made alike.
    pub fn statements(&self) -> BTreeSet<String> {
        let log = std::fs::read_to_string(format!("{}/log", self.folder)).expect("the log is there");
        let mut statements = BTreeSet::new();
        let mut current: Option<String> = None;
        for line in log.lines() {
            match (begins(line), line.strip_prefix('\t')) {
                (Some(text), _) => statements.extend(current.replace(text.to_owned())),
                (None, Some(more)) => current.iter_mut().for_each(|text| *text += &format!("\n{more}")),
                (None, None) => statements.extend(current.take()),
            }
        }
        statements.into_iter().map(|text| without_numbers(&text)).collect()
    }
}

/// The statement that a line of the log begins.
fn begins(line: &str) -> Option<&str> {
    let (_, said) = line.split_once("LOG:  ")?;
    said.strip_prefix("statement: ")
        .or_else(|| said.strip_prefix("execute ")?.split_once(": ").map(|(_, text)| text))
}

/// Digits of object numbers differ from run to run.
fn without_numbers(text: &str) -> String {
    let alike = |number: &str| if number.len() > 4 { "16400".to_owned() } else { number.to_owned() };
    let (mut shown, mut number) = (String::new(), String::new());
    for character in text.chars() {
        if character.is_ascii_digit() {
            number.push(character);
        } else {
            shown += &alike(&std::mem::take(&mut number));
            shown.push(character);
        }
    }
    shown + &alike(&number)
}
