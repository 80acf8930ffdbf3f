//! Whether a database session may still go on.

use access::road::{Road, Session};
use tokio::sync::mpsc::UnboundedSender;

use crate::pulse::{Pulse, Watched};

/// Waits until the session may not go on, and returns why. Warnings go to `warn` meanwhile.
pub(crate) async fn barred(
    road: Road,
    session: Session,
    mut pulse: Pulse,
    warn: UnboundedSender<String>,
) -> String {
    let mut watched = Watched::default();
    loop {
        let beat = pulse.next().await;
        if !watched.is_due(beat, Some(session.id())) {
            continue;
        }
        match watched.heed(road.standing(&session).await) {
            // Whoever has left hears nothing.
            Ok(warning) => drop(warning.map(|line| warn.send(line))),
            Err(why) => return why,
        }
        watched.plan(&road, beat, Some(&session)).await;
    }
}
