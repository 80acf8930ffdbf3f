//! One connection to a target: dialled, checked against the pinned host key, logged in with the gateway's credential.

use std::sync::Arc;
use std::time::Duration;

use access::Forwarding;
use access::model::Service;
use access::road::TargetCredential;
use access::text::{self, Language};
use russh::ChannelOpenFailure;
use russh::client::{self, AuthResult, Handle};
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey};
use socket2::{SockRef, TcpKeepalive};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::algorithms;
use super::options::SshOptions;
use super::target_far::{Far, Sink};
use super::target_outlet::TargetOutlet;
use crate::relay::{Brake, Gate, Spool, Valve};

/// Where a forwarded connection is said to come from: the person's own address is no business of the target.
const ORIGINATOR: &str = "127.0.0.1";

/// Why a target cannot be used; none of it is secret.
#[derive(Debug, Error)]
pub(crate) enum DialError {
    #[error("{0} does not answer within {1} s")]
    Silent(String, u64),
    #[error("{0} cannot be reached: {1}")]
    Unreachable(String, std::io::Error),
    #[error("the host key of {target} is {found}, but {pinned} is pinned")]
    HostKey { target: String, found: String, pinned: String },
    #[error("{0} does not accept the gateway's credential for {1}")]
    Login(String, String),
    #[error("the gateway's {0} for {1} cannot be read")]
    Record(&'static str, String),
    /// The kind of fault that a target shows when too many connections are logging in at once.
    #[error("{0} ended the connection while it was being set up")]
    HungUp(String),
    #[error("no secure connection to {0}: {1}")]
    Protocol(String, russh::Error),
}

impl DialError {
    /// Whether it is worth dialling again.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::HungUp(_))
    }

    /// One line for the person: what happened, and whose turn it is.
    pub(crate) fn tell(&self, language: Language) -> String {
        match self {
            Self::Silent(target, seconds) => {
                text::TARGET_SILENT.say(language, &[("target", target), ("seconds", &seconds.to_string())])
            }
            Self::Unreachable(target, why) => {
                text::TARGET_UNREACHABLE.say(language, &[("target", target), ("why", &why.to_string())])
            }
            Self::HostKey { target, found, pinned } => text::HOST_KEY_CHANGED
                .say(language, &[("target", target), ("seen", found), ("pinned", pinned)]),
            Self::Login(target, account) => {
                text::TARGET_AUTH_FAILED.say(language, &[("target", target), ("account", account)])
            }
            Self::Record(what, target) => {
                text::TARGET_RECORD.say(language, &[("what", what), ("target", target)])
            }
            Self::HungUp(target) => text::TARGET_HUNG_UP.say(language, &[("target", target)]),
            Self::Protocol(target, why) => {
                text::TARGET_INSECURE.say(language, &[("target", target), ("why", &why.to_string())])
            }
        }
    }
}

/// A connection to a target, for one channel at a time. Dropping it cuts the connection.
pub(crate) struct TargetLeg {
    handle: Handle<Far>,
    valve: Arc<Valve>,
    pub brake: Arc<Brake>,
    sink: Arc<Sink>,
    /// It was reached at an address of this machine.
    pub is_here: bool,
}

impl Drop for TargetLeg {
    fn drop(&mut self) {
        self.valve.cut();
    }
}

impl TargetLeg {
    /// Connects and logs in. `name` is the target's, for messages.
    pub(crate) async fn dial(
        name: &str,
        credential: &TargetCredential,
        options: &SshOptions,
        language: Language,
    ) -> Result<Self, DialError> {
        let limit = options.target_timeout;
        let silent = |_| DialError::Silent(name.to_owned(), limit.as_secs());
        timeout(limit, Self::connect(name, credential, options, language)).await.map_err(silent)?
    }

    async fn connect(
        name: &str,
        credential: &TargetCredential,
        options: &SshOptions,
        language: Language,
    ) -> Result<Self, DialError> {
        let wrong = || DialError::Record("host key", name.to_owned());
        let Service::Ssh { host_key } = &credential.service else { return Err(wrong()) };
        let pinned = PublicKey::from_openssh(host_key).map_err(|_| wrong())?;
        let stream = TcpStream::connect((credential.host.as_str(), credential.port)).await;
        let stream = stream.map_err(|fault| DialError::Unreachable(name.to_owned(), fault))?;
        prepare(&stream, options.keepalive, options.keepalive_probes);
        // A socket without a peer is broken anyhow; in doubt the target is here.
        let is_here = stream.peer_addr().map_or(true, |peer| (options.is_own)(peer.ip().to_canonical()));
        let mut leg = Self::handshake(name, stream, pinned, options, language).await?;
        leg.is_here = is_here;
        leg.log_in(name, credential).await?;
        Ok(leg)
    }

