//! What has been proved about a connection: a first factor, a second factor, and both joined into an identity.

use std::fmt;
use std::net::IpAddr;

use crate::certificate::CertifiedLogin;
use crate::code::Code;
use crate::key::{EnrolledKey, Fingerprint};
use crate::name::PersonName;
use crate::password::{Password, PasswordHash};
use crate::remembered::Remembered;
use crate::ticket::TicketedLogin;
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

impl Credential {
    /// Reads what `Display` writes: `password` or `publickey SHA256:…`.
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        if text == "password" {
            return Ok(Self::Password);
        }
        let fingerprint = text.strip_prefix("publickey ").and_then(|rest| Fingerprint::parse(rest).ok());
        fingerprint.map(Self::Key).ok_or(CredentialError)
    }
}

/// The text does not name a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a credential; expected 'password' or 'publickey SHA256:…'")]
pub struct CredentialError;

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
/// ```compile_fail,E0451
/// fn f(one: identity::FirstFactor, bob: identity::PersonName) { identity::FirstFactor { person: bob, ..one }; }
/// ```
#[derive(Debug, PartialEq, Eq)]
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
/// ```compile_fail,E0451
/// fn f(one: identity::SecondFactor) { identity::SecondFactor { passed_at: u64::MAX, ..one }; }
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct SecondFactor {
    person: PersonName,
    passed_at: u64,
    passed: Passed,
}

#[derive(Debug, PartialEq, Eq)]
enum Passed {
    Now(Step),
    Recovered,
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

    /// Checks a recovery code here and now, against the hashes that the caller read for `person`. Also returns which of
    /// them it was; the caller takes that one away before it joins the factors, so that the code works once.
    pub fn recovery<'a>(
        person: &PersonName,
        hashes: &'a [PasswordHash],
        code: &Code,
        now: u64,
    ) -> Option<(Self, &'a PasswordHash)> {
        // All are tried always: the time tells nothing of which one it was.
        let tried = hashes.iter().map(|hash| code.fits(hash).then_some(hash));
        let found = tried.fold(None, |found, fits| fits.or(found))?;
        Some((Self { person: person.clone(), passed_at: now, passed: Passed::Recovered }, found))
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

    /// The step to store as used; `None` if the code was remembered, or one for recovery.
    pub fn step(&self) -> Option<Step> {
        match self.passed {
            Passed::Now(step) => Some(step),
            Passed::Recovered | Passed::Earlier(..) => None,
        }
    }

    fn fits(&self, first: &FirstFactor, source: IpAddr) -> bool {
        match &self.passed {
            Passed::Now(_) | Passed::Recovered => true,
            Passed::Earlier(credential, address) => *credential == first.credential && *address == source,
        }
    }
}

/// A person who has proved both factors, and from where. Everything behind the login takes this.
///
/// ```compile_fail,E0451
/// fn f(one: identity::VerifiedIdentity, bob: identity::PersonName) { identity::VerifiedIdentity { person: bob, ..one }; }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct VerifiedIdentity {
    person: PersonName,
    credential: Credential,
    source: IpAddr,
    mfa_at: u64,
    second: Second,
}

