//! Somebody who is told: a name, a language, and the way there.

use access::text::Language;

use crate::transport::Transport;

/// A receiver of notices, as configured.
pub struct Receiver {
    /// Its name in the outbox.
    pub name: String,
    /// What its people read.
    pub language: Language,
    /// The way there.
    pub transport: Box<dyn Transport>,
}

/// A URL that carries a token, a signing secret or a password: never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}
