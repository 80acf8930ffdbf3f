//! `countersign serve`: the gateway, until it is told to stop.

use std::path::Path;

use access::entry::Event;
use access::road::Road;
use anyhow::{Result, bail};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::commands::doors::{Doors, renew_certificates};
use crate::config::Config;
use crate::control;
use crate::node::Node;
use crate::notices::Deliveries;
use crate::watch;

/// Serves what the configuration names.
pub async fn serve(config: &Path, before_ceremony: bool) -> Result<()> {
    let stop = Stop::listen()?;
    let config = Config::read(config)?;
    let doors = Doors::open(&config).await?;
    let node = Node::open(&config).await?;
    check_ceremony(&node.road, before_ceremony)?;
    eprintln!("countersign: serving {}; stop with Ctrl-C", doors.told()?);
    run(node, &config, doors, stop).await
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

/// Serves at open doors until it is asked to stop, then drains and closes the node.
pub async fn run(node: Node, config: &Config, doors: Doors, stop: Stop) -> Result<()> {
    let control = control::listen(&config.control)?;
    let control = tokio::spawn(control::serve(node.road.clone(), control, config.policies.clone()));
    node.note_start(config).await?;
    let watch = tokio::spawn(watch::watch(node.road.clone(), config.compare));
    let deliveries = Deliveries::start(&node.road, &config.receivers)?;
    let renewal = renew_certificates(config);
    let served = doors.serve(&node.road, config, stop.asked()).await;
    drop(renewal);
    control.abort();
    watch.abort();
    // The tasks' clones of the road must be gone before the node can close.
    let _ = (control.await, watch.await);
    let _ = std::fs::remove_file(&config.control);
    note_stop(&node.road).await;
    deliveries.stop().await;
    tokio::task::spawn_blocking(move || node.close()).await?;
    served
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
