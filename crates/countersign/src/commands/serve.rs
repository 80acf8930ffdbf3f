//! `countersign serve`: the gateway, until it is told to stop.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use access::entry::Event;
use access::identity::HostCa;
use access::road::Road;
use anyhow::{Context as _, Result, bail};
use gateway::SshOptions;
use russh::keys::PrivateKey;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::Config;
use crate::control;
use crate::node::Node;
use crate::notices::Deliveries;
use crate::recordings::KeptRecordings;
use crate::watch;

/// Serves what the configuration names.
pub async fn serve(config: &Path, before_ceremony: bool) -> Result<()> {
    let stop = Stop::listen()?;
    let config = Config::read(config)?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let node = Node::open(&config).await?;
    check_ceremony(&node.road, before_ceremony)?;
    eprintln!("countersign: serving SSH on {}; stop with Ctrl-C", listener.local_addr()?);
    run(node, &config, listener, stop).await
}

/// Before the ceremony the gateway's account changes everything alone: that is served only when asked for.
fn check_ceremony(road: &Road, before_ceremony: bool) -> Result<()> {
    match (road.register().ceremony_held(), before_ceremony) {
        (true, false) => Ok(()),
        (true, true) => bail!("the administrators are enrolled: serve without --before-ceremony"),
        (false, false) => bail!(
            "no administrators are enrolled yet, so this host's account could change anything alone. Enrol the first \
             three: countersign init DIR --system NAME=KEY.pub --security NAME=KEY.pub --audit NAME=KEY.pub; or serve \
             with --before-ceremony while you set things up"
        ),
        (false, true) => {
            eprintln!(
                "countersign: WARNING: before the ceremony; this host's account changes people, targets and policies alone"
            );
            Ok(())
        }
    }
}

/// Serves on an open listener until it is asked to stop, then drains and closes the node.
pub async fn run(node: Node, config: &Config, listener: TcpListener, stop: Stop) -> Result<()> {
    let options = options(config)?;
    let control = control::listen(&config.control)?;
    let control = tokio::spawn(control::serve(node.road.clone(), control, config.policies.clone()));
    node.note_start(config).await?;
    let watch = tokio::spawn(watch::watch(node.road.clone(), config.compare));
    let deliveries = Deliveries::start(&node.road, &config.receivers)?;
    let served = gateway::serve(node.road.clone(), options, listener, stop.asked()).await;
    control.abort();
    watch.abort();
    // The tasks' clones of the road must be gone before the node can close.
    let _ = (control.await, watch.await);
    let _ = std::fs::remove_file(&config.control);
    note_stop(&node.road).await;
    deliveries.stop().await;
    tokio::task::spawn_blocking(move || node.close()).await?;
    Ok(served?)
}

async fn note_stop(road: &Road) {
    if let Err(fault) = road.note(Event::Stop {}).await {
        tracing::error!(%fault, "the stop could not be entered");
    }
}

/// SIGINT and SIGTERM. Listened to before anything is started, so that none of it is left behind.
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// From now on the signals no longer end the process by themselves.
    pub fn listen() -> Result<Self> {
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate })
    }

    /// Resolves when the process is asked to end.
    async fn asked(mut self) {
        tokio::select! { _ = self.interrupt.recv() => {}, _ = self.terminate.recv() => {} }
    }
}

fn options(config: &Config) -> Result<SshOptions> {
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
