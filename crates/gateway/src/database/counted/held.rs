//! A held connection: the client waits behind its finished handshake, and its person reads of the request at the desk.

use std::time::Duration;

use access::model::Outcome;
use access::recording::SessionEvent;
use access::road::{Grant, Pending, Progress};
use bytes::BytesMut;
use tokio::io::AsyncReadExt as _;
use tokio::time::sleep;

use super::visit::Visit;

/// How often the road is asked whether the quorum is met.
const POLL: Duration = Duration::from_millis(200);

/// What a client may say before it is heard: clients of most protocols speak first.
const EARLY: usize = 64 << 10;

/// Waits for other people. Whoever leaves, or is ended meanwhile, takes the request along.
pub(super) async fn wait(visit: &mut Visit, pending: Pending) -> Result<Grant, Outcome> {
    let road = visit.reception.road.clone();
    match decided(visit, &pending).await {
        Ok(true) => match road.claim(pending).await {
            Ok(grant) => visit.note(&SessionEvent::Granted).await.map(|()| grant),
            Err(_) => Err(Outcome::Ended),
        },
        Ok(false) => Err(Outcome::Ended),
        Err(outcome) => {
            let _ = road.abandon(pending).await;
            Err(outcome)
        }
    }
}

/// Whether the quorum is met, or the request is over; else why nobody waits any more.
async fn decided(visit: &mut Visit, pending: &Pending) -> Result<bool, Outcome> {
    loop {
        match visit.reception.road.progress(pending).await {
            Progress::Met => return Ok(true),
            Progress::Ended(_) => return Ok(false),
            Progress::Waiting(_) => {}
        }
        tokio::select! {
            () = sleep(POLL) => {}
            outcome = visit.ends.over() => return Err(outcome),
            heard = hear(&mut visit.stream, &mut visit.early), if visit.early.len() < EARLY => {
                heard.ok_or(Outcome::Finished)?;
            }
        }
    }
}

/// Takes what the client says early; nothing when it has left.
async fn hear(stream: &mut (impl tokio::io::AsyncRead + Unpin), early: &mut BytesMut) -> Option<usize> {
    stream.read_buf(early).await.ok().filter(|read| *read > 0)
}
