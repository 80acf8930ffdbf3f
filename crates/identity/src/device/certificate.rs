//! OpenSSH user certificates by the device authority (PROTOCOL.certkeys), for one person and one key.

use ssh_key::Certificate;
use ssh_key::certificate::CertType;

use super::DeviceError;
use crate::key::{Fingerprint, PublicKey};
use crate::name::PersonName;
use crate::quote::Quoted;

pub(super) fn check(
    authority: &Fingerprint,
    line: &str,
    key: &PublicKey,
    person: &PersonName,
    now: u64,
) -> Result<(), DeviceError> {
    let certificate =
        Certificate::from_openssh(line).map_err(|_| DeviceError::Malformed("it is no certificate"))?;
    if certificate.cert_type() != CertType::User {
        return Err(DeviceError::ForHosts);
    }
    // The signature's own algorithm is checked too: an authority with SHA-1 is none.
    PublicKey::from_ssh_key(&ssh_key::PublicKey::from(certificate.signature_key().clone()))
        .map_err(|_| DeviceError::NotTrusted)?;
    let trusted = authority.as_str().parse().map_err(|_| DeviceError::NotTrusted)?;
    certificate.validate_at(now, [&trusted]).map_err(|_| DeviceError::NotTrusted)?;
    if certificate.public_key() != key.as_ssh_key().key_data() {
        return Err(DeviceError::OtherKey);
    }
    // To SSH, no principals at all means everybody; here it means nobody.
    if !certificate.valid_principals().iter().any(|name| name == person.as_str()) {
        return Err(DeviceError::Principal(person.clone()));
    }
    match certificate.critical_options().iter().next() {
        Some((name, _)) => Err(DeviceError::CriticalOption(Quoted::text(name))),
        None => Ok(()),
    }
}
