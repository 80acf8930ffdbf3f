//! One person's channel at the desk: what they are shown, what they send, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use access::identity::VerifiedIdentity;
use tokio::time::sleep;

use super::channel::turn_away;
use super::client_outlet::ClientOutlet;
use super::connection::Connection;
use super::ending::Ending;
use super::feed::{Feed, closed};
use crate::relay::{Crossing, Outlet, Pty, Stream};

/// Status of a command that Ctrl-C ended.
const INTERRUPTED: u32 = 130;

/// Why nothing more is done on the channel.
#[derive(Debug)]
pub(super) enum Over {
    /// The client closed it, or is gone.
    Gone,
    /// Ctrl-C.
    Interrupted,
    /// The gateway ends the connection.
    Ended(Ending),
}

/// See the module.
pub(super) struct Seat {
    pub connection: Arc<Connection>,
    pub who: VerifiedIdentity,
    pub feed: Arc<Feed>,
    pub outlet: ClientOutlet,
    /// The client's terminal, if it has one.
    pub pty: Option<Pty>,
}

impl Seat {
    /// Prints on standard output.
    pub(super) async fn show(&mut self, text: &str) -> Result<(), Over> {
        let text = self.lines(text);
        self.send(text.into_bytes()).await
    }

    /// Sends bytes to standard output as they are.
    pub(super) async fn send(&mut self, bytes: Vec<u8>) -> Result<(), Over> {
        self.deliver(Crossing::Data(Stream::Plain, bytes.into())).await
    }

    /// Prints on standard error.
    pub(super) async fn tell(&mut self, text: &str) -> Result<(), Over> {
        if text.is_empty() {
            return Ok(());
        }
        let text = self.lines(text);
        self.deliver(Crossing::Notice(text)).await
    }

    /// A terminal needs a carriage return at the end of a line.
    fn lines(&self, text: &str) -> String {
        if self.pty.is_some() { text.replace('\n', "\r\n") } else { text.to_owned() }
    }

    /// The next thing that the client sends.
    pub(super) async fn hear(&mut self) -> Result<Crossing, Over> {
        let crossing = tokio::select! {
            taken = self.feed.spool.take() => taken.map_err(|_| Over::Gone)?,
            ending = self.connection.ended() => return Err(Over::Ended(ending)),
        };
        match (&crossing, &mut self.pty) {
            (Crossing::Close, _) => return Err(Over::Gone),
            (Crossing::Window(window), Some(pty)) => pty.window = *window,
            _ => {}
        }
        Ok(crossing)
    }

    /// Does nothing for a while, unless it is over.
    pub(super) async fn pause(&self, time: Duration) -> Result<(), Over> {
        self.unless_over(sleep(time)).await
    }

    /// What `work` yields, unless the channel is over or Ctrl-C comes before.
    pub(super) async fn unless_over<T>(&self, work: impl Future<Output = T>) -> Result<T, Over> {
        let mut signs = self.feed.signs();
        let leaves = signs.wait_for(|signs| signs.closed || signs.interrupted);
        tokio::select! {
            done = work => Ok(done),
            ending = self.connection.ended() => Err(Over::Ended(ending)),
            seen = leaves => match seen {
                Ok(signs) if !signs.closed => Err(Over::Interrupted),
                _ => Err(Over::Gone),
            },
        }
    }

    async fn deliver(&mut self, crossing: Crossing) -> Result<(), Over> {
        let mut signs = self.feed.signs();
        tokio::select! {
            delivered = self.outlet.deliver(crossing) => if delivered { Ok(()) } else { Err(Over::Gone) },
            () = closed(&mut signs) => Err(Over::Gone),
            ending = self.connection.ended() => Err(Over::Ended(ending)),
        }
    }

    /// Closes the channel with the status, or with the reason of its end.
    pub(super) async fn rise(mut self, done: Result<u32, Over>) {
        match done {
            Ok(status) => self.leave(status).await,
            Err(Over::Interrupted) => self.leave(INTERRUPTED).await,
            Err(Over::Gone) => {}
            Err(Over::Ended(ending)) => {
                let line = ending.words(&self.connection.road) + "\n";
                let line = self.lines(&line);
                turn_away(&mut self.outlet, &line).await;
            }
        }
    }

    async fn leave(&mut self, status: u32) {
        for last in [Crossing::ExitStatus(status), Crossing::Eof, Crossing::Close] {
            if self.deliver(last).await.is_err() {
                return;
            }
        }
    }
}
