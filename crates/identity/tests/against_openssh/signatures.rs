//! Signatures made by real `ssh-keygen -Y sign` hold, and every change to them is refused with its reason.

use std::path::Path;
use std::process::Command;

use aws_lc_rs::digest;
use identity::key::KeyError;
use identity::sshsig::{MAX_SIGNATURE, SignatureError, verify};
use identity::{PublicKey, VerifiedSignature};

use crate::openssh::{Blob, Keygen, MESSAGE, NAMESPACE, armored, string, unarmored};

const KEYS: &[(&str, &[&str])] = &[
    ("ed25519", &["-t", "ed25519"]),
    ("p256", &["-t", "ecdsa", "-b", "256"]),
    ("p384", &["-t", "ecdsa", "-b", "384"]),
    ("p521", &["-t", "ecdsa", "-b", "521"]),
    ("rsa", &["-t", "rsa", "-b", "2048"]),
];

fn check(armored: &[u8]) -> Result<VerifiedSignature, SignatureError> {
    verify(armored, NAMESPACE, MESSAGE)
}

fn signed_by_ed25519(keygen: &Keygen) -> Vec<u8> {
    let key = keygen.key("id", &["-t", "ed25519"]);
    keygen.sign(&key, NAMESPACE, &[], MESSAGE)
}

/// Signs `message` with OpenSSL's PKCS #1 v1.5, which still does SHA-1.
fn openssl_signature(keygen: &Keygen, pem: &Path, hash: &str, message: &[u8]) -> Vec<u8> {
    let (input, output) = (keygen.path("tbs"), keygen.path("tbs.sig"));
    std::fs::write(&input, message).unwrap();
    keygen.run(
        Command::new("openssl").args(["dgst", hash, "-sign"]).arg(pem).arg("-out").arg(&output).arg(&input),
    );
    std::fs::read(output).unwrap()
}

#[test]
fn every_kind_of_key_and_hash_verifies() {
    let keygen = Keygen::new();
    for (name, options) in KEYS {
        let key = keygen.key(name, options);
        let public = PublicKey::parse(&keygen.public_line(&key)).unwrap();
        for hash in ["hashalg=sha256", "hashalg=sha512"] {
            let verified = check(&keygen.sign(&key, NAMESPACE, &["-O", hash], MESSAGE)).unwrap();
            assert_eq!(verified.key(), &public, "{name}");
            assert_eq!(verified.fingerprint(), public.fingerprint());
            assert_eq!(verified.digest(), digest::digest(&digest::SHA256, MESSAGE).as_ref());
            assert!(!verified.user_verified());
        }
    }
}

#[test]
fn a_signature_that_crossed_a_terminal_verifies() {
    let signature = String::from_utf8(signed_by_ed25519(&Keygen::new())).unwrap();
    assert!(check(signature.replace('\n', "\r\n").as_bytes()).is_ok());
    assert!(check(signature.trim_end().as_bytes()).is_ok());
}

#[test]
fn another_namespace_is_refused() {
    let keygen = Keygen::new();
    let key = keygen.key("id", &["-t", "ed25519"]);
    for namespace in ["file", "countersign2", "Countersign", "countersig", "countersign "] {
        let refused = check(&keygen.sign(&key, namespace, &[], MESSAGE)).unwrap_err();
        let expected = format!(
            "the signature is for namespace '{namespace}', not 'countersign'; sign with -n 'countersign'"
        );
        assert_eq!(refused.to_string(), expected);
    }
}

#[test]
fn an_empty_namespace_is_refused_even_if_asked_for() {
    let mut blob = Blob::read(&signed_by_ed25519(&Keygen::new()));
    blob.namespace.clear();
    assert!(matches!(verify(&blob.armored(), "", MESSAGE), Err(SignatureError::Malformed(_))));
}

