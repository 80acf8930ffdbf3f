//! A bound on the memory of frames that are durable but not sealed: when it is used up, writing waits for sealing.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::error::RecordingError;
use crate::health::Health;
use crate::lock;

/// Memory in use against a limit, both in bytes.
pub(crate) struct Budget {
    used: Mutex<usize>,
    freed: Condvar,
    limit: usize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { used: Mutex::new(0), freed: Condvar::new(), limit }
    }

    /// Waits until the use is below the limit. What is then added may exceed it by one batch.
    pub(crate) fn wait_for_room(&self, health: &Health) -> Result<(), RecordingError> {
        let mut used = lock(&self.used);
        loop {
            health.check()?;
            if *used < self.limit {
                return Ok(());
            }
            let woken = self.freed.wait_timeout(used, Duration::from_millis(50));
            used = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(crate) fn add(&self, bytes: usize) {
        *lock(&self.used) += bytes;
    }

    pub(crate) fn release(&self, bytes: usize) {
        let mut used = lock(&self.used);
        *used = used.saturating_sub(bytes);
        self.freed.notify_all();
    }

    /// Whether so much is in use that segments are sealed before they are full or old, and floods wait.
    pub(crate) fn is_tight(&self) -> bool {
        *lock(&self.used) > self.limit / 2
    }
}
