//! What the client asks: one message after the other, each as soon as it is certain how the server will take it.

use std::sync::Arc;

use bytes::Bytes;

use super::verdicts::Judged;
use super::{Output, Session, size};
use crate::Error;
use crate::postgres::act::{ActKind, Parameter};
use crate::postgres::encode;
use crate::postgres::frame::{Frame, Piece, Run};
use crate::postgres::frontend::{Bind, Frontend, Subject};
use crate::postgres::names::{LONGEST_NAME, Meaning, NameChange, Prepared};
use crate::postgres::pipeline::{Foresight, Kind};
use crate::postgres::report::Report;
use crate::postgres::write::Write;

const MOST_PORTALS: usize = 10_000;

/// Whether a message was dealt with, or must wait for answers.
enum Step {
    Done,
    Waits,
}

impl Session {
    /// Deals with what waits in the inbox, as far as that is possible now.
    pub(super) fn go_on(&mut self) -> Result<(), Error> {
        while !self.is_blocked() {
            let Some(piece) = self.inbox.pop_front() else { return Ok(()) };
            let length = size(&piece);
            match piece {
                Piece::Run(run) => self.data(run),
                Piece::Whole(frame) => {
                    if let Step::Waits = self.asked(&frame)? {
                        self.inbox.push_front(Piece::Whole(frame));
                        break;
                    }
                }
            }
            self.waiting -= length;
        }
        Ok(())
    }

    /// Whether nothing may be sent now, whatever it is.
    fn is_blocked(&self) -> bool {
        // Where the server may ask for COPY data, only its answer tells what the next messages are to it: sent too early,
        // a Sync would be part of the COPY or not, depending on who is faster.
        let awaits_answer = self.pipeline.has_last_word() && !self.copying.is_from_client();
        self.judging.is_some() || self.pipeline.is_greeting() || self.pipeline.is_full() || awaits_answer
    }

    /// COPY data. Outside of COPY the server ignores it, so it need not get it; only a message that was begun is ended.
    fn data(&mut self, run: Run) {
        let act = self.pipeline.head().and_then(|entry| entry.act);
        let wanted = self.copying.is_from_client();
        let ends_old = self.server_is_amid;
        self.server_is_amid = run.is_open() && (wanted || (ends_old && run.is_all_lead()));
        if wanted {
            self.outputs.push_back(Output::DataToServer(act, run));
        } else if let Some(lead) = run.lead().filter(|_| ends_old) {
            self.send(lead);
        }
    }

    fn asked(&mut self, frame: &Frame) -> Result<Step, Error> {
        let message = Frontend::parse(frame)?;
        if message == Frontend::Terminate {
            self.send(frame.raw().clone());
            return Ok(Step::Done);
        }
        if self.copying.is_from_client() {
            return self.asked_in_copy(frame, &message);
        }
        if self.skipping && message != Frontend::Sync {
            return Ok(Step::Done);
        }
        if has_long_name(&message) {
            let report = Report::error("42622", "names of statements and portals have at most 63 bytes");
            return self.fail_message(&report);
        }
        self.asked_for(frame, message)
    }

    /// While it sends COPY data, a client can only go on, finish or give up. Flush and Sync mean nothing there.
    fn asked_in_copy(&mut self, frame: &Frame, message: &Frontend) -> Result<Step, Error> {
        match message {
            Frontend::CopyDone | Frontend::CopyFail(_) => {
                self.copying = self.copying.client_is_done();
                self.send(frame.raw().clone());
                // The client's own Sync waits for the end of the COPY, which the server sends when it is asked to.
                self.flushed = 0;
                self.settle();
                Ok(Step::Done)
            }
            Frontend::Flush | Frontend::Sync => Ok(Step::Done),
            _ => Err(Error::Unexpected(frame.tag().into())),
        }
    }

