//! What is known of a person at this very moment that policies may look at: permits that live, and the device of their key.

use identity::VerifiedIdentity;
use identity::proof::Credential;

use super::Road;
use crate::error::RoadError;
use crate::model::{PermitKind, Person, Target};

impl Road {
    /// Whether a live access permit of this person covers the account on the target.
    pub(super) async fn is_granted(
        &self,
        person: &Person,
        target: &Target,
        account: &str,
    ) -> Result<bool, RoadError> {
        Ok(!self.covering(PermitKind::Access, person, target, account).await?.is_empty())
    }

    /// Whether an emergency that this person declared covers the target, and is not over.
    pub(super) async fn is_in_emergency(&self, person: &Person, target: &Target) -> Result<bool, RoadError> {
        Ok(!self.covering(PermitKind::Emergency, person, target, "").await?.is_empty())
    }

    /// Whether the key that let this person in is bound to a device.
    pub(super) async fn is_device_bound(&self, who: &VerifiedIdentity) -> Result<bool, RoadError> {
        let Credential::Key(key) = who.credential() else { return Ok(false) };
        Ok(self.store().key(key.as_str()).await?.is_some_and(|key| key.device.is_some()))
    }
}
