//! One connection, top to bottom: who it is → a session → may it be opened → (wait for other people) → the server → carry →
//! how much has crossed.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use access::identity::{AccountName, Destination, TargetName, VerifiedIdentity};
use access::model::{Outcome, TLS_ACCOUNT, Way};
use access::recording::{Direction, SessionEvent};
use access::road::{Grant, Start};
use access::{Ask, Forwarding, Road, Session, Step};
use bytes::BytesMut;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_rustls::server::TlsStream;

use super::super::certificate::shown;
use super::super::course::close;
use super::super::door::Reception;
use super::super::standing::barred;
use super::carrying::carry;
use super::held;
use super::server::Server;
use crate::relay::Crossing;
use crate::scribe::Scribe;
use crate::stop::Stop;

/// A client whose certificate TLS has verified, and the name that it asked for in the handshake.
pub(crate) struct Visitor {
    pub stream: TlsStream<TcpStream>,
    pub name: Option<String>,
}

/// A session for one connection.
pub(crate) struct Visit {
    pub reception: Arc<Reception>,
    pub session: Session,
    pub stream: TlsStream<TcpStream>,
    /// What the client said while its connection was held.
    pub early: BytesMut,
    pub scribe: Scribe,
    pub ends: Ends,
}

/// What ends a session from outside.
pub(crate) struct Ends {
    barred: Pin<Box<dyn Future<Output = String> + Send>>,
    stopping: watch::Receiver<Stop>,
}

impl Visit {
    /// Finds out who it is, and opens the session. Whoever may not is told nothing: for a target that there is not the answer
    /// is the one for a target that is somebody else's.
    pub(crate) async fn begin(
        reception: &Arc<Reception>,
        mut visitor: Visitor,
        source: IpAddr,
    ) -> Option<Self> {
        match enter(reception, &visitor, source).await {
            Some(session) => Some(Self::new(reception.clone(), session, visitor.stream)),
            None => {
                let _ = visitor.stream.shutdown().await;
                None
            }
        }
    }

    fn new(reception: Arc<Reception>, session: Session, stream: TlsStream<TcpStream>) -> Self {
        let (road, pulse) = (reception.road.clone(), reception.pulse.clone());
        // There is nowhere to warn the person: only the target's protocol has words, and it is not spoken here.
        let (voice, _) = mpsc::unbounded_channel();
        let ends = Ends {
            barred: Box::pin(barred(road.clone(), session.clone(), pulse, voice)),
            stopping: reception.stopping.clone(),
        };
        let scribe = Scribe::new(road, session.clone(), 1, Direction::Gateway);
        Self { reception, session, stream, early: BytesMut::new(), scribe, ends }
    }

    /// Serves the connection until it is over and closed on the record.
    pub(crate) async fn run(mut self) {
        let outcome = match self.serve().await {
            Ok(outcome) => outcome,
            Err(outcome) => {
                let _ = self.stream.shutdown().await;
                outcome
            }
        };
        close(&self.reception.road, &self.session, outcome).await;
    }

    /// How it ended; an error when nothing has crossed, so that there is nothing that could look complete and is not.
    async fn serve(&mut self) -> Result<Outcome, Outcome> {
        let greeting = Crossing::Notice(self.session.greeting().to_owned());
        if !self.scribe.take_down(&greeting).await {
            return Err(Outcome::RecordingFailed);
        }
        let grant = self.permitted().await?;
        // Exactly what was granted is dialled, not what the target's row says by now.
        let Start::Forward(Forwarding::Tcp(to)) = grant.into_start() else { return Err(Outcome::Ended) };
        self.note(&SessionEvent::Forward { to: Forwarding::Tcp(to.clone()).to_string() }).await?;
        let dialled = tokio::select! {
            dialled = Server::dial(&self.session, &to, self.reception.options.target_timeout) => dialled,
            outcome = self.ends.over() => return Err(outcome),
        };
        match dialled {
            Ok(Server::Clear(mut server)) => {
                let outcome = carry(self, &mut server, &to).await;
                if outcome != Outcome::Finished {
                    // In clear only a reset tells a stream that was cut from one that has ended.
                    let _ = server.set_zero_linger();
                }
                Ok(outcome)
            }
            Ok(Server::Tls(mut server)) => Ok(carry(self, &mut *server, &to).await),
            Err(fault) => {
                tracing::warn!(target = self.session.target_name(), %fault, "a target could not be reached");
                let (what, why) = ("connection".to_owned(), fault.to_string());
                self.note(&SessionEvent::Refused { what, why }).await?;
                Err(Outcome::Lost)
            }
        }
    }

    async fn permitted(&mut self) -> Result<Grant, Outcome> {
        let road = self.reception.road.clone();
        let Some(forwarding) = self.session.target().forwarding() else {
            let (who, what) = (self.session.who(), "connection to where no policy can permit one");
            let _ = road.note_refusal(Some(&self.session), who, what, &self.session.target().host).await;
            return Err(Outcome::Ended);
        };
        match road.submit(&self.session, 1, Ask::Forward(forwarding)).await {
            Step::Run(grant) => Ok(grant),
            Step::Held(pending) => held::wait(self, *pending).await,
            Step::Refused(_) => Err(Outcome::Ended),
        }
    }

    /// Records an event; what cannot be recorded ends the session.
    pub(crate) async fn note(&mut self, event: &SessionEvent) -> Result<(), Outcome> {
        self.scribe.note(event).await.then_some(()).ok_or(Outcome::RecordingFailed)
    }
}

impl Ends {
    /// Waits until the session may not go on, or the gateway must stop now.
    pub(crate) async fn over(&mut self) -> Outcome {
        tokio::select! {
            _ = &mut self.barred => Outcome::Ended,
            _ = self.stopping.wait_for(|stop| *stop == Stop::Now) => Outcome::Interrupted,
        }
    }
}

async fn enter(reception: &Reception, visitor: &Visitor, source: IpAddr) -> Option<Session> {
    let road = &reception.road;
    let who = road.enter_with_certificate_alone(shown(&visitor.stream)?, source).await.ok()?;
    let name = visitor.name.as_deref().unwrap_or_default();
    match destination_named(name, reception.options.target_suffix.as_deref()) {
        Some(to) => road.open(&who, &to, Way::Tls).await.ok(),
        None => {
            nowhere(road, &who, name).await;
            None
        }
    }
}

/// `TARGET`, or `TARGET.SUFFIX` as the gateway's certificate has it.
fn destination_named(name: &str, suffix: Option<&str>) -> Option<Destination> {
    let label = suffix.and_then(|suffix| name.strip_suffix(suffix)?.strip_suffix('.'));
    let target = TargetName::parse(label.unwrap_or(name)).ok()?;
    Some(Destination { account: AccountName::parse(TLS_ACCOUNT).ok()?, target })
}

async fn nowhere(road: &Road, who: &VerifiedIdentity, name: &str) {
    let _ = road.note_refusal(None, who, "TLS to no target", name).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_named_by_itself_or_below_the_suffix() {
        let target = |name| destination_named(name, Some("gw.example")).map(|to| to.target.to_string());
        for name in ["cache", "cache.gw.example"] {
            assert_eq!(target(name).as_deref(), Some("cache"), "{name}");
        }
        assert_eq!(target("cachegw.example").as_deref(), Some("cachegw.example"));
        for none in ["", ".gw.example", "gw.example.", "CACHE", "a/b"] {
            assert_eq!(target(none).filter(|name| name == "cache" || name.is_empty()), None, "{none}");
        }
        assert_eq!(destination_named("", None), None);
    }
}