#[test]
fn every_change_of_one_byte_of_the_text_is_refused() {
    let signature = signed_by_ed25519(&Keygen::new());
    for at in 0..MESSAGE.len() {
        let mut changed = MESSAGE.to_vec();
        changed[at] ^= 0x20;
        assert_eq!(verify(&signature, NAMESPACE, &changed), Err(SignatureError::Wrong), "byte {at}");
    }
    for changed in [&MESSAGE[..MESSAGE.len() - 1], &[MESSAGE, b"\n"].concat(), b""] {
        assert_eq!(verify(&signature, NAMESPACE, changed), Err(SignatureError::Wrong));
    }
}

#[test]
fn a_flipped_bit_in_any_byte_of_a_signature_is_refused() {
    let keygen = Keygen::new();
    for (name, options) in KEYS {
        let blob = unarmored(&keygen.sign(&keygen.key(name, options), NAMESPACE, &[], MESSAGE));
        for at in 0..blob.len() {
            let mut changed = blob.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(check(&armored(&changed)).is_err(), "{name}, byte {at}");
        }
    }
}

#[test]
fn truncated_and_extended_blobs_are_refused() {
    let blob = unarmored(&signed_by_ed25519(&Keygen::new()));
    for length in 0..blob.len() {
        assert!(check(&armored(&blob[..length])).is_err(), "{length} bytes");
    }
    let extended = check(&armored(&[&blob[..], b"\0"].concat()));
    assert_eq!(extended, Err(SignatureError::Malformed("something follows its end")));
}

#[test]
fn truncated_and_extended_armor_is_refused() {
    let signature = signed_by_ed25519(&Keygen::new());
    let whole = signature.trim_ascii_end();
    for length in 0..whole.len() {
        assert!(check(&whole[..length]).is_err(), "{length} bytes");
    }
    for (before, after) in [("x", ""), ("\n", ""), ("", "x"), ("", "\nx\n"), ("", " "), ("x\n", "")] {
        let framed = [before.as_bytes(), &signature, after.as_bytes()].concat();
        assert!(matches!(check(&framed), Err(SignatureError::Armor(_))), "{before:?} {after:?}");
    }
    let twice = [&signature[..], &signature[..]].concat();
    assert!(matches!(check(&twice), Err(SignatureError::Armor(_))));
}

#[test]
fn armor_of_another_kind_is_refused() {
    let text = String::from_utf8(signed_by_ed25519(&Keygen::new())).unwrap();
    for (ours, theirs) in [
        ("SSH SIGNATURE", "PGP SIGNATURE"),
        ("BEGIN SSH", "BEGIN  SSH"),
        ("END SSH", "BEGIN SSH"),
        ("SIGNATURE-----\n", "SIGNATURE-----"),
        ("\n-----END", "-----END"),
        ("\n-----END", "\nHeader: x\n-----END"),
        ("\n-----END", "=\n-----END"),
    ] {
        let changed = text.replace(ours, theirs);
        assert!(matches!(check(changed.as_bytes()), Err(SignatureError::Armor(_))), "{theirs:?}");
    }
    assert!(matches!(check(b"\xff\xfe"), Err(SignatureError::Armor(_))));
}

#[test]
fn size_is_bounded_before_anything_is_read() {
    let long = vec![b'A'; MAX_SIGNATURE + 1];
    assert_eq!(check(&long), Err(SignatureError::TooLong(MAX_SIGNATURE + 1)));
}

#[test]
fn fields_that_ssh_keygen_never_writes_are_refused() {
    let good = Blob::read(&signed_by_ed25519(&Keygen::new()));
    assert!(check(&good.armored()).is_ok());
    let refusal = |change: &dyn Fn(&mut Blob)| {
        let mut blob = good.clone();
        change(&mut blob);
        check(&blob.armored()).unwrap_err()
    };
    assert_eq!(refusal(&|b| b.version = 0), SignatureError::Version(0));
    assert_eq!(refusal(&|b| b.version = 2), SignatureError::Version(2));
    assert_eq!(refusal(&|b| b.reserved = vec![0]), SignatureError::Reserved);
    assert!(matches!(refusal(&|b| b.magic = b"SSHSIH".to_vec()), SignatureError::Malformed(_)));
    for hash in ["sha1", "md5", "sha384", "SHA512", "sha512 ", ""] {
        assert!(matches!(refusal(&|b| b.hash = hash.into()), SignatureError::Hash(_)), "{hash:?}");
    }
    assert_eq!(refusal(&|b| b.hash = b"sha256".to_vec()), SignatureError::Wrong);
    assert!(matches!(refusal(&|b| b.signature.push(0)), SignatureError::Malformed(_)));
    assert!(matches!(refusal(&|b| b.key.push(0)), SignatureError::Key(KeyError::Malformed(_))));
}