    fn asked_for(&mut self, frame: &Frame, message: Frontend) -> Result<Step, Error> {
        match message {
            Frontend::Query(text) => {
                self.judge(frame.clone(), ActKind::Query(frame.share(text)), Judged::Query)
            }
            Frontend::Parse { statement, text, types } => return self.parse(frame, statement, text, types),
            Frontend::Bind(bind) => return self.bind(frame, &bind),
            Frontend::Execute { portal, .. } => return self.execute(frame, portal),
            Frontend::Describe(subject) => {
                let described = self.described(subject)?;
                self.forward(frame, Kind::Describe(described));
            }
            Frontend::Close(subject) => self.close(frame, subject),
            Frontend::Flush => self.send(frame.raw().clone()),
            Frontend::Sync => {
                self.forward(frame, Kind::Sync);
                (self.skipping, self.unsynced, self.has_run) = (false, false, false);
            }
            Frontend::FunctionCall(call) => {
                let arguments = parameters(frame, &call.arguments, |place| call.is_binary(place));
                let kind = ActKind::FunctionCall { function: call.function, arguments };
                self.judge(frame.clone(), kind, Judged::FunctionCall);
            }
            // Outside of COPY the server ignores these.
            Frontend::CopyDone | Frontend::CopyFail(_) => {}
            Frontend::Secret(_) | Frontend::Terminate => return Err(Error::Unexpected(frame.tag().into())),
        }
        Ok(Step::Done)
    }

    fn forward(&mut self, frame: &Frame, kind: Kind) {
        self.unsynced = true;
        self.send(frame.raw().clone());
        self.pipeline.push(None, kind);
    }

    fn fail_message(&mut self, report: &Report) -> Result<Step, Error> {
        self.fail(true, None, report)?;
        Ok(Step::Done)
    }

    /// Parsing runs nothing unless it reads constants; so the text is judged when it is bound.
    fn parse(&mut self, frame: &Frame, name: &[u8], text: &[u8], types: Vec<u32>) -> Result<Step, Error> {
        if !self.names.has_room(self.pipeline.text() + text.len()) {
            if self.pipeline.text() > 0 {
                self.settle();
                return Ok(Step::Waits);
            }
            return self
                .fail_message(&Report::error("54000", "too many prepared statements in this session"));
        }
        let (name, statement) = (Bytes::copy_from_slice(name), Arc::new(Prepared::new(text, types)));
        let change = NameChange::Prepare { name, statement: Arc::clone(&statement) };
        match may_have_constants(text) {
            true => self.judge(frame.clone(), ActKind::Parse(statement), Judged::Parse(change)),
            false => self.parsed(frame, change),
        }
        Ok(Step::Done)
    }

    pub(super) fn parsed(&mut self, frame: &Frame, change: NameChange) {
        self.revision += 1;
        self.forward(frame, Kind::Parse(change));
    }

    fn bind(&mut self, frame: &Frame, bind: &Bind) -> Result<Step, Error> {
        let statement = match self.foresee(bind.statement) {
            // On the end of a query, or of what is before a Sync: the server will tell without being asked.
            Foresight::Depends => return Ok(Step::Waits),
            // The server is not asked: should it know a statement by this name after all, nobody has seen its text.
            Foresight::Settled(Meaning::Absent) => return self.fail_message(&no_statement(bind.statement)),
            Foresight::Settled(Meaning::Unknown) => None,
            Foresight::Settled(Meaning::Known(prepared)) => Some(prepared),
            Foresight::Settled(Meaning::Doubted(prepared)) => self.renew(bind.statement, prepared)?,
        };
        if self.portals.len() >= MOST_PORTALS {
            return self.fail_message(&Report::error("54000", "too many portals in this session"));
        }
        let parameters = parameters(frame, &bind.values, |place| bind.is_binary(place));
        let name = Bytes::copy_from_slice(bind.statement);
        let portal = Bytes::copy_from_slice(bind.portal);
        self.judge(frame.clone(), ActKind::Bind { name, statement, parameters }, Judged::Bind(portal));
        Ok(Step::Done)
    }

