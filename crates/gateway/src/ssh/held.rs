//! A held act: the person waits, nothing of it reaches the target, and leaving withdraws it.

use std::time::Duration;

use access::Grant;
use access::road::{Pending, Progress};
use tokio::time::sleep;

use super::channel::{Channel, Exit};
use super::ending::Ending;
use super::feed::Signs;

/// How often the road is asked whether the quorum is met.
const POLL: Duration = Duration::from_millis(200);

/// What ends the waiting, other than the road.
enum Leave {
    Closed,
    CtrlC,
    Ended(Ending),
}

/// Waits for other people; the grant is claimed once, after everything was checked again.
pub(crate) async fn wait(channel: &mut Channel, pending: Pending) -> Result<Grant, Exit> {
    channel.feed.rearm();
    if let Err(exit) = channel.say(&format!("{}\n", pending.notice())).await {
        let _ = channel.connection.road.abandon(pending).await;
        return Err(exit);
    }
    match decided(channel, &pending).await {
        Ok(()) => claim(channel, pending).await,
        Err(Decided::Refused(line)) => Err(Exit::Refused(line)),
        Err(Decided::Left(exit)) => {
            let refusal = channel.connection.road.abandon(pending).await;
            Err(match exit {
                Exit::Interrupted(_) => Exit::Interrupted(refusal.to_string()),
                other => other,
            })
        }
    }
}

enum Decided {
    Refused(String),
    Left(Exit),
}

/// Returns when the quorum is met.
async fn decided(channel: &mut Channel, pending: &Pending) -> Result<(), Decided> {
    let mut shown = String::new();
    loop {
        match channel.connection.road.progress(pending).await {
            Progress::Met => return Ok(()),
            Progress::Ended(refusal) => return Err(Decided::Refused(refusal.to_string())),
            Progress::Waiting(line) if line != shown => {
                channel.say(&format!("{line}\n")).await.map_err(Decided::Left)?;
                shown = line;
            }
            Progress::Waiting(_) => {}
        }
        let lines = channel.connection.explanations();
        if !lines.is_empty() {
            channel.say(&lines).await.map_err(Decided::Left)?;
        }
        channel.connection.touch();
        if let Some(leave) = pause(channel).await {
            return Err(Decided::Left(match leave {
                Leave::Closed => Exit::Gone,
                Leave::CtrlC => Exit::Interrupted(String::new()),
                Leave::Ended(ending) => Exit::Ended(ending),
            }));
        }
    }
}

async fn pause(channel: &Channel) -> Option<Leave> {
    let mut signs = channel.feed.signs();
    let leaves = |signs: &Signs| signs.closed || signs.interrupted;
    tokio::select! {
        () = sleep(POLL) => None,
        ending = channel.connection.ended() => Some(Leave::Ended(ending)),
        seen = signs.wait_for(leaves) => match seen {
            Ok(signs) if !signs.closed => Some(Leave::CtrlC),
            _ => Some(Leave::Closed),
        },
    }
}

async fn claim(channel: &mut Channel, pending: Pending) -> Result<Grant, Exit> {
    let claimed = channel.connection.road.claim(pending).await;
    let grant = claimed.map_err(|refusal| Exit::Refused(refusal.to_string()))?;
    if channel.terminal {
        // Keys typed while it was held were not typed to the command.
        channel.feed.spool.drop_data();
    }
    if let Some(approvals) = grant.approvals() {
        channel.say(&format!("{approvals}\n")).await?;
    }
    Ok(grant)
}
