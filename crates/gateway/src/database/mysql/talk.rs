//! A session's two directions: a command is judged before the server sees it, and what came of it is on the record before the
//! client learns it.

use std::sync::Arc;
use std::time::Duration;

use access::road::TargetCredential;
use access::{Impact, Refusal, Session, SqlStatement};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use wire::mysql::{Act, ActId, ActKind, Decoder, Done, Failure, Outcome, Output, Progress, Session as Wire};

use super::kills::{self, Killable};
use super::line::Line;
use super::place::Place;
use super::server::{Server, interrupt};
use super::statement::statement;
use crate::database::course::{Came, Course, Over};
use crate::database::door::Reception;
use crate::database::judging::{Matter, Read, Ready, Verdict};
use crate::database::taking_down::events;

/// Statements last by themselves: the state of a new session.
const AUTOCOMMIT: u16 = 2;

/// The longest statement or parameters.
const STATEMENT: usize = 64 << 20;

/// One client and its server, between login and end.
pub(crate) struct Talk {
    course: Course<Decoder>,
    wire: Wire,
    /// The act that is being judged.
    judged: Option<ActId>,
    /// The state of the session, as the server told it the last time.
    status: u16,
    in_transaction: bool,
    /// Until the session ends, it can be reached by its number.
    killable: Option<Killable>,
    credential: Arc<TargetCredential>,
    /// The number by which the server knows the connection.
    connection: u32,
    /// Its client has interrupted what is being judged.
    is_interrupted: bool,
    /// What the session has changed about the meaning of later statements.
    place: Place,
    /// What the server is carrying out.
    running: Option<SqlStatement>,
}

/// What a session asks for.
struct Asked {
    read: Read,
    is_in_transaction: bool,
}

impl Matter for Asked {
    async fn read(&self, _afresh: bool) -> Read {
        self.read.clone()
    }

    async fn impact(&self, _patience: Duration) -> Option<Impact> {
        None
    }

    async fn locked(&self) -> Option<Vec<String>> {
        self.is_in_transaction.then(Vec::new)
    }
}

impl Talk {
    pub(super) fn new(
        reception: Arc<Reception>,
        session: Session,
        client: Line<TlsStream<TcpStream>>,
        server: Server,
        capabilities: u64,
        killable: Option<Killable>,
    ) -> Self {
        let interrupted = killable.as_ref().map(|killable| killable.interrupted.clone()).unwrap_or_default();
        let (credential, connection) = (Arc::new(server.credential), server.connection);
        let client = (client.stream, client.decoder.with_limit(STATEMENT));
        let server = (server.line.stream, server.line.decoder.with_limit(usize::MAX));
        Self {
            course: Course::new(reception, session, client, server, interrupted),
            wire: Wire::new(capabilities),
            judged: None,
            status: AUTOCOMMIT,
            in_transaction: false,
            killable,
            credential,
            connection,
            is_interrupted: false,
            place: Place::default(),
            running: None,
        }
    }

    /// Serves the session until it is over and closed on the record.
    pub(crate) async fn run(mut self) {
        let over = loop {
            if let Err(over) = self.turn().await {
                break over;
            }
        };
        let last_words = |message| Failure { code: 1053, state: "08S01".to_owned(), message }.encode(0);
        self.course.end(over, |reason| last_words(reason.why)).await;
    }

    /// Waits for whatever comes first, and does what follows from it.
    async fn turn(&mut self) -> Result<(), Over> {
        let is_idle = self.wire.is_settled() && !self.in_transaction;
        match self.course.next(self.wire.wants_client(), is_idle).await? {
            Came::FromClient(packet) => self.wire.client(&packet)?,
            Came::FromServer(packet) => self.wire.server(&packet)?,
            Came::Verdict(verdict) => self.decided(verdict)?,
            Came::FromAside(_) => {}
            Came::Cancelled => self.interrupt(),
        }
        self.follow().await
    }

    /// Carries out what the protocol's state machine wants.
    async fn follow(&mut self) -> Result<(), Over> {
        while let Some(output) = self.wire.output() {
            match output {
                Output::ToServer(bytes) => self.course.server.outlet.queue(bytes),
                Output::ToClient(bytes) => self.course.client.outlet.queue(bytes),
                Output::Judge(act) => self.judge(&act)?,
                Output::Outcome(act, outcome) => self.done(act, &outcome),
                Output::Leaving => self.course.judging.leave().await,
            }
        }
        Ok(())
    }

