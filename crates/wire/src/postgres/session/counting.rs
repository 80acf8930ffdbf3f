//! Writes that were allowed on condition of their count. No transaction is begun for them: in the extended protocol nothing
//! lasts before a Sync, or before the end of the client's own transaction, and until the verdict neither is sent.

use std::sync::Arc;

use super::verdicts::Judged;
use super::{Output, Session};
use crate::Error;
use crate::postgres::act::{ActId, Consequences, Outcome};
use crate::postgres::encode;
use crate::postgres::frontend::{Frontend, Subject};
use crate::postgres::pipeline::{Entry, Kind};
use crate::postgres::write::{Held, Progress, Write, untold};

impl Session {
    /// Lets an act cross that is one INSERT, UPDATE, DELETE or MERGE: a query, or a Bind. What it changes lasts only after
    /// [`Output::Counted`] was answered with [`Self::keep`]. False if it is no longer waiting for a verdict.
    ///
    /// The count is that of the statement itself: not of cascades, triggers and rules, nor of a WITH that writes; whoever
    /// sets a bound looks for these beforehand.
    ///
    /// # Errors
    ///
    /// What waits behind it makes no sense.
    pub fn allow_counted(&mut self, id: ActId, consequences: Consequences) -> Result<bool, Error> {
        let Some(judging) = self.judging.take_if(|judging| judging.id == id) else { return Ok(false) };
        let (any_name, consequences) = (consequences.any_name, Arc::new(consequences));
        self.revision += 1;
        match (judging.what, Frontend::parse(&judging.frame)?) {
            (Judged::Bind(portal), _) => {
                self.send(judging.frame.raw().clone());
                self.bound(id, portal, consequences, true);
            }
            (_, Frontend::Query(text)) => self.run_counted(id, text, consequences)?,
            (what, _) => self.fail(what.is_extended(), None, &untold())?,
        }
        self.doubt(any_name);
        self.go_on()?;
        Ok(true)
    }

    /// A query would last when it ends; these messages do not. Like a query they take the place of the unnamed statement
    /// and portal, and several statements are an error to them.
    fn run_counted(&mut self, id: ActId, text: &[u8], consequences: Arc<Consequences>) -> Result<(), Error> {
        let messages = [
            encode::parse(b"", text, &[])?,
            encode::bind(b"", b"", &[])?,
            encode::describe(Subject::Portal(b""))?,
            encode::execute(b"", 0)?,
            encode::flush(),
        ];
        self.send(messages.concat().into());
        self.portals.remove(&b""[..]);
        self.pipeline.push(Some(id), Kind::Write(Write::of_query(consequences)));
        Ok(())
    }

    /// What was counted may last. False if it is no longer waiting for that.
    ///
    /// # Errors
    ///
    /// What waits behind it makes no sense.
    pub fn keep(&mut self, id: ActId) -> Result<bool, Error> {
        let Some(write) = self.take_counted(id) else { return Ok(false) };
        let (is_query, held) = (write.is_query, write.into_held());
        if is_query {
            self.end_write(Some((id, held)));
        } else {
            self.release(Some(id), held);
        }
        self.go_on()?;
        Ok(true)
    }

    /// The write that waits for the verdict on its count.
    pub(super) fn take_counted(&mut self, id: ActId) -> Option<Write> {
        let counted = |entry: &Entry| {
            entry.act == Some(id) && matches!(&entry.kind, Kind::Write(write) if write.is_counted())
        };
        match self.pipeline.pop_if(counted)?.kind {
            Kind::Write(write) => Some(write),
            _ => None,
        }
    }

    /// Whether the client sees the answer that this follows from.
    pub(super) fn progressed(&mut self, progress: Progress) -> Result<bool, Error> {
        let act = self.pipeline.head().and_then(|head| head.act);
        match (progress, act) {
            (Progress::Seen, _) => return Ok(true),
            (Progress::Counted(rows), Some(act)) => self.outputs.push_back(Output::Counted(act, rows)),
            (Progress::Uncountable(report), Some(act)) => drop(self.refuse(act, &report)?),
            _ => {}
        }
        Ok(false)
    }

    /// The server has reported an error; behind it, it waits for the end of what it has for a query.
    pub(super) fn write_failed(&mut self) {
        match self.pipeline.head() {
            Some(Entry { kind: Kind::WriteEnd(held), .. }) => *held = None,
            Some(Entry { kind: Kind::Write(_), .. }) => {
                self.pipeline.pop();
                self.end_write(None);
            }
            _ => {}
        }
    }

    fn end_write(&mut self, kept: Option<(ActId, Held)>) {
        self.send(encode::sync());
        self.unsynced = false;
        let (act, held) = kept.unzip();
        self.pipeline.push(act, Kind::WriteEnd(held));
    }

    /// The server is ready: if it was a counted query that has ended, and well, the client gets its answer.
    pub(super) fn written(&mut self) {
        let Some(Entry { act, kind: Kind::WriteEnd(held), .. }) = self.pipeline.head() else { return };
        let (act, held) = (*act, held.take());
        held.into_iter().for_each(|held| self.release(act, held));
    }

    fn release(&mut self, act: Option<ActId>, held: Held) {
        let Held { consequences, rows, tag, end } = held;
        self.outputs.extend(rows.into_iter().map(|run| Output::DataToClient(act, run)));
        consequences.of_statement(0).for_each(|change| self.names.apply(change));
        self.done(act, Outcome::Completed(tag));
        self.tell(end);
    }
}
