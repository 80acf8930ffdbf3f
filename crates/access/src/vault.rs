//! Secrets at rest: TOTP seeds and target credentials under a key that is not in the database.
//!
//! A sealed secret is `0x01 ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag`; the purpose and the owner are the
//! associated data, so a row copied to another owner does not open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::ports::Entropy;

const VERSION: u8 = 1;

/// A sealed secret did not open: wrong key, wrong owner, or altered.
#[derive(Debug, thiserror::Error)]
#[error(
    "the sealed {0} does not open with this node's key; it was altered, moved, or sealed by another node"
)]
pub struct VaultError(String);

/// Seals and opens secrets under one 32-byte key.
pub struct Vault {
    key: LessSafeKey,
}

impl Vault {
    /// A vault under `key`. The caller wipes its copy.
    pub fn new(key: &[u8; 32]) -> Result<Self, VaultError> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| VaultError("key".to_owned()))?;
        Ok(Self { key: LessSafeKey::new(key) })
    }

    /// Seals `secret` for `owner`; `purpose` is a fixed word such as `totp`.
    pub fn seal(
        &self,
        purpose: &str,
        owner: &str,
        secret: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut body = secret.to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(associated(purpose, owner)),
                &mut body,
            )
            .map_err(|_| VaultError(purpose.to_owned()))?;
        Ok([&[VERSION][..], &nonce, &body].concat())
    }

    /// Opens what [`Self::seal`] made for the same purpose and owner.
    pub fn open(&self, purpose: &str, owner: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let refused = || VaultError(purpose.to_owned());
        let (&version, rest) = sealed.split_first().ok_or_else(refused)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or_else(refused)?;
        if version != VERSION {
            return Err(refused());
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| refused())?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .key
            .open_in_place(nonce, Aad::from(associated(purpose, owner)), &mut body)
            .map_err(|_| refused())?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

fn associated(purpose: &str, owner: &str) -> Vec<u8> {
    [purpose.as_bytes(), &[0], owner.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    fn vault(byte: u8) -> Vault {
        Vault::new(&[byte; 32]).unwrap()
    }

    #[test]
    fn a_secret_opens_only_for_its_purpose_owner_and_key() {
        let sealed = vault(1).seal("totp", "p-1", b"seed", &Counting).unwrap();
        assert_eq!(&*vault(1).open("totp", "p-1", &sealed).unwrap(), b"seed");
        assert!(vault(1).open("totp", "p-2", &sealed).is_err());
        assert!(vault(1).open("credential", "p-1", &sealed).is_err());
        assert!(vault(2).open("totp", "p-1", &sealed).is_err());
    }

    #[test]
    fn every_flipped_byte_is_refused() {
        let sealed = vault(1).seal("totp", "p-1", b"seed", &Counting).unwrap();
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert!(vault(1).open("totp", "p-1", &bent).is_err(), "byte {at}");
        }
        assert!(vault(1).open("totp", "p-1", &[]).is_err());
    }
}
