//! The doors: an SSH server leg, a target leg and the relay between them, all on the one road of `access`.

mod error;
mod files;
mod managed;
mod relay;
mod ssh;

pub use error::GatewayError;
pub use ssh::{SpoolLimits, SshOptions, serve};
