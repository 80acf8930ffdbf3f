//! What can go wrong, and in which file.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::session::SessionId;

/// A file that is not what it must be: the first thing found wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}: {what}", file.display())]
pub struct Fault {
    /// The file or folder.
    pub file: PathBuf,
    /// What is wrong with it, and what to do where something can be done.
    pub what: String,
}

impl Fault {
    pub(crate) fn new(file: &Path, what: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), what: what.into() }
    }
}

/// Why something was not recorded, not opened or not read.
#[derive(Debug, Error)]
pub enum RecordingError {
    /// The recorder has stopped for good; the frame is not to be taken as recorded and must not cross.
    #[error("recording has stopped: {0}")]
    Stopped(String),
    /// The session has too many frames under way; nothing was recorded, offer it again after an earlier `done`.
    #[error("too much of this session is waiting to be recorded")]
    Full,
    /// The frame's payload is above [`crate::MAX_PAYLOAD`]; nothing was recorded, split it.
    #[error("a frame of {0} bytes is too large to be recorded")]
    TooLarge(usize),
    /// The session's recording was closed before.
    #[error("the recording of this session is closed")]
    Closed,
    /// The frame names another session than the recorder it was given to.
    #[error("a frame of session {0} was given to another session's recorder")]
    WrongSession(SessionId),
    /// An option has a value that cannot work.
    #[error("recording option {0}")]
    Options(&'static str),
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An export could not be written.
    #[error("writing the export: {0}")]
    Output(io::Error),
    /// A file is damaged or is not what the ledger says.
    #[error(transparent)]
    Damaged(#[from] Fault),
    /// A data key could not be unwrapped with the vault at hand.
    #[error("the data key of session {session} does not open: {reason}")]
    Key {
        /// Whose key.
        session: SessionId,
        /// Why, without anything secret.
        reason: String,
    },
    /// The session's wrapped key is not there: it was erased after its retention, or somebody took it away.
    #[error(
        "the recording of session {0} cannot be opened any more: its key is gone; `countersign ledger verify` tells whether it was erased"
    )]
    NoKey(SessionId),
    /// Not a session id: 32 lower-case hexadecimal digits are wanted.
    #[error("{0:?} is not a session id (32 lower-case hexadecimal digits)")]
    NotASession(String),
}

impl RecordingError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }
}
