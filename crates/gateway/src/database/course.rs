//! The course of a session, whatever its protocol: two connections of which neither waits for the other, what ends it, and
//! what is on the record before it crosses.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use access::model::Outcome as Ended;
use access::recording::{Direction, SessionEvent};
use access::text;
use access::{Road, Session};
use bytes::Bytes;
use tokio::io::AsyncRead;
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_rustls::{client, server};

use super::door::Reception;
use super::judging::{Judging, Recorded, Verdict};
use super::leg::{Cutter, Leg, PieceError};
use super::standing::barred;
use crate::scribe::Scribe;
use crate::stop::Stop;

/// Bytes that may wait for a side that does not read, before the other one is no longer read.
const WAITING: usize = 1 << 20;

/// One client and its server, between login and end.
pub(crate) struct Course<D: Cutter> {
    pub reception: Arc<Reception>,
    pub session: Session,
    pub judging: Judging,
    pub scribe: Scribe,
    pub client: Leg<server::TlsStream<TcpStream>, D>,
    pub server: Leg<client::TlsStream<TcpStream>, D>,
    /// The connection as the session's other account, while nothing runs there.
    pub aside: Option<Leg<client::TlsStream<TcpStream>, D>>,
    /// Told when the client cancels what it has asked for.
    cancelled: Arc<Notify>,
    /// Ends when the session may not go on.
    barred: Pin<Box<dyn Future<Output = String> + Send>>,
    stopping: watch::Receiver<Stop>,
    /// When each act began to run, from the oldest that is not done.
    begun: BTreeMap<u64, Instant>,
}

/// What came next.
pub(crate) enum Came<P> {
    FromClient(P),
    FromServer(P),
    /// From the connection as the other account.
    FromAside(P),
    Verdict(Verdict),
    Cancelled,
}

/// Why a session is over.
pub(crate) enum Over {
    /// One side has closed.
    Gone,
    /// The recorder cannot write.
    NotRecorded,
    /// The gateway ends it, and the client is told this.
    Told(Reason, Ended),
}

/// What a client is told at the end.
pub(crate) struct Reason {
    /// The SQLSTATE.
    pub code: &'static str,
    pub why: String,
}

impl Over {
    pub(crate) fn told(code: &'static str, why: String, outcome: Ended) -> Self {
        Self::Told(Reason { code, why }, outcome)
    }
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
        Self::told(fault.sqlstate(), fault.to_string(), Ended::Lost)
    }
}

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self::Gone
    }
}

impl<D: Cutter> Course<D> {
    pub(crate) fn new(
        reception: Arc<Reception>,
        session: Session,
        client: (server::TlsStream<TcpStream>, D),
        server: (client::TlsStream<TcpStream>, D),
        cancelled: Arc<Notify>,
    ) -> Self {
        let road = reception.road.clone();
        let scribe = Scribe::new(road.clone(), session.clone(), 1, Direction::Gateway);
        let judging = Judging::new(road.clone(), session.clone(), scribe.clone(), &reception.options);
        Self {
            barred: Box::pin(barred(road, session.clone(), reception.pulse.clone(), judging.voice())),
            stopping: reception.stopping.clone(),
            reception,
            session,
            judging,
            scribe,
            client: Leg::new(client.0, client.1),
            server: Leg::new(server.0, server.1),
            aside: None,
            cancelled,
            begun: BTreeMap::new(),
        }
    }

