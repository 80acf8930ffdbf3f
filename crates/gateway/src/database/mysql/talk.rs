//! A session's two directions: a command is judged before the server sees it, and what came of it is on the record before the
//! client learns it.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use access::model::Outcome as Ended;
use access::recording::{Direction, SessionEvent};
use access::text;
use access::{Refusal, Session};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_rustls::{client, server};
use wire::mysql::{Act, ActId, Decoder, Failure, Outcome, Output, Packet, Progress, Session as Wire};

use super::line::Line;
use super::server::Server;
use super::statement::statement;
use crate::database::door::Reception;
use crate::database::judging::{Judging, Verdict};
use crate::database::leg::{Inlet, Outlet, PieceError, legs};
use crate::database::standing::barred;
use crate::database::talk::close;
use crate::scribe::Scribe;
use crate::stop::Stop;

/// Bytes that may wait for a side that does not read, before the other one is no longer read.
const WAITING: usize = 1 << 20;
/// The longest statement or parameters.
const STATEMENT: usize = 64 << 20;

/// One client and its server, between login and end.
pub(crate) struct Talk {
    reception: Arc<Reception>,
    session: Session,
    wire: Wire,
    from_client: Inlet<server::TlsStream<TcpStream>, Decoder>,
    to_client: Outlet<server::TlsStream<TcpStream>>,
    from_server: Inlet<client::TlsStream<TcpStream>, Decoder>,
    to_server: Outlet<client::TlsStream<TcpStream>>,
    judging: Judging,
    /// The act that is being judged.
    judged: Option<ActId>,
    /// Ends when the session may not go on.
    barred: Pin<Box<dyn Future<Output = String> + Send>>,
    stopping: watch::Receiver<Stop>,
    scribe: Scribe,
    begun: HashMap<ActId, Instant>,
    in_transaction: bool,
}

/// Why a session is over.
enum Over {
    /// One side has closed.
    Gone,
    /// The recorder cannot write.
    NotRecorded,
    /// The gateway ends it, and the client is told this.
    Told(String, Ended),
}

/// What came first.
enum Came {
    FromClient(Option<Packet>),
    FromServer(Option<Packet>),
    /// Some bytes are on their way; or what was to be durable before them never will be.
    Sent(bool),
    Verdict(Verdict),
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
        Self::Told(fault.to_string(), Ended::Lost)
    }
}

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self::Gone
    }
}

impl Talk {
    pub(super) fn new(
        reception: Arc<Reception>,
        session: Session,
        client: Line<server::TlsStream<TcpStream>>,
        server: Server,
        capabilities: u64,
    ) -> Self {
        let road = reception.road.clone();
        let scribe = Scribe::new(road.clone(), session.clone(), 1, Direction::Gateway);
        let (from_client, to_client) = legs(client.stream, client.decoder.with_limit(STATEMENT));
        let (from_server, to_server) = legs(server.line.stream, server.line.decoder.with_limit(usize::MAX));
        let every = reception.options.waiting_notice;
        let judging = Judging::new(road.clone(), session.clone(), scribe.clone(), every);
        Self {
            wire: Wire::new(capabilities),
            from_client,
            to_client,
            from_server,
            to_server,
            barred: Box::pin(barred(road, session.clone(), reception.pulse.clone(), judging.voice())),
            stopping: reception.stopping.clone(),
            judging,
            judged: None,
            reception,
            session,
            scribe,
            begun: HashMap::new(),
            in_transaction: false,
        }
    }

    /// Serves the session until it is over and closed on the record.
    pub(crate) async fn run(mut self) {
        let over = loop {
            if let Err(over) = self.turn().await {
                break over;
            }
        };
        self.judging.leave().await;
        let outcome = match over {
            Over::Gone => Ended::Finished,
            Over::NotRecorded => Ended::RecordingFailed,
            Over::Told(message, outcome) => {
                let failure = Failure { code: 1053, state: "08S01".to_owned(), message };
                self.to_client.farewell(&failure.encode(0)).await;
                outcome
            }
        };
        close(&self.reception.road, &self.session, outcome).await;
    }

