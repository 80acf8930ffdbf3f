//! `countersign admin tls`: targets that any client of TLS reaches, whatever they speak.

use std::path::PathBuf;

use access::administer::Change;
use anyhow::Result;
use clap::Subcommand;

use super::admin::{pairs, read};

/// Changes of targets whose connections are judged and counted. Listing, moving and removing are the same as for hosts.
#[derive(Debug, Subcommand)]
pub enum TlsCommand {
    /// Add a target
    Add {
        /// Name that clients ask for in the handshake (SNI), alone or below databases.target_suffix
        name: String,
        /// Host name or address of the server, as its certificate has it
        #[arg(long)]
        host: String,
        /// TCP port
        #[arg(long)]
        port: u16,
        /// A label `key=value`; may be repeated
        #[arg(long = "label")]
        labels: Vec<String>,
        /// PEM file with the certificate authorities of the server's certificate; without it the server is spoken to in clear
        #[arg(long)]
        authority: Option<PathBuf>,
    },
    /// Trust other certificate authorities, or speak TLS to a server that was spoken to in clear
    SetAuthority {
        /// Name of the target
        name: String,
        /// PEM file with the new authorities
        #[arg(long)]
        authority: PathBuf,
    },
}

/// The change that a command describes.
pub(super) fn change(command: TlsCommand) -> Result<Change> {
    Ok(match command {
        TlsCommand::Add { name, host, port, labels, authority } => {
            let authority = authority.map(|file| read(&file)).transpose()?;
            Change::TlsAdd { name, host, port, labels: pairs(&labels)?, authority }
        }
        TlsCommand::SetAuthority { name, authority } => {
            Change::DatabaseAuthority { name, authority: read(&authority)? }
        }
    })
}
