//! `countersign policy`: check policies, explain what they make of an act, judge many lines, run cases, compare two sets.

mod act;
mod analyse;
mod cases;
mod check;
mod diff;
mod explain;
mod facts;
mod lines;
mod outcome;
mod place;
mod statements;
mod test;
mod who;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

pub use act::Wanted;
pub use who::Who;

use crate::cli::PolicyCommand;
use place::Place;

/// What a command ends with that could not do its work, beside 0 and 1 for what it found.
const TROUBLE: u8 = 2;

/// Runs one of the commands.
pub async fn policy(config: &Path, command: PolicyCommand) -> Result<ExitCode> {
    match command {
        PolicyCommand::Check { dir } => check::check(config, dir),
        PolicyCommand::Explain { who, wanted, text } => {
            explain::explain(config, &who, &wanted, &text.join(" ")).await
        }
        PolicyCommand::Analyse { who, jsonl: _, sql } => {
            or_trouble(analyse::analyse(config, &who, sql).await)
        }
        PolicyCommand::Test { files, policies } => or_trouble(test::test(config, policies, &files)),
        PolicyCommand::Diff { old, new, cases } => or_trouble(diff::diff(&old, &new, &cases)),
    }
}

/// An error is told here, since 1 says that the work was done. Whoever stops reading our output has seen enough.
fn or_trouble(done: Result<ExitCode>) -> Result<ExitCode> {
    match done {
        Err(fault) if !crate::is_broken_pipe(&fault) => {
            eprintln!("countersign: {fault:#}");
            Ok(ExitCode::from(TROUBLE))
        }
        done => done,
    }
}
