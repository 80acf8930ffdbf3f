//! A write whose rows are counted before it may last. Its answer is held back meanwhile: a client that has seen it would take
//! it for done, and rows of RETURNING cannot be taken back.

use std::sync::Arc;

use bytes::Bytes;

use super::act::Consequences;
use super::backend::{Backend, Tag};
use super::frame::{Frame, Run};
use super::report::Report;
use crate::Error;

/// How much of RETURNING is kept.
const MOST_HELD: usize = 1 << 20;

/// Commands whose tags say how many rows they changed. SELECT is not among them: its rows are not those that a WITH before
/// it deletes.
const COUNTING: [&[u8]; 4] = [b"INSERT", b"UPDATE", b"DELETE", b"MERGE"];

/// Which answer comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Parsing,
    Binding,
    Describing,
    Running,
    Counted,
}

/// The write.
#[derive(Debug)]
pub(super) struct Write {
    /// Whether the client has sent a query. The server has it as Parse, Bind, Describe and Execute, so that its end is ours.
    pub is_query: bool,
    pub consequences: Arc<Consequences>,
    stage: Stage,
    /// What RETURNING gave; nothing if it was too much.
    rows: Option<Vec<Run>>,
    bytes: usize,
    tag: Bytes,
    end: Bytes,
}

/// What was held back.
#[derive(Debug)]
pub(super) struct Held {
    pub consequences: Arc<Consequences>,
    pub rows: Vec<Run>,
    pub tag: Bytes,
    /// The CommandComplete.
    pub end: Bytes,
}

/// What follows from an answer.
#[derive(Debug)]
pub(super) enum Progress {
    /// Nothing; the client did not ask this way.
    Unseen,
    /// The client sees it.
    Seen,
    /// It would change so many rows.
    Counted(u64),
    /// How many it would change is not known, or too late.
    Uncountable(Report),
}

impl Write {
    /// In place of a query.
    pub(super) fn of_query(consequences: Arc<Consequences>) -> Self {
        Self { is_query: true, stage: Stage::Parsing, ..Self::of_portal(consequences) }
    }

    /// An Execute.
    pub(super) fn of_portal(consequences: Arc<Consequences>) -> Self {
        Self {
            is_query: false,
            consequences,
            stage: Stage::Running,
            rows: Some(Vec::new()),
            bytes: 0,
            tag: Bytes::new(),
            end: Bytes::new(),
        }
    }

    pub(super) fn is_counted(&self) -> bool {
        self.stage == Stage::Counted
    }

    /// Keeps rows of RETURNING.
    pub(super) fn hold(&mut self, run: Run) -> Result<(), Error> {
        if self.stage != Stage::Running || run.tag() != b'D' {
            return Err(Error::OutOfStep("rows that nobody asked for"));
        }
        self.bytes = self.bytes.saturating_add(run.raw().len());
        self.rows.take_if(|_| self.bytes > MOST_HELD);
        if let Some(rows) = &mut self.rows {
            rows.push(run);
        }
        Ok(())
    }

    pub(super) fn answered(&mut self, frame: &Frame, answer: &Backend) -> Result<Progress, Error> {
        let (stage, progress) = match (self.stage, answer) {
            (Stage::Parsing, Backend::ParseComplete) => (Stage::Binding, Progress::Unseen),
            (Stage::Binding, Backend::BindComplete) => (Stage::Describing, Progress::Unseen),
            (Stage::Describing, Backend::NoData) => (Stage::Running, Progress::Unseen),
            (Stage::Describing, Backend::RowDescription(_)) => (Stage::Running, Progress::Seen),
            (Stage::Running, Backend::CommandComplete(tag)) => (Stage::Counted, self.count(frame, *tag)),
            (Stage::Running, Backend::PortalSuspended) => {
                (Stage::Counted, Progress::Uncountable(suspended()))
            }
            (Stage::Running, Backend::EmptyQuery) => (Stage::Counted, Progress::Uncountable(untold())),
            _ => return Err(Error::OutOfStep("an answer to a write that is none")),
        };
        self.stage = stage;
        Ok(progress)
    }

    fn count(&mut self, frame: &Frame, tag: Tag) -> Progress {
        (self.tag, self.end) = (Bytes::copy_from_slice(tag.0), frame.raw().clone());
        match tag.rows().filter(|_| COUNTING.contains(&tag.command())) {
            None => Progress::Uncountable(untold()),
            Some(_) if self.rows.is_none() => Progress::Uncountable(too_much()),
            Some(rows) => Progress::Counted(rows),
        }
    }

    /// What the client gets when it may last.
    pub(super) fn into_held(self) -> Held {
        let Self { consequences, rows, tag, end, .. } = self;
        Held { consequences, rows: rows.unwrap_or_default(), tag, end }
    }
}

pub(super) fn untold() -> Report {
    Report::error("0A000", "the server does not tell how many rows this statement changes")
}

fn suspended() -> Report {
    let hint = "Run it without a limit on its rows.";
    Report::error("0A000", "the rows of this statement are counted before any is shown").with_hint(hint)
}

fn too_much() -> Report {
    let hint = "Name fewer columns behind RETURNING.";
    Report::error(
        "54000",
        "the rows of this statement are counted before any is shown, and are too long to wait",
    )
    .with_hint(hint)
}
