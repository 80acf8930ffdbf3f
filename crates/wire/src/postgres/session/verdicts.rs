//! What waits for its verdict, and what becomes of it then.

use std::sync::Arc;

use bytes::Bytes;

use super::{Output, Portal, Session};
use crate::Error;
use crate::postgres::act::{Act, ActId, ActKind, Consequences};
use crate::postgres::frame::Frame;
use crate::postgres::names::NameChange;
use crate::postgres::pipeline::Kind;
use crate::postgres::report::Report;

/// What is being judged.
#[derive(Debug)]
pub(super) struct Judging {
    pub id: ActId,
    pub frame: Frame,
    pub what: Judged,
}

/// What becomes of it once it is allowed.
#[derive(Debug)]
pub(super) enum Judged {
    Query,
    FunctionCall,
    Parse(NameChange),
    /// The portal that it makes.
    Bind(Bytes),
}

impl Judged {
    /// Whether the server, when this fails, skips everything up to the next Sync.
    pub fn is_extended(&self) -> bool {
        matches!(self, Self::Parse(_) | Self::Bind(_))
    }
}

impl Session {
    /// Lets an act cross. False if it is no longer waiting for a verdict.
    ///
    /// # Errors
    ///
    /// What waits behind it makes no sense.
    pub fn allow(&mut self, id: ActId, consequences: Consequences) -> Result<bool, Error> {
        let Some(judging) = self.judging.take_if(|judging| judging.id == id) else { return Ok(false) };
        let (any_name, consequences) = (consequences.any_name, Arc::new(consequences));
        self.revision += 1;
        self.send(judging.frame.raw().clone());
        match judging.what {
            Judged::Bind(name) => self.bound(id, name, consequences, false),
            Judged::Query => self.pipeline.push(Some(id), Kind::Query { consequences, done: 0 }),
            Judged::FunctionCall => self.pipeline.push(Some(id), Kind::FunctionCall(consequences)),
            Judged::Parse(change) => self.parse_runs(id, change),
        }
        self.doubt(any_name);
        self.go_on()?;
        Ok(true)
    }

    /// What is prepared runs something by that.
    fn parse_runs(&mut self, id: ActId, change: NameChange) {
        if let NameChange::Prepare { statement, .. } = &change {
            statement.runs_something();
        }
        (self.unsynced, self.has_run) = (true, true);
        self.pipeline.push(Some(id), Kind::ParseRunning(change));
        self.settle();
    }

    /// Lets a Parse cross that runs nothing. It was no act: its number is free again. False if it is no longer waiting.
    ///
    /// # Errors
    ///
    /// What waits behind it makes no sense.
    pub fn pass(&mut self, id: ActId) -> Result<bool, Error> {
        let is_parse = |judging: &mut Judging| judging.id == id && matches!(judging.what, Judged::Parse(_));
        let Some(Judging { frame, what: Judged::Parse(change), .. }) = self.judging.take_if(is_parse) else {
            return Ok(false);
        };
        self.acts -= 1;
        self.parsed(&frame, change);
        self.go_on()?;
        Ok(true)
    }

    /// What was sent last may change what any name means.
    pub(super) fn doubt(&mut self, any_name: bool) {
        if any_name {
            self.in_doubt = Some(self.pipeline.sent());
        }
    }

    pub(super) fn bound(
        &mut self,
        act: ActId,
        name: Bytes,
        consequences: Arc<Consequences>,
        is_counted: bool,
    ) {
        self.unsynced = true;
        self.pipeline.push(Some(act), Kind::Bind);
        let (made, revision) = (self.pipeline.sent(), self.revision);
        self.portals.insert(name, Portal { act, consequences, is_counted, made, revision });
    }

    /// Refuses an act, also one that was counted: the client gets this error, and the transaction stands as after any
    /// other error. False if it is no longer waiting for a verdict.
    ///
    /// # Errors
    ///
    /// What waits behind it makes no sense.
    pub fn refuse(&mut self, id: ActId, report: &Report) -> Result<bool, Error> {
        if let Some(judging) = self.judging.take_if(|judging| judging.id == id) {
            self.fail(judging.what.is_extended(), None, report)?;
        } else if let Some(write) = self.take_counted(id) {
            self.fail(!write.is_query, Some(id), report)?;
        } else {
            return Ok(false);
        }
        self.go_on()?;
        Ok(true)
    }

    pub(super) fn judge(&mut self, frame: Frame, kind: ActKind, what: Judged) {
        self.acts += 1;
        let id = ActId(self.acts);
        self.judging = Some(Judging { id, frame, what });
        self.outputs.push_back(Output::Judge(Act { id, kind, status: self.status }));
        self.outputs.extend(self.is_leaving.then_some(Output::Leaving));
    }
}
