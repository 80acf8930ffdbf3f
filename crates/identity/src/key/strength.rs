//! Which public keys are strong enough: kinds, sizes, and points that are what they claim to be.

use aws_lc_rs::signature;
use ssh_key::Algorithm;
use ssh_key::public::{Ed25519PublicKey, KeyData, RsaPublicKey};

use super::KeyError;
use super::kind::{self, Kind};
use crate::quote::Quoted;

/// Sizes in bits of RSA keys that are accepted.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Applications of security keys start with this (PROTOCOL.u2f); others were made for web sites.
const SECURITY_KEY_APPLICATION: &str = "ssh:";

/// Refuses kinds that are not accepted, and keys that protect nothing.
pub(super) fn check(key: &KeyData) -> Result<&'static Kind, KeyError> {
    match key {
        KeyData::Ed25519(key) => check_ed25519(key)?,
        KeyData::Rsa(key) => check_rsa(key)?,
        KeyData::Ecdsa(key) => check_point(key.as_sec1_bytes())?,
        KeyData::SkEd25519(key) => {
            check_application(key.application())?;
            check_ed25519(key.public_key())?;
        }
        KeyData::SkEcdsaSha2NistP256(key) => {
            check_application(key.application())?;
            check_point(key.ec_point().as_bytes())?;
        }
        KeyData::Certificate(_) => return Err(KeyError::Certificate(Quoted::text(&name_of(key)))),
        _ => {}
    }
    kind::of(key).ok_or_else(|| KeyError::Algorithm(Quoted::text(&name_of(key))))
}

fn name_of(key: &KeyData) -> String {
    match key.algorithm() {
        Algorithm::Dsa => "ssh-dss".to_owned(),
        algorithm => algorithm.to_string(),
    }
}

/// Refuses points of small order, under which some signatures hold for every message.
fn check_ed25519(key: &Ed25519PublicKey) -> Result<(), KeyError> {
    let point = ed25519_dalek::VerifyingKey::from_bytes(&key.0);
    match point {
        Ok(point) if !point.is_weak() => Ok(()),
        Ok(_) => Err(KeyError::Weak("ed25519")),
        Err(_) => Err(KeyError::Malformed(Quoted::text("ssh-ed25519"))),
    }
}

/// Refuses compressed points (RFC 5656 section 3.1 allows to): they would give one key two fingerprints.
fn check_point(sec1: &[u8]) -> Result<(), KeyError> {
    let algorithm = match sec1 {
        [4, rest @ ..] if rest.len() == 64 => &signature::ECDSA_P256_SHA256_FIXED,
        [4, rest @ ..] if rest.len() == 96 => &signature::ECDSA_P384_SHA384_FIXED,
        [4, ..] => &signature::ECDSA_P521_SHA512_FIXED,
        _ => return Err(KeyError::Malformed(Quoted::text("ecdsa"))),
    };
    let point = signature::ParsedPublicKey::new(algorithm, sec1);
    point.map(drop).map_err(|_| KeyError::Malformed(Quoted::text("ecdsa")))
}

fn check_rsa(key: &RsaPublicKey) -> Result<(), KeyError> {
    let modulus = key.n().as_positive_bytes().unwrap_or_default();
    let exponent = key.e().as_positive_bytes().unwrap_or_default();
    let bits = bits(modulus);
    if !RSA_BITS.contains(&bits) {
        return Err(KeyError::RsaBits(bits));
    }
    let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
    if !is_odd(modulus) || !is_odd(exponent) || exponent == [1] {
        return Err(KeyError::Weak("RSA"));
    }
    Ok(())
}

/// The length in bits of a big-endian number without leading zero bytes.
fn bits(number: &[u8]) -> usize {
    let spare = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    number.len() * 8 - spare
}

fn check_application(application: &str) -> Result<(), KeyError> {
    if application.starts_with(SECURITY_KEY_APPLICATION) {
        return Ok(());
    }
    Err(KeyError::Application(Quoted::text(application)))
}
