//! `countersign notify`: tries a receiver of notices out, without the outbox.

use std::path::Path;
use std::time::Instant;

use access::announcement::Announcement;
use access::entry::canonical;
use access::model::Notice;
use access::ports::Clock as _;
use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use jiff::tz::TimeZone;

use crate::config::Config;
use crate::surroundings::SystemClock;

/// What to do with receivers of notices.
#[derive(Debug, Subcommand)]
pub enum NotifyCommand {
    /// Send a test notice now, and say what happened
    Test {
        /// The receiver's name in the configuration
        receiver: String,
    },
}

/// Runs on a thread of its own: deliveries wait for receivers.
pub async fn notify(config: &Path, command: NotifyCommand) -> Result<()> {
    let config = Config::read(config)?;
    let NotifyCommand::Test { receiver } = command;
    tokio::task::spawn_blocking(move || test(&config, &receiver)).await?
}

fn test(config: &Config, name: &str) -> Result<()> {
    let known = config.receivers.iter().find(|receiver| receiver.told.name == name);
    let Some(known) = known else {
        let names: Vec<_> = config.receivers.iter().map(|receiver| &*receiver.told.name).collect();
        bail!("no receiver is called {name:?}; the configuration has: {}", names.join(", "));
    };
    let receiver = known.open()?;
    let (notice, began) = (notice(name), Instant::now());
    let delivered = receiver.transport.deliver(&notice, receiver.language, notice.created);
    delivered.with_context(|| format!("{name} has not taken the test notice"))?;
    println!("{name} has taken the test notice, after {} ms", began.elapsed().as_millis());
    Ok(())
}

fn notice(receiver: &str) -> Notice {
    let test = Announcement::Test {};
    let now = SystemClock::in_zone(TimeZone::UTC).now();
    Notice {
        id: 0,
        receiver: receiver.to_owned(),
        event: test.event().to_owned(),
        body: canonical(&test),
        created: now,
        due: now,
        attempts: 0,
    }
}
