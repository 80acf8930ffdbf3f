//! Which messages the server has been sent and has not answered, in order. It answers in the same order, so the first of
//! them is always the one that an answer belongs to.

use std::collections::VecDeque;
use std::sync::Arc;

use super::act::{ActId, Consequences};
use super::names::{Meaning, NameChange, Names, Prepared};
use super::report::Report;
use super::write::{Held, Write};

/// More unanswered messages than that wait in the inbox.
const MOST: usize = 10_000;

/// A message that the server will answer.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it stands among all messages of the connection.
    pub number: u64,
    pub act: Option<ActId>,
    pub kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// The server's greeting, until it is ready for the first time.
    Greeting,
    /// A simple query; `done` of its statements are complete.
    Query {
        consequences: Arc<Consequences>,
        done: usize,
    },
    FunctionCall(Arc<Consequences>),
    Parse(NameChange),
    /// A Parse that runs something, so that what follows depends on its answer.
    ParseRunning(NameChange),
    /// Close and Parse of our own, before a name that was doubted is used; the client sees nothing of it.
    Renew(NameChange),
    Bind,
    Describe(Option<Arc<Prepared>>),
    Execute(Arc<Consequences>),
    /// A write whose rows are counted before it may last; in place of a query, or an Execute.
    Write(Write),
    /// The Sync behind a query that was counted, and what the client gets if the server does not fail even then.
    WriteEnd(Option<Held>),
    Close(Option<NameChange>),
    Sync,
    /// Sent instead of a refused query; the answer that the client is to get.
    DecoyQuery(Option<Report>),
    /// Sent instead of a refused message of the extended protocol.
    DecoyParse(Report),
}

impl Kind {
    /// Whether the server, when this fails, skips everything up to the next Sync.
    pub(super) fn is_extended(&self) -> bool {
        match self {
            Self::Greeting | Self::Query { .. } | Self::FunctionCall(_) | Self::Sync => false,
            Self::WriteEnd(_) | Self::DecoyQuery(_) => false,
            Self::Write(write) => !write.is_query,
            _ => true,
        }
    }

    fn runs_something(&self) -> bool {
        matches!(
            self,
            Self::Query { .. }
                | Self::FunctionCall(_)
                | Self::ParseRunning(_)
                | Self::Execute(_)
                | Self::Write(_)
        )
    }

    fn is_last_word(&self) -> bool {
        match self {
            Self::Query { consequences, .. }
            | Self::Execute(consequences)
            | Self::FunctionCall(consequences) => consequences.is_last_word(),
            Self::Write(_) | Self::ParseRunning(_) => true,
            _ => false,
        }
    }

    /// How much text it keeps in memory.
    fn text(&self) -> usize {
        match self {
            Self::Parse(NameChange::Prepare { statement, .. })
            | Self::ParseRunning(NameChange::Prepare { statement, .. })
            | Self::Renew(NameChange::Prepare { statement, .. }) => statement.text.len(),
            _ => 0,
        }
    }

    /// What becomes of that name if this succeeds.
    fn effect_on(&self, name: &[u8]) -> Option<Meaning> {
        match self {
            Self::Parse(change)
            | Self::ParseRunning(change)
            | Self::Renew(change)
            | Self::Close(Some(change)) => change.effect_on(name),
            Self::Execute(consequences) => consequences.effect_on(name),
            // A simple query, also a decoy, forgets the unnamed statement.
            Self::Query { consequences, .. } => {
                consequences.effect_on(name).or(name.is_empty().then_some(Meaning::Absent))
            }
            Self::WriteEnd(_) | Self::DecoyQuery(_) => name.is_empty().then_some(Meaning::Absent),
            // Nothing is looked up before it is answered.
            Self::Write(_) => Some(Meaning::Unknown),
            _ => None,
        }
    }
}

/// What a name will stand for when the server gets to the next message.
#[derive(Debug)]
pub(super) enum Foresight {
    Settled(Meaning),
    /// It depends on an answer that has not come.
    Depends,
}

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Pipeline {
    entries: VecDeque<Entry>,
    sent: u64,
    text: usize,
}

impl Pipeline {
    pub(super) fn push(&mut self, act: Option<ActId>, kind: Kind) {
        self.sent += 1;
        self.text += kind.text();
        self.entries.push_back(Entry { number: self.sent, act, kind });
    }

    /// How many were sent in all; the number of the last one.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    pub(super) fn head(&mut self) -> Option<&mut Entry> {
        self.entries.front_mut()
    }

    pub(super) fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        self.text -= entry.kind.text();
        Some(entry)
    }

    /// Takes the first one if it is that.
    pub(super) fn pop_if(&mut self, wanted: impl FnOnce(&Entry) -> bool) -> Option<Entry> {
        if self.entries.front().is_some_and(wanted) { self.pop() } else { None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether something under way may begin or end a transaction.
    pub(super) fn runs_something(&self) -> bool {
        self.entries.iter().any(|entry| entry.kind.runs_something())
    }

    pub(super) fn is_alone(&self) -> bool {
        self.entries.len() == 1
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= MOST
    }

    pub(super) fn is_greeting(&self) -> bool {
        self.entries.front().is_some_and(|entry| matches!(entry.kind, Kind::Greeting))
    }

    /// How much text of statements is under way.
    pub(super) fn text(&self) -> usize {
        self.text
    }

    /// Whether nothing may be sent behind what was sent last, before that is answered.
    pub(super) fn has_last_word(&self) -> bool {
        self.entries.back().is_some_and(|entry| entry.kind.is_last_word())
    }

    /// Takes everything that the server skips after an error: up to the next Sync, which it answers. Without one it goes
    /// on skipping what is sent later.
    pub(super) fn skip(&mut self) -> Vec<Entry> {
        let sync = self.entries.iter().position(|entry| matches!(entry.kind, Kind::Sync));
        let skipped: Vec<Entry> = self.entries.drain(..sync.unwrap_or(self.entries.len())).collect();
        self.text -= skipped.iter().map(|entry| entry.kind.text()).sum::<usize>();
        skipped
    }

    /// What that name stands for behind all messages that are under way.
    ///
    /// If a message of the extended protocol fails, the next message is skipped unless a Sync stands between; so for the
    /// next message it has succeeded. A query's failure, or one before a Sync, skips nothing, so its outcome counts.
    pub(super) fn foresee(&self, name: &[u8], names: &Names) -> Foresight {
        let mut certain = true;
        for entry in self.entries.iter().rev() {
            certain &= !matches!(entry.kind, Kind::Sync);
            match entry.kind.effect_on(name) {
                Some(meaning) if certain && entry.kind.is_extended() => return Foresight::Settled(meaning),
                Some(_) => return Foresight::Depends,
                None => {}
            }
        }
        Foresight::Settled(names.meaning(name))
    }
}
