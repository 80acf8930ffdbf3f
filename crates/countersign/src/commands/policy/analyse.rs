//! `policy analyse --jsonl`: one JSON object with a command in, one with its verdict out, line by line.

use std::io::{BufWriter, Read, Write};
use std::os::fd::AsFd as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use access::policy::sql::Dialect;
use access::policy::{Act, Analysis, Effect, Level, Policies, Question};
use access::{Ask, Rehearsal, Setting, SqlStatement, Supposed};
use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::act::statement;
use super::lines::{LONGEST, Line, Lines};
use super::outcome::{Outcome, Word};
use super::statements::Statements;
use super::{Place, Who};

/// Judges what standard input asks, as exec requests, or as statements of a dialect.
pub async fn analyse(config: &Path, who: &Who, sql: Option<Dialect>) -> Result<ExitCode> {
    let place = Place::find(config)?;
    let (setting, _) = who.setting(&place).await?;
    let input = std::fs::File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    answer_all(&Judge::new(&place.policies, setting, sql), input, std::io::stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}

/// Answers are written in blocks while lines keep coming, and at once when they pause.
fn answer_all(judge: &Judge, input: impl Read, output: impl Write) -> std::io::Result<()> {
    let mut lines = Lines::of(input);
    let mut output = BufWriter::with_capacity(1 << 16, output);
    while let Some(line) = lines.next(|| output.flush())? {
        serde_json::to_writer(&mut output, &judge.answer(&line))?;
        output.write_all(b"\n")?;
    }
    output.flush()
}

#[derive(Deserialize)]
struct Asked {
    text: String,
}

#[derive(Serialize)]
struct Answer {
    verdict: &'static str,
    understood: bool,
    effects: Vec<&'static str>,
    programs: Vec<Vec<String>>,
    run: Option<String>,
    rule: String,
    reason: String,
    /// For statements.
    #[serde(flatten)]
    statements: Option<Statements>,
}

struct Judge<'a> {
    policies: &'a Policies,
    setting: Setting,
    /// Whose statements the texts are; none for command lines.
    sql: Option<Dialect>,
    /// The opening of the session is the same for every line.
    connect: Rehearsal,
}

impl<'a> Judge<'a> {
    fn new(policies: &'a Policies, setting: Setting, sql: Option<Dialect>) -> Self {
        let connect = Rehearsal::of(policies, &setting, &Supposed::Act(Act::Connect));
        Self { policies, setting, sql, connect }
    }

    fn answer(&self, line: &Line) -> Answer {
        let text = match line {
            Line::TooLong => return Answer::unusable(format!("the line is longer than {LONGEST} bytes")),
            Line::Whole(line) => match asked(line) {
                Ok(asked) => asked.text,
                Err(why) => return Answer::unusable(why),
            },
        };
        // A fault of ours on one line must not take the answers of all others away.
        catch_unwind(AssertUnwindSafe(|| match self.sql {
            Some(dialect) => self.judge_statements(dialect, text),
            None => self.judge(text),
        }))
        .unwrap_or_else(|_| Answer::unusable("the analysis failed on this text".into()))
    }

    fn judge(&self, text: String) -> Answer {
        let act = Rehearsal::of(self.policies, &self.setting, &Supposed::Ask(Ask::Exec(text.into_bytes())));
        let outcome = Outcome::of([&self.connect, &act]);
        let programs = act.analysis.iter().flat_map(Analysis::programs);
        Answer {
            verdict: outcome.word.as_str(),
            understood: act.question.understood,
            effects: act.question.effects.iter().map(|effect| effect.as_str()).collect(),
            programs: programs.map(|program| program.argv.clone()).collect(),
            run: act.analysis.as_ref().and_then(Analysis::run).map(str::to_owned),
            rule: outcome.rule(),
            reason: outcome.reason,
            statements: None,
        }
    }

    fn judge_statements(&self, dialect: Dialect, text: String) -> Answer {
        let statement = statement(dialect, &text);
        let script = Arc::clone(&statement.script);
        let act = self.rehearse(statement);
        let outcome = Outcome::of([&self.connect, &act]);
        Answer {
            verdict: outcome.word.as_str(),
            understood: act.question.understood,
            effects: script.effects().into_iter().map(Effect::as_str).collect(),
            programs: vec![],
            run: act.question.understood.then_some(text),
            rule: outcome.rule(),
            reason: outcome.reason,
            statements: Some(Statements::of(&script)),
        }
    }

    /// Where statements are not gated they only come inside commands, such as those of `psql -c`.
    fn rehearse(&self, statement: SqlStatement) -> Rehearsal {
        let act = Rehearsal::of(self.policies, &self.setting, &Supposed::Ask(Ask::Statement(statement)));
        if self.setting.target.level == Level::StatementGated {
            return act;
        }
        let question = Question { act: Act::Exec, ..act.question };
        Rehearsal { verdict: self.policies.judge(&question), question, ..act }
    }
}

/// An object with a `text`; what else it holds is passed over.
fn asked(line: &[u8]) -> Result<Asked, String> {
    match line.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {
            serde_json::from_slice(line).map_err(|fault| format!("not {{\"text\": \"…\"}}: {fault}"))
        }
        Some(_) => Err("not a JSON object".into()),
        None => Err("the line is empty".into()),
    }
}

impl Answer {
    fn unusable(why: String) -> Self {
        Self {
            verdict: Word::Deny.as_str(),
            understood: false,
            effects: vec!["unknown"],
            programs: vec![],
            run: None,
            rule: "unusable-line".into(),
            reason: why,
            statements: None,
        }
    }
}
