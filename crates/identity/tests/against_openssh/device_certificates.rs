//! Certificates that `ssh-keygen -s` makes with a device authority: what binds a key to a device, and what does not.

use std::path::Path;
use std::process::Command;

use identity::device::{Bound, DeviceError};
use identity::{Devices, PersonName, PublicKey};

use crate::openssh::Keygen;

/// 2026-10-01, within what the tests' certificates are valid for.
const NOW: u64 = 1_790_812_800;
const VALID: [&str; 2] = ["-V", "20260901Z:20261101Z"];

struct Authority {
    keygen: Keygen,
    devices: Devices,
}

impl Authority {
    fn new() -> Self {
        let keygen = Keygen::new();
        let key = keygen.key("authority", &["-t", "ed25519"]);
        let mut devices = Devices::default();
        devices.trust_authority(&PublicKey::parse(&keygen.public_line(&key)).unwrap());
        keygen.key("laptop", &["-t", "ed25519"]);
        Self { keygen, devices }
    }

    /// Certifies the laptop's key and returns the certificate's line.
    fn certify(&self, by: &str, options: &[&str]) -> String {
        let (by, key) = (self.keygen.path(by), self.keygen.path("laptop.pub"));
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-I", "laptop-7"]).args(options).arg("-s").arg(by).arg(key);
        self.keygen.run(&mut command);
        std::fs::read_to_string(self.keygen.path("laptop-cert.pub")).unwrap()
    }

    fn laptop(&self) -> PublicKey {
        self.key(&self.keygen.path("laptop"))
    }

    fn key(&self, path: &Path) -> PublicKey {
        PublicKey::parse(&self.keygen.public_line(path)).unwrap()
    }

    fn check(&self, line: &str) -> Result<Bound, DeviceError> {
        self.devices.check(line, &self.laptop(), &alice(), NOW)
    }
}

fn alice() -> PersonName {
    PersonName::parse("alice").unwrap()
}

#[test]
fn a_certificate_for_this_person_and_key_binds_it() {
    let authority = Authority::new();
    let line = authority.certify("authority", &[&["-n", "alice"], &VALID[..]].concat());
    assert_eq!(authority.check(&line), Ok(Bound::Certified));
}

#[test]
fn another_principal_or_none_binds_nothing() {
    let authority = Authority::new();
    for names in [&["-n", "bob"][..], &["-n", "alice2,al"], &[]] {
        let line = authority.certify("authority", &[names, &VALID[..]].concat());
        assert_eq!(authority.check(&line), Err(DeviceError::Principal(alice())), "{names:?}");
    }
}

#[test]
fn a_certificate_counts_only_while_it_is_valid_and_for_people() {
    let authority = Authority::new();
    for validity in ["20260901Z:20260902Z", "20261020Z:20261101Z"] {
        let line = authority.certify("authority", &["-n", "alice", "-V", validity]);
        assert_eq!(authority.check(&line), Err(DeviceError::NotTrusted), "{validity}");
    }
    let host = authority.certify("authority", &[&["-h", "-n", "alice"], &VALID[..]].concat());
    assert_eq!(authority.check(&host), Err(DeviceError::ForHosts));
}

#[test]
fn nobody_elses_authority_counts() {
    let authority = Authority::new();
    authority.keygen.key("stranger", &["-t", "ed25519"]);
    let line = authority.certify("stranger", &[&["-n", "alice"], &VALID[..]].concat());
    assert_eq!(authority.check(&line), Err(DeviceError::NotTrusted));
    let nobody = Devices::default().check(&line, &authority.laptop(), &alice(), NOW);
    assert!(matches!(nobody, Err(DeviceError::NobodyTrusted(_))), "{nobody:?}");
}

#[test]
fn a_certificate_of_another_key_binds_nothing() {
    let authority = Authority::new();
    let line = authority.certify("authority", &[&["-n", "alice"], &VALID[..]].concat());
    let other = authority.key(&authority.keygen.key("other", &["-t", "ed25519"]));
    assert_eq!(authority.devices.check(&line, &other, &alice(), NOW), Err(DeviceError::OtherKey));
}

#[test]
fn critical_options_that_would_not_be_kept_are_refused() {
    let authority = Authority::new();
    let restricted = ["-n", "alice", "-O", "force-command=true"];
    let line = authority.certify("authority", &[&restricted, &VALID[..]].concat());
    assert!(matches!(authority.check(&line), Err(DeviceError::CriticalOption(_))));
}

#[test]
fn an_altered_certificate_binds_nothing() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let authority = Authority::new();
    let line = authority.certify("authority", &[&["-n", "alice"], &VALID[..]].concat());
    let words: Vec<_> = line.split(' ').collect();
    let good = STANDARD.decode(words[1]).unwrap();
    for at in (0..good.len()).step_by(7) {
        let mut bent = good.clone();
        bent[at] ^= 1;
        let line = format!("{} {}", words[0], STANDARD.encode(bent));
        assert!(authority.check(&line).is_err(), "byte {at}");
    }
}
