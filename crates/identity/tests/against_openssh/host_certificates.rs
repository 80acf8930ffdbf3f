//! Host certificates made here are what `ssh-keygen -L` shows and the SSH library verifies.

use std::process::Command;

use identity::HostCa;
use identity::hostca::{HostCaError, HostCertificate, ed25519_key};
use ssh_key::certificate::{CertType, Certificate};
use ssh_key::{HashAlg, PrivateKey};

use crate::openssh::Keygen;

const AFTER: u64 = 1_790_000_000;
const BEFORE: u64 = 1_800_000_000;

fn ca() -> HostCa {
    HostCa::generate(&mut |bytes| bytes.fill(1)).unwrap()
}

fn host_key() -> PrivateKey {
    ed25519_key(&mut |bytes| bytes.fill(2), "db-1").unwrap()
}

fn content<'a>(principals: &'a [&'a str]) -> HostCertificate<'a> {
    HostCertificate { principals, valid_after: AFTER, valid_before: BEFORE, serial: 42, nonce: [3; 32] }
}

fn signed(principals: &[&str]) -> Result<Certificate, HostCaError> {
    ca().sign(host_key().public_key(), &content(principals))
}

#[test]
fn ssh_keygen_shows_what_was_signed() {
    let keygen = Keygen::new();
    let path = keygen.path("db-1-cert.pub");
    signed(&["db-1", "10.0.0.7"]).unwrap().write_file(&path).unwrap();
    let shown = keygen.run(Command::new("ssh-keygen").env("TZ", "UTC").arg("-Lf").arg(&path));
    let ca = ca().public_key().fingerprint(HashAlg::Sha256).to_string();
    for part in [
        "ssh-ed25519-cert-v01@openssh.com host certificate",
        "Serial: 42",
        "Key ID: \"db-1,10.0.0.7\"",
        "from 2026-09-21T14:13:20 to 2027-01-15T08:00:00",
        "Principals: \n                db-1\n                10.0.0.7\n",
        "Critical Options: (none)",
        "Extensions: (none)",
        &ca,
    ] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
}

#[test]
fn the_ssh_library_verifies_it_within_its_time_and_for_its_authority() {
    let certificate = signed(&["db-1"]).unwrap();
    let ours = [ca().public_key().fingerprint(HashAlg::Sha256)];
    assert!(certificate.validate_at(AFTER, &ours).is_ok());
    assert!(certificate.validate_at(BEFORE - 1, &ours).is_ok());
    assert!(certificate.validate_at(AFTER - 1, &ours).is_err());
    assert!(certificate.validate_at(BEFORE, &ours).is_err());
    let theirs = [host_key().fingerprint(HashAlg::Sha256)];
    assert!(certificate.validate_at(AFTER, &theirs).is_err());
    assert_eq!(certificate.cert_type(), CertType::Host);
    assert_eq!(certificate.public_key(), host_key().public_key().key_data());
}

#[test]
fn an_rsa_or_ecdsa_host_key_is_certified_too() {
    let keygen = Keygen::new();
    for (name, options) in [("rsa", ["-t", "rsa", "-b", "2048"]), ("p256", ["-t", "ecdsa", "-b", "256"])] {
        let line = keygen.public_line(&keygen.key(name, &options));
        let key = ssh_key::PublicKey::from_openssh(&line).unwrap();
        let certificate = ca().sign(&key, &content(&["db-1"])).unwrap();
        let ours = [ca().public_key().fingerprint(HashAlg::Sha256)];
        assert!(certificate.validate_at(AFTER, &ours).is_ok(), "{name}");
    }
}

#[test]
fn a_certificate_for_every_host_is_refused() {
    assert_eq!(signed(&[]), Err(HostCaError::NoPrincipals));
    for name in ["", "*", "db-?", "a,b", "DB-1", "db 1", "db-1\n", "!db-1", "дб-1", &"x".repeat(254)] {
        assert!(matches!(signed(&["db-1", name]), Err(HostCaError::Principal(_))), "{name:?}");
    }
    assert!(signed(&["db-1.example.org", "2001:db8::1", "www_1"]).is_ok());
}

#[test]
fn an_empty_validity_is_refused() {
    for (valid_after, valid_before) in [(5, 5), (6, 5)] {
        let content = HostCertificate { valid_after, valid_before, ..content(&["db-1"]) };
        let refused = ca().sign(host_key().public_key(), &content).unwrap_err();
        assert_eq!(refused, HostCaError::Validity { after: valid_after, before: valid_before });
    }
}

#[test]
fn the_authority_survives_storage_and_is_not_printed() {
    let stored = ca().to_openssh().unwrap();
    let again = HostCa::from_openssh(&stored).unwrap();
    assert_eq!(again.public_key(), ca().public_key());
    assert_eq!(format!("{again:?}"), "HostCa(hidden)");
}

#[test]
fn other_private_keys_are_refused_as_authority() {
    let keygen = Keygen::new();
    let rsa = std::fs::read_to_string(keygen.key("rsa", &["-t", "rsa", "-b", "2048"])).unwrap();
    assert_eq!(HostCa::from_openssh(&rsa).err(), Some(HostCaError::Algorithm));
    let locked = keygen.path("locked");
    keygen.run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "secret", "-f"]).arg(&locked));
    let locked = std::fs::read_to_string(locked).unwrap();
    assert_eq!(HostCa::from_openssh(&locked).err(), Some(HostCaError::Unreadable));
    assert_eq!(HostCa::from_openssh("").err(), Some(HostCaError::Unreadable));
}

#[test]
fn openssh_believes_the_known_hosts_line() {
    let keygen = Keygen::new();
    let path = keygen.path("known_hosts");
    let line = ca().known_hosts_line("*").unwrap();
    std::fs::write(&path, format!("{line}\n")).unwrap();
    let found = keygen.run(Command::new("ssh-keygen").args(["-F", "db-1", "-f"]).arg(&path));
    assert!(found.contains("CA"), "{found}");
}