#[test]
fn another_persons_key_put_in_place_is_refused() {
    let keygen = Keygen::new();
    let mut blob = Blob::read(&signed_by_ed25519(&keygen));
    let other = keygen.key("other", &["-t", "ed25519"]);
    blob.key = PublicKey::parse(&keygen.public_line(&other)).unwrap().as_wire().to_vec();
    assert_eq!(check(&blob.armored()), Err(SignatureError::Wrong));
}

#[test]
fn a_key_of_another_kind_put_in_place_is_refused() {
    let keygen = Keygen::new();
    let mut blob = Blob::read(&signed_by_ed25519(&keygen));
    let other = keygen.key("other", &["-t", "ecdsa", "-b", "256"]);
    blob.key = PublicKey::parse(&keygen.public_line(&other)).unwrap().as_wire().to_vec();
    let refused = check(&blob.armored()).unwrap_err();
    assert!(matches!(refused, SignatureError::Algorithm { key: "ecdsa-sha2-nistp256", .. }), "{refused}");
}

#[test]
fn rsa_signatures_hold_with_sha2_and_never_with_sha1() {
    let keygen = Keygen::new();
    let pem = keygen.key("rsa", &["-t", "rsa", "-b", "2048", "-m", "PEM"]);
    let mut blob = Blob::new(PublicKey::parse(&keygen.public_line(&pem)).unwrap().as_wire().to_vec());
    let to_be_signed = blob.to_be_signed(MESSAGE);
    let mut with = |name: &str, hash: &str| {
        let signature = openssl_signature(&keygen, &pem, hash, &to_be_signed);
        blob.signature = [string(name.as_bytes()), string(&signature)].concat();
        check(&blob.armored())
    };
    assert!(with("rsa-sha2-256", "-sha256").is_ok());
    assert!(with("rsa-sha2-512", "-sha512").is_ok());
    assert_eq!(with("rsa-sha2-512", "-sha256"), Err(SignatureError::Wrong));
    assert_eq!(with("rsa-sha2-256", "-sha1"), Err(SignatureError::Wrong));
    let refused = with("ssh-rsa", "-sha1").unwrap_err().to_string();
    assert_eq!(refused, "a signature by an ssh-rsa key may not use the algorithm 'ssh-rsa'");
}

#[test]
fn short_rsa_keys_are_refused() {
    let keygen = Keygen::new();
    let key = keygen.key("short", &["-t", "rsa", "-b", "1024"]);
    let refused = check(&keygen.sign(&key, NAMESPACE, &[], MESSAGE));
    assert_eq!(refused, Err(SignatureError::Key(KeyError::RsaBits(1024))));
}

#[test]
fn a_certificate_in_place_of_the_key_is_refused() {
    let keygen = Keygen::new();
    let mut blob = Blob::read(&signed_by_ed25519(&keygen));
    let ca = keygen.key("ca", &["-t", "ed25519"]);
    let id = keygen.path("id.pub");
    keygen.run(Command::new("ssh-keygen").args(["-q", "-I", "x", "-n", "alice", "-s"]).arg(&ca).arg(&id));
    let line = std::fs::read_to_string(keygen.path("id-cert.pub")).unwrap();
    blob.key = ssh_key::Certificate::from_openssh(&line).unwrap().to_bytes().unwrap();
    let refused = check(&blob.armored());
    assert!(matches!(refused, Err(SignatureError::Key(KeyError::Certificate(_)))), "{refused:?}");
}
