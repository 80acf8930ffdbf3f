//! Data keys: how one is wrapped for keeping, opened again, and used on segments.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use std::sync::Arc;

use crate::error::RecordingError;
use crate::fields::Fields;
use crate::session::{SessionId, sha256};

/// Bytes of the AES-256-GCM authentication tag.
pub(crate) const TAG: usize = 16;
/// Bytes of the AES-256-GCM nonce.
pub(crate) const NONCE: usize = 12;

/// Fills the whole slice from a cryptographically secure generator.
pub type Random = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Keeps the data keys of sessions: wraps them for the disk and opens them for replay.
pub trait KeyVault: Send + Sync {
    /// Encrypts `key` so that it opens only for this session.
    fn wrap(&self, session: &SessionId, key: &[u8; 32]) -> Vec<u8>;
    /// Opens what `wrap` returned. The error says why, and nothing secret.
    fn unwrap(&self, session: &SessionId, wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, String>;
}

const WRAP_PURPOSE: &[u8; 24] = b"countersign-node-wrap-v1";

/// Wraps data keys with AES-256-GCM under one key of the node: `1 || nonce || ciphertext || tag`, 61 bytes.
pub struct NodeVault {
    key: LessSafeKey,
    random: Random,
}

impl NodeVault {
    /// A vault under `node_key`, taking nonces from `random`.
    #[must_use]
    pub fn new(node_key: &[u8; 32], random: Random) -> Self {
        Self { key: aes_256_gcm(node_key), random }
    }

    fn purpose(session: &SessionId) -> Aad<[u8; 40]> {
        let mut aad = [0; 40];
        let (purpose, id) = aad.split_at_mut(WRAP_PURPOSE.len());
        purpose.copy_from_slice(WRAP_PURPOSE);
        id.copy_from_slice(&session.0);
        Aad::from(aad)
    }
}

impl KeyVault for NodeVault {
    fn wrap(&self, session: &SessionId, key: &[u8; 32]) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        (self.random)(&mut nonce);
        let mut sealed = Zeroizing::new(*key);
        let tag = seal(&self.key, &nonce, Self::purpose(session), &mut sealed[..]);
        [&[1][..], &nonce, &sealed[..], &tag].concat()
    }

    fn unwrap(&self, session: &SessionId, wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, String> {
        let (nonce, sealed, tag) = node_wrap(wrapped).ok_or("it was not wrapped by a node key")?;
        let mut key = Zeroizing::new(sealed);
        self.key
            .open_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Self::purpose(session),
                &tag,
                &mut key[..],
            )
            .map_err(|_| "another node key or another session's key")?;
        Ok(key)
    }
}

fn node_wrap(wrapped: &[u8]) -> Option<([u8; NONCE], [u8; 32], [u8; TAG])> {
    let mut fields = Fields::of(wrapped);
    fields.literal(&[1])?;
    let parts = (fields.array()?, fields.array()?, fields.array()?);
    fields.rest().is_empty().then_some(parts)
}

/// The key of one session's segments.
pub(crate) struct DataKey {
    key: LessSafeKey,
    /// Binds the session to this one key, which a GCM tag does not.
    pub(crate) commitment: [u8; 32],
}

impl DataKey {
    /// A fresh key and its wrapped form.
    pub(crate) fn generate(session: &SessionId, vault: &dyn KeyVault, random: &Random) -> (Self, Vec<u8>) {
        let mut raw = Zeroizing::new([0; 32]);
        random(&mut raw[..]);
        (Self::of(session, &raw), vault.wrap(session, &raw))
    }

    /// Opens a wrapped key; a key other than the committed one is refused.
    pub(crate) fn open(
        session: &SessionId,
        vault: &dyn KeyVault,
        wrapped: &[u8],
        commitment: &[u8; 32],
    ) -> Result<Self, RecordingError> {
        let refused = |reason: String| RecordingError::Key { session: *session, reason };
        let raw = vault.unwrap(session, wrapped).map_err(refused)?;
        let key = Self::of(session, &raw);
        if key.commitment == *commitment {
            Ok(key)
        } else {
            Err(refused("not the key that was committed to".into()))
        }
    }

    fn of(session: &SessionId, raw: &[u8; 32]) -> Self {
        Self { key: aes_256_gcm(raw), commitment: key_commitment(session, raw) }
    }

    /// Encrypts in place and returns the tag; a nonce must never come twice.
    pub(crate) fn seal(&self, nonce: &[u8; NONCE], aad: &[u8], text: &mut [u8]) -> [u8; TAG] {
        seal(&self.key, nonce, Aad::from(aad), text)
    }

    /// Decrypts `text` (ciphertext and tag) in place and returns the plaintext.
    pub(crate) fn open_in_place<'t>(
        &self,
        nonce: [u8; NONCE],
        aad: &[u8],
        text: &'t mut [u8],
    ) -> Option<&'t mut [u8]> {
        self.key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(aad), text).ok()
    }
}

fn key_commitment(session: &SessionId, key: &[u8; 32]) -> [u8; 32] {
    sha256(&[b"countersign-data-key-v1", &session.0, key])
}

#[expect(
    clippy::expect_used,
    reason = "a 32-byte key is the only thing that could be wrong, and the type rules it out"
)]
fn aes_256_gcm(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are an AES-256 key"))
}

#[expect(clippy::expect_used, reason = "only texts above 2^36 bytes are refused; a segment is some MiB")]
fn seal<A: AsRef<[u8]>>(key: &LessSafeKey, nonce: &[u8; NONCE], aad: Aad<A>, text: &mut [u8]) -> [u8; TAG] {
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let tag = key.seal_in_place_separate_tag(nonce, aad, text).expect("a short text can be sealed");
    let mut out = [0; TAG];
    out.copy_from_slice(tag.as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random;

    fn vault(node_key: u8) -> NodeVault {
        NodeVault::new(&[node_key; 32], random())
    }

    #[test]
    fn a_wrapped_key_opens_only_for_its_session_and_node() {
        let (one, other) = (SessionId([1; 16]), SessionId([2; 16]));
        let wrapped = vault(7).wrap(&one, &[9; 32]);
        assert_eq!(*vault(7).unwrap(&one, &wrapped).unwrap(), [9; 32]);
        assert!(vault(7).unwrap(&other, &wrapped).is_err());
        assert!(vault(8).unwrap(&one, &wrapped).is_err());
    }

    #[test]
    fn a_changed_byte_of_a_wrapped_key_is_refused() {
        let id = SessionId([1; 16]);
        let wrapped = vault(7).wrap(&id, &[9; 32]);
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(vault(7).unwrap(&id, &changed).is_err(), "byte {at}");
        }
        assert!(vault(7).unwrap(&id, &wrapped[..60]).is_err());
    }

    #[test]
    fn a_key_that_was_not_committed_to_is_refused() {
        let id = SessionId([1; 16]);
        let (key, _) = DataKey::generate(&id, &vault(7), &random());
        let (_, other) = DataKey::generate(&id, &vault(7), &random());
        assert!(DataKey::open(&id, &vault(7), &other, &key.commitment).is_err());
    }
}
