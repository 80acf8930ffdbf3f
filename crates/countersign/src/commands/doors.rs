//! The doors of a node: SSH, and databases when the configuration opens them. All close together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use access::identity::HostCa;
use access::model::Protocol;
use access::road::Road;
use anyhow::{Context as _, Result};
use gateway::{DatabaseOptions, GatewayError, SshOptions};
use russh::keys::PrivateKey;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::config::{Config, DatabaseDoor};
use crate::recordings::KeptRecordings;
use crate::tls;

/// Open listeners, before anybody is served.
pub struct Doors {
    ssh: TcpListener,
    postgres: Option<TcpListener>,
    mysql: Option<TcpListener>,
}

impl Doors {
    /// Listens where the configuration says.
    pub async fn open(config: &Config) -> Result<Self> {
        Self::beside(listen(config.listen).await?, config).await
    }

    /// The same, with an SSH listener that is open already.
    pub async fn beside(ssh: TcpListener, config: &Config) -> Result<Self> {
        let (postgres, mysql) =
            config.databases.as_ref().map_or((None, None), |door| (door.postgres, door.mysql));
        Ok(Self { ssh, postgres: listen_if(postgres).await?, mysql: listen_if(mysql).await? })
    }

    /// Where clients of PostgreSQL connect, if they can.
    pub fn postgres(&self) -> Result<Option<SocketAddr>> {
        Ok(self.postgres.as_ref().map(TcpListener::local_addr).transpose()?)
    }

    /// The same for clients of MySQL.
    pub fn mysql(&self) -> Result<Option<SocketAddr>> {
        Ok(self.mysql.as_ref().map(TcpListener::local_addr).transpose()?)
    }

    /// One line for whoever started the gateway.
    pub fn told(&self) -> Result<String> {
        let mut told = format!("SSH on {}", self.ssh.local_addr()?);
        for (name, door) in [("PostgreSQL", &self.postgres), ("MySQL", &self.mysql)] {
            if let Some(door) = door {
                told += &format!(", {name} on {}", door.local_addr()?);
            }
        }
        Ok(told)
    }

    /// Serves until `asked` comes or one of the doors fails, then drains all.
    pub async fn serve(self, road: &Road, config: &Config, asked: impl Future<Output = ()>) -> Result<()> {
        let options = ssh_options(config)?;
        let databases =
            config.databases.as_ref().map(|door| database_options(road, door, config)).transpose()?;
        let (close, closing) = watch::channel(false);
        let close = &close;
        let closed = || {
            let mut closing = closing.clone();
            // The sender outlives every door.
            async move { drop(closing.wait_for(|closes| *closes).await) }
        };
        let ssh = gateway::serve(road.clone(), options, self.ssh, closed());
        let database = async |protocol, listener| match (listener, databases.clone()) {
            (Some(listener), Some(options)) => {
                let served = gateway::serve_databases(protocol, road.clone(), options, listener, closed());
                all_close(close, served).await
            }
            _ => Ok(()),
        };
        let postgres = database(Protocol::Postgres, self.postgres);
        let mysql = database(Protocol::Mysql, self.mysql);
        let asked = async {
            tokio::select! { () = asked => {}, () = closed() => {} }
            close.send_replace(true);
        };
        let ((), ssh, postgres, mysql) = tokio::join!(asked, all_close(close, ssh), postgres, mysql);
        Ok(ssh.and(postgres).and(mysql)?)
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

async fn listen_if(address: Option<SocketAddr>) -> Result<Option<TcpListener>> {
    match address {
        Some(address) => listen(address).await.map(Some),
        None => Ok(None),
    }
}

/// A door that fails closes the others.
async fn all_close(
    close: &watch::Sender<bool>,
    door: impl Future<Output = Result<(), GatewayError>>,
) -> Result<(), GatewayError> {
    let served = door.await;
    if served.is_err() {
        close.send_replace(true);
    }
    served
}

fn ssh_options(config: &Config) -> Result<SshOptions> {
    let host_key = PrivateKey::read_openssh_file(&config.host_key)
        .with_context(|| format!("{} is not an OpenSSH private key", config.host_key.display()))?;
    let authority = std::fs::read_to_string(&config.host_ca)
        .with_context(|| format!("cannot read {}", config.host_ca.display()))?;
    let mut options =
        SshOptions::new(host_key, Arc::new(HostCa::from_openssh(&authority)?), config.spool.clone());
    options.login_grace = Duration::from_secs(config.ssh.login_grace);
    options.max_startups = config.ssh.max_startups;
    options.max_connections = config.ssh.max_connections;
    options.max_channels = config.ssh.max_channels;
    options.max_forwards = config.ssh.max_forwards;
    options.environment.clone_from(&config.environment);
    options.drain = Duration::from_secs(config.ssh.drain);
    options.idle_limit = Some(Duration::from_secs(config.ssh.idle));
    options.recordings = Some(Arc::new(KeptRecordings::of(config)?));
    Ok(options)
}

fn database_options(road: &Road, door: &DatabaseDoor, config: &Config) -> Result<DatabaseOptions> {
    let mut options = DatabaseOptions::new(tls::certificate(&door.certificate, &config.spool)?);
    options.client_authority = road.client_authority().map(<[u8]>::to_vec);
    options.login_grace = Duration::from_secs(door.login_grace);
    options.max_startups = door.max_startups;
    options.max_connections = door.max_connections;
    options.waiting_notice = Duration::from_secs(door.waiting_notice);
    options.hold = Duration::from_secs(door.mysql_hold);
    options.transaction_hold = Duration::from_secs(door.transaction_hold);
    options.target_suffix.clone_from(&door.target_suffix);
    options.target_idle = Duration::from_secs(door.target_idle);
    options.drain = Duration::from_secs(door.drain);
    Ok(options)
}

/// Makes the gateway's own certificate anew from time to time, until the returned task is dropped.
pub fn renew_certificates(config: &Config) -> JoinSet<()> {
    let mut task = JoinSet::new();
    let Some(door) = &config.databases else { return task };
    let (certificate, run) = (door.certificate.clone(), config.spool.clone());
    task.spawn(async move {
        let mut tick = interval(tls::RENEWAL);
        // The first comes at once, and the door has just made one.
        tick.tick().await;
        loop {
            tick.tick().await;
            if let Err(fault) = tls::certificate(&certificate, &run) {
                tracing::error!("the certificate could not be renewed: {fault:#}");
            }
        }
    });
    task
}
