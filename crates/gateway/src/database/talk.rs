//! A session's two directions: what the client sends is judged before the server sees it, what the server answers crosses
//! once it is on the record, and neither direction waits for the other.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use access::model::Outcome as Ended;
use access::recording::{Direction, SessionEvent};
use access::road::TargetCredential;
use access::text;
use access::{Refusal, Road, Session};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_rustls::{client, server};
use wire::postgres::{
    ActId, ActKind, Consequences, Decoder, Outcome, Output, Piece, Report, Session as Wire, Status,
};

use super::cancels::Cancellable;
use super::consequences::consequences;
use super::door::Reception;
use super::judging::{Judging, Verdict};
use super::leg::{Inlet, Outlet, PieceError, legs};
use super::opening::Arrived;
use super::server::{Server, cancel};
use super::standing::barred;
use super::statement::Reader;
use super::tally::Tallies;
use crate::scribe::Scribe;
use crate::stop::Stop;

/// Bytes that may wait for a side that does not read, before the other one is no longer read.
const WAITING: usize = 1 << 20;

/// One client and its server, between login and end.
pub(crate) struct Talk {
    reception: Arc<Reception>,
    session: Session,
    wire: Wire,
    from_client: Inlet<server::TlsStream<TcpStream>, Decoder>,
    to_client: Outlet<server::TlsStream<TcpStream>>,
    from_server: Inlet<client::TlsStream<TcpStream>, Decoder>,
    to_server: Outlet<client::TlsStream<TcpStream>>,
    credential: Arc<TargetCredential>,
    cancellable: Cancellable,
    judging: Judging,
    reader: Reader,
    /// The act that is being judged.
    judged: Option<(ActId, ActKind)>,
    /// What is being counted, and how many rows it may change.
    counting: Option<(ActId, ActKind, u64)>,
    /// Ends when the session may not go on.
    barred: Pin<Box<dyn Future<Output = String> + Send>>,
    stopping: watch::Receiver<Stop>,
    scribe: Scribe,
    begun: HashMap<ActId, Instant>,
    tallies: Tallies,
}

/// Why a session is over.
enum Over {
    /// One side has closed, or sent what makes no sense.
    Gone,
    /// The recorder cannot write.
    NotRecorded,
    /// The gateway ends it, and the client is told this.
    Told(Report, Ended),
}

/// What came first.
enum Came {
    FromClient(Option<Piece>),
    FromServer(Option<Piece>),
    /// Some bytes are on their way; or what was to be durable before them never will be.
    Sent(bool),
    Verdict(Verdict),
    Cancelled,
    Barred(String),
    Stopping,
}

impl From<PieceError> for Over {
    fn from(fault: PieceError) -> Self {
        match fault {
            PieceError::Io(fault) => fault.into(),
            PieceError::Wire(fault) => fault.into(),
        }
    }
}

impl From<wire::Error> for Over {
    fn from(fault: wire::Error) -> Self {
        let report = Report::fatal(fault.sqlstate(), fault.to_string());
        Self::Told(report, Ended::Lost)
    }
}

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self::Gone
    }
}

impl Talk {
    pub(crate) fn new(
        reception: Arc<Reception>,
        session: Session,
        arrived: Arrived,
        server: Server,
        cancellable: Cancellable,
    ) -> Self {
        let road = reception.road.clone();
        let scribe = Scribe::new(road.clone(), session.clone(), 1, Direction::Gateway);
        let (from_client, to_client) = legs(arrived.stream, arrived.decoder.logged_in());
        let (from_server, to_server) = legs(server.stream, server.decoder);
        let every = reception.options.waiting_notice;
        let limit = reception.options.target_timeout;
        let guide = reception.catalogues.guide(session.target_name(), &server.credential, limit);
        let reader = Reader::new(reception.texts.clone(), guide);
        let judging = Judging::new(road.clone(), session.clone(), scribe.clone(), every);
        Self {
            wire: Wire::new(cancellable.key.clone()),
            from_client,
            to_client,
            from_server,
            to_server,
            credential: server.credential,
            barred: Box::pin(barred(road, session.clone(), reception.pulse.clone(), judging.voice())),
            stopping: reception.stopping.clone(),
            judging,
            judged: None,
            counting: None,
            reader,
            reception,
            session,
            cancellable,
            scribe,
            begun: HashMap::new(),
            tallies: Tallies::default(),
        }
    }

