//! What the server answers: which message each answer belongs to, what it settles, and what of it the client sees.

use bytes::Bytes;

use super::{Output, Session};
use crate::Error;
use crate::postgres::act::{ActId, Outcome};
use crate::postgres::backend::{Backend, Status, Tag};
use crate::postgres::copy::Copying;
use crate::postgres::encode;
use crate::postgres::frame::{Frame, Run};
use crate::postgres::names::NameChange;
use crate::postgres::pipeline::Kind;
use crate::postgres::report::Report;

impl Session {
    pub(super) fn answered(&mut self, frame: &Frame) -> Result<(), Error> {
        let pass = match Backend::parse(frame)? {
            Backend::Notice(_) | Backend::Notification { .. } => true,
            Backend::ParameterStatus { name, value } => {
                self.outputs.push_back(Output::Parameter(readable(name), readable(value)));
                true
            }
            Backend::KeyData(key) if self.pipeline.is_greeting() => {
                self.server_key = Some(key);
                self.tell(encode::backend_key_data(&self.own_key));
                false
            }
            Backend::Error(report) => return self.failed(frame, report),
            Backend::Ready(status) => {
                self.written();
                // Told to the client before anything that it now may send on.
                self.tell(frame.raw().clone());
                return self.ready(status);
            }
            other => self.succeeded(frame, &other)?,
        };
        if pass {
            self.tell(frame.raw().clone());
        }
        Ok(())
    }

    /// Rows and COPY data.
    pub(super) fn streamed(&mut self, run: Run) -> Result<(), Error> {
        let copying = self.copying;
        let head = self.pipeline.head().ok_or(OUT_OF_STEP)?;
        if let Kind::Write(write) = &mut head.kind {
            return write.hold(run);
        }
        let expected = match (run.tag(), &head.kind) {
            (b'D', Kind::Query { .. } | Kind::Execute(_)) => copying == Copying::Nothing,
            (b'd', Kind::Query { .. } | Kind::Execute(_)) => copying.is_from_server(),
            (b'V', Kind::FunctionCall(_)) => true,
            _ => false,
        };
        if !expected {
            return Err(OUT_OF_STEP);
        }
        let act = head.act;
        self.client_is_amid = run.is_open();
        let is_result = run.tag() == b'V' && !run.is_open();
        self.outputs.push_back(Output::DataToClient(act, run));
        if is_result {
            self.done(act, Outcome::Completed(Bytes::from_static(b"FUNCTION CALL")));
        }
        Ok(())
    }

    pub(super) fn tell(&mut self, bytes: Bytes) {
        self.outputs.push_back(Output::ToClient(bytes));
    }

    pub(super) fn done(&mut self, act: Option<ActId>, outcome: Outcome) {
        self.outputs.extend(act.map(|act| Output::Done(act, outcome)));
    }

    /// An answer that is neither an error nor the end of a query. Whether the client sees it.
    fn succeeded(&mut self, frame: &Frame, answer: &Backend) -> Result<bool, Error> {
        let alone = self.pipeline.is_alone();
        let head = self.pipeline.head().ok_or(OUT_OF_STEP)?;
        match (answer, &mut head.kind) {
            (_, Kind::Write(write)) => {
                let progress = write.answered(frame, answer)?;
                return self.progressed(progress);
            }
            (Backend::ParseComplete, Kind::Parse(_) | Kind::ParseRunning(_))
            | (Backend::CloseComplete, Kind::Close(_)) => self.settled(),
            (Backend::CloseComplete, Kind::Renew(_)) => return Ok(false),
            (Backend::ParseComplete, Kind::Renew(_)) => {
                self.settled();
                return Ok(false);
            }
            (Backend::BindComplete, Kind::Bind)
            | (Backend::NoData | Backend::RowDescription(_), Kind::Describe(_)) => {
                self.pipeline.pop();
            }
            (Backend::ParameterDescription(types), Kind::Describe(prepared)) => {
                if let Some(prepared) = prepared {
                    let _ = prepared.described.set(types.clone());
                }
            }
            (Backend::RowDescription(_), Kind::Query { .. }) => {}
            (Backend::CommandComplete(tag), Kind::Query { .. } | Kind::Execute(_)) => {
                return self.completed(*tag);
            }
            (Backend::EmptyQuery, Kind::Query { .. } | Kind::Execute(_)) => self.ended(Outcome::Empty),
            (Backend::PortalSuspended, Kind::Execute(_)) => self.ended(Outcome::Suspended),
            (Backend::CopyIn(_), Kind::Query { consequences, .. } | Kind::Execute(consequences))
                if consequences.copies && alone =>
            {
                self.copying = self.copying.begin(Copying::In)?;
            }
            (Backend::CopyOut(_), Kind::Query { .. } | Kind::Execute(_)) => {
                self.copying = self.copying.begin(Copying::Out)?;
            }
            (Backend::CopyBoth(_), Kind::Query { consequences, .. }) if consequences.copies && alone => {
                self.copying = self.copying.begin(Copying::Both { client: true, server: true })?;
            }
            (Backend::CopyDone, _) => self.copying = self.copying.server_is_done()?,
            _ => return Err(OUT_OF_STEP),
        }
        Ok(true)
    }

