//! What an administrator can set about the SSH door.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use access::identity::HostCa;
use access::ports::Recordings;
use russh::keys::PrivateKey;

use super::forward_own::is_own;
use crate::managed::Histories;

/// Settings of the SSH door; [`SshOptions::new`] has the defaults.
pub struct SshOptions {
    /// The gateway's own host key.
    pub host_key: PrivateKey,
    /// The authority whose host certificates make clients trust targets behind a jump.
    pub host_ca: Arc<HostCa>,
    /// How long a connection may take until somebody is logged in.
    pub login_grace: Duration,
    /// Connections that may be logging in at once; the rest are turned away.
    pub max_startups: usize,
    /// Connections at once, logged in or not.
    pub max_connections: usize,
    /// Channels at once on one connection.
    pub max_channels: usize,
    /// Forwarded channels at once in one session, each with a target connection of its own.
    pub max_forwards: usize,
    /// Environment variables that may cross besides the harmless ones: names, or `APP_*`
    /// ([`access::policy::environment::is_permitted`]).
    pub environment: Vec<String>,
    /// Whether an address is this machine's own, where no forwarding may lead; tests put another in.
    pub is_own: fn(IpAddr) -> bool,
    /// Idle time after which TCP keepalive probes are sent, and the time between them.
    pub keepalive: Duration,
    /// Probes without an answer after which a connection counts as lost.
    pub keepalive_probes: u32,
    /// How long a terminal or a forwarding may be silent in both directions, and a connection without channels may stay.
    pub idle_limit: Option<Duration>,
    /// What may wait inside the gateway.
    pub spool: SpoolLimits,
    /// Bytes in either direction after which keys are exchanged anew; at most 1 GiB.
    pub rekey_bytes: usize,
    /// Time after which keys are exchanged anew.
    pub rekey_time: Duration,
    /// How long a target may take to connect, prove itself and accept the login.
    pub target_timeout: Duration,
    /// How long running sessions may go on after the gateway was told to stop.
    pub drain: Duration,
    /// Where recordings are read for `replay`; without it the desk plays none.
    pub recordings: Option<Arc<dyn Recordings>>,
    /// What people submitted in managed shells; in memory, for as long as the door is open.
    pub(crate) histories: Histories,
}

/// Bytes that may wait between two legs.
#[derive(Clone, Debug)]
pub struct SpoolLimits {
    /// In memory, for each channel and direction; what a target sends is paused above it.
    pub memory: usize,
    /// In temporary files from one client connection, before its socket is paused.
    pub soft: usize,
    /// In temporary files from one socket that cannot be paused, because a window update may be behind the data.
    pub hard: usize,
    /// Where the temporary files are made. They have no name, and what is in them is encrypted.
    pub folder: PathBuf,
}

impl SshOptions {
    /// The defaults, with spool files in `folder`.
    pub fn new(host_key: PrivateKey, host_ca: Arc<HostCa>, folder: PathBuf) -> Self {
        Self {
            host_key,
            host_ca,
            login_grace: Duration::from_secs(60),
            max_startups: 64,
            max_connections: 4096,
            max_channels: 64,
            max_forwards: 32,
            environment: Vec::new(),
            is_own,
            keepalive: Duration::from_secs(30),
            keepalive_probes: 3,
            idle_limit: Some(Duration::from_secs(15 * 60)),
            spool: SpoolLimits { memory: 1 << 20, soft: 256 << 20, hard: 1 << 30, folder },
            rekey_bytes: 1 << 30,
            rekey_time: Duration::from_secs(3600),
            target_timeout: Duration::from_secs(10),
            drain: Duration::from_secs(30),
            recordings: None,
            histories: Histories::default(),
        }
    }
}
