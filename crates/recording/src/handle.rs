//! What records one session: cheap to clone, safe to use from anywhere.

use std::sync::Arc;

use crate::error::RecordingError;
use crate::frame::{Frame, MAX_PAYLOAD};
use crate::queue::{Done, OnDurable, Waiting};
use crate::recorder::Shared;
use crate::session::{SessionId, Totals};
use crate::stream::Stream;

/// The last of a session's handles closes the recording when it is dropped.
pub(crate) struct Handle {
    pub(crate) stream: Arc<Stream>,
    pub(crate) shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.queue.close(&self.stream);
    }
}

/// Records one session; clones record the same session.
#[derive(Clone)]
pub struct SessionRecorder {
    /// SHA-256 that commits to the session's data key; for the session-open entry.
    pub key_commitment: [u8; 32],
    /// SHA-256 of the file with the wrapped data key; for the session-open entry.
    pub key_digest: [u8; 32],
    pub(crate) handle: Arc<Handle>,
}

impl SessionRecorder {
    /// Records a frame. `done` runs once: with `Ok` when the frame is durable and may cross, else with the reason.
    ///
    /// Returns at once. `done` runs on the writing thread in the order of the session's frames and must return at
    /// once; only a refusal (`Full`, `TooLarge`, `Closed`, `WrongSession`, `Stopped` from before) is told on the
    /// caller's thread, before `record` returns. A caller who waits for `done` before it reads more never meets `Full`.
    pub fn record(&self, frame: Frame, done: OnDurable) {
        let shared = &self.handle.shared;
        let done = Done::new(done, Arc::clone(&shared.health));
        if let Err(refusal) = self.accept(&frame) {
            return done.run(Err(refusal));
        }
        let waiting = Waiting { stream: Arc::clone(&self.handle.stream), frame, done };
        if let Err((done, Some(refusal))) = shared.queue.write(waiting, shared.session_backlog) {
            // Outside of the queue's lock, since `done` may record again; dropping it tells that recording has stopped.
            done.run(Err(refusal));
        }
    }

    fn accept(&self, frame: &Frame) -> Result<(), RecordingError> {
        self.handle.shared.health.check()?;
        if frame.bytes.len() > MAX_PAYLOAD {
            return Err(RecordingError::TooLarge(frame.bytes.len()));
        }
        let ours = frame.session == self.handle.stream.id;
        if ours { Ok(()) } else { Err(RecordingError::WrongSession(frame.session)) }
    }

    /// Which session this records.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.handle.stream.id
    }

    /// Memory of this session's frames that are not durable yet, in bytes.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.handle.stream.backlog()
    }

    /// Seals everything recorded before, refuses what comes later, and tells the totals. Blocks; may be repeated.
    pub fn close(&self) -> Result<Totals, RecordingError> {
        let Handle { stream, shared } = &*self.handle;
        shared.queue.close(stream);
        stream.wait(&shared.health)
    }
}
