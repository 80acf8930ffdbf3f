//! Signatures by security keys (PROTOCOL.u2f), made here byte by byte since no such key is at hand.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use ed25519_dalek::{Signer as _, SigningKey};
use identity::VerifiedSignature;
use identity::key::KeyError;
use identity::sshsig::{SignatureError, verify};

use crate::openssh::{Blob, MESSAGE, NAMESPACE, mpint, string};

const TOUCHED: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const SK_ED25519: &str = "sk-ssh-ed25519@openssh.com";
const SK_ECDSA: &str = "sk-ecdsa-sha2-nistp256@openssh.com";

/// What a security key signs: hashed application, flags, counter, hashed message.
fn signed_data(application: &str, flags: u8, message: &[u8]) -> Vec<u8> {
    let application = digest(&SHA256, application.as_bytes());
    let message = digest(&SHA256, message);
    [application.as_ref(), &[flags], &7_u32.to_be_bytes(), message.as_ref()].concat()
}

fn signature(algorithm: &str, raw: &[u8], flags: u8) -> Vec<u8> {
    [string(algorithm.as_bytes()), string(raw), vec![flags], 7_u32.to_be_bytes().to_vec()].concat()
}

fn ed25519_blob(application: &str, flags: u8) -> Blob {
    let key = SigningKey::from_bytes(&[9; 32]);
    let public = key.verifying_key().to_bytes();
    let mut blob =
        Blob::new([string(SK_ED25519.as_bytes()), string(&public), string(application.as_bytes())].concat());
    let raw = key.sign(&signed_data(application, flags, &blob.to_be_signed(MESSAGE))).to_bytes();
    blob.signature = signature(SK_ED25519, &raw, flags);
    blob
}

fn ecdsa_blob(flags: u8) -> Blob {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = key.public_key().as_ref();
    let mut blob = Blob::new([SK_ECDSA.as_bytes(), b"nistp256", point, b"ssh:"].map(string).concat());
    let data = signed_data("ssh:", flags, &blob.to_be_signed(MESSAGE));
    let raw = key.sign(&SystemRandom::new(), &data).unwrap();
    let (r, s) = raw.as_ref().split_at(32);
    blob.signature = signature(SK_ECDSA, &[mpint(r), mpint(s)].concat(), flags);
    blob
}

fn check(blob: &Blob) -> Result<VerifiedSignature, SignatureError> {
    verify(&blob.armored(), NAMESPACE, MESSAGE)
}

#[test]
fn a_touched_key_signs() {
    for blob in [ed25519_blob("ssh:", TOUCHED), ed25519_blob("ssh:work", TOUCHED), ecdsa_blob(TOUCHED)] {
        let verified = check(&blob).unwrap();
        assert!(verified.key().is_security_key());
        assert!(!verified.user_verified());
    }
}

#[test]
fn a_pin_or_a_finger_is_reported() {
    for blob in [ed25519_blob("ssh:", TOUCHED | VERIFIED), ecdsa_blob(TOUCHED | VERIFIED)] {
        assert!(check(&blob).unwrap().user_verified());
    }
}

#[test]
fn an_untouched_key_does_not_sign() {
    for flags in [0, VERIFIED, 0x80] {
        for blob in [ed25519_blob("ssh:", flags), ecdsa_blob(flags)] {
            assert_eq!(check(&blob), Err(SignatureError::NotTouched), "flags {flags}");
        }
    }
}

#[test]
fn flags_counter_and_application_are_covered_by_the_signature() {
    let mut flags = ed25519_blob("ssh:", 0);
    let at = flags.signature.len() - 5;
    flags.signature[at] = TOUCHED;
    assert_eq!(check(&flags), Err(SignatureError::Wrong));
    let mut counter = ed25519_blob("ssh:", TOUCHED);
    *counter.signature.last_mut().unwrap() += 1;
    assert_eq!(check(&counter), Err(SignatureError::Wrong));
    let mut application = ed25519_blob("ssh:", TOUCHED);
    application.key = ed25519_blob("ssh:other", TOUCHED).key;
    assert_eq!(check(&application), Err(SignatureError::Wrong));
}

#[test]
fn a_key_made_for_a_web_site_is_refused() {
    let refused = check(&ed25519_blob("example.org", TOUCHED)).unwrap_err();
    assert!(matches!(refused, SignatureError::Key(KeyError::Application(_))), "{refused}");
}

/// The SSH library accepts this one: it looks at the key's kind only, and cuts flags and counter off the end.
#[test]
fn a_security_keys_signature_under_a_made_up_algorithm_is_refused() {
    for name in ["anything@example.org", "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"] {
        let mut blob = ed25519_blob("ssh:", TOUCHED);
        let raw = blob.signature[4 + SK_ED25519.len() + 4..].to_vec();
        blob.signature = [string(name.as_bytes()), string(&raw)].concat();
        let read: ssh_key::SshSig = std::str::from_utf8(&blob.armored()).unwrap().parse().unwrap();
        let key = ssh_key::PublicKey::from(read.public_key().clone());
        assert!(key.verify(NAMESPACE, MESSAGE, &read).is_ok(), "the library has become stricter; good");
        assert!(matches!(check(&blob), Err(SignatureError::Algorithm { .. })), "{name}");
    }
}

#[test]
fn a_plain_signature_by_the_key_in_a_security_key_is_refused() {
    let mut blob = ed25519_blob("ssh:", TOUCHED);
    let raw = SigningKey::from_bytes(&[9; 32]).sign(&blob.to_be_signed(MESSAGE)).to_bytes();
    blob.signature = [string(b"ssh-ed25519"), string(&raw)].concat();
    assert!(matches!(check(&blob), Err(SignatureError::Algorithm { .. })));
}
