//! What an administrator can set about the database door.

use std::time::Duration;

use super::certificate::CertificateFiles;

/// Settings of the database door; [`DatabaseOptions::new`] has the defaults.
#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    /// The certificate that clients see.
    pub certificate: CertificateFiles,
    /// The authority that clients' certificates must come from, in DER; none when they are not asked for one.
    pub client_authority: Option<Vec<u8>>,
    /// How long a connection may take until somebody is logged in.
    pub login_grace: Duration,
    /// Connections that may be logging in at once; the rest are turned away.
    pub max_startups: usize,
    /// Connections at once, logged in or not.
    pub max_connections: usize,
    /// How long a server may take to connect, prove itself and accept the login.
    pub target_timeout: Duration,
    /// How often whoever waits for approval is told that it still waits.
    pub waiting_notice: Duration,
    /// How long a client waits for approval that cannot be told how things stand. Its request stays.
    pub hold: Duration,
    /// How long anybody waits for approval in the middle of an open transaction.
    pub transaction_hold: Duration,
    /// The name below which the gateway's certificate has those of TLS targets (`cache.gw.example` for `gw.example`).
    pub target_suffix: Option<String>,
    /// How long nothing may cross a connection to a TLS target.
    pub target_idle: Duration,
    /// How long running sessions may go on after the gateway was told to stop.
    pub drain: Duration,
}

impl DatabaseOptions {
    /// The defaults, with that certificate.
    pub fn new(certificate: CertificateFiles) -> Self {
        Self {
            certificate,
            client_authority: None,
            login_grace: Duration::from_secs(30),
            max_startups: 64,
            max_connections: 4096,
            target_timeout: Duration::from_secs(10),
            waiting_notice: Duration::from_secs(5),
            hold: Duration::from_secs(20),
            transaction_hold: Duration::from_secs(120),
            target_suffix: None,
            target_idle: Duration::from_secs(3600),
            drain: Duration::from_secs(30),
        }
    }
}
