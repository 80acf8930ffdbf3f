//! What a serving node looks at by itself: what lapses and alerts each second, and every so often whether the database still is what the
//! ledger says.

use std::time::Duration;

use access::road::Road;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Watches until the task is dropped.
pub async fn watch(road: Road, compare: Duration) {
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut compared = Instant::now();
    loop {
        tick.tick().await;
        if let Err(fault) = road.sweep().await {
            tracing::error!(%fault, "what has lapsed could not be ended");
        }
        if let Err(fault) = road.raise_alerts().await {
            tracing::error!(%fault, "an alert could not be entered");
        }
        if compared.elapsed() >= compare {
            compared = Instant::now();
            if let Err(fault) = road.inspect(false).await {
                tracing::error!(%fault, "the database cannot be compared with the ledger");
            }
        }
    }
}
