//! The doors: an SSH server leg, a target leg and the relay between them, all on the one road of `access`.

mod database;
mod error;
mod files;
mod managed;
mod places;
mod pulse;
mod relay;
mod scribe;
mod ssh;
mod stop;

pub use database::{CertificateFiles, DatabaseOptions, serve as serve_databases};
pub use error::GatewayError;
pub use ssh::{SpoolLimits, SshOptions, serve};
