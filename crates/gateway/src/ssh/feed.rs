//! One client channel as the session loop sees it: where its bytes go, and what its task must notice at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use russh::Sig;
use tokio::sync::watch;

use crate::relay::{Crossing, Spool, Stream};

/// ETX, what Ctrl-C sends on a terminal.
const CTRL_C: u8 = 3;

/// What overtakes the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signs {
    /// The client has closed the channel.
    pub closed: bool,
    /// The whole connection is gone.
    pub lost: bool,
    /// Ctrl-C on a terminal, or the signal `INT`.
    pub interrupted: bool,
}

/// The session loop's side of a channel. Nothing here waits.
pub(crate) struct Feed {
    pub spool: Arc<Spool>,
    signs: watch::Sender<Signs>,
    /// A command, shell or subsystem has been asked for.
    asked: AtomicBool,
    /// A terminal has been asked for, so Ctrl-C means something.
    terminal: AtomicBool,
}

impl Feed {
    pub(crate) fn new(spool: Arc<Spool>) -> Arc<Self> {
        let (asked, terminal) = Default::default();
        Arc::new(Self { spool, signs: watch::Sender::new(Signs::default()), asked, terminal })
    }

    pub(crate) fn signs(&self) -> watch::Receiver<Signs> {
        self.signs.subscribe()
    }

    /// Passes on a request that prepares or asks for a command; `false` if one has been asked for already.
    pub(crate) fn ask(&self, crossing: Crossing) -> bool {
        let command = matches!(crossing, Crossing::Shell | Crossing::Exec(_) | Crossing::Subsystem(_));
        let asked = if command {
            self.asked.swap(true, Ordering::AcqRel)
        } else {
            self.asked.load(Ordering::Acquire)
        };
        if asked {
            return false;
        }
        if matches!(crossing, Crossing::Pty(_)) {
            self.terminal.store(true, Ordering::Release);
        }
        self.spool.push(crossing);
        true
    }

    /// No command can be asked for: it is a channel for bytes alone.
    pub(crate) fn take_no_requests(&self) {
        self.asked.store(true, Ordering::Release);
    }

    pub(crate) fn data(&self, bytes: &[u8]) {
        if self.terminal.load(Ordering::Acquire) && bytes.contains(&CTRL_C) {
            self.signs.send_modify(|signs| signs.interrupted = true);
        }
        self.spool.push_data(Stream::Plain, bytes);
    }

    pub(crate) fn signal(&self, signal: &Sig) {
        if matches!(signal, Sig::INT) {
            self.signs.send_modify(|signs| signs.interrupted = true);
        }
        self.spool.push(Crossing::Signal(super::signal::name(signal)));
    }

    /// The client closed the channel, or its connection is lost.
    pub(crate) fn closed(&self, lost: bool) {
        self.spool.push(Crossing::Close);
        self.signs.send_modify(|signs| {
            signs.closed = true;
            signs.lost |= lost;
        });
    }

    /// Ends the wait for others: nobody is left who waits.
    pub(crate) fn interrupt(&self) {
        self.signs.send_modify(|signs| signs.interrupted = true);
    }

    /// Forgets a Ctrl-C that was meant for something earlier.
    pub(crate) fn rearm(&self) {
        self.signs.send_modify(|signs| signs.interrupted = false);
    }
}

/// Waits until the client has closed the channel.
pub(crate) async fn closed(signs: &mut watch::Receiver<Signs>) {
    if signs.wait_for(|signs| signs.closed).await.is_err() {
        std::future::pending().await
    }
}
