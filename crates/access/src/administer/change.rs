//! What can be changed: one list, with who is responsible for each and what needs nobody else.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::Role;
use crate::blind::sha256_hex;
use crate::entry::canonical;

/// A change that an administrator asks for. Secrets are fields of their own, so that they stay out of the digest.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// A new person, without any credential.
    PersonAdd {
        /// Login name.
        name: String,
        /// Groups.
        groups: BTreeSet<String>,
    },
    /// Suspends a person: no entry, no signature counts.
    PersonSuspend {
        /// Login name.
        name: String,
    },
    /// Re-admits a suspended person.
    PersonResume {
        /// Login name.
        name: String,
    },
    /// Replaces a person's groups.
    PersonGroups {
        /// Login name.
        name: String,
        /// All groups from now on.
        groups: BTreeSet<String>,
    },
    /// Says which team a person works in.
    PersonTeam {
        /// Login name.
        name: String,
        /// The team; none takes the person out of theirs.
        team: Option<String>,
    },
    /// Lets an account end by itself.
    PersonExpiry {
        /// Login name.
        name: String,
        /// Microseconds since the epoch; none is never.
        expires: Option<i64>,
    },
    /// Sets the password.
    PersonPassword {
        /// Login name.
        name: String,
        /// The password.
        #[serde(default, skip_serializing_if = "Secret::is_empty")]
        password: Secret,
    },
    /// Makes a new TOTP seed; the answer carries it once.
    PersonTotp {
        /// Login name.
        name: String,
    },
    /// Lets a person bring a key with a one-time code. Two people hand out a half each.
    PersonEnrol {
        /// Login name.
        name: String,
    },
    /// Starts a person anew who has lost a key or an authenticator: whatever proved them is gone, and a code lets them
    /// bring a key.
    PersonRecover {
        /// Login name.
        name: String,
    },
    /// Enrols a public key.
    KeyAdd {
        /// Login name.
        name: String,
        /// One `authorized_keys` line without options.
        key: String,
    },
    /// Enrols a key that a person brings for themselves.
    KeyBring {
        /// Login name of who brings it.
        name: String,
        /// One `authorized_keys` line without options.
        key: String,
        /// When the challenge was over that the key has signed, microseconds since the epoch.
        until: i64,
        /// The armored SSHSIG of the challenge by the new key.
        signature: String,
    },
    /// Lets a key end by itself.
    KeyExpiry {
        /// Login name.
        name: String,
        /// `SHA256:…`.
        fingerprint: String,
        /// Microseconds since the epoch; none is never.
        expires: Option<i64>,
    },
    /// Removes a key; it neither opens a session nor signs from now on.
    KeyRemove {
        /// Login name.
        name: String,
        /// `SHA256:…`.
        fingerprint: String,
    },
    /// A new target.
    TargetAdd {
        /// Name in logins.
        name: String,
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
        /// Labels for policies.
        labels: BTreeMap<String, String>,
        /// Assurance level, by its word.
        level: String,
        /// Pinned host key, `known_hosts` key form.
        host_key: String,
    },
    /// A new database, judged statement by statement.
    DatabaseAdd {
        /// Name in logins.
        name: String,
        /// Host name or address of the server, as its certificate has it.
        host: String,
        /// TCP port.
        port: u16,
        /// Labels for policies.
        labels: BTreeMap<String, String>,
        /// `postgres` or `mysql`.
        protocol: String,
        /// Name of the database on the server.
        database: String,
        /// Certificate authorities of the server's certificate, PEM.
        authority: String,
    },
    /// A new target that is reached inside TLS, whatever it speaks: what crosses is counted.
    TlsAdd {
        /// Name in the handshake of clients: one label of a DNS name.
        name: String,
        /// Host name or address of the server, as its certificate has it.
        host: String,
        /// TCP port.
        port: u16,
        /// Labels for policies.
        labels: BTreeMap<String, String>,
        /// Certificate authorities of the server's certificate, PEM; none when it is spoken to in clear.
        authority: Option<String>,
    },
    /// Trusts other certificate authorities for a database, or another target that is reached inside TLS.
    DatabaseAuthority {
        /// Target.
        name: String,
        /// The new authorities, PEM.
        authority: String,
    },
    /// Pins another host key.
    TargetHostKey {
        /// Target.
        name: String,
        /// The new key.
        host_key: String,
    },
    /// Moves a target to another address; its host key stays pinned.
    TargetAddress {
        /// Target.
        name: String,
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// Removes a target and its accounts.
    TargetRemove {
        /// Target.
        name: String,
    },
    /// Adds or replaces an account and its credential.
    AccountAdd {
        /// Target.
        target: String,
        /// Login on it.
        login: String,
        /// OpenSSH private key without a passphrase.
        #[serde(default, skip_serializing_if = "Secret::is_empty")]
        private_key: Secret,
        /// For a database: the password.
        #[serde(default, skip_serializing_if = "Secret::is_empty")]
        password: Secret,
    },
    /// Lets whatever only reads run as another account of the same database.
    AccountReader {
        /// Target.
        target: String,
        /// Login on it.
        login: String,
        /// Login of the account that may only read; none lets everything run as one.
        reader: Option<String>,
    },
    /// Removes an account.
    AccountRemove {
        /// Target.
        target: String,
        /// Login on it.
        login: String,
    },
    /// Sets one of the settings that are no file's business, e.g. `retention-days`.
    SettingSet {
        /// Which.
        name: String,
        /// Its value.
        value: String,
    },
    /// Keeps a session's recording whatever its age.
    LegalHold {
        /// The session.
        session: String,
        /// Why.
        reason: String,
    },
    /// Ends a legal hold.
    LegalHoldRelease {
        /// The session.
        session: String,
    },
    /// Keeps every recording of a person whatever its age, the coming ones too.
    PersonHold {
        /// Login name.
        name: String,
        /// Why.
        reason: String,
    },
    /// Ends the hold of a person's recordings.
    PersonHoldRelease {
        /// Login name.
        name: String,
    },
    /// Replaces the policies: every file of a policy folder, by its path in it.
    PoliciesSet {
        /// The files.
        files: BTreeMap<String, String>,
    },
}

