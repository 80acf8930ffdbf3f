//! Attestations of security keys, made by an authenticator and a maker of our own: the form is that of OpenSSH's files.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity::device::{Bound, DeviceError};
use identity::{Devices, PersonName, PublicKey};

use crate::openssh::string;

/// 2026-10-01; the tests' certificates are valid from 2020 to 2040.
const NOW: u64 = 1_790_812_800;
const MODEL: [u8; 16] = *b"a model of a key";
const CHALLENGE: &[u8] = b"what the gateway asked";

fn alice() -> PersonName {
    PersonName::parse("alice").unwrap()
}

fn key_pair() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()
}

fn sign(key: &EcdsaKeyPair, message: &[u8]) -> Vec<u8> {
    key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
}

/// One DER value.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let head = match length {
        0..0x80 => vec![tag, length as u8],
        0x80..0x100 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content].concat()
}

const ECDSA_WITH_SHA256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const P256_KEY: &[u8] =
    &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];

fn name(common: &str) -> Vec<u8> {
    let pair = der(0x30, &[&[0x06, 3, 0x55, 4, 3], &der(0x0c, &[common.as_bytes()])]);
    der(0x30, &[&der(0x31, &[&pair])])
}

fn extension(identifier: &[u8], is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if is_critical { &[1, 1, 0xff] } else { &[] };
    der(0x30, &[&der(0x06, &[identifier]), critical, &der(0x04, &[value])])
}

/// A certificate of `subject`'s key by `issuer`.
fn certificate(
    subject: (&str, &EcdsaKeyPair),
    issuer: (&str, &EcdsaKeyPair),
    extensions: &[Vec<u8>],
) -> Vec<u8> {
    let algorithm = der(0x30, &[ECDSA_WITH_SHA256]);
    let validity = der(0x30, &[&der(0x17, &[b"200101000000Z"]), &der(0x17, &[b"400101000000Z"])]);
    let key = der(0x03, &[&[0], subject.1.public_key().as_ref()]);
    let key = der(0x30, &[&der(0x30, &[P256_KEY]), &key]);
    let extensions = der(0xa3, &[&der(0x30, &[&extensions.concat()])]);
    let version = der(0xa0, &[&[2, 1, 2]]);
    let (issued_by, of) = (name(issuer.0), name(subject.0));
    let body = der(0x30, &[&version, &[2, 1, 7], &algorithm, &issued_by, &validity, &of, &key, &extensions]);
    let signature = der(0x03, &[&[0], &sign(issuer.1, &body)]);
    der(0x30, &[&body, &algorithm, &signature])
}

fn is_authority(is: bool) -> Vec<u8> {
    let value = if is { der(0x30, &[&[1, 1, 0xff]]) } else { der(0x30, &[]) };
    extension(&[0x55, 0x1d, 0x13], true, &value)
}

fn of_model(model: &[u8; 16]) -> Vec<u8> {
    let identifier = [0x2b, 6, 1, 4, 1, 0x82, 0xe5, 0x1c, 1, 1, 4];
    extension(&identifier, false, &der(0x04, &[model]))
}

/// A maker with a root, and one batch of authenticators.
struct Maker {
    batch: EcdsaKeyPair,
    root: Vec<u8>,
    certificate: Vec<u8>,
}

impl Maker {
    fn new() -> Self {
        let (root, batch) = (key_pair(), key_pair());
        let root_certificate = certificate(("root", &root), ("root", &root), &[is_authority(true)]);
        let extensions = [is_authority(false), of_model(&MODEL)];
        let certificate = certificate(("batch", &batch), ("root", &root), &extensions);
        Self { batch, root: root_certificate, certificate }
    }

    fn trusted(&self) -> Devices {
        let pem = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            STANDARD.encode(&self.root)
        );
        let mut devices = Devices::default();
        devices.trust_roots(pem.as_bytes()).unwrap();
        devices
    }

    /// What `-O write-attestation` writes for that authenticator data, as evidence.
    fn attest(&self, data: &[u8], challenge: &[u8]) -> String {
        let signature = sign(&self.batch, &[data, digest(&SHA256, challenge).as_ref()].concat());
        self.evidence(data, &signature, challenge)
    }

    fn evidence(&self, data: &[u8], signature: &[u8], challenge: &[u8]) -> String {
        let wrapped = [&[0x59, (data.len() >> 8) as u8, data.len() as u8][..], data].concat();
        let strings =
            [&b"ssh-sk-attest-v01"[..], &self.certificate, signature, &wrapped].map(string).concat();
        let file = [strings, vec![0; 4], string(b"")].concat();
        format!("attestation {} {}", STANDARD.encode(file), STANDARD.encode(challenge))
    }
}

/// Authenticator data of a key with those COSE bytes.
fn data(application: &str, flags: u8, cose: &[u8]) -> Vec<u8> {
    let application = digest(&SHA256, application.as_bytes());
    let handle = [7; 40];
    [application.as_ref(), &[flags], &[0; 4], &MODEL, &[0, 40], &handle, cose].concat()
}

const MADE: u8 = 0x41;

