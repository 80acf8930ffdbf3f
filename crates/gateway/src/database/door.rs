//! The listener: places for those who are logging in, one task for each connection, and an orderly stop.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use access::model::Protocol;
use access::{Refusal, Road};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use wire::postgres::{Report, encode};

use super::accounts::Role;
use super::cancels::Cancels;
use super::catalogue::Catalogues;
use super::certificate::Certificate;
use super::counted::{Allowance, Visit};
use super::login::{Turned, Wanted, log_in};
use super::mysql;
use super::opening::{Arrived, Client, OpeningError, receive};
use super::options::DatabaseOptions;
use super::pair::{Dialled, Pair};
use super::replicating;
use super::server::Server;
use super::talk::Talk;
use super::texts::Texts;
use crate::error::GatewayError;
use crate::places::{Startup, Startups};
use crate::pulse::Pulse;
use crate::stop::Stop;

/// Wait after an accept that failed for want of resources: the connection stays in the kernel's queue meanwhile.
const BREATHER: Duration = Duration::from_millis(200);

/// Serves clients of that protocol on `listener` until `shutdown`, then drains. Errors when the options cannot work.
pub async fn serve(
    protocol: Protocol,
    road: Road,
    options: DatabaseOptions,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), GatewayError> {
    let (stop, stopping) = watch::channel(Stop::Serving);
    let (pulse, beating) = Pulse::start(&road);
    let reception = Arc::new(Reception {
        protocol,
        certificate: Certificate::read(options.certificate.clone(), options.client_authority.as_deref())?,
        startups: Startups::new(options.max_startups),
        places: Arc::new(Semaphore::new(options.max_connections)),
        strangers: Allowance::new(Instant::now()),
        cancels: Arc::default(),
        kills: Arc::default(),
        texts: Arc::default(),
        catalogues: Catalogues::default(),
        pulse,
        road,
        options,
        stopping,
    });
    let mut connections = JoinSet::new();
    tokio::select! {
        () = reception.accept(&listener, &mut connections) => {}
        () = shutdown => {}
    }
    drop(listener);
    stop.send_replace(Stop::Draining);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(reception.options.drain, all).await.is_err() {
        stop.send_replace(Stop::Now);
        while connections.join_next().await.is_some() {}
    }
    drop(beating);
    Ok(())
}

pub(crate) struct Reception {
    pub road: Road,
    pub options: DatabaseOptions,
    pub cancels: Arc<Cancels>,
    pub kills: Arc<mysql::Kills>,
    pub texts: Arc<Texts>,
    pub catalogues: Catalogues,
    pub pulse: Pulse,
    pub stopping: watch::Receiver<Stop>,
    pub certificate: Certificate,
    protocol: Protocol,
    startups: Arc<Startups>,
    places: Arc<Semaphore>,
    strangers: Allowance,
}

/// A connection whose person is known.
enum Begun {
    Talk(Box<Talk>),
    Visit(Box<Visit>),
}