    /// A Parse or Close has succeeded.
    fn settled(&mut self) {
        let Some(entry) = self.pipeline.pop() else { return };
        match entry.kind {
            Kind::Parse(change) | Kind::Renew(change) | Kind::Close(Some(change)) => self.names.apply(change),
            Kind::ParseRunning(change) => {
                self.names.apply(change);
                self.done(entry.act, Outcome::Completed(Bytes::from_static(b"PARSE")));
            }
            _ => {}
        }
    }

    fn completed(&mut self, tag: Tag) -> Result<bool, Error> {
        if self.copying != Copying::Nothing {
            return Err(OUT_OF_STEP);
        }
        let head = self.pipeline.head().ok_or(OUT_OF_STEP)?;
        let changes: Vec<NameChange> = match &head.kind {
            Kind::Query { consequences, done } => consequences.of_statement(*done).collect(),
            Kind::Execute(consequences) => consequences.of_statement(0).collect(),
            _ => return Err(OUT_OF_STEP),
        };
        changes.into_iter().for_each(|change| self.names.apply(change));
        self.ended(Outcome::Completed(Bytes::copy_from_slice(tag.0)));
        Ok(true)
    }

    /// One statement is over: an Execute with it, a query only when the server is ready.
    fn ended(&mut self, outcome: Outcome) {
        let Some(head) = self.pipeline.head() else { return };
        let act = head.act;
        match &mut head.kind {
            Kind::Query { done, .. } => *done += 1,
            _ => {
                self.pipeline.pop();
            }
        }
        self.done(act, outcome);
    }

    fn failed(&mut self, frame: &Frame, report: Report) -> Result<(), Error> {
        let is_final = report.is_final();
        self.copying = Copying::Nothing;
        let Some(head) = self.pipeline.head() else {
            // Only the end of the connection is announced without having been asked.
            self.tell(frame.raw().clone());
            return if is_final { Ok(()) } else { Err(OUT_OF_STEP) };
        };
        let act = head.act;
        let ours = match &mut head.kind {
            Kind::DecoyQuery(ours) => ours.take(),
            Kind::DecoyParse(ours) => Some(ours.clone()),
            _ => None,
        };
        // That the connection ends is the server's own word.
        let (said, report) = match ours.filter(|_| !is_final) {
            Some(ours) => (ours.encode(), ours),
            None => (frame.raw().clone(), report),
        };
        let skips = head.kind.is_extended();
        self.tell(said);
        self.done(act, Outcome::Failed(report));
        if skips {
            self.skip(act);
        } else {
            self.write_failed();
        }
        Ok(())
    }

    /// The server ignores everything up to the next Sync.
    fn skip(&mut self, failed: Option<ActId>) {
        let skipped = self.pipeline.skip();
        let mut last = failed;
        for act in skipped.into_iter().filter_map(|entry| entry.act) {
            if last.replace(act) != Some(act) {
                self.done(Some(act), Outcome::Skipped);
            }
        }
        if self.pipeline.is_empty() {
            self.skipping = true;
            if let Some(judging) = self.judging.take() {
                self.outputs.push_back(Output::Moot(judging.id));
            }
        }
    }

    /// The server waits for the next query: whatever was asked up to here is over.
    fn ready(&mut self, status: Status) -> Result<(), Error> {
        let entry = self.pipeline.pop().filter(|entry| !entry.kind.is_extended()).ok_or(OUT_OF_STEP)?;
        let is_early = matches!(entry.kind, Kind::DecoyQuery(Some(_)) | Kind::Write(_));
        if self.copying != Copying::Nothing || is_early {
            return Err(OUT_OF_STEP);
        }
        if matches!(entry.kind, Kind::Query { .. } | Kind::WriteEnd(_) | Kind::DecoyQuery(_)) {
            self.names.apply(NameChange::Deallocate(Bytes::new()));
        }
        if status == Status::Idle {
            self.portals.retain(|_, portal| portal.made > entry.number);
            if self.in_doubt.take_if(|since| *since <= entry.number).is_some() {
                self.names.doubt();
            }
        }
        self.status = status;
        self.outputs.push_back(Output::Ready(status));
        Ok(())
    }
}

const OUT_OF_STEP: Error = Error::OutOfStep("an answer to something that was not asked");

fn readable(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
