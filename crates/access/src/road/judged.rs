//! An act with everything that is known of it: what policies look at, what people sign, and what would start.

use std::collections::BTreeSet;
use std::sync::Arc;

use policy::sql::TableUse;
use policy::{Act, Analysis, Destination, Effect, FileFacts, Level, Table, Touch};

use super::grant::Start;
use super::sessions::shortened;
use crate::ask::Ask;
use crate::impact::Impact;
use crate::statement::visible;

/// An act with what is known of it: the facts that policy sees, and what would be run.
pub(super) struct Judged {
    /// None for what no channel asks: opening the session itself.
    ask: Option<Ask>,
    level: Level,
    pub act: Act,
    /// For how long it is asked for; 0 for what is done at once.
    pub duration_seconds: u64,
    pub text: Vec<u8>,
    pub run: Vec<u8>,
    pub analysis: Option<Analysis>,
    /// What was asked before people were.
    pub foreseen: Foreseen,
}

/// What is known of an act before people are asked to sign for it.
#[derive(Clone, Debug, Default)]
pub struct Foreseen {
    /// What it would reach.
    pub impact: Option<Impact>,
    /// The transaction in the middle of which it waits.
    pub transaction: Option<OpenTransaction>,
}

/// An open transaction: whatever it has locked stays locked while somebody waits in it.
#[derive(Clone, Debug)]
pub struct OpenTransaction {
    /// The most that anything waits in it.
    pub limit_seconds: u64,
    /// The tables that it has locked, as far as they are known.
    pub locked: Vec<String>,
}

impl Judged {
    /// Opening the session.
    pub fn connecting(level: Level) -> Self {
        Self::at_the_desk(Act::Connect, level, 0)
    }

    /// What no channel asks for, and what has no text to read: opening a session, asking for access, looking at a replay.
    pub fn at_the_desk(act: Act, level: Level, duration_seconds: u64) -> Self {
        let (text, run) = (Vec::new(), Vec::new());
        let foreseen = Foreseen::default();
        Self { ask: None, level, act, duration_seconds, text, run, analysis: None, foreseen }
    }

    /// Analyses what was asked. Where commands are gated only the regenerated text can ever run.
    pub fn of(ask: &Ask, level: Level, table: &Arc<Table>) -> Self {
        let (text, analysis) = (ask.text(), ask.analysis(table));
        let regenerated = analysis.as_ref().and_then(Analysis::run).unwrap_or_default();
        let run = match ask {
            Ask::Exec(text) if level == Level::Recorded => text.clone(),
            Ask::Line(line) => line.run(regenerated).into_bytes(),
            Ask::Exec(_) => regenerated.as_bytes().to_vec(),
            _ => text.clone(),
        };
        let (ask, act, foreseen) = (Some(ask.clone()), ask.act(), Foreseen::default());
        Self { ask, level, act, duration_seconds: 0, text, run, analysis, foreseen }
    }

    /// The same act, analysed afresh; what people were told beforehand stays what they were told.
    pub fn again(&self, level: Level, table: &Arc<Table>) -> Self {
        let again = match &self.ask {
            Some(ask) => Self::of(ask, level, table),
            None => Self::at_the_desk(self.act, level, self.duration_seconds),
        };
        Self { foreseen: self.foreseen.clone(), ..again }
    }

    pub fn understood(&self) -> bool {
        self.analysis.as_ref().is_none_or(Analysis::understood)
    }

    pub fn effects(&self) -> BTreeSet<Effect> {
        self.analysis.as_ref().map(|analysis| analysis.effects().clone()).unwrap_or_default()
    }

    pub fn effect_words(&self) -> BTreeSet<String> {
        self.effects().iter().map(ToString::to_string).collect()
    }

    pub fn touched(&self) -> Vec<Touch> {
        self.analysis.as_ref().map(|analysis| analysis.touched().to_vec()).unwrap_or_default()
    }

    /// Where it starts: a directory, or `login`.
    pub fn directory(&self) -> &str {
        self.ask.as_ref().map_or("login", Ask::directory)
    }

    /// The argument lists that would run. An operation on files starts no program.
    pub fn programs(&self) -> Vec<Vec<String>> {
        let programs = self.commands().into_iter().flat_map(Analysis::programs);
        programs.map(|program| program.argv.clone()).collect()
    }

    pub fn program_names(&self) -> BTreeSet<String> {
        self.commands().map(Analysis::program_names).unwrap_or_default()
    }

    fn commands(&self) -> Option<&Analysis> {
        self.analysis.as_ref().filter(|_| self.act == Act::Exec)
    }

    /// A program that we do not know, or that takes commands, could be told anything on its standard input after
    /// people have signed. What was not signed must not reach it.
    pub fn closes_stdin(&self) -> bool {
        let effects = self.effects();
        effects.contains(&Effect::Unknown) || effects.contains(&Effect::ShellEscape)
    }

    pub fn start(&self, close_stdin: bool) -> Start {
        match &self.ask {
            Some(Ask::Shell) if self.level == Level::Recorded => Start::Shell,
            Some(Ask::Shell) => Start::ManagedShell,
            Some(Ask::Sftp) => Start::Sftp,
            Some(Ask::File(operation)) => Start::File(operation.clone()),
            Some(Ask::Forward(forwarding)) => Start::Forward(forwarding.clone()),
            Some(Ask::Statement(statement)) => Start::Statement(statement.clone()),
            Some(Ask::Exec(_) | Ask::Line(_)) | None => Start::Exec { text: self.run.clone(), close_stdin },
        }
    }

    pub fn file(&self) -> Option<FileFacts> {
        let Some(Ask::File(operation)) = &self.ask else { return None };
        let to = operation.to().unwrap_or_default().to_owned();
        Some(FileFacts { path: operation.path().to_owned(), to })
    }

    /// The tables that statements touch.
    pub fn tables(&self) -> Vec<TableUse> {
        match &self.ask {
            Some(Ask::Statement(statement)) => statement.script.tables(),
            _ => vec![],
        }
    }

    /// Whether a request for it outlives its session, and serves another one of the same person.
    pub fn stays(&self) -> bool {
        self.ask.as_ref().is_some_and(Ask::stays)
    }

    /// How long it may wait because of the transaction that it waits in. What outlives its session does not wait there.
    pub fn limit_seconds(&self) -> Option<u64> {
        let transaction = self.foreseen.transaction.as_ref().filter(|_| !self.stays());
        transaction.map(|transaction| transaction.limit_seconds)
    }

    /// Whether whoever runs it counts what it changes before it lasts.
    pub fn counted(&self) -> bool {
        matches!(&self.ask, Some(Ask::Statement(statement)) if statement.countable)
    }

    pub fn destination(&self) -> Option<Destination> {
        let Some(Ask::Forward(forwarding)) = &self.ask else { return None };
        forwarding.destination().cloned()
    }

    pub fn is_entered(&self, allowed: bool) -> bool {
        self.ask.as_ref().is_none_or(|ask| ask.is_entered(allowed))
    }

    /// As a refusal names it.
    pub fn what(&self) -> String {
        let text = String::from_utf8_lossy(&self.text);
        if matches!(self.ask, Some(Ask::Statement(_))) {
            return shortened(&text);
        }
        let text = visible(&text);
        match &self.ask {
            Some(Ask::Exec(_) | Ask::Line(_) | Ask::File(_)) => text,
            Some(Ask::Forward(to)) if to.destination().is_some() => format!("{} {text}", self.act),
            _ => self.act.to_string(),
        }
    }
}
