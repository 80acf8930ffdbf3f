//! What a serving node looks at by itself: what lapses and alerts each second, recordings each minute, and every so often
//! whether the database still is what the ledger says.

use std::time::Duration;

use access::error::RoadError;
use access::road::Road;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often recordings are looked at whose time is over.
const SWEEP: Duration = Duration::from_secs(60);

/// Watches until the task is dropped.
pub async fn watch(road: Road, compare: Duration) {
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut compared, mut swept) = (Instant::now(), None);
    loop {
        tick.tick().await;
        told(road.sweep().await, "what has lapsed could not be ended");
        told(road.raise_alerts().await, "an alert could not be entered");
        if swept.is_none_or(|at: Instant| at.elapsed() >= SWEEP) {
            swept = Some(Instant::now());
            told(road.sweep_recordings().await, "recordings whose time is over could not be erased");
        }
        if compared.elapsed() >= compare {
            compared = Instant::now();
            told(road.inspect(false).await, "the database cannot be compared with the ledger");
        }
    }
}

fn told<T>(done: Result<T, RoadError>, what: &str) {
    if let Err(fault) = done {
        tracing::error!(%fault, "{what}");
    }
}
