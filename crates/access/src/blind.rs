//! Salted commitments: the ledger proves what was done without carrying personal data in clear.
//!
//! A commitment is HMAC-SHA-256 under a salt that lives in the store, so erasing the salt erases the link while
//! every proof stays valid. `HMAC(salt, field ‖ 0x00 ‖ value)`, lower hex.

use aws_lc_rs::{digest, hmac};

/// A salt that hides the values of one person, session or request.
#[derive(Clone, Copy)]
pub struct Blind<'a>(pub &'a [u8; 16]);

impl Blind<'_> {
    /// The commitment to `value` as the content of `field`.
    pub fn commit(&self, field: &str, value: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, self.0));
        context.update(field.as_bytes());
        context.update(&[0]);
        context.update(value);
        hex(context.sign().as_ref())
    }
}

/// SHA-256, lower hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Lower hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The 32 bytes that 64 hex digits stand for.
pub(crate) fn bytes32(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_depends_on_salt_field_and_value() {
        let one = Blind(&[1; 16]).commit("source", b"127.0.0.1");
        assert_eq!(one.len(), 64);
        assert_eq!(one, Blind(&[1; 16]).commit("source", b"127.0.0.1"));
        assert_ne!(one, Blind(&[2; 16]).commit("source", b"127.0.0.1"));
        assert_ne!(one, Blind(&[1; 16]).commit("text", b"127.0.0.1"));
        assert_ne!(one, Blind(&[1; 16]).commit("source", b"127.0.0.2"));
    }
}
