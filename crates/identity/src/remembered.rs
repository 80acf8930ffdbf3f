//! A one-time code that has passed is remembered for a while: for one person, one credential and one address.

use std::net::IpAddr;

use crate::name::PersonName;
use crate::proof::{Credential, FirstFactor, VerifiedIdentity};

/// Seconds for which a code is remembered unless configured otherwise: a working day.
pub const DEFAULT_REMEMBER_FOR: u64 = 8 * 3600;

/// A passed code and what it counts for. Delete it when the person's TOTP secret, key or password changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    person: PersonName,
    credential: Credential,
    source: IpAddr,
    passed_at: u64,
}

impl Remembered {
    /// What to remember of an identity; nothing if its own code was remembered, else a code would never grow old, and
    /// nothing if it was a recovery code, which stands for one code once.
    pub fn from_login(identity: &VerifiedIdentity) -> Option<Self> {
        identity.is_worth_remembering().then(|| Self {
            person: identity.person().clone(),
            credential: identity.credential().clone(),
            source: identity.source(),
            passed_at: identity.mfa_at(),
        })
    }

    /// Reads back what a store has kept; the store vouches for it.
    pub fn restored(person: PersonName, credential: Credential, source: IpAddr, passed_at: u64) -> Self {
        Self { person, credential, source: source.to_canonical(), passed_at }
    }

    /// Whether a login at `now` needs no new code; `keep_for` is the configured time in seconds.
    #[must_use]
    pub fn covers(&self, now: u64, keep_for: u64, first: &FirstFactor, source: IpAddr) -> bool {
        // A code from the future means that a clock was wrong: ask again.
        let in_time = now.checked_sub(self.passed_at).is_some_and(|age| age < keep_for);
        in_time
            && self.person == *first.person()
            && self.credential == *first.credential()
            && self.source == source.to_canonical()
    }

    /// Whose code it was.
    pub fn person(&self) -> &PersonName {
        &self.person
    }

    /// The first factor with which it was given.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The address from which it was given.
    pub fn source(&self) -> IpAddr {
        self.source
    }

    /// When it passed, in unix seconds.
    pub fn passed_at(&self) -> u64 {
        self.passed_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{EnrolledKey, PublicKey};

    const NOW: u64 = 1_800_000_000;
    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

    fn person(name: &str) -> PersonName {
        PersonName::parse(name).unwrap()
    }

    fn with_key(name: &str) -> FirstFactor {
        let key = EnrolledKey::new(person(name), PublicKey::parse(KEY).unwrap());
        FirstFactor::key(&person(name), &key).unwrap()
    }

    fn home() -> IpAddr {
        "192.0.2.7".parse().unwrap()
    }

    fn remembered() -> Remembered {
        Remembered::restored(person("alice"), with_key("alice").credential().clone(), home(), NOW)
    }

    #[test]
    fn the_same_person_credential_and_address_are_covered_for_the_time() {
        let covers = |now| remembered().covers(now, DEFAULT_REMEMBER_FOR, &with_key("alice"), home());
        assert!(covers(NOW));
        assert!(covers(NOW + DEFAULT_REMEMBER_FOR - 1));
        assert!(!covers(NOW + DEFAULT_REMEMBER_FOR));
        assert!(!covers(NOW - 1), "a code from the future");
    }

    #[test]
    fn anything_else_is_not_covered() {
        let covers =
            |first: &FirstFactor, source| remembered().covers(NOW, DEFAULT_REMEMBER_FOR, first, source);
        assert!(!covers(&with_key("bob"), home()));
        assert!(!covers(&with_key("alice"), "192.0.2.8".parse().unwrap()));
        let mut by_password = remembered();
        by_password.credential = Credential::Password;
        assert!(!by_password.covers(NOW, DEFAULT_REMEMBER_FOR, &with_key("alice"), home()));
    }

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let mapped: IpAddr = "::ffff:192.0.2.7".parse().unwrap();
        assert!(remembered().covers(NOW, DEFAULT_REMEMBER_FOR, &with_key("alice"), mapped));
    }

    #[test]
    fn a_configured_time_of_zero_remembers_nothing() {
        assert!(!remembered().covers(NOW, 0, &with_key("alice"), home()));
    }
}
