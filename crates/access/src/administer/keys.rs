//! Changes of people's public keys.

use identity::PublicKey;

use super::ChangeError;
use super::plan::Plan;
use super::row::Row;
use super::valid::valid;
use crate::entry::Event;
use crate::model::{PersonId, PersonKey, Timestamp};
use crate::ports::StoreError;
use crate::road::Road;

impl Road {
    pub(super) async fn plan_key_add(&self, name: &str, key: &str) -> Result<Plan, ChangeError> {
        let key = valid("key", PublicKey::parse(key))?;
        let person = self.known(name).await?;
        let fingerprint = key.fingerprint().as_str().to_owned();
        if self.store().key(&fingerprint).await?.is_some() {
            return Err(StoreError::Exists(format!("key {fingerprint}")).into());
        }
        let row = PersonKey {
            person: person.id.clone(),
            fingerprint: fingerprint.clone(),
            line: key.to_line(),
            // Known once the entry is made.
            enrolled_at: 0,
            device: None,
            expires: None,
            last_used: None,
        };
        let plan = Plan::of(&*person.id.0).event(key_event(&person.id, &fingerprint, "enrolled"));
        Ok(plan.row(None, Some(Row::Key(row))))
    }

    pub(super) async fn plan_key_expiry(
        &self,
        name: &str,
        fingerprint: &str,
        expires: Option<i64>,
    ) -> Result<Plan, ChangeError> {
        let before = self.known_key(name, fingerprint).await?;
        let after = PersonKey { expires: expires.map(Timestamp), ..before.clone() };
        let plan = Plan::of(&*before.person.0);
        Ok(plan.row(Some(Row::Key(before)), Some(Row::Key(after))))
    }

    pub(super) async fn plan_key_remove(&self, name: &str, fingerprint: &str) -> Result<Plan, ChangeError> {
        let key = self.known_key(name, fingerprint).await?;
        let owner = key.person.clone();
        let plan = Plan::of(&*owner.0).event(key_event(&owner, fingerprint, "revoked"));
        Ok(plan.row(Some(Row::Key(key)), None).forgetting(&owner))
    }

    async fn known_key(&self, name: &str, fingerprint: &str) -> Result<PersonKey, ChangeError> {
        let person = self.known(name).await?;
        let key = self.store().key(fingerprint).await?.filter(|key| key.person == person.id);
        key.ok_or_else(|| StoreError::Missing(format!("key {fingerprint} of {name}")).into())
    }
}

pub(super) fn key_event(person: &PersonId, fingerprint: &str, change: &str) -> Event {
    Event::Key { person: person.0.clone(), fingerprint: fingerprint.to_owned(), change: change.to_owned() }
}
