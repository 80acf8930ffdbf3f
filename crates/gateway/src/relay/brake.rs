//! When a leg's socket is paused: too much of what came from it waits, unless pausing could deadlock.
//!
//! The same socket brings data and the `WINDOW_ADJUST` messages that let the *other* direction move. So a socket is
//! not paused while something waits for its peer's window, until a second, much higher limit is reached.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::gate::Valve;

/// Counts what waits from one socket and pauses it.
pub(crate) struct Brake {
    valve: Arc<Valve>,
    soft: usize,
    hard: usize,
    waiting: AtomicUsize,
    starving: AtomicUsize,
    paused: Mutex<bool>,
}

impl Brake {
    /// Pauses above `soft` bytes, or above `hard` bytes while somebody waits for this socket's window.
    pub(crate) fn new(valve: Arc<Valve>, soft: usize, hard: usize) -> Arc<Self> {
        let (waiting, starving) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { valve, soft, hard, waiting, starving, paused: Mutex::new(false) })
    }

    pub(crate) fn add(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Ordering::AcqRel);
        self.settle();
    }

    pub(crate) fn sub(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::AcqRel);
        self.settle();
    }

    /// Says that somebody waits for this socket's window until the value is dropped.
    pub(crate) fn starve(self: &Arc<Self>) -> Starving {
        self.starving.fetch_add(1, Ordering::AcqRel);
        self.settle();
        Starving(self.clone())
    }

    /// The lock orders decisions: without it, an old verdict could reach the valve after a newer one.
    fn settle(&self) {
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = if self.starving.load(Ordering::Acquire) > 0 { self.hard } else { self.soft };
        let pause = self.waiting.load(Ordering::Acquire) > limit;
        if *paused != pause {
            *paused = pause;
            self.valve.pause(pause);
        }
    }

    #[cfg(test)]
    fn is_paused(&self) -> bool {
        *self.paused.lock().unwrap()
    }
}

/// See [`Brake::starve`].
pub(crate) struct Starving(Arc<Brake>);

impl Drop for Starving {
    fn drop(&mut self) {
        self.0.starving.fetch_sub(1, Ordering::AcqRel);
        self.0.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_starving_writer_keeps_the_socket_open_up_to_the_hard_limit() {
        let brake = Brake::new(Arc::default(), 10, 100);
        brake.add(11);
        assert!(brake.is_paused());
        let starving = brake.starve();
        assert!(!brake.is_paused());
        brake.add(90);
        assert!(brake.is_paused());
        brake.sub(50);
        assert!(!brake.is_paused());
        drop(starving);
        assert!(brake.is_paused());
        brake.sub(51);
        assert!(!brake.is_paused());
    }
}
