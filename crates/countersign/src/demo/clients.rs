//! What the demo's folder holds for clients: their configuration, by which every command of the tour is short.

use std::net::SocketAddr;
use std::path::Path;

use access::model::Protocol;
use anyhow::{Context as _, Result};

use super::database::{DATABASE, Example, MARIADB, POSTGRES};
use super::{TARGETS, administrators, people};
use crate::commands::doors::Doors;
use crate::commands::ssh_config;
use crate::config::Config;

/// Where clients of databases connect.
#[derive(Clone, Copy)]
pub struct Entrances {
    postgres: SocketAddr,
    mysql: SocketAddr,
}

impl Entrances {
    /// Those of open doors.
    pub fn of(doors: &Doors) -> Result<Self> {
        let older = "an older demo made this folder; choose another --data";
        Ok(Self { postgres: doors.postgres()?.context(older)?, mysql: doors.mysql()?.context(older)? })
    }

    /// The one that leads to a database.
    pub fn to(&self, example: &Example) -> SocketAddr {
        match example.protocol {
            Protocol::Postgres => self.postgres,
            Protocol::Mysql => self.mysql,
        }
    }
}

/// Writes all of it.
pub fn write(folder: &Path, config: &Config, entrances: &Entrances) -> Result<()> {
    write_ssh(folder, config)?;
    write_postgres(folder, entrances.to(&POSTGRES))?;
    write_mariadb(folder, entrances.to(&MARIADB))
}

/// `ssh_config` and `known_hosts`.
fn write_ssh(folder: &Path, config: &Config) -> Result<()> {
    let targets = TARGETS.map(|(name, _, _)| name.to_owned());
    let lines = ssh_config::client_lines(config, "127.0.0.1", config.listen.port(), &targets)?;
    let known_hosts = folder.join("known_hosts");
    let mut text = format!("Host *\n  UserKnownHostsFile {}\n", known_hosts.display());
    text += &lines.ssh_config;
    let administrators = administrators::ADMINISTRATORS.map(|(name, _)| name);
    for name in people::NAMES.into_iter().chain(administrators) {
        let key = people::folder(folder, name).join("id_ed25519");
        text +=
            &format!("Match originalhost gateway user {name},{name}+*\n  IdentityFile {}\n", key.display());
    }
    std::fs::write(folder.join("ssh_config"), text)?;
    Ok(std::fs::write(known_hosts, lines.known_hosts)?)
}

/// `pg_service.conf`: `psql service=orders-pg` comes here, and knows the gateway by its certificate.
fn write_postgres(folder: &Path, entrance: SocketAddr) -> Result<()> {
    let (name, host, port) = (POSTGRES.name, entrance.ip(), entrance.port());
    let authority = folder.join("tls_ca.pem");
    let text = format!(
        "[{name}]\nhost={host}\nport={port}\ndbname={DATABASE}\nsslmode=verify-full\nsslrootcert={}\n",
        authority.display()
    );
    Ok(std::fs::write(folder.join("pg_service.conf"), text)?)
}

/// `my.cnf`: the same for `mariadb --defaults-file=my.cnf`.
fn write_mariadb(folder: &Path, entrance: SocketAddr) -> Result<()> {
    let (host, port) = (entrance.ip(), entrance.port());
    let authority = folder.join("tls_ca.pem");
    let text = format!(
        "[client]\nprotocol=tcp\nhost={host}\nport={port}\nssl-ca={}\nssl-verify-server-cert\n[mysql]\ndatabase={DATABASE}\n",
        authority.display()
    );
    Ok(std::fs::write(folder.join("my.cnf"), text)?)
}