    /// Waits for whatever comes first, and does what follows from it.
    async fn turn(&mut self) -> Result<(), Over> {
        let is_idle = self.is_idle();
        let Self { from_client, to_client, from_server, to_server, wire, judging, barred, stopping, .. } =
            self;
        let hears_client = wire.wants_client() && to_server.waiting() < WAITING;
        let hears_server = to_client.waiting() < WAITING;
        let may_stop = if is_idle { Stop::Draining } else { Stop::Now };
        let came = tokio::select! {
            packet = from_client.piece(), if hears_client => Came::FromClient(packet?),
            packet = from_server.piece(), if hears_server => Came::FromServer(packet?),
            sent = to_client.send(), if to_client.has_something() => Came::Sent(sent?),
            sent = to_server.send(), if to_server.has_something() => Came::Sent(sent?),
            verdict = judging.verdict() => Came::Verdict(verdict),
            why = barred => Came::Barred(why),
            _ = stopping.wait_for(|stop| *stop >= may_stop) => Came::Stopping,
        };
        match came {
            Came::FromClient(Some(packet)) => self.wire.client(&packet)?,
            Came::FromServer(Some(packet)) => self.wire.server(&packet)?,
            Came::FromClient(None) | Came::FromServer(None) => return Err(Over::Gone),
            Came::Sent(true) => {}
            Came::Sent(false) => return Err(Over::NotRecorded),
            Came::Verdict(verdict) => self.decided(verdict)?,
            Came::Barred(why) => return Err(Over::Told(why, Ended::Ended)),
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
                Output::Judge(act) => self.judge(&act),
                Output::Outcome(act, outcome) => self.done(act, &outcome),
                Output::Leaving => self.judging.leave().await,
            }
        }
        Ok(())
    }

    fn judge(&mut self, act: &Act) {
        self.judged = Some(act.id);
        let read = statement(&act.kind);
        self.judging.begin(act.id.number(), move |_afresh| std::future::ready(read.clone()));
    }

    fn decided(&mut self, verdict: Verdict) -> Result<(), Over> {
        match verdict {
            Verdict::Tell(line) => self.tell(line),
            Verdict::Allow { .. } => {
                if let Some(act) = self.judged.take() {
                    self.begun.insert(act, Instant::now());
                    self.wire.allow(act)?;
                }
            }
            Verdict::Refuse(refusal) => {
                if let Some(act) = self.judged.take() {
                    self.wire.refuse(act, &refused(&refusal))?;
                }
            }
            Verdict::NotRecorded => return Err(Over::NotRecorded),
        }
        Ok(())
    }

    /// To clients that take progress reports; others wait without a word.
    fn tell(&mut self, what: String) {
        self.wire.progress(&Progress { stage: (1, 1), thousandths: 0, what });
    }

    /// What came of a statement is on the record before the client learns it.
    fn done(&mut self, act: ActId, outcome: &Outcome) {
        let begun = self.begun.get(&act);
        let microseconds =
            begun.map_or(0, |begun| u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
        let (tag, error) = match outcome {
            Outcome::Done(done) => {
                self.in_transaction = done.is_in_transaction();
                (done.rows.map(|rows| format!("CHANGED {rows}")).unwrap_or_default(), String::new())
            }
            Outcome::Line => (String::new(), String::new()),
            Outcome::Failed(failure) => (String::new(), failure.state.clone()),
        };
        let event = SessionEvent::StatementDone { act: act.number(), tag, error, microseconds };
        let durable = self.scribe.write(&event);
        self.to_client.queue_durable(durable);
    }

    /// Nothing runs or waits, and no transaction is open.
    fn is_idle(&self) -> bool {
        self.wire.is_settled() && !self.in_transaction
    }

    /// The gateway is being stopped; who was in the middle of something learns that it was cut short.
    fn stopped(&self) -> Over {
        let outcome = if self.is_idle() { Ended::Finished } else { Ended::Interrupted };
        Over::Told(text::STOPPING.say(self.reception.road.language(), &[]), outcome)
    }
}

/// MySQL's errors have one line.
fn refused(refusal: &Refusal) -> Failure {
    Failure::refused(refusal.to_string().replace('\n', " "))
}
