//! Who may still be here: read afresh before everything, so that what was taken away or has lapsed ends at once.

use identity::proof::Credential;
use identity::{EnrolledKey, PersonName, PublicKey, VerifiedIdentity};

use super::Road;
use crate::error::{Refusal, RoadError};
use crate::model::{Person, PersonId, PersonKey, Timestamp};
use crate::statement::rfc3339;
use crate::text::{ACCOUNT_EXPIRED, CERTIFICATE_OVER, KEY_EXPIRED, KEY_REVOKED, SUSPENDED};

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
        let person = self.store().person(who.person().as_str()).await?;
        let Some(person) = person.filter(|person| !person.suspended) else {
            return Err(self.refusal(&SUSPENDED, &[]).into());
        };
        match self.lapsed(&person, who).await? {
            None => Ok(person),
            Some(refusal) => Err(refusal.into()),
        }
    }

    /// Why an account, a certificate or a credential is over, if it is. A password leaves no trace to compare.
    pub(super) async fn lapsed(
        &self,
        person: &Person,
        who: &VerifiedIdentity,
    ) -> Result<Option<Refusal>, RoadError> {
        if let Some(since) = over(person.expires, self.now()) {
            return Ok(Some(self.refusal(&ACCOUNT_EXPIRED, &[("since", &rfc3339(since))])));
        }
        if let Some(id) = who.certificate()
            && !self.certificate_counts(id).await?
        {
            return Ok(Some(self.refusal(&CERTIFICATE_OVER, &[])));
        }
        let Credential::Key(fingerprint) = who.credential() else { return Ok(None) };
        let key = ("key", fingerprint.as_str());
        let Some(row) = self.key_of(&person.id, fingerprint.as_str()).await? else {
            return Ok(Some(self.refusal(&KEY_REVOKED, &[key])));
        };
        let since = over(row.expires, self.now()).map(rfc3339);
        Ok(since.map(|since| self.refusal(&KEY_EXPIRED, &[key, ("since", &since)])))
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
