//! Proving a password to a server: `mysql_native_password` and `caching_sha2_password`, the latter quickly from the server's cache
//! or fully, inside TLS or by the server's RSA key.

use aws_lc_rs::digest::{self, Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::Error;

/// The method of MySQL 4.1 to 5.7 and of MariaDB.
pub const NATIVE: &str = "mysql_native_password";
/// The method of MySQL 8.
pub const CACHING_SHA2: &str = "caching_sha2_password";
/// The password itself; only inside TLS.
pub const CLEAR: &str = "mysql_clear_password";

/// What `caching_sha2_password` says in AuthMoreData: known, an OK follows.
pub const KNOWN: &[u8] = &[3];
/// What it says if the password itself is needed.
pub const FULL: &[u8] = &[4];
/// How a client asks for the server's RSA key.
pub const ASK_FOR_KEY: &[u8] = &[2];

/// The proof for a method, made with the server's nonce.
///
/// # Errors
///
/// A method that is not spoken here, or a nonce that is none.
pub fn proof(plugin: &[u8], password: &str, nonce: &[u8]) -> Result<Vec<u8>, Error> {
    if nonce.len() != 20 {
        return Err(Error::Authentication("the server's nonce has another length"));
    }
    if password.is_empty() {
        return Ok(Vec::new());
    }
    if plugin == NATIVE.as_bytes() {
        Ok(native(password, nonce))
    } else if plugin == CACHING_SHA2.as_bytes() {
        Ok(caching_sha2(password, nonce))
    } else {
        Err(Error::Authentication("the server wants a method that is not spoken here"))
    }
}

/// SHA1(password) ⊕ SHA1(nonce · SHA1(SHA1(password)))
fn native(password: &str, nonce: &[u8]) -> Vec<u8> {
    let hash = |parts: &[&[u8]]| hash(&SHA1_FOR_LEGACY_USE_ONLY, parts);
    let once = hash(&[password.as_bytes()]);
    let twice = hash(&[&once]);
    covered(&once, &hash(&[nonce, &twice]))
}

/// SHA256(password) ⊕ SHA256(SHA256(SHA256(password)) · nonce)
fn caching_sha2(password: &str, nonce: &[u8]) -> Vec<u8> {
    let hash = |parts: &[&[u8]]| hash(&SHA256, parts);
    let once = hash(&[password.as_bytes()]);
    let twice = hash(&[&once]);
    covered(&once, &hash(&[&twice, nonce]))
}

/// The password in clear with its zero byte, for full authentication inside TLS.
#[must_use]
pub fn inside_tls(password: &str) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(password.len() + 1));
    bytes.extend_from_slice(password.as_bytes());
    bytes.push(0);
    bytes
}

/// The password that a client has sent in clear, inside TLS.
///
/// # Errors
///
/// Anything that does not end with its only zero byte.
pub fn in_clear(payload: &[u8]) -> Result<&[u8], Error> {
    let password = payload.strip_suffix(&[0]).filter(|password| !password.contains(&0));
    password.ok_or(Error::Malformed("password"))
}

/// The password for nobody but the holder of the server's RSA key, for full authentication without TLS. Whoever can put a
/// key of their own in its place reads the password, so the key must be pinned.
///
/// # Errors
///
/// A key that is none, or too small for the password.
pub fn by_key(password: &str, nonce: &[u8], pem: &[u8]) -> Result<Vec<u8>, Error> {
    let wrong = || Error::Authentication("the server's RSA key cannot be used");
    let der = der(pem).ok_or_else(wrong)?;
    let key = PublicEncryptingKey::from_der(&der).map_err(|_| wrong())?;
    let key = OaepPublicEncryptingKey::new(key).map_err(|_| wrong())?;
    let clear = inside_tls(password);
    let hidden: Vec<u8> = clear.iter().zip(nonce.iter().cycle()).map(|(byte, cover)| byte ^ cover).collect();
    let mut sealed = vec![0; key.key_size_bytes()];
    let sealed = key.encrypt(&OAEP_SHA1_MGF1SHA1, &hidden, &mut sealed, None).map_err(|_| wrong())?;
    Ok(sealed.to_vec())
}

fn der(pem: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(pem).ok()?;
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).ok()
}

fn hash(algorithm: &'static Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = digest::Context::new(algorithm);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().to_vec()
}

fn covered(secret: &[u8], cover: &[u8]) -> Vec<u8> {
    secret.iter().zip(cover).map(|(secret, cover)| secret ^ cover).collect()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::{KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey};

    use super::*;

    const NONCE: &[u8; 20] = b"ABCDEFGHIJKLMNOPQRST";

    /// What a server does that keeps SHA1(SHA1(password)).
    #[test]
    fn a_native_proof_opens_for_the_stored_hash_and_no_other() {
        let proof = proof(NATIVE.as_bytes(), "pencil", NONCE).unwrap();
        let stored = |password: &str| {
            let once = hash(&SHA1_FOR_LEGACY_USE_ONLY, &[password.as_bytes()]);
            hash(&SHA1_FOR_LEGACY_USE_ONLY, &[&once])
        };
        let opens = |stored: &[u8]| {
            let once = covered(&proof, &hash(&SHA1_FOR_LEGACY_USE_ONLY, &[NONCE, stored]));
            hash(&SHA1_FOR_LEGACY_USE_ONLY, &[&once]) == stored
        };
        assert!(opens(&stored("pencil")) && !opens(&stored("pencils")));
    }

    #[test]
    fn a_sha2_proof_opens_for_the_stored_hash_and_no_other() {
        let proof = proof(CACHING_SHA2.as_bytes(), "pencil", NONCE).unwrap();
        let stored = |password: &str| hash(&SHA256, &[&hash(&SHA256, &[password.as_bytes()])]);
        let opens = |stored: &[u8]| {
            let once = covered(&proof, &hash(&SHA256, &[stored, NONCE]));
            hash(&SHA256, &[&once]) == stored
        };
        assert!(opens(&stored("pencil")) && !opens(&stored("pencils")));
    }

    #[test]
    fn an_unknown_method_or_nonce_gets_nothing() {
        assert!(proof(b"mysql_old_password", "pencil", NONCE).is_err());
        assert!(proof(CLEAR.as_bytes(), "pencil", NONCE).is_err(), "never in clear because a server asks");
        assert!(proof(NATIVE.as_bytes(), "pencil", b"short").is_err());
        assert_eq!(proof(NATIVE.as_bytes(), "", NONCE), Ok(Vec::new()), "no password, no proof");
    }

    #[test]
    fn only_the_holder_of_the_key_reads_the_password() {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let der = key.public_key().as_der().unwrap();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(der.as_ref())
        );
        let sealed = by_key("pencil", NONCE, pem.as_bytes()).unwrap();
        let key = OaepPrivateDecryptingKey::new(key).unwrap();
        let mut opened = vec![0; key.min_output_size()];
        let opened = key.decrypt(&OAEP_SHA1_MGF1SHA1, &sealed, &mut opened, None).unwrap();
        assert_eq!(covered(opened, NONCE), b"pencil\0");
        assert!(by_key("pencil", NONCE, b"no key").is_err());
    }
}
