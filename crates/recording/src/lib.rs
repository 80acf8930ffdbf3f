//! Session events as sealed, seekable segments behind a write-ahead file.
//!
//! A frame becomes durable in a write-ahead file that all sessions share; then its bytes may cross. The frames of a
//! session are gathered, compressed, encrypted and written as numbered segments, each of which the caller enters into
//! its ledger; then the write-ahead bytes go away. After a crash the next start seals what is left with the same code.

mod asciicast;
mod budget;
mod disk;
mod erasure;
mod error;
mod event;
mod fields;
mod frame;
mod handle;
mod health;
mod keyfile;
mod layout;
mod options;
mod playback;
mod queue;
mod reader;
mod recorder;
mod recovery;
mod screen;
mod sealer;
mod segment;
mod session;
mod stream;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod vault;
mod verify;
mod wal;
mod writer;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use asciicast::{CastOptions, asciicast};
pub use error::{Fault, RecordingError};
pub use event::SessionEvent;
pub use frame::{Direction, Frame, Kind, MAX_PAYLOAD};
pub use handle::SessionRecorder;
pub use layout::{has_key_file, sessions_on_disk};
pub use options::Options;
pub use playback::{Action, PlayOptions, Playback, Step, play};
pub use queue::OnDurable;
pub use reader::Reader;
pub use recorder::Recorder;
pub use sealer::Sealing;
pub use session::{Interrupted, SealedSegment, SessionId, Totals};
pub use vault::{KeyVault, NodeVault, Random};
pub use verify::{
    ExpectedSegment, ExpectedSession, SegmentsVerified, WalVerified, verify_segments, verify_wal,
};

/// Takes a lock; what it guards is whole after every statement, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
