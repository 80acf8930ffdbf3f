//! Follows a connection between login and end. One command is with the server at a time; the next one waits until it is
//! answered, so what a statement's number means is always certain.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::act::{Act, ActId, ActKind, Outcome};
use super::capability;
use super::command::{Command, Handling};
use super::execute::Kind;
use super::following::{Following, Step};
use super::packet::Packet;
use super::pending::{Pending, cost};
use super::reply::{Failure, Progress, ok};
use super::statements::Statements;
use crate::Error;

/// How much of a client may wait before it is no longer read.
const INBOX: usize = 1 << 20;

/// What is to be done, in this order.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send this to the server.
    ToServer(Bytes),
    /// Send this to the client.
    ToClient(Bytes),
    /// Judge this; then [`Session::allow`] or [`Session::refuse`] it. Until then whatever the client sends waits.
    Judge(Act),
    /// What came of an act that was allowed.
    Outcome(ActId, Outcome),
    /// The client has said goodbye.
    Leaving,
}

#[derive(Debug)]
struct Judging {
    id: ActId,
    command: Pending,
    /// The types that an Execute declares.
    kinds: Option<(u32, Vec<Kind>)>,
}

#[derive(Debug)]
struct Answering {
    act: Option<ActId>,
    following: Following,
    /// The text that is being prepared, and its number once it is known.
    preparing: Option<(Bytes, Option<(u32, u16)>)>,
}

/// A connection between login and end.
#[derive(Debug)]
pub struct Session {
    capabilities: u64,
    statements: Statements,
    inbox: VecDeque<Pending>,
    waiting: usize,
    judging: Option<Judging>,
    answering: Option<Answering>,
    acts: u64,
    /// The number of the next packet to the client, while a command is held.
    sequence: u8,
    /// By how much the server's numbers are behind those that the client is shown.
    shift: u8,
    outputs: VecDeque<Output>,
}

impl Session {
    /// Begins behind the server's OK to the login, with what client *and* server agreed to use: the same on both sides.
    #[must_use]
    pub fn new(capabilities: u64) -> Self {
        Self {
            capabilities,
            statements: Statements::default(),
            inbox: VecDeque::new(),
            waiting: 0,
            judging: None,
            answering: None,
            acts: 0,
            sequence: 0,
            shift: 0,
            outputs: VecDeque::new(),
        }
    }

    /// The client has sent this.
    ///
    /// # Errors
    ///
    /// It makes no sense. The connection ends.
    pub fn client(&mut self, packet: &Packet) -> Result<(), Error> {
        let mut command = self.inbox.pop_back_if(|last| !last.is_complete()).unwrap_or_default();
        self.waiting += cost(packet);
        command.add(packet)?;
        if self.judging.is_some() && command.is_goodbye() {
            self.outputs.push_back(Output::Leaving);
        }
        self.inbox.push_back(command);
        self.go_on()
    }

    /// The server has sent this.
    ///
    /// # Errors
    ///
    /// It is no answer to what it was asked. The connection ends.
    pub fn server(&mut self, packet: &Packet) -> Result<(), Error> {
        let answering = self.answering.as_mut().ok_or(Error::OutOfStep("an answer that nobody asked for"))?;
        let step = answering.following.packet(packet)?;
        let shown = renumbered(packet, self.shift);
        // What came of an act is told before the client can learn it.
        self.answered(step);
        self.outputs.push_back(Output::ToClient(shown));
        self.go_on()
    }

    /// What to do next; to be asked until there is nothing, after each call.
    pub fn output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Lets an act cross. False if it is not waiting for a verdict.
    ///
    /// # Errors
    ///
    /// What waits behind it makes no sense.
    pub fn allow(&mut self, id: ActId) -> Result<bool, Error> {
        let Some(judging) = self.judging.take_if(|judging| judging.id == id) else { return Ok(false) };
        if let Some((number, kinds)) = judging.kinds {
            self.statements.runs(number, kinds);
        }
        // Whoever was shown progress has seen packets that the server does not count.
        self.shift = self.sequence.wrapping_sub(judging.command.behind());
        let payload = judging.command.payload();
        let command = Command::parse(&payload)?;
        if command == Command::ResetConnection {
            self.statements.clear();
        }
        self.answering = Some(self.answer_to(&command, Some(id)));
        self.send(judging.command);
        Ok(true)
    }

    /// Refuses an act. The server need not know: an error of one statement leaves a transaction of MySQL as it was.
    ///
    /// # Errors
    ///
    /// What waits behind it makes no sense.
    pub fn refuse(&mut self, id: ActId, failure: &Failure) -> Result<bool, Error> {
        if self.judging.take_if(|judging| judging.id == id).is_none() {
            return Ok(false);
        }
        self.outputs.push_back(Output::ToClient(failure.encode(self.sequence)));
        self.go_on()?;
        Ok(true)
    }

    /// Answers an act in the server's place: done, without rows, in that state of the session.
    ///
    /// # Errors
    ///
    /// What waits behind it makes no sense.
    pub fn complete(&mut self, id: ActId, status: u16) -> Result<bool, Error> {
        if self.judging.take_if(|judging| judging.id == id).is_none() {
            return Ok(false);
        }
        self.outputs.push_back(Output::ToClient(ok(self.sequence, status)));
        self.go_on()?;
        Ok(true)
    }

    /// Whether the client can be told how things stand while it waits.
    #[must_use]
    pub fn takes_progress(&self) -> bool {
        self.capabilities & capability::PROGRESS != 0
    }