    /// Serves the session until it is over and closed on the record.
    pub(crate) async fn run(mut self) {
        let over = self.serve().await;
        self.judging.leave().await;
        self.schema_is_settled();
        let outcome = match &over {
            Over::Gone => Ended::Finished,
            Over::NotRecorded => Ended::RecordingFailed,
            Over::Told(_, outcome) => *outcome,
        };
        if let Over::Told(report, _) = over {
            self.to_client.farewell(&report.encode()).await;
        }
        close(&self.reception.road, &self.session, outcome).await;
    }

    async fn serve(&mut self) -> Over {
        loop {
            match self.turn().await {
                Ok(()) => {}
                Err(over) => return over,
            }
        }
    }

    /// Waits for whatever comes first, and does what follows from it.
    async fn turn(&mut self) -> Result<(), Over> {
        let Self {
            from_client,
            to_client,
            from_server,
            to_server,
            wire,
            judging,
            cancellable,
            barred,
            stopping,
            ..
        } = self;
        let hears_client = wire.wants_client() && to_server.waiting() < WAITING;
        let hears_server = to_client.waiting() < WAITING;
        let may_stop = if is_idle(wire) && !judging.is_waiting() { Stop::Draining } else { Stop::Now };
        let came = tokio::select! {
            piece = from_client.piece(), if hears_client => Came::FromClient(piece?),
            piece = from_server.piece(), if hears_server => Came::FromServer(piece?),
            sent = to_client.send(), if to_client.has_something() => Came::Sent(sent?),
            sent = to_server.send(), if to_server.has_something() => Came::Sent(sent?),
            verdict = judging.verdict() => Came::Verdict(verdict),
            () = cancellable.cancelled.notified() => Came::Cancelled,
            why = barred => Came::Barred(why),
            _ = stopping.wait_for(|stop| *stop >= may_stop) => Came::Stopping,
        };
        match came {
            Came::FromClient(Some(piece)) => self.wire.client(piece)?,
            Came::FromServer(Some(piece)) => self.wire.server(piece)?,
            Came::FromClient(None) | Came::FromServer(None) => return Err(Over::Gone),
            Came::Sent(true) => {}
            Came::Sent(false) => return Err(Over::NotRecorded),
            Came::Verdict(verdict) => self.decided(verdict)?,
            Came::Cancelled => self.cancel(),
            Came::Barred(why) => return Err(Over::Told(Report::fatal("57P01", why), Ended::Ended)),
            Came::Stopping => return Err(self.stopped()),
        }
        self.follow().await
    }

    /// Carries out what the protocol's state machine wants.
    async fn follow(&mut self) -> Result<(), Over> {
        while let Some(output) = self.wire.output() {
            match output {
                Output::ToServer(bytes) => self.to_server.queue(bytes),
                Output::ToClient(bytes) => self.to_client.queue(bytes),
                Output::DataToServer(act, run) => {
                    self.tallies.add_to_server(act, &run);
                    self.to_server.queue(run.raw().clone());
                }
                Output::DataToClient(act, run) => {
                    self.tallies.add_to_client(act, &run);
                    self.to_client.queue(run.raw().clone());
                }
                Output::Judge(act) => {
                    self.wire.settle();
                    self.judged = Some((act.id, act.kind.clone()));
                    let (reader, kind) = (self.reader.clone(), act.kind);
                    let read = move |afresh| reader.clone().statement(kind.clone(), afresh);
                    self.judging.begin(act.id.number(), read);
                }
                Output::Moot(_) | Output::Leaving => self.judging.leave().await,
                Output::Done(act, outcome) => self.done(act, &outcome),
                Output::Parameter(name, value) => sound(&name, &value)?,
                Output::Ready(Status::Idle) if self.wire.is_settled() => self.schema_is_settled(),
                Output::Counted(act, rows) => self.counted(act, rows)?,
                Output::Ready(_) => {}
            }
        }
        Ok(())
    }

    /// What the session has changed of the schema is seen by everybody now, or gone.
    fn schema_is_settled(&mut self) {
        if std::mem::take(&mut self.reader.shifted) {
            self.reception.catalogues.forget();
        }
    }

    fn decided(&mut self, verdict: Verdict) -> Result<(), Over> {
        match verdict {
            Verdict::Tell(line) => self.wire.notice(&Report::notice(line)),
            Verdict::Allow { script, max_rows } => {
                self.reader.shifted |= script.statements().iter().any(|statement| statement.shifts);
                self.allow(consequences(&script), max_rows)?;
            }
            Verdict::Refuse(refusal) => self.refuse(&refusal)?,
            Verdict::NotRecorded => return Err(Over::NotRecorded),
        }
        Ok(())
    }

