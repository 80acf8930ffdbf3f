//! `watch N`: what happens to a request, as it happens, until it is over.

use std::time::Duration;

use access::model::RequestId;

use super::desk_seat::{Over, Seat};

/// How often the road is asked.
const POLL: Duration = Duration::from_millis(500);

/// Shows each new line once; 1 when there is no such request to see.
pub(super) async fn run(seat: &mut Seat, request: RequestId) -> Result<u32, Over> {
    let mut shown = 0;
    loop {
        let watched = match seat.unless_over(seat.connection.road.watch(&seat.who, request)).await? {
            Ok(watched) => watched,
            Err(refusal) => {
                seat.tell(&format!("{refusal}\n")).await?;
                return Ok(1);
            }
        };
        for line in watched.lines.iter().skip(shown) {
            seat.show(&format!("{line}\n")).await?;
        }
        shown = watched.lines.len();
        if watched.over {
            return Ok(0);
        }
        seat.pause(POLL).await?;
    }
}
