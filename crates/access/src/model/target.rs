//! Hosts behind the gateway and the logins on them.

use std::collections::BTreeMap;

use policy::Level;

/// A host behind the gateway.
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
    /// The pinned host key, one line in `known_hosts` key form (`ssh-ed25519 AAAA…`).
    pub host_key: String,
}

/// A login on a target; its credential is the gateway's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Target that it is on.
    pub target: String,
    /// Login name there.
    pub login: String,
    /// OpenSSH private key, sealed by the [`crate::vault::Vault`].
    pub credential: Vec<u8>,
}