    async fn handshake(
        name: &str,
        stream: TcpStream,
        pinned: PublicKey,
        options: &SshOptions,
        language: Language,
    ) -> Result<Self, DialError> {
        let lost = text::TARGET_LOST.say(language, &[]) + "\n";
        let (valve, sink) = (Arc::<Valve>::default(), Arc::new(Sink::new(lost)));
        let brake = Brake::new(valve.clone(), options.spool.memory, options.spool.hard);
        let gate = Gate::new(stream, valve.clone());
        let far = Far::new(sink.clone(), pinned.clone());
        match client::connect_stream(Arc::new(config(&pinned, options)), gate, far).await {
            Ok(handle) => Ok(Self { handle, valve, brake, sink, is_here: true }),
            Err(fault) => Err(refused_handshake(name, &sink, &pinned, fault)),
        }
    }

    async fn log_in(&mut self, name: &str, credential: &TargetCredential) -> Result<(), DialError> {
        let key = PrivateKey::from_openssh(credential.secret.as_bytes());
        let key =
            key.map_err(|_| DialError::Record("credential", format!("{} on {name}", credential.login)))?;
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), Some(HashAlg::Sha512));
        match self.handle.authenticate_publickey(credential.login.as_str(), key).await {
            Ok(AuthResult::Success) => Ok(()),
            Ok(_) => Err(DialError::Login(name.to_owned(), credential.login.clone())),
            Err(_) => Err(DialError::HungUp(name.to_owned())),
        }
    }

    /// Whether another channel can be opened on it.
    pub(crate) fn is_usable(&self) -> bool {
        !self.handle.is_closed() && !self.sink.is_gone()
    }

    /// Opens a session channel; what comes from it goes into `spool`.
    pub(crate) async fn open(&self, spool: Arc<Spool>) -> Result<TargetOutlet, russh::Error> {
        self.sink.direct(spool);
        let channel = self.handle.channel_open_session().await?;
        // The reading half must not stay: a queue that nobody empties would stop the connection's loop.
        let (_, write) = channel.split();
        Ok(TargetOutlet::new(write, self.brake.clone()))
    }
}

impl TargetLeg {
    /// Opens a forwarded channel from the target; what comes from it goes into `spool`.
    pub(crate) async fn open_forward(
        &self,
        forwarding: &Forwarding,
        spool: Arc<Spool>,
    ) -> Result<TargetOutlet, russh::Error> {
        self.sink.direct(spool);
        let channel = match forwarding {
            Forwarding::Tcp(to) => {
                let (host, port) = (to.host.as_str(), u32::from(to.port));
                self.handle.channel_open_direct_tcpip(host, port, ORIGINATOR, 0).await?
            }
            Forwarding::Unix(to) => self.handle.channel_open_direct_streamlocal(to.host.as_str()).await?,
            // The gateway opens nothing of that kind on a target.
            Forwarding::Remote(_) | Forwarding::Agent | Forwarding::X11 => {
                return Err(russh::Error::ChannelOpenFailure(ChannelOpenFailure::UnknownChannelType));
            }
        };
        let (_, write) = channel.split();
        Ok(TargetOutlet::new(write, self.brake.clone()))
    }
}

fn config(pinned: &PublicKey, options: &SshOptions) -> client::Config {
    client::Config {
        client_id: algorithms::IDENTIFICATION,
        limits: algorithms::limits(options),
        preferred: algorithms::for_target(&pinned.algorithm()),
        channel_buffer_size: 16,
        // A paused socket answers no SSH keepalive, so dead peers are found by TCP's (see `prepare`).
        inactivity_timeout: None,
        keepalive_interval: None,
        nodelay: true,
        ..Default::default()
    }
}

fn refused_handshake(name: &str, sink: &Sink, pinned: &PublicKey, fault: russh::Error) -> DialError {
    if let Some(found) = sink.stranger() {
        let pinned = pinned.fingerprint(HashAlg::Sha256).to_string();
        return DialError::HostKey { target: name.to_owned(), found, pinned };
    }
    match fault {
        russh::Error::HUP | russh::Error::Disconnect | russh::Error::IO(_) | russh::Error::Version => {
            DialError::HungUp(name.to_owned())
        }
        fault => DialError::Protocol(name.to_owned(), fault),
    }
}

/// Small packets at once, and probes that find a dead peer also while nothing may be read from it.
pub(crate) fn prepare(stream: &TcpStream, idle: Duration, probes: u32) {
    let keepalive = TcpKeepalive::new().with_time(idle).with_interval(idle).with_retries(probes);
    let set = stream.set_nodelay(true).and_then(|()| SockRef::from(stream).set_tcp_keepalive(&keepalive));
    if let Err(fault) = set {
        tracing::debug!(%fault, "socket options were not set; the peer has probably gone already");
    }
}
