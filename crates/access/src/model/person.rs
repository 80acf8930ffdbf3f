//! People and what is theirs: keys, devices, remembered factors, counted failures, codes for enrolling.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::model::Timestamp;

/// A person's random identifier (`p-` and 16 hex digits): what ledger entries carry instead of a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(pub String);

/// A named human.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Random, never reused.
    pub id: PersonId,
    /// Login name, unique.
    pub name: String,
    /// Groups that policies and quorums speak of.
    pub groups: BTreeSet<String>,
    /// The team that the person works in; quorums may ask for somebody of another one.
    pub team: Option<String>,
    /// When the account ends by itself; none is never.
    pub expires: Option<Timestamp>,
    /// A suspended person can neither enter nor sign.
    pub suspended: bool,
    /// Argon2id hash in PHC form, if the person has a password.
    pub password: Option<String>,
    /// TOTP seed, sealed by the [`crate::vault::Vault`].
    pub totp: Option<Vec<u8>>,
    /// Step of the last TOTP code that was accepted: a code works once.
    pub totp_last_step: Option<u64>,
    /// Random salt of the commitments that hide this person in the ledger.
    pub salt: [u8; 16],
}

/// A public key that the ledger knows as belonging to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonKey {
    /// Whose.
    pub person: PersonId,
    /// `SHA256:…`, unique over all people.
    pub fingerprint: String,
    /// One line in `authorized_keys` form, without options.
    pub line: String,
    /// Ledger index of the entry that enrolled it.
    pub enrolled_at: u64,
    /// Why the key counts as bound to a device; none when it may lie in any file.
    pub device: Option<Device>,
    /// When it ends by itself; none is never.
    pub expires: Option<Timestamp>,
    /// When it last let somebody in or signed; not part of what the ledger vouches for.
    pub last_used: Option<Timestamp>,
}

/// Why a key counts as bound to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A security key whose attestation was checked at enrolment.
    SecurityKey,
    /// The device authority has certified it.
    Certified,
}

impl Device {
    /// The word in rows, lists and entries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecurityKey => "security-key",
            Self::Certified => "certified",
        }
    }

    /// The device that [`Self::as_str`] names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::SecurityKey, Self::Certified].into_iter().find(|device| device.as_str() == word)
    }
}

/// A passed second factor that is remembered for one person, key and address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedFactor {
    /// Who.
    pub person: PersonId,
    /// The first factor: `publickey SHA256:…` or `password`.
    pub first: String,
    /// Address that the client came from.
    pub source: IpAddr,
    /// When the code was checked.
    pub passed: Timestamp,
}

/// Failed attempts of one name or one address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Consecutive failures.
    pub failures: u32,
    /// When the last one happened, seconds since the epoch.
    pub last: u64,
}

/// A short password for a database client, kept as a digest: the login that it stands for, and where it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// What it is found by; random.
    pub id: String,
    /// SHA-256 of the whole ticket, lower hex.
    pub digest: String,
    /// Who asked for it.
    pub person: PersonId,
    /// Their first factor, as `identity` writes it.
    pub credential: String,
    /// When their one-time code passed.
    pub passed: Timestamp,
    /// The address that they came from, and must come from.
    pub source: IpAddr,
    /// The only target that it opens.
    pub target: String,
    /// The only account there.
    pub account: String,
    /// When it lapses.
    pub expires: Timestamp,
    /// How many connections it can still open.
    pub uses: u32,
}

/// A client certificate that was given: the login that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of it in DER, lower hex.
    pub id: String,
    /// Whose it is.
    pub person: PersonId,
    /// Their first factor, as `identity` writes it.
    pub credential: String,
    /// When their one-time code passed.
    pub passed: Timestamp,
    /// The address that it was asked for from.
    pub source: IpAddr,
    /// When it lapses.
    pub expires: Timestamp,
}

/// A one-time code that lets a person enrol a key, kept as a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// Whose key will be enrolled.
    pub person: PersonId,
    /// Argon2id hash of the code in PHC form.
    pub hash: String,
    /// When the code lapses.
    pub expires: Timestamp,
}