/// A security key on Ed25519: the public key and its COSE form. Any valid point will do.
fn ed25519() -> (PublicKey, Vec<u8>) {
    let point = STANDARD.decode("ILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti").unwrap();
    let point = &point[1..];
    let wire = [&b"sk-ssh-ed25519@openssh.com"[..], point, b"ssh:"].map(string).concat();
    let cose = [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 0x20][..], point].concat();
    (PublicKey::from_wire(&wire).unwrap(), cose)
}

/// A security key on P-256.
fn p256() -> (PublicKey, Vec<u8>) {
    let pair = key_pair();
    let point = pair.public_key().as_ref();
    let wire = [&b"sk-ecdsa-sha2-nistp256@openssh.com"[..], b"nistp256", point, b"ssh:"].map(string).concat();
    let head = [0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20];
    let cose = [&head[..], &point[1..33], &[0x22, 0x58, 0x20], &point[33..]].concat();
    (PublicKey::from_wire(&wire).unwrap(), cose)
}

#[test]
fn a_key_that_its_maker_attests_is_bound() {
    let maker = Maker::new();
    for (key, cose) in [ed25519(), p256()] {
        let evidence = maker.attest(&data("ssh:", MADE, &cose), CHALLENGE);
        assert_eq!(maker.trusted().check(&evidence, &key, &alice(), NOW), Ok(Bound::SecurityKey));
        let extended = [data("ssh:", MADE | 0x80, &cose), vec![0xa0]].concat();
        let evidence = maker.attest(&extended, CHALLENGE);
        assert_eq!(maker.trusted().check(&evidence, &key, &alice(), NOW), Ok(Bound::SecurityKey));
    }
}

#[test]
fn another_makers_root_attests_nothing() {
    let (maker, other) = (Maker::new(), Maker::new());
    let (key, cose) = ed25519();
    let evidence = maker.attest(&data("ssh:", MADE, &cose), CHALLENGE);
    let told = other.trusted().check(&evidence, &key, &alice(), NOW);
    assert!(matches!(told, Err(DeviceError::Chain(_))), "{told:?}");
    let told = Devices::default().check(&evidence, &key, &alice(), NOW);
    assert!(matches!(told, Err(DeviceError::NobodyTrusted(_))), "{told:?}");
    let told = maker.trusted().check(&evidence, &key, &alice(), 2_300_000_000);
    assert!(matches!(told, Err(DeviceError::Chain(_))), "its certificate is over: {told:?}");
}

#[test]
fn an_attestation_of_another_key_application_or_model_is_refused() {
    let maker = Maker::new();
    let ((key, cose), (other, _)) = (ed25519(), p256());
    let check = |evidence: &str, key: &PublicKey| maker.trusted().check(evidence, key, &alice(), NOW);
    let good = maker.attest(&data("ssh:", MADE, &cose), CHALLENGE);
    assert_eq!(check(&good, &other), Err(DeviceError::OtherKey));
    let elsewhere = maker.attest(&data("https://example.org", MADE, &cose), CHALLENGE);
    assert_eq!(check(&elsewhere, &key), Err(DeviceError::OtherKey));
    let mut of_another_model = data("ssh:", MADE, &cose);
    of_another_model[37] ^= 1;
    assert_eq!(check(&maker.attest(&of_another_model, CHALLENGE), &key), Err(DeviceError::Attestation));
    let nobody_there = maker.attest(&data("ssh:", 0x40, &cose), CHALLENGE);
    assert!(matches!(check(&nobody_there, &key), Err(DeviceError::Malformed(_))));
    let longer = [&cose[..], &[0]].concat();
    assert!(check(&maker.attest(&data("ssh:", MADE, &longer), CHALLENGE), &key).is_err());
}

#[test]
fn a_signature_for_another_challenge_or_by_another_key_is_refused() {
    let maker = Maker::new();
    let (key, cose) = ed25519();
    let data = data("ssh:", MADE, &cose);
    let signature = sign(&maker.batch, &[&data[..], digest(&SHA256, CHALLENGE).as_ref()].concat());
    let check = |evidence: &str| maker.trusted().check(evidence, &key, &alice(), NOW);
    assert_eq!(check(&maker.evidence(&data, &signature, b"another")), Err(DeviceError::Attestation));
    let own = sign(&key_pair(), &[&data[..], digest(&SHA256, CHALLENGE).as_ref()].concat());
    assert_eq!(check(&maker.evidence(&data, &own, CHALLENGE)), Err(DeviceError::Attestation));
}

#[test]
fn every_file_that_is_cut_or_bent_is_refused() {
    let maker = Maker::new();
    let (key, cose) = ed25519();
    let evidence = maker.attest(&data("ssh:", MADE, &cose), CHALLENGE);
    let words: Vec<_> = evidence.split(' ').collect();
    let file = STANDARD.decode(words[1]).unwrap();
    let devices = maker.trusted();
    let check = |file: &[u8]| {
        let line = format!("attestation {} {}", STANDARD.encode(file), words[2]);
        devices.check(&line, &key, &alice(), NOW)
    };
    assert!(check(&file).is_ok());
    for length in 0..file.len() {
        assert!(check(&file[..length]).is_err(), "cut at {length}");
    }
    // The last eight bytes are reserved, and nothing is said by them.
    for at in 0..file.len() - 8 {
        let mut bent = file.clone();
        bent[at] ^= 1;
        assert!(check(&bent).is_err(), "byte {at}");
    }
    assert!(check(&[file, vec![0]].concat()).is_err(), "longer");
}