impl Change {
    /// Whose business it is.
    pub fn role(&self) -> Role {
        match self {
            Self::PersonAdd { .. }
            | Self::PersonSuspend { .. }
            | Self::PersonResume { .. }
            | Self::PersonGroups { .. }
            | Self::PersonTeam { .. }
            | Self::PersonExpiry { .. }
            | Self::PersonPassword { .. }
            | Self::PersonTotp { .. }
            | Self::PersonEnrol { .. }
            | Self::PersonRecover { .. }
            | Self::KeyAdd { .. }
            | Self::KeyBring { .. }
            | Self::KeyExpiry { .. }
            | Self::KeyRemove { .. }
            | Self::PoliciesSet { .. } => Role::Security,
            Self::TargetAdd { .. }
            | Self::DatabaseAdd { .. }
            | Self::TlsAdd { .. }
            | Self::DatabaseAuthority { .. }
            | Self::TargetHostKey { .. }
            | Self::TargetAddress { .. }
            | Self::TargetRemove { .. }
            | Self::AccountAdd { .. }
            | Self::AccountReader { .. }
            | Self::AccountRemove { .. } => Role::System,
            Self::SettingSet { .. }
            | Self::LegalHold { .. }
            | Self::LegalHoldRelease { .. }
            | Self::PersonHold { .. }
            | Self::PersonHoldRelease { .. } => Role::Audit,
        }
    }

    /// Whether it only takes away, or protects, so that one administrator may make it at once.
    ///
    /// Another set of groups never counts as narrowing: policies may forbid something to the members of a group.
    pub fn narrows(&self) -> bool {
        NARROWING.contains(&self.word().as_str())
    }

    /// The word in entries and requests, e.g. `person-add`.
    pub fn word(&self) -> String {
        let value = self.public();
        value.get("change").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The change without its secrets.
    pub fn public(&self) -> Value {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.remove("password");
            fields.remove("private_key");
        }
        value
    }

    /// SHA-256 of the change without its secrets.
    pub fn digest(&self) -> String {
        sha256_hex(canonical(&self.public()).as_bytes())
    }
}

/// The changes that need nobody else. An audit takes a row that changes without a request only after one of these.
pub(crate) const NARROWING: [&str; 6] =
    ["person-suspend", "key-remove", "target-remove", "account-remove", "legal-hold", "person-hold"];

/// A secret on its way in: never in `Debug`, never in the digest of a change.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub Zeroizing<String>);

impl Secret {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}