    /// Shows a waiting client how things stand, if it takes such reports. False if it does not.
    pub fn progress(&mut self, progress: &Progress) -> bool {
        let takes = self.judging.is_some() && self.takes_progress();
        if takes {
            self.outputs.push_back(Output::ToClient(progress.encode(self.sequence)));
            self.sequence = self.sequence.wrapping_add(1);
        }
        takes
    }

    /// Whether nothing is being judged or answered.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.judging.is_none() && self.answering.is_none()
    }

    /// Whether more should be read from the client now.
    #[must_use]
    pub fn wants_client(&self) -> bool {
        self.waiting < INBOX
    }

    fn go_on(&mut self) -> Result<(), Error> {
        while self.judging.is_none() && self.answering.is_none() {
            let Some(command) = self.inbox.pop_front_if(|command| command.is_complete()) else { break };
            self.waiting -= command.size();
            self.asked(command)?;
        }
        Ok(())
    }

    fn asked(&mut self, pending: Pending) -> Result<(), Error> {
        let payload = pending.payload();
        let command = Command::parse(&payload)?;
        (self.sequence, self.shift) = (pending.behind(), 0);
        match command.handling() {
            Handling::Refuse => self.fail(&Failure::refused("this command is not available here")),
            Handling::Judge => self.judge(&command, &payload, pending)?,
            Handling::Pass => self.pass(&command, pending),
        }
        Ok(())
    }

    fn fail(&mut self, failure: &Failure) {
        self.outputs.push_back(Output::ToClient(failure.encode(self.sequence)));
    }

    fn send(&mut self, command: Pending) {
        self.outputs.extend(command.into_packets().map(Output::ToServer));
    }

    fn pass(&mut self, command: &Command, pending: Pending) {
        match command {
            Command::Prepare(text) if !self.statements.has_room(text.len()) => {
                return self.fail(&Failure::refused("too many prepared statements in this session"));
            }
            Command::Close(number) => self.statements.close(*number),
            Command::Reset(number) => self.statements.reset(*number),
            Command::Quit => self.outputs.push_back(Output::Leaving),
            _ => {}
        }
        if self.is_kept(command) {
            self.answering = command.is_answered().then(|| self.answer_to(command, None));
            self.send(pending);
        }
    }

    /// Whether the server may get a part of a long parameter.
    fn is_kept(&mut self, command: &Command) -> bool {
        match command {
            Command::LongData { statement, parameter, data } => {
                self.statements.add_long(*statement, *parameter, data)
            }
            _ => true,
        }
    }

    fn answer_to(&self, command: &Command, act: Option<ActId>) -> Answering {
        let without_eof = self.capabilities & capability::DEPRECATE_EOF != 0;
        let preparing = match command {
            Command::Prepare(text) => Some((Bytes::copy_from_slice(text), None)),
            _ => None,
        };
        Answering { act, following: Following::of(command, without_eof), preparing }
    }

    fn judge(&mut self, command: &Command, payload: &Bytes, pending: Pending) -> Result<(), Error> {
        let mut declared = None;
        let kind = match command {
            Command::Query(text) => ActKind::Query(payload.slice_ref(text)),
            Command::InitDb(name) => ActKind::Use(payload.slice_ref(name)),
            Command::FieldList(table) => ActKind::Columns(payload.slice_ref(table)),
            Command::ResetConnection => ActKind::Reset,
            Command::Statistics => ActKind::Statistics,
            Command::Execute { statement: number, parameters, .. } => {
                let Some(run) = self.statements.run(*number, parameters, payload) else {
                    self.fail(&unknown_statement());
                    return Ok(());
                };
                let run = run?;
                declared = Some((*number, run.kinds.clone()));
                ActKind::Execute(run.prepared, run.values, run.kinds)
            }
            _ => return Err(Error::Malformed("command")),
        };
        self.acts += 1;
        let id = ActId(self.acts);
        self.judging = Some(Judging { id, command: pending, kinds: declared });
        self.outputs.push_back(Output::Judge(Act { id, kind }));
        Ok(())
    }

    fn answered(&mut self, step: Step) {
        let Some(answering) = &mut self.answering else { return };
        let act = answering.act;
        let (outcome, last) = match step {
            Step::Goes => return,
            Step::Result(done) => (Outcome::Done(done), false),
            Step::Complete(done) => (Outcome::Done(done), true),
            Step::Line => (Outcome::Line, true),
            Step::Failed(failure) => (Outcome::Failed(failure), true),
            Step::Prepared { statement, parameters, last } => {
                if let Some((_, number)) = &mut answering.preparing {
                    *number = Some((statement, parameters));
                }
                (Outcome::Line, last)
            }
        };
        self.outputs.extend(act.map(|act| Output::Outcome(act, outcome)));
        if last
            && let Some(Answering { preparing: Some((text, Some((number, parameters)))), .. }) =
                self.answering.take()
        {
            self.statements.insert(number, text, parameters);
        }
    }
}

/// The packet under the number that the client expects.
fn renumbered(packet: &Packet, shift: u8) -> Bytes {
    if shift == 0 {
        return packet.raw().clone();
    }
    let mut raw = BytesMut::from(packet.raw().as_ref());
    if let Some(sequence) = raw.get_mut(3) {
        *sequence = sequence.wrapping_add(shift);
    }
    raw.freeze()
}

fn unknown_statement() -> Failure {
    let message = "Unknown prepared statement handler".to_owned();
    Failure { code: 1243, state: "HY000".to_owned(), message }
}