impl Reception {
    async fn accept(self: &Arc<Self>, listener: &TcpListener, connections: &mut JoinSet<()>) {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => self.take(stream, peer, connections),
                    Err(fault) => {
                        tracing::warn!(%fault, "no connection could be accepted; trying again");
                        sleep(BREATHER).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    fn take(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr, connections: &mut JoinSet<()>) {
        let source = peer.ip().to_canonical();
        let startup = self.startups.take(source);
        let place = self.places.clone().try_acquire_owned();
        let (Some(startup), Ok(place)) = (startup, place) else {
            tracing::warn!(%peer, "turned away: too many connections");
            return;
        };
        connections.spawn(self.clone().serve(stream, source, startup, place));
    }

    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        source: IpAddr,
        startup: Startup,
        _place: OwnedSemaphorePermit,
    ) {
        // A client that does not read its answer would else keep small messages waiting for each other.
        let _ = stream.set_nodelay(true);
        let limit = self.options.login_grace;
        match self.protocol {
            Protocol::Postgres => {
                let begun = timeout(limit, self.begin(stream, source)).await;
                drop(startup);
                match begun {
                    Ok(Some(Begun::Talk(talk))) => talk.run().await,
                    Ok(Some(Begun::Visit(visit))) => visit.run().await,
                    Ok(None) | Err(_) => {}
                }
            }
            Protocol::Mysql => {
                let begun = timeout(limit, mysql::begin(&self, stream, source)).await;
                drop(startup);
                if let Ok(Some(talk)) = begun {
                    talk.run().await;
                }
            }
        }
    }

    /// Everything up to the first statement, or to the first byte for a target.
    async fn begin(self: &Arc<Self>, stream: TcpStream, source: IpAddr) -> Option<Begun> {
        let client = receive(stream, &self.certificate).await;
        let mut arrived = match client {
            Ok(Client::Session(arrived)) => *arrived,
            Ok(Client::Cancel(key)) => {
                self.cancels.cancel(&key);
                return None;
            }
            Ok(Client::Target(visitor)) => {
                return Visit::begin(self, *visitor, source).await.map(Box::new).map(Begun::Visit);
            }
            Err(fault) => {
                if matches!(fault, OpeningError::Stranger(_)) && self.strangers.take(Instant::now()) {
                    self.road.note_stranger(source).await;
                }
                tracing::debug!(%source, %fault, "a database client got no further than its first bytes");
                return None;
            }
        };
        match self.enter(&mut arrived, source).await {
            Ok((session, server)) => {
                let cancellable = self.cancels.issue(arrived.start.spoken()).ok()?;
                let talk = Talk::new(self.clone(), session, arrived, server, cancellable);
                Some(Begun::Talk(Box::new(talk)))
            }
            Err(Turned::Away(report)) => {
                let _ = arrived.stream.write_all(&report.encode()).await;
                let _ = arrived.stream.shutdown().await;
                None
            }
            Err(Turned::Gone) => None,
        }
    }

    async fn enter(
        &self,
        arrived: &mut Arrived,
        source: IpAddr,
    ) -> Result<(access::Session, Dialled), Turned> {
        let wanted = Wanted::read(&arrived.start, &self.road)?;
        let session = log_in(arrived, &wanted, &self.road, source).await?;
        let dialled = self.dial(&session, &wanted).await;
        let greeted = match &dialled {
            Ok(_) => arrived.stream.write_all(&encode::authentication_ok()).await.map_err(|_| Turned::Gone),
            Err(_) => Ok(()),
        };
        match (dialled, greeted) {
            (Ok(server), Ok(())) => Ok((session, server)),
            (Ok(_), Err(gone)) | (Err(gone), _) => {
                super::course::close(&self.road, &session, access::model::Outcome::Lost).await;
                Err(gone)
            }
        }
    }

    async fn dial(&self, session: &access::Session, wanted: &Wanted) -> Result<Dialled, Turned> {
        let away = |code, why: String| Turned::Away(Report::fatal(code, why));
        wanted.names(session, &self.road)?;
        let unusable = |why: Refusal| away("58000", why.to_string());
        if wanted.replication.is_some() {
            replicating::may_begin(&self.road, session)
                .await
                .map_err(|why| away("42501", why.to_string()))?;
        }
        let writing = Arc::new(self.road.credential(session).await.map_err(unusable)?);
        let reading = match wanted.replication {
            Some(_) => None,
            None => self.road.reading_credential(session).await.map_err(unusable)?,
        };
        let pair = reading.map(|reading| Pair::new(Arc::new(reading), writing.clone(), &wanted.settings));
        let (credential, settings) = match &pair {
            Some(pair) => (pair.reading().clone(), pair.startup(Role::Reading)),
            None => (writing, wanted.settings.clone()),
        };
        let limit = self.options.target_timeout;
        let dialled = Server::dial(session.target_name(), credential, &settings, limit).await;
        let server = dialled.map_err(|fault| {
            tracing::warn!(target = session.target_name(), %fault, "a database could not be reached");
            away("08001", fault.to_string())
        })?;
        Ok(Dialled { server, pair, replication: wanted.replication })
    }
}
