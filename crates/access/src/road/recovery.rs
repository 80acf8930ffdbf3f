//! Recovery: codes that each stand for one authenticator's code, once; and a person who starts anew because a key or an
//! authenticator is lost, for which somebody else must have signed.

use identity::{Code, FirstFactor, PasswordHash, SecondFactor};
use serde_json::json;

use super::Road;
use super::enrolment_codes::gone as enrolment_gone;
use super::state::StateChange;
use crate::blind::sha256_hex;
use crate::entry::Event;
use crate::error::RoadError;
use crate::model::{Person, PersonId, Record, RequestId};
use crate::register;

impl Road {
    /// A second factor by recovery code. The code is gone from the record before anything follows from it.
    pub(super) async fn recover_with(
        &self,
        person: &Person,
        first: &FirstFactor,
        code: &Code,
    ) -> Result<Option<SecondFactor>, RoadError> {
        let kept = self.recovery_hashes(&person.id).await?;
        let hashes: Vec<_> = kept.iter().filter_map(|hash| PasswordHash::parse(hash).ok()).collect();
        let found = SecondFactor::recovery(first.person(), &hashes, code, self.now().seconds());
        let Some((factor, hash)) = found else { return Ok(None) };
        let hash = hash.to_phc_string();
        // The store decides between two connections that hold the same code.
        if !self.store().use_recovery(&person.id, &hash).await? {
            return Ok(None);
        }
        self.enter_state(vec![], vec![gone(&hash)], None).await?;
        Ok(Some(factor))
    }

    /// Takes every credential away, on the record: keys, seed, password, recovery codes and what was remembered. Every
    /// connection of the person ends.
    pub(crate) async fn strip_credentials(
        &self,
        person: &Person,
        request: Option<RequestId>,
    ) -> Result<(), RoadError> {
        let keys = self.store().keys(&person.id).await?;
        let bare = Person { password: None, totp: None, ..person.clone() };
        let mut changes = vec![StateChange::Put(register::credentials(&bare)), enrolment_gone(&person.id)];
        changes.extend(keys.iter().map(|key| StateChange::Gone("key", key.fingerprint.clone())));
        changes.extend(self.old_recovery(&person.id).await?);
        let events = keys.iter().map(|key| Event::Key {
            person: person.id.0.clone(),
            fingerprint: key.fingerprint.clone(),
            change: "revoked".to_owned(),
        });
        self.enter_state(events.collect(), changes, request).await?;
        for key in &keys {
            self.store().remove_key(&person.id, &key.fingerprint).await?;
        }
        self.store().set_password(&person.id, None).await?;
        self.store().set_totp(&person.id, None).await?;
        self.store().put_recovery(&person.id, &[]).await?;
        self.store().put_enrolment(&person.id, None).await?;
        self.store().forget(&person.id).await?;
        Ok(self.store().stir().await?)
    }

    /// What the ledger says when new recovery codes replace what is left of the old ones.
    pub(super) async fn old_recovery(&self, person: &PersonId) -> Result<Vec<StateChange>, RoadError> {
        Ok(self.store().recovery(person).await?.iter().map(|hash| gone(hash)).collect())
    }

    /// The hashes that the ledger vouches for.
    async fn recovery_hashes(&self, person: &PersonId) -> Result<Vec<String>, RoadError> {
        let mut hashes = self.store().recovery(person).await?;
        hashes.retain(|hash| self.register().vouches_for(&record(person, hash)));
        Ok(hashes)
    }
}

/// What the ledger says of a recovery code.
pub(super) fn record(person: &PersonId, hash: &str) -> Record {
    let content = json!({"hash": hash, "person": person.0});
    register::record("recovery", &sha256_hex(hash.as_bytes()), &content)
}

fn gone(hash: &str) -> StateChange {
    StateChange::Gone("recovery", sha256_hex(hash.as_bytes()))
}
