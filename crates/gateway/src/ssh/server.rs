//! The listener: an accept loop that nothing can stall, places for those who are logging in, and an orderly stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use access::Road;
use russh::keys::Certificate;
use russh::server::Config;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::algorithms;
use super::connection::Connection;
use super::login::{Proof, Wanted, first_methods};
use super::options::SshOptions;
use super::target::prepare;
use crate::error::GatewayError;
use crate::places::{Startup, Startups};
use crate::pulse::Pulse;
use crate::stop::Stop;

/// Wait after an accept that failed for want of resources: the connection stays in the kernel's queue meanwhile.
const BREATHER: Duration = Duration::from_millis(200);

/// Attempts at logging in on one connection. The first, `none`, is how clients ask for the methods.
const MAX_ATTEMPTS: usize = 1 + 6;

/// Every refused attempt takes this long, whatever the reason was.
const REFUSAL: Duration = Duration::from_millis(400);

/// Told before the identification string (RFC 4253, section 4.2), to whom there is no place for.
const FULL: &[u8] = b"Countersign: too many connections are logging in; try again in a moment\r\n";

/// Serves SSH on `listener` until `shutdown`, then drains. Errors when the options cannot work.
pub async fn serve(
    road: Road,
    options: SshOptions,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), GatewayError> {
    // Told now rather than to the first session that needs it.
    tempfile::tempfile_in(&options.spool.folder).map_err(GatewayError::SpoolFolder)?;
    let (stop, stopping) = watch::channel(Stop::Serving);
    let options = Arc::new(options);
    let (pulse, beating) = Pulse::start(&road);
    let reception = Reception {
        config: Arc::new(config(&options, None)),
        startups: Startups::new(options.max_startups),
        places: Arc::new(Semaphore::new(options.max_connections)),
        road,
        options,
        stopping,
        pulse,
    };
    let mut connections = JoinSet::new();
    tokio::select! {
        () = reception.accept(&listener, &mut connections) => {}
        () = shutdown => {}
    }
    drop(listener);
    drain(&reception.options, &stop, connections).await;
    drop(beating);
    Ok(())
}

struct Reception {
    road: Road,
    options: Arc<SshOptions>,
    config: Arc<Config>,
    startups: Arc<Startups>,
    places: Arc<Semaphore>,
    stopping: watch::Receiver<Stop>,
    pulse: Pulse,
}

impl Reception {
    async fn accept(&self, listener: &TcpListener, connections: &mut JoinSet<()>) {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => self.receive(stream, peer, connections),
                    Err(fault) => {
                        tracing::warn!(%fault, "no connection could be accepted; trying again");
                        sleep(BREATHER).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    fn receive(&self, stream: TcpStream, peer: SocketAddr, connections: &mut JoinSet<()>) {
        let startup = self.startups.take(peer.ip().to_canonical());
        let place = self.places.clone().try_acquire_owned();
        let (Some(startup), Ok(place)) = (startup, place) else {
            tracing::warn!(%peer, "turned away: too many connections");
            // A fresh socket has room for one line; who does not read it is not waited for.
            let _ = stream.try_write(FULL);
            return;
        };
        connections.spawn(self.serve(stream, peer, startup, place));
    }

    fn serve(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        startup: Startup,
        place: OwnedSemaphorePermit,
    ) -> impl Future<Output = ()> + use<> {
        prepare(&stream, self.options.keepalive, self.options.keepalive_probes);
        let (source, road) = (peer.ip().to_canonical(), self.road.clone());
        let proof = Proof::Wanted(Box::new(Wanted::new(road.clone(), source)));
        let (options, pulse) = (self.options.clone(), self.pulse.clone());
        let connection = Connection::new(road, options, source, self.stopping.clone(), pulse);
        connection.hold_place(startup);
        let config = self.config.clone();
        async move {
            connection.serve(stream, config, proof).await;
            drop(place);
        }
    }
}

/// Lets what runs finish, for a while.
async fn drain(options: &SshOptions, stop: &watch::Sender<Stop>, mut connections: JoinSet<()>) {
    stop.send_replace(Stop::Draining);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(options.drain, all).await.is_ok() {
        return;
    }
    stop.send_replace(Stop::Now);
    while connections.join_next().await.is_some() {}
}

/// The server leg's configuration: as the gateway itself, or with a certificate as a target behind a jump.
pub(crate) fn config(options: &SshOptions, certificate: Option<Certificate>) -> Config {
    let max_auth_attempts = if certificate.is_some() { 1 } else { MAX_ATTEMPTS };
    Config {
        server_id: algorithms::IDENTIFICATION,
        methods: first_methods(),
        auth_rejection_time: REFUSAL,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![options.host_key.clone()],
        certificates: certificate.into_iter().collect(),
        limits: algorithms::limits(options),
        preferred: algorithms::for_clients(),
        channel_buffer_size: 16,
        event_buffer_size: 4,
        max_auth_attempts,
        // Silence is judged by us: a paused socket would look dead to the library (see `prepare`).
        inactivity_timeout: None,
        keepalive_interval: None,
        nodelay: true,
        ..Config::default()
    }
}
