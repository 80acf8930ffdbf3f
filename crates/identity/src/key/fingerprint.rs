//! The SHA-256 fingerprint of a public key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ssh_key::HashAlg;

use crate::quote::Quoted;

/// `SHA256:` and 43 characters of base64: how people, the ledger and the database name a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

/// The text is not a SHA-256 fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a fingerprint; expected 'SHA256:' and 43 characters of base64, as ssh-keygen -l prints")]
pub struct FingerprintError(Quoted);

impl Fingerprint {
    pub(super) fn of(key: &ssh_key::PublicKey) -> Self {
        Self(key.fingerprint(HashAlg::Sha256).to_string())
    }

    /// Reads what [`Fingerprint::as_str`] gives.
    pub fn parse(text: &str) -> Result<Self, FingerprintError> {
        let digest = text.strip_prefix("SHA256:").and_then(|digest| STANDARD_NO_PAD.decode(digest).ok());
        match digest {
            Some(digest) if digest.len() == 32 => Ok(Self(text.to_owned())),
            _ => Err(FingerprintError(Quoted::text(text))),
        }
    }

    /// The text `SHA256:…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