    fn allow(&mut self, consequences: Consequences, max_rows: Option<u64>) -> Result<(), Over> {
        let Some((act, kind)) = self.judged.take() else { return Ok(()) };
        self.begun.insert(act, Instant::now());
        match max_rows {
            None => self.wire.allow(act, consequences)?,
            Some(max_rows) => {
                self.counting = Some((act, kind, max_rows));
                self.wire.allow_counted(act, consequences)?
            }
        };
        Ok(())
    }

    fn refuse(&mut self, refusal: &Refusal) -> Result<(), Over> {
        if let Some((act, _)) = self.judged.take() {
            self.wire.refuse(act, &refused(refusal))?;
        }
        Ok(())
    }

    /// A write is done as far as nobody sees it yet: it lasts if it changed no more than it may.
    fn counted(&mut self, act: ActId, rows: u64) -> Result<(), Over> {
        let Some((_, kind, most)) = self.counting.take_if(|(counting, ..)| *counting == act) else {
            return Ok(());
        };
        if rows <= most {
            self.wire.keep(act)?;
            return Ok(());
        }
        let values = [("rows", &*rows.to_string()), ("most", &*most.to_string())];
        let why = text::TOO_MANY_ROWS.say(self.reception.road.language(), &values);
        let what = format!("statement {}", act.number());
        let durable = self.scribe.write(&SessionEvent::Refused { what, why: why.clone() });
        self.to_client.queue_durable(durable);
        self.reader.has_exceeded(kind);
        self.wire.refuse(act, &Report::error("42501", why))?;
        Ok(())
    }

    /// What came of a statement is on the record before the client learns it.
    fn done(&mut self, act: ActId, outcome: &Outcome) {
        for event in self.tallies.events(act) {
            let durable = self.scribe.write(&event);
            self.to_client.queue_durable(durable);
        }
        let microseconds = self
            .begun
            .get(&act)
            .map_or(0, |begun| u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
        let (tag, error) = match outcome {
            Outcome::Completed(tag) => (String::from_utf8_lossy(tag).into_owned(), String::new()),
            Outcome::Failed(report) => (String::new(), report.code.clone()),
            _ => (String::new(), String::new()),
        };
        let event = SessionEvent::StatementDone { act: act.number(), tag, error, microseconds };
        let durable = self.scribe.write(&event);
        self.to_client.queue_durable(durable);
    }

    /// The gateway is being stopped; who was in the middle of something learns that it was cut short.
    fn stopped(&self) -> Over {
        let outcome = if is_idle(&self.wire) { Ended::Finished } else { Ended::Interrupted };
        let why = text::STOPPING.say(self.reception.road.language(), &[]);
        Over::Told(Report::fatal("57P01", why), outcome)
    }

    /// Ctrl-C: what waits for people is given up; what runs is cancelled at the server.
    fn cancel(&mut self) {
        if self.judging.is_waiting() {
            self.judging.give_up();
            return;
        }
        let Some(key) = self.wire.server_key().cloned() else { return };
        let (credential, limit) = (self.credential.clone(), self.reception.options.target_timeout);
        tokio::spawn(async move { cancel(&credential, &key, limit).await });
    }
}

/// Nothing runs, and no transaction is open.
fn is_idle(wire: &Wire) -> bool {
    wire.is_settled() && wire.status() == Status::Idle
}

/// The analysis reads text as UTF-8, with strings as the standard writes them. A server that says otherwise is not gone on
/// with.
fn sound(name: &str, value: &str) -> Result<(), Over> {
    let fits = match name {
        "client_encoding" => value == "UTF8",
        "standard_conforming_strings" => value == "on",
        _ => true,
    };
    match fits {
        true => Ok(()),
        false => {
            let why = format!("refused: {name} became {value}, by which statements mean something else");
            Err(Over::Told(Report::fatal("0A000", why), Ended::Ended))
        }
    }
}

fn refused(refusal: &Refusal) -> Report {
    let told = refusal.to_string();
    let (first, rest) = told.split_once('\n').unwrap_or((&told, ""));
    let report = Report::error("42501", first);
    if rest.is_empty() { report } else { report.with_detail(rest) }
}

/// Closes a session on the record; sealing its last segment blocks a thread.
pub(crate) async fn close(road: &Road, session: &Session, outcome: Ended) {
    let (road, session) = (road.clone(), session.clone());
    let runtime = tokio::runtime::Handle::current();
    let closing = tokio::task::spawn_blocking(move || runtime.block_on(road.close(&session, outcome)));
    if let Err(fault) = closing.await {
        tracing::error!(%fault, "a session was not closed on the record");
    }
}