    fn judge(&mut self, act: &Act) -> Result<(), Over> {
        if self.interrupts(&act.kind) {
            return self.has_interrupted(act);
        }
        self.is_interrupted = false;
        self.judged = Some(act.id);
        let read = self.read(&act.kind);
        self.running = read.as_ref().ok().cloned();
        self.course.judging.begin(act.id.number(), Asked { read, is_in_transaction: self.in_transaction });
        Ok(())
    }

    /// Whether it is a KILL of a connection that the client's person has here, which is interrupted by now.
    fn interrupts(&self, kind: &ActKind) -> bool {
        let (ActKind::Query(text), Some(killable)) = (kind, &self.killable) else { return false };
        kills::wanted(text)
            .is_some_and(|number| self.course.reception.kills.interrupt(number, &killable.owner))
    }

    fn has_interrupted(&mut self, act: &Act) -> Result<(), Over> {
        if let Ok(statement) = self.read(&act.kind) {
            let events = events(act.id.number(), &statement, "allow");
            events.iter().for_each(|event| self.course.tell_later(event));
        }
        self.course.done(act.id.number(), String::new(), String::new());
        self.wire.complete(act.id, self.status)?;
        Ok(())
    }

    /// What waits for people is given up; what runs is interrupted at the server.
    fn interrupt(&mut self) {
        if self.course.judging.is_waiting() {
            self.is_interrupted = true;
            self.course.judging.give_up();
        } else if !self.wire.is_settled() {
            let (credential, connection) = (self.credential.clone(), self.connection);
            let limit = self.course.reception.options.target_timeout;
            tokio::spawn(async move { interrupt(&credential, connection, limit).await });
        }
    }

    /// Whoever can be told how things stand waits; a request of anybody else stays when they are sent away.
    fn read(&self, kind: &ActKind) -> Read {
        let database = self.course.session.target().database().map_or("", |database| &database.name);
        let stays = !self.wire.takes_progress();
        statement(kind, |script, kinds| stays.then(|| self.place.of(database, script, kinds)).flatten())
    }

    fn decided(&mut self, verdict: Verdict) -> Result<(), Over> {
        match verdict {
            Verdict::Tell(line) => self.tell(line),
            Verdict::Allow { recorded, .. } => {
                if let Some(act) = self.judged.take() {
                    self.course.began(act.number(), recorded);
                    self.wire.allow(act)?;
                }
            }
            Verdict::Refuse(refusal) => {
                if let Some(act) = self.judged.take() {
                    self.wire.refuse(act, &self.refused(&refusal))?;
                }
            }
            // There is one connection, and it is here.
            Verdict::Prepare { ready, .. } => drop(ready.send(Ready::Now)),
            // Nothing in this protocol is judged to be nothing.
            Verdict::Pass | Verdict::NotRecorded => return Err(Over::NotRecorded),
        }
        Ok(())
    }

    /// To clients that take progress reports; others wait without a word.
    fn tell(&mut self, what: String) {
        self.wire.progress(&Progress { stage: (1, 1), thousandths: 0, what });
    }

    /// What came of a statement is on the record before the client learns it.
    fn done(&mut self, act: ActId, outcome: &Outcome) {
        let (tag, error) = match outcome {
            Outcome::Done(done) => {
                (self.status, self.in_transaction) = (done.status, done.is_in_transaction());
                (tag(done), String::new())
            }
            Outcome::Line => (String::new(), String::new()),
            Outcome::Failed(failure) => (String::new(), failure.state.clone()),
        };
        if let Some(running) = &self.running {
            self.place.follow(&running.script, !running.parameters.is_empty(), error.is_empty());
        }
        self.course.done(act.number(), tag, error);
    }

    /// MySQL's errors have one line.
    fn refused(&self, refusal: &Refusal) -> Failure {
        let message = refusal.to_string().replace('\n', " ");
        if self.is_interrupted { Failure::interrupted(message) } else { Failure::refused(message) }
    }
}

/// How many rows came back, or were changed.
fn tag(done: &Done) -> String {
    match (done.returned, done.rows) {
        (Some(rows), _) => format!("RETURNED {rows}"),
        (None, Some(rows)) => format!("CHANGED {rows}"),
        (None, None) => String::new(),
    }
}
