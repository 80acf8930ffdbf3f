//! What is known of a person at this very moment that policies may look at: permits that live, and the device of their key.

use identity::VerifiedIdentity;
use identity::proof::Credential;

use super::Road;
use super::setting::Setting;
use crate::error::RoadError;
use crate::model::{PermitKind, Person, Target};

/// What the store knows of a person at this very moment that policies may look at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Circumstances {
    /// Whether a live access permit covers the account on the target.
    pub granted: bool,
    /// Whether an emergency that the person declared covers the target.
    pub emergency: bool,
    /// Whether the key that let them in is bound to a device.
    pub device_bound: bool,
}

impl Setting {
    pub(super) fn under(self, circumstances: Circumstances) -> Self {
        let Circumstances { granted, emergency, device_bound } = circumstances;
        Self { granted, emergency, device_bound, ..self }
    }
}

impl Road {
    /// How things stand with the person there.
    pub(super) async fn circumstances(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        target: &Target,
        account: &str,
    ) -> Result<Circumstances, RoadError> {
        Ok(Circumstances {
            granted: self.is_granted(person, target, account).await?,
            emergency: self.is_in_emergency(person, target).await?,
            device_bound: self.is_device_bound(who).await?,
        })
    }

    /// Whether a live access permit of this person covers the account on the target.
    async fn is_granted(&self, person: &Person, target: &Target, account: &str) -> Result<bool, RoadError> {
        Ok(!self.covering(PermitKind::Access, person, target, account).await?.is_empty())
    }

    /// Whether an emergency that this person declared covers the target, and is not over.
    async fn is_in_emergency(&self, person: &Person, target: &Target) -> Result<bool, RoadError> {
        Ok(!self.covering(PermitKind::Emergency, person, target, "").await?.is_empty())
    }

    /// Whether the key that let this person in is bound to a device.
    pub(super) async fn is_device_bound(&self, who: &VerifiedIdentity) -> Result<bool, RoadError> {
        let Credential::Key(key) = who.credential() else { return Ok(false) };
        Ok(self.store().key(key.as_str()).await?.is_some_and(|key| key.device.is_some()))
    }
}
