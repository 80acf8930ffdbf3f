//! What keeps a door from opening.

use std::io;

use thiserror::Error;

/// Why the gateway does not serve.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// Temporary files cannot be made where the options say.
    #[error("the spool folder cannot be used: {0}; create it and let the gateway write there")]
    SpoolFolder(#[source] io::Error),
}
