//! What has been proved about a connection: a first factor, a second factor, and both joined into an identity.

use std::fmt;
use std::net::IpAddr;

use crate::key::{EnrolledKey, Fingerprint};
use crate::name::PersonName;
use crate::password::{Password, PasswordHash};
use crate::remembered::Remembered;
use crate::totp::{Secret, Step, TotpError};

/// Why two proofs do not make an identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The key is enrolled for someone else.
    #[error("the key {fingerprint} is not enrolled for {person}")]
    KeyOfAnother {
        /// Who wants to log in.
        person: PersonName,
        /// The key that was offered.
        fingerprint: Fingerprint,
    },
    /// The factors prove two persons.
    #[error("the first factor is {first}'s, the second {second}'s")]
    DifferentPersons {
        /// Whom the first factor proves.
        first: PersonName,
        /// Whom the second factor proves.
        second: PersonName,
    },
    /// The remembered second factor was passed with other credentials, from elsewhere, or too long ago.
    #[error("no one-time code is remembered for this person, credential and address")]
    NotRemembered,
}

/// Which credential was the first factor.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Credential {
    /// An enrolled SSH key.
    Key(Fingerprint),
    /// The person's password.
    Password,
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(fingerprint) => write!(f, "publickey {fingerprint}"),
            Self::Password => f.write_str("password"),
        }
    }
}

/// Proof that a person's password or key was presented.
///
/// ```compile_fail
/// let forged = identity::FirstFactor { person: alice, credential: identity::proof::Credential::Password };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct FirstFactor {
    person: PersonName,
    credential: Credential,
}

impl FirstFactor {
    /// Checks the password here and now, against the hash that the caller read for `person`.
    pub fn password(person: &PersonName, stored: &PasswordHash, typed: &Password) -> Option<Self> {
        stored.verify(typed).then(|| Self { person: person.clone(), credential: Credential::Password })
    }

    /// Accepts a key whose signature over this connection's session identifier the SSH transport has verified.
    ///
    /// This crate sees no transport: the caller vouches for that signature (RFC 4252 section 7), and that the enrolment
    /// is in force. What is checked here is that the key belongs to the person who wants to log in.
    pub fn key(person: &PersonName, key: &EnrolledKey) -> Result<Self, ProofError> {
        let fingerprint = key.fingerprint().clone();
        if key.person() != person {
            return Err(ProofError::KeyOfAnother { person: person.clone(), fingerprint });
        }
        Ok(Self { person: person.clone(), credential: Credential::Key(fingerprint) })
    }

    /// Who was proved.
    pub fn person(&self) -> &PersonName {
        &self.person
    }

    /// By which credential.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }
}

/// Proof that a person's one-time code has passed: just now, or earlier with the same credential and address.
///
/// ```compile_fail
/// let forged = identity::SecondFactor { passed_at: 0, ..proved };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct SecondFactor {
    person: PersonName,
    passed_at: u64,
    passed: Passed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Passed {
    Now(Step),
    Earlier(Credential, IpAddr),
}

impl SecondFactor {
    /// Checks a code here and now, against the secret that the caller read for `person`.
    ///
    /// The caller stores [`SecondFactor::step`] before it joins the factors, so that the code works once.
    pub fn totp(
        person: &PersonName,
        secret: &Secret,
        code: &str,
        now: u64,
        last_step: Option<u64>,
    ) -> Result<Self, TotpError> {
        let step = secret.check(code, now, last_step)?;
        Ok(Self { person: person.clone(), passed_at: now, passed: Passed::Now(step) })
    }

    /// Accepts an earlier code, if it is remembered for just this credential and address.
    pub fn remembered(
        remembered: &Remembered,
        first: &FirstFactor,
        source: IpAddr,
        now: u64,
        keep_for: u64,
    ) -> Result<Self, ProofError> {
        if !remembered.covers(now, keep_for, first, source) {
            return Err(ProofError::NotRemembered);
        }
        let passed = Passed::Earlier(first.credential.clone(), source.to_canonical());
        Ok(Self { person: first.person.clone(), passed_at: remembered.passed_at(), passed })
    }

    /// The step to store as used; `None` if the code was remembered.
    pub fn step(&self) -> Option<Step> {
        match self.passed {
            Passed::Now(step) => Some(step),
            Passed::Earlier(..) => None,
        }
    }

    fn fits(&self, first: &FirstFactor, source: IpAddr) -> bool {
        match &self.passed {
            Passed::Now(_) => true,
            Passed::Earlier(credential, address) => *credential == first.credential && *address == source,
        }
    }
}

/// A person who has proved both factors, and from where. Everything behind the login takes this.
///
/// ```compile_fail
/// let forged = identity::VerifiedIdentity { person: alice, ..verified };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct VerifiedIdentity {
    person: PersonName,
    credential: Credential,
    source: IpAddr,
    mfa_at: u64,
    is_fresh: bool,
}

impl VerifiedIdentity {
    /// Joins two factors of one person.
    pub fn join(first: FirstFactor, second: SecondFactor, source: IpAddr) -> Result<Self, ProofError> {
        let source = source.to_canonical();
        if first.person != second.person {
            return Err(ProofError::DifferentPersons { first: first.person, second: second.person });
        }
        if !second.fits(&first, source) {
            return Err(ProofError::NotRemembered);
        }
        let is_fresh = second.step().is_some();
        let FirstFactor { person, credential } = first;
        Ok(Self { person, credential, source, mfa_at: second.passed_at, is_fresh })
    }

    /// Who it is.
    pub fn person(&self) -> &PersonName {
        &self.person
    }

    /// The first factor.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// How it was proved, for the ledger: `publickey SHA256:… + totp`, with `(remembered)` if the code is an older one.
    pub fn how(&self) -> String {
        let remembered = if self.is_fresh { "" } else { " (remembered)" };
        format!("{} + totp{remembered}", self.credential)
    }

    /// The address that the connection came from; IPv4 is never written as IPv6.
    pub fn source(&self) -> IpAddr {
        self.source
    }

    /// When the one-time code passed, in unix seconds.
    pub fn mfa_at(&self) -> u64 {
        self.mfa_at
    }

    /// Seconds since the one-time code passed.
    pub fn mfa_age(&self, now: u64) -> u64 {
        now.saturating_sub(self.mfa_at)
    }

    /// Whether the one-time code was given for this very connection.
    pub fn is_fresh(&self) -> bool {
        self.is_fresh
    }
}
