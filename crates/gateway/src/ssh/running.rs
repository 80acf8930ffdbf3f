//! A granted act: started on a target connection of its own, and relayed until both sides are done.

use std::sync::Arc;
use std::time::Duration;

use access::text::{self, Line};
use access::{Grant, Start};
use tokio::time::{sleep, timeout};

use super::channel::{Channel, Exit, Prepared};
use super::connection::Connection;
use super::ending::Ending;
use super::feed::closed;
use super::relaying::{Legs, Relayed, relay};
use super::target::TargetLeg;
use super::target_outlet::TargetOutlet;
use crate::relay::{Crossing, Outlet, Spool};

/// How long a target may take to close its side, so that the connection can be used again.
pub(crate) const CLOSING: Duration = Duration::from_secs(2);

/// Starts the act and relays it. The grant is spent here.
pub(crate) async fn run(channel: &mut Channel, prepared: Prepared, grant: Grant) -> Result<Exit, Exit> {
    let leg = take_leg(channel).await?;
    let spool = channel.connection.spool(leg.brake.clone());
    let opened = leg.open(spool.clone()).await;
    let mut target = opened.map_err(|_| refused_by_target(channel, &text::TARGET_NO_CHANNEL))?;
    start(channel, &mut target, &spool, prepared, grant.into_start()).await?;
    channel.connection.runs(&spool, channel.terminal);
    let relayed = carry(channel, &mut target, &spool).await;
    settle(channel, leg, target, &spool, relayed).await
}

pub(crate) async fn take_leg(channel: &Channel) -> Result<TargetLeg, Exit> {
    let Connection { road, fleet, options, .. } = &*channel.connection;
    let mut signs = channel.feed.signs();
    tokio::select! {
        taken = fleet.take(road, &channel.session, options) => taken.map_err(Exit::Refused),
        () = closed(&mut signs) => Err(Exit::Gone),
        ending = channel.connection.ended() => Err(Exit::Ended(ending)),
    }
}

pub(crate) fn refused_by_target(channel: &Channel, line: &Line) -> Exit {
    Exit::Refused(channel.connection.words(line, &[("target", channel.session.target_name())]))
}

/// Sends the requests and waits for the target's answers; nothing of the client's own has crossed yet.
async fn start(
    channel: &mut Channel,
    target: &mut TargetOutlet,
    spool: &Spool,
    prepared: Prepared,
    start: Start,
) -> Result<(), Exit> {
    let last = opening(&start).ok_or_else(|| refused_by_target(channel, &text::TARGET_NO_START))?;
    ask_target(channel, target, spool, prepared, last).await?;
    if matches!(start, Start::Exec { close_stdin: true, .. }) {
        target.close_stdin().await;
    }
    Ok(())
}

/// Asks the target for a terminal, if one is wanted, and then for what is to run.
pub(crate) async fn ask_target(
    channel: &mut Channel,
    target: &mut TargetOutlet,
    spool: &Spool,
    prepared: Prepared,
    last: Crossing,
) -> Result<(), Exit> {
    let terminal = prepared.pty.is_some();
    for request in requests(prepared, last) {
        if !channel.own.take_down(&request).await {
            return Err(Exit::NotRecorded);
        }
        target.deliver(request).await;
    }
    if terminal && !answer(channel, spool).await? {
        let values = [("target", channel.session.target_name())];
        let line = channel.connection.words(&text::TARGET_NO_TERMINAL, &values);
        channel.say(&(line + "\n")).await?;
    }
    if !answer(channel, spool).await? {
        return Err(refused_by_target(channel, &text::TARGET_NO_START));
    }
    Ok(())
}

/// What asks the target for it; none for what the gateway itself carries out.
fn opening(start: &Start) -> Option<Crossing> {
    match start {
        Start::Shell => Some(Crossing::Shell),
        Start::Exec { text, .. } => Some(Crossing::Exec(text.clone().into())),
        Start::Sftp => Some(Crossing::Subsystem("sftp".into())),
        Start::ManagedShell | Start::File(_) | Start::Forward(_) | Start::Statement(_) => None,
    }
}

fn requests(prepared: Prepared, last: Crossing) -> Vec<Crossing> {
    let pty = prepared.pty.map(Crossing::Pty);
    let env = prepared.env.into_iter().map(|(name, value)| Crossing::Env { name, value });
    pty.into_iter().chain(env).chain([last]).collect()
}

/// The target's answer to the oldest request that wanted one.
async fn answer(channel: &Channel, spool: &Spool) -> Result<bool, Exit> {
    let mut signs = channel.feed.signs();
    loop {
        let crossing = tokio::select! {
            taken = spool.take() => taken?,
            () = closed(&mut signs) => return Err(Exit::Gone),
            ending = channel.connection.ended() => return Err(Exit::Ended(ending)),
        };
        match crossing {
            Crossing::Reply(granted) => return Ok(granted),
            Crossing::Close => {
                return Err(refused_by_target(channel, &text::TARGET_CLOSED));
            }
            // A target that speaks before it answers says nothing that belongs to the command.
            _ => {}
        }
    }
}

async fn carry(channel: &mut Channel, target: &mut TargetOutlet, spool: &Spool) -> Relayed {
    let Channel { connection, feed, outlet, inward, outward, terminal, .. } = channel;
    let silence = async {
        match *terminal {
            true => idle(connection).await,
            false => std::future::pending().await,
        }
    };
    relay(Legs { connection, feed, inward, outward, near: outlet, far: target, spool }, silence).await
}

/// Waits until the connection has been silent for too long.
pub(crate) async fn idle(connection: &Arc<Connection>) {
    let Some(limit) = connection.options.idle_limit else { return std::future::pending().await };
    loop {
        match limit.checked_sub(connection.idle()) {
            Some(rest) if !rest.is_zero() => sleep(rest).await,
            _ => return,
        }
    }
}

/// Keeps the target connection if its channel is closed on both sides; otherwise dropping it cuts it.
pub(crate) async fn settle(
    channel: &mut Channel,
    leg: TargetLeg,
    target: TargetOutlet,
    spool: &Spool,
    relayed: Relayed,
) -> Result<Exit, Exit> {
    drop(target);
    match relayed {
        Relayed::Broken(exit) => Err(exit),
        Relayed::Silent => Err(Exit::Ended(Ending::Idle)),
        Relayed::ByTarget => {
            channel.connection.fleet.give_back(leg);
            Ok(Exit::Done)
        }
        Relayed::ByClient => {
            if timeout(CLOSING, discard(spool)).await.is_ok() {
                channel.connection.fleet.give_back(leg);
            }
            Ok(Exit::Done)
        }
    }
}

/// Reads past what nobody takes any more, up to the target's closing.
pub(crate) async fn discard(spool: &Spool) {
    while !matches!(spool.take().await, Ok(Crossing::Close) | Err(_)) {}
}
