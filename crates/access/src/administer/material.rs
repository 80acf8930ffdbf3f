//! What a change needs that is drawn or handed in once. It waits sealed while a change waits for signatures, so that
//! what is applied is what was proposed.

use identity::{Password, PasswordHash, totp};
use serde::{Deserialize, Serialize};

use super::valid::{self, valid};
use super::{Change, ChangeError, Secret};
use crate::blind::hex;
use crate::error::RoadError;
use crate::road::Road;

/// Random values, a password's hash, secrets.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Material {
    /// The identifier of a new person, and the salt of what hides them in the ledger.
    pub(super) person: Option<(String, [u8; 16])>,
    /// A password's hash in PHC form.
    pub(super) password: Option<Secret>,
    /// A verification seed.
    pub(super) seed: Option<[u8; 20]>,
    /// A private key, or a database's password.
    #[serde(alias = "private_key")]
    pub(super) credential: Option<Secret>,
    /// The hash of an enrolment code's first half.
    pub(super) first_half: Option<Secret>,
    /// The half itself: told once to whoever proposes, and never kept.
    #[serde(skip)]
    pub(super) first_half_told: Option<Secret>,
}

impl Road {
    /// Draws what the change needs, and refuses secrets that are not acceptable.
    pub(super) fn draw(&self, change: &Change) -> Result<Material, ChangeError> {
        let mut material = Material::default();
        match change {
            Change::PersonAdd { .. } => {
                material.person = Some((format!("p-{}", hex(&self.random::<8>())), self.random()));
            }
            Change::PersonPassword { password, .. } => material.password = Some(self.hashed(password)?),
            Change::PersonEnrol { .. } | Change::PersonRecover { .. } => {
                let (told, hash) = self.first_half()?;
                material.first_half_told = Some(told);
                material.first_half = Some(Secret(hash.into()));
            }
            Change::PersonTotp { .. } => material.seed = Some(self.random()),
            Change::AccountAdd { private_key, password, .. } => {
                material.credential = Some(valid::credential(private_key, password)?);
            }
            _ => {}
        }
        Ok(material)
    }

    fn hashed(&self, password: &Secret) -> Result<Secret, ChangeError> {
        valid::password(&password.0)?;
        let typed = valid("password", Password::new(password.0.clone()))?;
        let hash = valid("password", PasswordHash::make(&typed, self.random()))?;
        Ok(Secret(hash.to_phc_string()))
    }
}

impl Material {
    /// The seed as the authenticator's library has it.
    pub(super) fn seed(&self) -> Result<totp::Secret, ChangeError> {
        valid("seed", totp::Secret::from_bytes(self.seed.as_ref().map_or(&[], <[u8; 20]>::as_slice)))
    }

    /// Whether nothing was drawn or handed in.
    pub(crate) fn is_empty(&self) -> bool {
        self.person.is_none()
            && self.password.is_none()
            && self.seed.is_none()
            && self.credential.is_none()
            && self.first_half.is_none()
    }

    /// Sealed for a change of that digest; none when there is nothing to keep.
    pub(crate) fn seal(&self, road: &Road, digest: &str) -> Result<Option<Vec<u8>>, RoadError> {
        if self.is_empty() {
            return Ok(None);
        }
        let text = zeroize::Zeroizing::new(serde_json::to_vec(self).unwrap_or_default());
        Ok(Some(road.vault().seal("change", digest, &text, road.entropy())?))
    }

    /// Opens what [`Self::seal`] made for the same change.
    pub(crate) fn open(road: &Road, digest: &str, sealed: Option<&[u8]>) -> Result<Self, RoadError> {
        let Some(sealed) = sealed else { return Ok(Self::default()) };
        let text = road.vault().open("change", digest, sealed)?;
        serde_json::from_slice(&text).map_err(|_| RoadError::Inconsistent("a sealed change".to_owned()))
    }
}
