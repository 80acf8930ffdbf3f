//! What carries one notice to one receiver, once, and how that can fail.

use std::time::Duration;

use access::model::{Notice, Timestamp};
use access::text::Language;

/// A way to a receiver. It may take its time, but never for ever.
pub trait Transport: Send {
    /// Delivers the notice, or says why not.
    fn deliver(&self, notice: &Notice, language: Language, now: Timestamp) -> Result<(), Failure>;
}

/// Why a notice was not delivered. What it says carries no secret and no word of the receiver's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Failure {
    /// In words.
    pub why: String,
    /// How long the receiver asks to be left alone.
    pub retry_after: Option<Duration>,
    /// Whether it refused this notice, and may well take the next one.
    pub rejected: bool,
}

impl Failure {
    pub(crate) fn unavailable(why: impl Into<String>) -> Self {
        Self { why: why.into(), retry_after: None, rejected: false }
    }

    pub(crate) fn rejected(why: impl Into<String>) -> Self {
        Self { rejected: true, ..Self::unavailable(why) }
    }
}

/// Why a way to a receiver cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The configured authority's file holds no certificate.
    #[error("the ca file holds no certificate in PEM form")]
    NoCertificate,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}