    /// Waits for whatever comes first, while bytes that may cross do. `is_idle`: nothing runs, and no transaction is open.
    pub(crate) async fn next(&mut self, wants_client: bool, is_idle: bool) -> Result<Came<D::Piece>, Over> {
        let may_stop = if is_idle && !self.judging.is_waiting() { Stop::Draining } else { Stop::Now };
        loop {
            let Self { reception, client, server, aside, judging, .. } = self;
            let hears_client = wants_client && server.outlet.waiting() < WAITING;
            let hears_server = client.outlet.waiting() < WAITING;
            // What is here already is gone through before anything is sent: what belongs together then crosses together.
            if hears_server && let Some(piece) = server.inlet.said()? {
                return Ok(Came::FromServer(piece));
            }
            if hears_client && let Some(piece) = client.inlet.said()? {
                return Ok(Came::FromClient(piece));
            }
            let is_durable = tokio::select! {
                piece = client.inlet.piece(), if hears_client => return came(piece?, Came::FromClient),
                piece = server.inlet.piece(), if hears_server => return came(piece?, Came::FromServer),
                piece = heard(aside), if hears_server => return came(piece?, Came::FromAside),
                sent = client.outlet.send(), if client.outlet.has_something() => sent?,
                sent = server.outlet.send(), if server.outlet.has_something() => sent?,
                verdict = judging.verdict() => return Ok(Came::Verdict(verdict)),
                () = self.cancelled.notified() => return Ok(Came::Cancelled),
                why = &mut self.barred => return Err(Over::told("57P01", why, Ended::Ended)),
                _ = self.stopping.wait_for(|stop| *stop >= may_stop) => {
                    return Err(stopped(&reception.road, is_idle));
                }
            };
            if !is_durable {
                return Err(Over::NotRecorded);
            }
        }
    }

    /// An act has been let through: what the server is told from now on crosses once `recorded` is durable.
    pub(crate) fn began(&mut self, act: u64, recorded: Recorded) {
        self.begun.insert(act, Instant::now());
        recorded.into_iter().for_each(|durable| self.server.outlet.queue_durable(durable));
    }

    /// What came of an act is on the record before the client learns it: how it was completed, or the SQLSTATE of its error.
    /// Acts are done in the order in which they began, one that has several statements again and again.
    pub(crate) fn done(&mut self, act: u64, tag: String, error: String) {
        self.begun = self.begun.split_off(&act);
        let lasted = self.begun.get(&act).map_or(0, |begun| begun.elapsed().as_micros());
        let microseconds = u64::try_from(lasted).unwrap_or(u64::MAX);
        self.tell_later(&SessionEvent::StatementDone { act, tag, error, microseconds });
    }

    /// What is on the record before anything that the client is told from now on.
    pub(crate) fn tell_later(&mut self, event: &SessionEvent) {
        let durable = self.scribe.write(event);
        self.client.outlet.queue_durable(durable);
    }

    /// Ends the session: nobody waits for a verdict any more, the client gets its last words, and the record is closed.
    pub(crate) async fn end(mut self, over: Over, last_words: impl FnOnce(Reason) -> Bytes) {
        self.judging.leave().await;
        let outcome = match over {
            Over::Gone => Ended::Finished,
            Over::NotRecorded => Ended::RecordingFailed,
            Over::Told(reason, outcome) => {
                self.client.outlet.farewell(&last_words(reason)).await;
                outcome
            }
        };
        close(&self.reception.road, &self.session, outcome).await;
    }
}

/// What the connection says that nothing runs at.
async fn heard<S: AsyncRead, D: Cutter>(
    aside: &mut Option<Leg<S, D>>,
) -> Result<Option<D::Piece>, PieceError> {
    match aside {
        Some(leg) => leg.inlet.piece().await,
        None => std::future::pending().await,
    }
}

/// A side that says nothing more has closed.
fn came<P>(piece: Option<P>, of: impl FnOnce(P) -> Came<P>) -> Result<Came<P>, Over> {
    piece.map(of).ok_or(Over::Gone)
}

/// The gateway is being stopped; who was in the middle of something learns that it was cut short.
fn stopped(road: &Road, is_idle: bool) -> Over {
    let outcome = if is_idle { Ended::Finished } else { Ended::Interrupted };
    Over::told("57P01", text::STOPPING.say(road.language(), &[]), outcome)
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
