//! What is behind the gateway, and the logins on it.

use std::collections::BTreeMap;

use policy::{Level, destination};

use crate::ask::Forwarding;

/// A host or a database behind the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name in logins (`alice+root@NAME`).
    pub name: String,
    /// Host name or address to dial.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// What policies see, e.g. `env = prod`.
    pub labels: BTreeMap<String, String>,
    /// How much of what runs there is enforced.
    pub level: Level,
    /// What answers there, and how it proves itself.
    pub service: Service,
}

/// What answers at a target's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// An SSH server, with its pinned host key: one line in `known_hosts` key form (`ssh-ed25519 AAAA…`).
    Ssh {
        /// The key.
        host_key: String,
    },
    /// A database server, over TLS.
    Database(Database),
    /// Whatever speaks over TCP; clients reach it inside TLS. What crosses is counted, not understood.
    Tls {
        /// Certificate authorities that the server's certificate must come from, as PEM; none when it is spoken to in clear.
        authority: Option<String>,
    },
}

/// The account of a target whose protocol nobody here speaks: there is no login on it that the gateway could choose.
pub const TLS_ACCOUNT: &str = "tls";

/// A database behind the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Which protocol it speaks.
    pub protocol: Protocol,
    /// Name of the database on the server.
    pub name: String,
    /// Certificate authorities that the server's certificate must come from, as PEM.
    pub authority: String,
}

/// A database's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// PostgreSQL, version 3.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

/// A login on a target; its credential is the gateway's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Target that it is on.
    pub target: String,
    /// Login name there.
    pub login: String,
    /// An OpenSSH private key, or a database's password, sealed by the [`crate::vault::Vault`].
    pub credential: Vec<u8>,
    /// The account of the same target as which whatever only reads runs, if there is one.
    pub reader: Option<String>,
}

impl Target {
    /// What it must prove to be, as people compare it and sign it: the host key, or the certificate authorities. Empty
    /// for a server that is spoken to in clear.
    pub fn pinned(&self) -> &str {
        match &self.service {
            Service::Ssh { host_key } => host_key,
            Service::Database(database) => &database.authority,
            Service::Tls { authority } => authority.as_deref().unwrap_or_default(),
        }
    }

    /// The database, if it is one.
    pub fn database(&self) -> Option<&Database> {
        match &self.service {
            Service::Database(database) => Some(database),
            Service::Ssh { .. } | Service::Tls { .. } => None,
        }
    }

    /// What opening a connection to it is judged as, where a connection is all that there is; nothing too when no policy can
    /// permit one.
    pub fn forwarding(&self) -> Option<Forwarding> {
        let to = destination::tcp(&self.host, self.port.into()).ok();
        to.filter(|_| self.is_counted()).map(Forwarding::Tcp)
    }

    /// Whether what crosses is counted, and understood by nobody here.
    pub fn is_counted(&self) -> bool {
        matches!(self.service, Service::Tls { .. })
    }
}

impl Protocol {
    const ALL: [Self; 2] = [Self::Postgres, Self::Mysql];

    /// The word in rows, configuration and lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }

    /// The protocol that [`Self::as_str`] names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == word)
    }
}
