//! The configuration's part about databases: where their clients connect, and the certificate that they see.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use serde::Deserialize;
use toml::Spanned;

use super::Reader;

/// `[databases]`, as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Databases {
    postgres: Option<Spanned<SocketAddr>>,
    mysql: Option<Spanned<SocketAddr>>,
    #[serde(default)]
    names: Vec<Spanned<String>>,
    authority_key: Option<Spanned<PathBuf>>,
    client_authority_key: Option<Spanned<PathBuf>>,
    certificate: Option<Spanned<PathBuf>>,
    key: Option<Spanned<PathBuf>>,
    login_grace_seconds: Option<Spanned<u64>>,
    max_startups: Option<Spanned<u64>>,
    max_connections: Option<Spanned<u64>>,
    waiting_notice_seconds: Option<Spanned<u64>>,
    mysql_hold_seconds: Option<Spanned<u64>>,
    drain_seconds: Option<Spanned<u64>>,
}

/// The database doors.
#[derive(Debug)]
pub struct DatabaseDoor {
    /// Where PostgreSQL clients connect, if they can.
    pub postgres: Option<SocketAddr>,
    /// Where clients of MySQL and MariaDB do.
    pub mysql: Option<SocketAddr>,
    /// The certificate that clients see.
    pub certificate: DoorCertificate,
    /// The key that signs clients' certificates, if they can have some.
    pub client_authority_key: Option<PathBuf>,
    /// Seconds to log in.
    pub login_grace: u64,
    /// Connections that log in at once.
    pub max_startups: usize,
    /// Connections at once.
    pub max_connections: usize,
    /// Seconds between two lines that tell who waits that it still waits.
    pub waiting_notice: u64,
    /// Seconds that a client of MySQL waits which cannot be told so.
    pub mysql_hold: u64,
    /// Seconds that running sessions have when the gateway is told to stop.
    pub drain: u64,
}

/// Where the door's certificate comes from.
#[derive(Clone, Debug)]
pub enum DoorCertificate {
    /// Somebody else's authority: PEM files, read again when they change.
    Files {
        /// The certificate and those between it and its authority.
        chain: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// The gateway's own authority, which makes it out to these names.
    Own {
        /// The authority's private key.
        key: PathBuf,
        /// Names and addresses by which clients reach the gateway.
        names: Vec<String>,
    },
}

impl Reader<'_> {
    /// The database door, if the file opens one.
    pub(super) fn databases(&self, section: Option<&Spanned<Databases>>) -> Result<Option<DatabaseDoor>> {
        let Some(section) = section else { return Ok(None) };
        let numbers = section.get_ref();
        let address = |one: &Option<Spanned<SocketAddr>>| one.as_ref().map(|one| *one.get_ref());
        let (postgres, mysql) = (address(&numbers.postgres), address(&numbers.mysql));
        if postgres.or(mysql).is_none() {
            return Ok(None);
        }
        Ok(Some(DatabaseDoor {
            postgres,
            mysql,
            certificate: self.door_certificate(section)?,
            client_authority_key: numbers
                .client_authority_key
                .as_ref()
                .map(|key| self.secret(key))
                .transpose()?,
            login_grace: self.number(&numbers.login_grace_seconds, 30, 5..=600)?,
            max_startups: self.count(&numbers.max_startups, 64, 1..=10_000)?,
            max_connections: self.count(&numbers.max_connections, 4096, 1..=100_000)?,
            waiting_notice: self.number(&numbers.waiting_notice_seconds, 5, 1..=60)?,
            mysql_hold: self.number(&numbers.mysql_hold_seconds, 20, 1..=3600)?,
            drain: self.number(&numbers.drain_seconds, 30, 0..=3600)?,
        }))
    }

    fn door_certificate(&self, section: &Spanned<Databases>) -> Result<DoorCertificate> {
        let Databases { certificate, key, authority_key, names, .. } = section.get_ref();
        match (certificate, key, authority_key) {
            (Some(chain), Some(key), ..) => {
                Ok(DoorCertificate::Files { chain: self.place(chain), key: self.secret(key)? })
            }
            (None, None, Some(key)) if !names.is_empty() => Ok(DoorCertificate::Own {
                key: self.secret(key)?,
                names: names.iter().map(|name| name.get_ref().clone()).collect(),
            }),
            _ => Err(self.wrong(
                section,
                "[databases] needs certificate and key, or authority_key and the names that clients use",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use crate::config::tests::{read, refusal};

    const CLOSED: &str = "# postgres = \"0.0.0.0:5432\"";
    const OPEN: &str = "postgres = \"127.0.0.1:5432\"";

    #[test]
    fn the_shipped_example_opens_no_door_and_one_line_opens_it() {
        assert!(read(|text| text).unwrap().databases.is_none());
        let door = read(|text| text.replace(CLOSED, OPEN)).unwrap().databases.unwrap();
        let port = |address: Option<SocketAddr>| address.map(|address| address.port());
        assert_eq!((port(door.postgres), port(door.mysql)), (Some(5432), None));
        assert_eq!((door.login_grace, door.waiting_notice, door.mysql_hold), (30, 5, 20));
        assert!(door.client_authority_key.is_some_and(|key| key.ends_with("secrets/client_ca.key")));
        let (closed, open) = ("# mysql = \"0.0.0.0:3306\"", "mysql = \"127.0.0.1:3306\"");
        let door = read(|text| text.replace(closed, open)).unwrap().databases.unwrap();
        assert_eq!((port(door.postgres), port(door.mysql)), (None, Some(3306)));
    }

    #[test]
    fn a_door_needs_a_certificate_that_clients_can_verify() {
        let nameless = refusal(|text| {
            text.replace(CLOSED, OPEN).replace("names = [\"localhost\", \"127.0.0.1\"]", "names = []")
        });
        assert!(nameless.contains("line ") && nameless.contains("the names that clients use"), "{nameless}");
        let half = refusal(|text| text.replace(CLOSED, &format!("{OPEN}\ncertificate = \"tls.pem\"")));
        assert!(half.contains("needs certificate and key"), "{half}");
        let open = refusal(|text| {
            let files = "certificate = \"tls_ca.pem\"\nkey = \"tls_ca.pem\"";
            text.replace(CLOSED, &format!("{OPEN}\n{files}"))
        });
        assert!(open.contains("chmod 600"), "{open}");
    }
}
