//! Signatures under a shared secret: HMAC-SHA-256.

use access::blind::hex;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// In lower hex.
pub fn hmac_hex(secret: &str, text: &[u8]) -> String {
    hex(tag(secret, text).as_ref())
}

/// In base64.
pub fn hmac_base64(secret: &str, text: &[u8]) -> String {
    BASE64_STANDARD.encode(tag(secret, text))
}

fn tag(secret: &str, text: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text)
}

/// The text as a value in a URL's query.
pub fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_that_of_rfc_4231() {
        // Test case 2 of the RFC.
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hmac_hex("Jefe", b"what do ya want for nothing?"), expected);
    }

    #[test]
    fn base64_is_fit_for_a_query() {
        assert_eq!(percent_encoded("a+b/c="), "a%2Bb%2Fc%3D");
    }
}
