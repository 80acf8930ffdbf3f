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
    transaction_hold_seconds: Option<Spanned<u64>>,
    target_suffix: Option<Spanned<String>>,
    target_idle_seconds: Option<Spanned<u64>>,
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
    /// Seconds that anything waits for signatures in an open transaction.
    pub transaction_hold: u64,
    /// The name below which clients find TLS targets.
    pub target_suffix: Option<String>,
    /// Seconds for which nothing may cross a connection to one of them.
    pub target_idle: u64,
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
            transaction_hold: self.number(&numbers.transaction_hold_seconds, 120, 1..=3600)?,
            target_suffix: self.target_suffix(numbers)?,
            target_idle: self.number(&numbers.target_idle_seconds, 3600, 1..=604_800)?,
            drain: self.number(&numbers.drain_seconds, 30, 0..=3600)?,
        }))
    }

    /// A DNS name in lower case, as handshakes have it.
    fn target_suffix(&self, numbers: &Databases) -> Result<Option<String>> {
        let Some(suffix) = &numbers.target_suffix else { return Ok(None) };
        let name = suffix.get_ref();
        let is_label = |label: &str| {
            let inside = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            inside && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
        };
        match name.split('.').all(is_label) {
            true => Ok(Some(name.clone())),
            false => Err(self.wrong(suffix, "target_suffix is a DNS name in lower case, such as gw.example")),
        }
    }

    fn door_certificate(&self, section: &Spanned<Databases>) -> Result<DoorCertificate> {
        let Databases { certificate, key, authority_key, names, target_suffix, .. } = section.get_ref();
        match (certificate, key, authority_key) {
            (Some(chain), Some(key), ..) => {
                Ok(DoorCertificate::Files { chain: self.place(chain), key: self.secret(key)? })
            }
            (None, None, Some(key)) if !names.is_empty() => Ok(DoorCertificate::Own {
                key: self.secret(key)?,
                names: certified(names, target_suffix.as_ref()),
            }),
            _ => Err(self.wrong(
                section,
                "[databases] needs certificate and key, or authority_key and the names that clients use",
            )),
        }
    }
}

/// What the gateway's own certificate is made out to. The names of targets are none of a stranger's business, so it has a
/// wildcard for them.
fn certified(names: &[Spanned<String>], suffix: Option<&Spanned<String>>) -> Vec<String> {
    let below = suffix.map(|suffix| format!("*.{}", suffix.get_ref()));
    names.iter().map(|name| name.get_ref().clone()).chain(below).collect()
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
        assert_eq!((door.login_grace, door.waiting_notice), (30, 5));
        assert_eq!((door.mysql_hold, door.transaction_hold), (20, 120));
        assert!(door.client_authority_key.is_some_and(|key| key.ends_with("secrets/client_ca.key")));
        let (closed, open) = ("# mysql = \"0.0.0.0:3306\"", "mysql = \"127.0.0.1:3306\"");
        let door = read(|text| text.replace(closed, open)).unwrap().databases.unwrap();
        assert_eq!((port(door.postgres), port(door.mysql)), (None, Some(3306)));
    }

    #[test]
    fn the_gateways_own_certificate_covers_targets_and_names_none() {
        let door = read(|text| text.replace(CLOSED, &format!("{OPEN}\ntarget_suffix = \"gw.example\"")));
        let door = door.unwrap().databases.unwrap();
        assert_eq!((door.target_suffix.as_deref(), door.target_idle), (Some("gw.example"), 3600));
        let super::DoorCertificate::Own { names, .. } = door.certificate else { panic!("it has files") };
        assert_eq!(names, ["localhost", "127.0.0.1", "*.gw.example"]);
    }

    #[test]
    fn a_door_needs_a_certificate_that_clients_can_verify() {
        let nameless = refusal(|text| {
            text.replace(CLOSED, OPEN).replace("names = [\"localhost\", \"127.0.0.1\"]", "names = []")
        });
        assert!(nameless.contains("line ") && nameless.contains("the names that clients use"), "{nameless}");
        let odd = refusal(|text| text.replace(CLOSED, &format!("{OPEN}\ntarget_suffix = \"Gw..example\"")));
        assert!(odd.contains("a DNS name in lower case"), "{odd}");
        let half = refusal(|text| text.replace(CLOSED, &format!("{OPEN}\ncertificate = \"tls.pem\"")));
        assert!(half.contains("needs certificate and key"), "{half}");
        let open = refusal(|text| {
            let files = "certificate = \"tls_ca.pem\"\nkey = \"tls_ca.pem\"";
            text.replace(CLOSED, &format!("{OPEN}\n{files}"))
        });
        assert!(open.contains("chmod 600"), "{open}");
    }
}