    /// Prepares a statement anew, so that the next message means the text that was parsed under this name; unless that
    /// would run something.
    fn renew(&mut self, name: &[u8], statement: Arc<Prepared>) -> Result<Option<Arc<Prepared>>, Error> {
        if !statement.is_repeatable() {
            return Ok(None);
        }
        self.send(encode::close(Subject::Statement(name))?);
        self.send(encode::parse(name, &statement.text, &statement.declared)?);
        (self.unsynced, self.revision) = (true, self.revision + 1);
        let change =
            NameChange::Prepare { name: Bytes::copy_from_slice(name), statement: Arc::clone(&statement) };
        self.pipeline.push(None, Kind::Renew(change));
        Ok(Some(statement))
    }

    /// A portal runs what was judged when it was bound. Others (cursors of SQL) are not run by this message.
    fn execute(&mut self, frame: &Frame, name: &[u8]) -> Result<Step, Error> {
        let revision = self.revision;
        let Some(portal) = self.portals.get(name) else { return self.fail_message(&no_portal(name)) };
        if portal.consequences.late && portal.revision != revision {
            return self.fail_message(&Report::error(
                "55000",
                "this statement must be run right after it was bound",
            ));
        }
        let (act, consequences) = (portal.act, Arc::clone(&portal.consequences));
        let kind = match portal.is_counted {
            true => Kind::Write(Write::of_portal(consequences)),
            false => Kind::Execute(consequences),
        };
        (self.unsynced, self.has_run) = (true, true);
        self.send(frame.raw().clone());
        self.pipeline.push(Some(act), kind);
        if self.pipeline.has_last_word() {
            self.settle();
        }
        Ok(Step::Done)
    }

    /// The statement whose parameters the answer will describe.
    fn described(&mut self, subject: Subject) -> Result<Option<Arc<Prepared>>, Error> {
        let Subject::Statement(name) = subject else { return Ok(None) };
        match self.foresee(name) {
            Foresight::Settled(Meaning::Known(prepared)) => Ok(Some(prepared)),
            Foresight::Settled(Meaning::Doubted(prepared)) => self.renew(name, prepared),
            _ => Ok(None),
        }
    }

    fn close(&mut self, frame: &Frame, subject: Subject) {
        let change = match subject {
            Subject::Statement(name) => {
                self.revision += 1;
                Some(NameChange::Deallocate(Bytes::copy_from_slice(name)))
            }
            Subject::Portal(name) => {
                self.portals.remove(name);
                None
            }
        };
        self.forward(frame, Kind::Close(change));
    }
}

/// Whether there may be constants in quotes, of whichever kind: `$1` is none.
#[must_use]
pub fn may_have_constants(text: &[u8]) -> bool {
    let is_quote = |place: usize, byte: u8| match byte {
        b'\'' => true,
        b'$' => !text.get(place + 1).is_some_and(u8::is_ascii_digit),
        _ => false,
    };
    text.iter().enumerate().any(|(place, byte)| is_quote(place, *byte))
}

fn has_long_name(message: &Frontend) -> bool {
    let names: [&[u8]; 2] = match message {
        Frontend::Parse { statement, .. } => [statement, b""],
        Frontend::Bind(bind) => [bind.portal, bind.statement],
        Frontend::Execute { portal, .. } => [portal, b""],
        Frontend::Describe(Subject::Statement(name) | Subject::Portal(name))
        | Frontend::Close(Subject::Statement(name) | Subject::Portal(name)) => [name, b""],
        _ => return false,
    };
    names.iter().any(|name| name.len() > LONGEST_NAME)
}

fn parameters(frame: &Frame, values: &[Option<&[u8]>], is_binary: impl Fn(usize) -> bool) -> Vec<Parameter> {
    let each = |(place, value): (usize, &Option<&[u8]>)| Parameter {
        is_binary: is_binary(place),
        value: value.map(|value| frame.share(value)),
    };
    values.iter().enumerate().map(each).collect()
}

fn no_statement(name: &[u8]) -> Report {
    let name = String::from_utf8_lossy(name);
    Report::error("26000", format!("prepared statement \"{name}\" does not exist"))
}

fn no_portal(name: &[u8]) -> Report {
    let name = String::from_utf8_lossy(name);
    Report::error("34000", format!("portal \"{name}\" does not exist"))
}
