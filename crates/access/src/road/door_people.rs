//! Who may still be here: read afresh before everything, so that what was taken away or has lapsed ends at once.

use identity::proof::Credential;
use identity::{EnrolledKey, PersonName, PublicKey, VerifiedIdentity};

use super::Road;
use crate::error::{Refusal, RoadError};
use crate::model::{Certificate, Person, PersonId, PersonKey, Timestamp};
use crate::statement::rfc3339;
use crate::text::{ACCOUNT_EXPIRED, CERTIFICATE_OVER, KEY_EXPIRED, KEY_REVOKED, SUSPENDED};

/// Rows of what let somebody in.
pub(super) struct Proofs {
    /// Of the certificate that their client has shown.
    certificate: Option<Certificate>,
    /// Of the key that is their first factor.
    key: Option<PersonKey>,
}

impl Proofs {
    /// Whether the key is bound to a device.
    pub(super) fn are_device_bound(&self) -> bool {
        self.key.as_ref().is_some_and(|key| key.device.is_some())
    }
}

impl Road {
    /// The person behind an identity, as the store has them now: groups, suspension, expiry and a revoked key take
    /// effect at once, also on connections that are open already. Who has not accepted the notice may do nothing.
    pub(crate) async fn person_now(&self, who: &VerifiedIdentity) -> Result<Person, RoadError> {
        let person = self.person_present(who).await?;
        self.check_consent(&person).await?;
        Ok(person)
    }

    /// The same, whether or not they have accepted the notice: for reading and accepting it.
    pub(crate) async fn person_present(&self, who: &VerifiedIdentity) -> Result<Person, RoadError> {
        Ok(self.present(who).await?.0)
    }

    /// The same, with what let them in.
    pub(super) async fn present(&self, who: &VerifiedIdentity) -> Result<(Person, Proofs), RoadError> {
        let person = self.store().person(who.person().as_str()).await?;
        let Some(person) = person.filter(|person| !person.suspended) else {
            return Err(self.refusal(&SUSPENDED, &[]).into());
        };
        let proofs = self.proofs(&person, who).await?;
        match self.over(&person, who, &proofs) {
            None => Ok((person, proofs)),
            Some(refusal) => Err(refusal.into()),
        }
    }

    /// Why an account, a certificate or a credential is over, if it is.
    pub(super) async fn lapsed(
        &self,
        person: &Person,
        who: &VerifiedIdentity,
    ) -> Result<Option<Refusal>, RoadError> {
        Ok(self.over(person, who, &self.proofs(person, who).await?))
    }

    async fn proofs(&self, person: &Person, who: &VerifiedIdentity) -> Result<Proofs, RoadError> {
        let certificate = match who.certificate() {
            Some(id) => self.store().certificate(id).await?,
            None => None,
        };
        let key = match who.credential() {
            Credential::Key(fingerprint) => self.key_of(&person.id, fingerprint.as_str()).await?,
            Credential::Password => None,
        };
        Ok(Proofs { certificate, key })
    }

    /// The same at this moment, by rows that were read. A password leaves no trace to compare.
    pub(super) fn over(&self, person: &Person, who: &VerifiedIdentity, proofs: &Proofs) -> Option<Refusal> {
        let now = self.now();
        if let Some(since) = over(person.expires, now) {
            return Some(self.refusal(&ACCOUNT_EXPIRED, &[("since", &rfc3339(since))]));
        }
        let counts = |row: &Certificate| now < row.expires;
        if who.certificate().is_some() && !proofs.certificate.as_ref().is_some_and(counts) {
            return Some(self.refusal(&CERTIFICATE_OVER, &[]));
        }
        let Credential::Key(fingerprint) = who.credential() else { return None };
        let named = ("key", fingerprint.as_str());
        let Some(row) = &proofs.key else { return Some(self.refusal(&KEY_REVOKED, &[named])) };
        let since = over(row.expires, now).map(rfc3339)?;
        Some(self.refusal(&KEY_EXPIRED, &[named, ("since", &since)]))
    }

    /// A person's key that counts at this moment: enrolled for them, and not expired.
    pub(super) async fn key_in_force(
        &self,
        person: &PersonId,
        fingerprint: &str,
    ) -> Result<Option<PersonKey>, RoadError> {
        let row = self.key_of(person, fingerprint).await?;
        Ok(row.filter(|row| over(row.expires, self.now()).is_none()))
    }

    pub(super) async fn key_of(
        &self,
        person: &PersonId,
        fingerprint: &str,
    ) -> Result<Option<PersonKey>, RoadError> {
        Ok(self.store().key(fingerprint).await?.filter(|row| row.person == *person))
    }

    /// Notes that a key has let somebody in or has signed. Nothing depends on it, so a store that fails stops nobody.
    pub(super) async fn key_was_used(&self, fingerprint: &str) {
        if let Err(fault) = self.store().touch_key(fingerprint, self.now()).await {
            tracing::warn!(key = fingerprint, %fault, "cannot note that a key was used");
        }
    }

    /// A person and a key that is enrolled for them, expired or not: the holder of both factors is told.
    pub(super) async fn enrolled(
        &self,
        name: &str,
        key: &PublicKey,
    ) -> Result<Option<(Person, EnrolledKey)>, RoadError> {
        let Some((name, person)) = self.person_named(name).await? else { return Ok(None) };
        let row = self.key_of(&person.id, key.fingerprint().as_str()).await?;
        let theirs = row.is_some() && !person.suspended;
        Ok(theirs.then(|| (person, EnrolledKey::new(name, key.clone()))))
    }

    pub(super) async fn person_named(&self, name: &str) -> Result<Option<(PersonName, Person)>, RoadError> {
        let Ok(name) = PersonName::parse(name) else { return Ok(None) };
        let person = self.store().person(name.as_str()).await?;
        Ok(person.map(|person| (name, person)))
    }

    /// The login name behind an identifier, for what people read.
    pub(super) async fn name_of(&self, id: &PersonId) -> Result<String, RoadError> {
        Ok(self.store().person_by_id(id).await?.map_or_else(|| id.0.clone(), |person| person.name))
    }
}

/// Since when something with that expiry is over, if it is.
pub(super) fn over(expires: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    expires.filter(|expires| *expires <= now)
}
