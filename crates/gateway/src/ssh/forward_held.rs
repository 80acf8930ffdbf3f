//! A held forwarding: its channel's opening waits, and the person reads of it on a session channel that runs.

use std::time::Duration;

use access::Grant;
use access::road::{Pending, Progress};
use access::text;
use tokio::time::sleep;

use super::feed::closed;
use super::forward::{Forward, Turned};

/// How often the road is asked whether the quorum is met.
const POLL: Duration = Duration::from_millis(200);

/// How often a channel to tell it on is looked for.
const TRIES: usize = 15;

/// Reason code of RFC 4254, section 5.1.
const PROHIBITED: u32 = 1;

/// Waits for other people. A forwarded channel has no standard error: who has no other channel to be told on is refused,
/// since they would wait for something that they know nothing about.
pub(crate) async fn wait(forward: &Forward, pending: Pending) -> Result<Grant, Turned> {
    let connection = &forward.connection;
    if !told(forward, pending.notice()).await {
        let request = pending.id().to_string();
        let _ = connection.road.abandon(pending).await;
        let sentence = forward.words(&text::FORWARD_UNSEEN, &[("request", &request)]);
        return Err(Turned(PROHIBITED, sentence));
    }
    match decided(forward, &pending).await {
        Some(Ok(())) => claim(forward, pending).await,
        Some(Err(refusal)) => Err(Turned(PROHIBITED, refusal)),
        None => Err(Turned(PROHIBITED, connection.road.abandon(pending).await.to_string())),
    }
}

/// Tells it, also if the channel for it is only just being opened.
async fn told(forward: &Forward, notice: &str) -> bool {
    for _ in 0..TRIES {
        if forward.connection.notices.tell(notice) {
            return true;
        }
        sleep(POLL).await;
    }
    false
}

/// The road's answer; none when the person has left.
async fn decided(forward: &Forward, pending: &Pending) -> Option<Result<(), String>> {
    let connection = &forward.connection;
    let mut shown = String::new();
    let mut signs = forward.feed.signs();
    loop {
        match connection.road.progress(pending).await {
            Progress::Met => return Some(Ok(())),
            Progress::Ended(refusal) => return Some(Err(refusal.to_string())),
            Progress::Waiting(line) if line != shown => {
                // Without a channel left to tell it on, nobody is waiting.
                connection.notices.tell(&line).then_some(())?;
                shown = line;
            }
            Progress::Waiting(_) => {}
        }
        connection.touch();
        tokio::select! {
            () = sleep(POLL) => {}
            _ = connection.ended() => return None,
            () = closed(&mut signs) => return None,
        }
    }
}

async fn claim(forward: &Forward, pending: Pending) -> Result<Grant, Turned> {
    let claimed = forward.connection.road.claim(pending).await;
    let grant = claimed.map_err(|refusal| Turned(PROHIBITED, refusal.to_string()))?;
    if let Some(approvals) = grant.approvals() {
        forward.connection.notices.tell(approvals);
    }
    Ok(grant)
}
