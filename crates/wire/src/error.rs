//! What can be wrong with bytes from outside, and what the other side is told about it.

use thiserror::Error;

/// Why a connection cannot go on. Each of these ends it: after the first byte that makes no sense there is no second one
/// that could be trusted to be the beginning of a message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The bytes are not what the protocol says they must be.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// A message is longer than what its kind may be.
    #[error("a message of kind {kind:?} announces {length} bytes, at most {limit} are taken")]
    TooLarge {
        /// The type byte.
        kind: char,
        /// The length that was announced.
        length: usize,
        /// What is taken.
        limit: usize,
    },
    /// A type byte that nobody knows, or that is not allowed in this phase.
    #[error("a message of kind {0:?} is not expected here")]
    Unexpected(char),
    /// A protocol version from another age.
    #[error("protocol version {0}.{1} is not spoken here")]
    Version(u16, u16),
    /// Bytes came in clear after the wish for encryption: somebody in between may have put them there.
    #[error("bytes were sent in clear after encryption was asked for")]
    Stuffed,
    /// The other side does not prove that it knows the password, or proves something else.
    #[error("authentication: {0}")]
    Authentication(&'static str),
    /// What the server does cannot be explained by what it was asked. The two sides no longer agree.
    #[error("the server is out of step: {0}")]
    OutOfStep(&'static str),
    /// More is asked for at once than is kept in memory.
    #[error("too much at once: {0}")]
    Excess(&'static str),
    /// Text that is to be sent has a zero byte in it, which would end it early.
    #[error("a zero byte in {0}")]
    Zero(&'static str),
}

impl Error {
    /// The SQLSTATE that a client is told.
    #[must_use]
    pub fn sqlstate(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::Unexpected(_) | Self::Stuffed => "08P01",
            Self::TooLarge { .. } | Self::Excess(_) => "54000",
            Self::Version(..) => "0A000",
            Self::Authentication(_) => "28000",
            Self::OutOfStep(_) => "08006",
            Self::Zero(_) => "22021",
        }
    }
}
