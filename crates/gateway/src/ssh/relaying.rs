//! Both directions of one channel at once, until either side is done or the connection may not go on.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::channel::Exit;
use super::connection::Connection;
use super::feed::{Feed, closed};
use crate::relay::{Ended, Outlet, Spool, pump};
use crate::scribe::Scribe;

/// How long a program may take to accept what its client had sent before it closed the channel.
const DRAIN: Duration = Duration::from_secs(10);

/// The two ends of a channel, and who takes down what crosses.
pub(crate) struct Legs<'a, N, F> {
    pub connection: &'a Arc<Connection>,
    pub feed: &'a Feed,
    /// Takes down what the client sends.
    pub inward: &'a mut Scribe,
    /// Takes down what the client receives.
    pub outward: &'a mut Scribe,
    /// Delivers to the client.
    pub near: &'a mut N,
    /// Delivers to the target.
    pub far: &'a mut F,
    /// What the target has sent.
    pub spool: &'a Spool,
}

/// How the relay of a channel ended.
pub(crate) enum Relayed {
    /// The target closed, and the client has received everything.
    ByTarget,
    /// The client closed, and the program has received everything that fits in time.
    ByClient,
    /// It was silent for too long.
    Silent,
    /// The connection is of no more use.
    Broken(Exit),
}

/// Relays until either side has closed, or `silence` is over.
pub(crate) async fn relay<N: Outlet, F: Outlet>(
    legs: Legs<'_, N, F>,
    silence: impl Future<Output = ()>,
) -> Relayed {
    let Legs { connection, feed, inward, outward, near, far, spool } = legs;
    let mut signs = feed.signs();
    let mut upward = std::pin::pin!(pump(&feed.spool, inward, far));
    let mut downward = std::pin::pin!(pump(spool, outward, near));
    let mut silence = std::pin::pin!(silence);
    let mut sending = true;
    loop {
        tokio::select! {
            ended = &mut downward => return received(ended),
            ended = &mut upward, if sending => match ended {
                Ended::NotRecorded => return Relayed::Broken(Exit::NotRecorded),
                Ended::Spool(fault) => return Relayed::Broken(Exit::Spool(fault)),
                // What the target has sent meanwhile is still delivered.
                Ended::PeerGone | Ended::Closed => sending = false,
            },
            () = closed(&mut signs) => break,
            ending = connection.ended() => return Relayed::Broken(Exit::Ended(ending)),
            () = &mut silence => return Relayed::Silent,
        }
    }
    // Nobody takes delivery any more, but what was sent before the closing belongs to the program.
    if feed.signs().borrow().lost {
        return Relayed::Broken(Exit::Gone);
    }
    let drained = !sending || matches!(timeout(DRAIN, upward).await, Ok(Ended::Closed));
    if drained { Relayed::ByClient } else { Relayed::Broken(Exit::Gone) }
}

fn received(ended: Ended) -> Relayed {
    match ended {
        Ended::Closed => Relayed::ByTarget,
        Ended::PeerGone => Relayed::Broken(Exit::Gone),
        Ended::NotRecorded => Relayed::Broken(Exit::NotRecorded),
        Ended::Spool(fault) => Relayed::Broken(Exit::Spool(fault)),
    }
}
