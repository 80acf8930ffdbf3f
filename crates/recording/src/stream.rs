//! One session's recording as its handles, the writer and the sealer share it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use crate::error::RecordingError;
use crate::frame::Frame;
use crate::health::Health;
use crate::lock;
use crate::session::{SessionId, Totals};
use crate::vault::DataKey;

/// What a frame costs in memory besides its payload, roughly.
const BESIDES_PAYLOAD: usize = 128;

/// The memory that a frame takes on its way.
pub(crate) fn cost(frame: &Frame) -> usize {
    frame.bytes.len() + BESIDES_PAYLOAD
}

/// A session with more than this unsealed is one that floods.
const HEAVY: usize = 256 << 10;

/// A session that is being recorded.
pub(crate) struct Stream {
    pub(crate) id: SessionId,
    pub(crate) key: DataKey,
    last_frame: AtomicU64,
    backlog: AtomicUsize,
    unsealed: AtomicUsize,
    closing: AtomicBool,
    outcome: Mutex<Option<Totals>>,
    decided: Condvar,
}

impl Stream {
    pub(crate) fn new(id: SessionId, key: DataKey) -> Self {
        Self {
            id,
            key,
            last_frame: AtomicU64::new(0),
            backlog: AtomicUsize::new(0),
            unsealed: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
            outcome: Mutex::new(None),
            decided: Condvar::new(),
        }
    }

    /// Numbers the next frame; only the writer calls this, so the numbers have the order of the file.
    pub(crate) fn next_number(&self) -> u64 {
        self.last_frame.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Memory of the frames that are not durable yet.
    pub(crate) fn backlog(&self) -> usize {
        self.backlog.load(Ordering::Relaxed)
    }

    pub(crate) fn waits(&self, cost: usize) {
        self.backlog.fetch_add(cost, Ordering::Relaxed);
    }

    /// A frame has become durable and waits for sealing.
    pub(crate) fn settled(&self, cost: usize) {
        self.backlog.fetch_sub(cost, Ordering::Relaxed);
        self.unsealed.fetch_add(cost, Ordering::Relaxed);
    }

    /// A durable frame of a killed process waits for sealing.
    pub(crate) fn recovered(&self, cost: usize) {
        self.unsealed.fetch_add(cost, Ordering::Relaxed);
    }

    /// Frames of this cost were sealed.
    pub(crate) fn sealed(&self, cost: usize) {
        self.unsealed.fetch_sub(cost, Ordering::Relaxed);
    }

    /// Whether this session should wait for sealing before others have to.
    pub(crate) fn is_heavy(&self) -> bool {
        self.unsealed.load(Ordering::Relaxed) > HEAVY
    }

    /// Marks the stream as closing; true for the first caller.
    pub(crate) fn start_closing(&self) -> bool {
        !self.closing.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Everything is sealed.
    pub(crate) fn closed(&self, totals: Totals) {
        *lock(&self.outcome) = Some(totals);
        self.decided.notify_all();
    }

    /// Waits until everything is sealed or recording has failed.
    pub(crate) fn wait(&self, health: &Health) -> Result<Totals, RecordingError> {
        let mut outcome = lock(&self.outcome);
        loop {
            if let Some(totals) = *outcome {
                return Ok(totals);
            }
            health.check()?;
            let woken = self.decided.wait_timeout(outcome, Duration::from_millis(50));
            outcome = woken.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }
}
