//! What keeps a door from opening.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why the gateway does not serve.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// Temporary files cannot be made where the options say.
    #[error("the spool folder cannot be used: {0}; create it and let the gateway write there")]
    SpoolFolder(#[source] io::Error),
    /// The certificate of the TLS listener is not usable.
    #[error("{0:?}: no usable certificate or key: {1}; give a PEM certificate and its private key")]
    Certificate(PathBuf, String),
    /// Clients' certificates cannot be verified with their authority.
    #[error("clients' certificates cannot be verified: {0}")]
    ClientAuthority(String),
}