/// What the second factor was.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Second {
    Totp,
    Remembered,
    Recovery,
    Ticketed,
    /// By the certificate of that fingerprint.
    Certified(String),
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
        let FirstFactor { person, credential } = first;
        let mfa_at = second.passed_at;
        let second = match second.passed {
            Passed::Now(_) => Second::Totp,
            Passed::Recovered => Second::Recovery,
            Passed::Earlier(..) => Second::Remembered,
        };
        Ok(Self { person, credential, source, mfa_at, second })
    }

    /// The identity that a ticket stands for.
    pub(crate) fn by_ticket(login: &TicketedLogin) -> Self {
        Self {
            person: login.person.clone(),
            credential: login.credential.clone(),
            source: login.source.to_canonical(),
            mfa_at: login.mfa_at,
            second: Second::Ticketed,
        }
    }

    /// The identity that a certificate stands for, on a connection from there.
    pub(crate) fn by_certificate(login: &CertifiedLogin, source: IpAddr) -> Self {
        Self {
            person: login.person.clone(),
            credential: login.credential.clone(),
            source: source.to_canonical(),
            mfa_at: login.mfa_at,
            second: Second::Certified(login.fingerprint.clone()),
        }
    }

    /// Who it is.
    pub fn person(&self) -> &PersonName {
        &self.person
    }

    /// The fingerprint of the certificate that they came in by, if it was one.
    pub fn certificate(&self) -> Option<&str> {
        match &self.second {
            Second::Certified(fingerprint) => Some(fingerprint),
            _ => None,
        }
    }

    /// The first factor.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// How it was proved, for the ledger: `publickey SHA256:… + totp`, with `(remembered)` if the code is an older one.
    pub fn how(&self) -> String {
        let second = match &self.second {
            Second::Totp => "totp",
            Second::Remembered => "totp (remembered)",
            Second::Recovery => "recovery code",
            Second::Ticketed => "totp (by ticket)",
            Second::Certified(_) => "totp (by certificate)",
        };
        format!("{} + {second}", self.credential)
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

    /// Whether an authenticator's code was given for this very connection.
    pub fn is_worth_remembering(&self) -> bool {
        self.second == Second::Totp
    }

    /// Whether the one-time code was given for this very connection.
    pub fn is_fresh(&self) -> bool {
        matches!(self.second, Second::Totp | Second::Recovery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::PublicKey;
    use crate::remembered::DEFAULT_REMEMBER_FOR;

    const NOW: u64 = 1_800_000_000;
    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

    fn person(name: &str) -> PersonName {
        PersonName::parse(name).unwrap()
    }

    fn home() -> IpAddr {
        "192.0.2.7".parse().unwrap()
    }

    fn away() -> IpAddr {
        "198.51.100.1".parse().unwrap()
    }

    fn with_key(name: &str) -> FirstFactor {
        let key = EnrolledKey::new(person(name), PublicKey::parse(KEY).unwrap());
        FirstFactor::key(&person(name), &key).unwrap()
    }

    fn with_password(name: &str) -> FirstFactor {
        let typed = Password::new("secret".to_owned()).unwrap();
        let stored = PasswordHash::make(&typed, [1; 16]).unwrap();
        FirstFactor::password(&person(name), &stored, &typed).unwrap()
    }

    fn with_code(name: &str) -> SecondFactor {
        let secret = Secret::from_bytes(&[5; 20]).unwrap();
        SecondFactor::totp(&person(name), &secret, &secret.code_at(NOW), NOW, None).unwrap()
    }

    fn joined() -> VerifiedIdentity {
        VerifiedIdentity::join(with_key("alice"), with_code("alice"), home()).unwrap()
    }

    #[test]
    fn key_and_code_make_an_identity_that_says_how() {
        let identity = joined();
        assert_eq!(identity.person().as_str(), "alice");
        assert_eq!(identity.how(), "publickey SHA256:UCUiLr7Pjs9wFFJMDByLgc3NrtdU344OgUM45wZPcIQ + totp");
        assert_eq!((identity.mfa_at(), identity.mfa_age(NOW + 60), identity.is_fresh()), (NOW, 60, true));
        assert_eq!(identity.source(), home());
    }

    #[test]
    fn a_wrong_password_or_code_proves_nothing() {
        let stored = PasswordHash::make(&Password::new("secret".to_owned()).unwrap(), [1; 16]).unwrap();
        let wrong = Password::new("Secret".to_owned()).unwrap();
        assert_eq!(FirstFactor::password(&person("alice"), &stored, &wrong), None);
        let secret = Secret::from_bytes(&[5; 20]).unwrap();
        let code = secret.code_at(NOW + 600);
        assert_eq!(SecondFactor::totp(&person("alice"), &secret, &code, NOW, None), Err(TotpError::Wrong));
    }

    #[test]
    fn a_key_proves_only_the_person_it_is_enrolled_for() {
        let bobs = EnrolledKey::new(person("bob"), PublicKey::parse(KEY).unwrap());
        let refused = FirstFactor::key(&person("alice"), &bobs);
        assert!(matches!(refused, Err(ProofError::KeyOfAnother { .. })));
    }

    #[test]
    fn factors_of_two_persons_do_not_join() {
        let refused = VerifiedIdentity::join(with_key("alice"), with_code("bob"), home());
        assert!(matches!(refused, Err(ProofError::DifferentPersons { .. })));
    }

    #[test]
    fn a_remembered_code_counts_for_its_credential_and_address_only() {
        let kept = Remembered::from_login(&joined()).unwrap();
        let recall = |first: &FirstFactor, source| {
            SecondFactor::remembered(&kept, first, source, NOW + 60, DEFAULT_REMEMBER_FOR)
        };
        let second = recall(&with_key("alice"), home()).unwrap();
        let identity = VerifiedIdentity::join(with_key("alice"), second, home()).unwrap();
        assert!(identity.how().ends_with(" + totp (remembered)"));
        assert_eq!((identity.mfa_at(), identity.is_fresh()), (NOW, false));
        assert_eq!(recall(&with_password("alice"), home()), Err(ProofError::NotRemembered));
        assert_eq!(recall(&with_key("alice"), away()), Err(ProofError::NotRemembered));
    }

    #[test]
    fn a_remembered_code_cannot_be_joined_elsewhere() {
        let kept = Remembered::from_login(&joined()).unwrap();
        let recall = || SecondFactor::remembered(&kept, &with_key("alice"), home(), NOW, 60).unwrap();
        let elsewhere = VerifiedIdentity::join(with_key("alice"), recall(), away());
        assert_eq!(elsewhere, Err(ProofError::NotRemembered));
        let by_password = VerifiedIdentity::join(with_password("alice"), recall(), home());
        assert_eq!(by_password, Err(ProofError::NotRemembered));
    }

    #[test]
    fn remembering_a_remembered_code_does_not_renew_it() {
        let kept = Remembered::from_login(&joined()).unwrap();
        let second = SecondFactor::remembered(&kept, &with_key("alice"), home(), NOW, 60).unwrap();
        let identity = VerifiedIdentity::join(with_key("alice"), second, home()).unwrap();
        assert_eq!(Remembered::from_login(&identity), None);
    }

    #[test]
    fn a_credential_survives_storage() {
        for credential in [with_key("alice").credential().clone(), Credential::Password] {
            assert_eq!(Credential::parse(&credential.to_string()), Ok(credential));
        }
        for text in ["", "publickey", "publickey SHA256:short", "Password", "password "] {
            assert_eq!(Credential::parse(text), Err(CredentialError), "{text:?}");
        }
    }
}
