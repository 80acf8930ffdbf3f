//! What can go wrong, and whose fault it is: the disk's, the caller's, or whoever changed the files.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// The result of an operation on a log.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an operation on a log was refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused or failed a file operation.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file, relative to the log's folder where it lies inside.
        file: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of the log is missing, damaged, or not the one that was signed for.
    #[error("the log is not intact: {0}")]
    Fault(#[from] Fault),
    /// `create` found a log, or the remains of one.
    #[error("{} already exists: choose an empty folder, or open the log that is there", .0.display())]
    AlreadyExists(PathBuf),
    /// Another process holds the log open.
    #[error("{} is locked: another process is writing to this log", .0.display())]
    Locked(PathBuf),
    /// An earlier append failed half-way; the log must be opened again before it takes more.
    #[error("the log takes no more entries until it is opened again, since an append failed: {0}")]
    Poisoned(String),
    /// A leaf does not fit the 16-bit length of the entries tile.
    #[error("entry of {0} bytes is too long: at most 65535 bytes fit")]
    LeafTooLong(usize),
    /// An index or size lies outside the log.
    #[error("no entry or head {asked} in a log of {size} entries")]
    OutOfRange {
        /// The index or size that was asked for.
        asked: u64,
        /// The size of the log.
        size: u64,
    },
    /// A name, seed or verifier key is malformed.
    #[error("invalid log key: {0}")]
    Key(&'static str),
    /// A note is malformed, or not signed by the given key.
    #[error("invalid checkpoint: {0}")]
    Note(&'static str),
    /// A Merkle proof does not lead to the given root.
    #[error("the proof does not hold: {0}")]
    Proof(&'static str),
}

/// The first thing that is wrong with a log, and the file that it is wrong with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// The file, relative to the log's folder.
    pub file: PathBuf,
    /// What is wrong with it.
    pub what: String,
}

impl Fault {
    /// A fault of `file` (relative to the log's folder). Visitors of [`verify()`](crate::verify()) build their own.
    pub fn new(file: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Fault { file: file.into(), what: what.into() }
    }

    /// Says that `file` could not be read, and why; a missing file and a symbolic link have words of their own.
    pub(crate) fn unreadable(file: &str, error: &io::Error) -> Self {
        if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
            return Fault::new(file, "is a symbolic link, which a log never has");
        }
        match error.kind() {
            io::ErrorKind::NotFound => Fault::new(file, "is missing"),
            io::ErrorKind::NotADirectory => {
                Fault::new(file, "lies behind something that is not a plain folder")
            }
            _ => Fault::new(file, format!("cannot be read: {error}")),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.what)
    }
}
