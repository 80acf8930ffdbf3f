//! `countersign admin ssh-config`: the lines that people need in ssh_config and known_hosts.

use std::path::Path;

use anyhow::Result;

use super::admin::read;
use crate::config::Config;
use crate::state::open_store;

/// Prints the lines for this node's targets.
pub async fn ssh_config(config: &Path, host: &str) -> Result<()> {
    let config = Config::read(config)?;
    let store = open_store(&config.store).await?;
    let targets: Vec<_> = store.targets().await?.into_iter().map(|target| target.name).collect();
    let lines = client_lines(&config, host, config.listen.port(), &targets)?;
    println!("# ~/.ssh/config\n{}\n# ~/.ssh/known_hosts\n{}", lines.ssh_config, lines.known_hosts);
    Ok(())
}

/// What a client needs to know.
pub struct ClientLines {
    /// For `ssh_config`.
    pub ssh_config: String,
    /// For `known_hosts`.
    pub known_hosts: String,
}

/// The client's lines for a gateway at `host`, for those targets.
pub fn client_lines(config: &Config, host: &str, port: u16, targets: &[String]) -> Result<ClientLines> {
    let host_key = ssh_key::PrivateKey::read_openssh_file(&config.host_key)?;
    let authority = access::identity::HostCa::from_openssh(&read(&config.host_ca)?)?;
    let ssh_config = format!("Host gateway\n  HostName {host}\n  Port {port}\n  IdentitiesOnly yes\n");
    let mut known_hosts = format!("[{host}]:{port} {}\n", host_key.public_key().to_openssh()?);
    if !targets.is_empty() {
        known_hosts += &authority.known_hosts_line(&targets.join(","))?;
        known_hosts.push('\n');
    }
    Ok(ClientLines { ssh_config, known_hosts })
}
