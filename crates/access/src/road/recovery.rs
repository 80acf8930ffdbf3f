//! Recovery codes: each stands for one code of an authenticator, once.

use identity::{Code, FirstFactor, PasswordHash, SecondFactor};
use serde_json::json;

use super::Road;
use super::state::StateChange;
use crate::blind::sha256_hex;
use crate::error::RoadError;
use crate::model::{Person, PersonId, Record};
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
        let used = [gone(&hash)];
        self.enter_state(vec![], used.to_vec(), None).await?;
        self.rows_are_written(&used);
        Ok(Some(factor))
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
