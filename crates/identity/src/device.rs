//! Keys that are bound to a device: made inside a security key whose maker attests it, or certified by the organisation's
//! device authority. Checked once, when a key is enrolled.

mod attestation;
mod certificate;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, TrustAnchor};

use crate::key::{Fingerprint, PublicKey};
use crate::name::PersonName;
use crate::quote::Quoted;

/// Longest evidence that is read, in bytes.
const MAX_EVIDENCE: usize = 16 * 1024;

/// Why a key does not count as bound to a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// Neither a certificate's line nor an attestation.
    #[error("this is neither a certificate's line nor 'attestation BASE64 BASE64'")]
    NotEvidence,
    /// The evidence cannot be read.
    #[error("the evidence cannot be read: {0}")]
    Malformed(&'static str),
    /// The evidence is good, but of another key.
    #[error("the evidence is for another key")]
    OtherKey,
    /// The certificate is not one for a person's key.
    #[error("the certificate is for a host, not for a person's key")]
    ForHosts,
    /// Who signed it is not trusted, or did not sign it, or it is not valid now.
    #[error("the certificate is not the device authority's, was altered, or is not valid now")]
    NotTrusted,
    /// It names other people, or nobody in particular.
    #[error("the certificate does not name {0} as its principal")]
    Principal(PersonName),
    /// A critical option that would not be kept.
    #[error("the certificate has the critical option {0}, which would not be enforced")]
    CriticalOption(Quoted),
    /// The configuration trusts nobody for this kind of evidence.
    #[error("this gateway trusts no {0}")]
    NobodyTrusted(&'static str),
    /// A root in the configuration cannot be used.
    #[error("this is not a certificate that can be trusted as a root: {0}")]
    Root(String),
    /// The attestation's certificate does not lead to a trusted root.
    #[error("the attestation's certificate does not lead to a trusted root: {0}")]
    Chain(String),
    /// The attestation was not signed with its certificate's key.
    #[error("the attestation does not fit its certificate and challenge")]
    Attestation,
}

/// Why a key counts as bound to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// A security key's maker attests that the key was made in it.
    SecurityKey,
    /// The device authority has certified it.
    Certified,
}

/// Whom the organisation trusts to say that a key is bound to a device.
#[derive(Debug, Clone, Default)]
pub struct Devices {
    roots: Vec<TrustAnchor<'static>>,
    authority: Option<Fingerprint>,
}

impl Devices {
    /// Also trusts the makers' root certificates of that PEM text.
    pub fn trust_roots(&mut self, pem: &[u8]) -> Result<(), DeviceError> {
        let before = self.roots.len();
        for root in CertificateDer::pem_slice_iter(pem) {
            let root = root.map_err(|fault| DeviceError::Root(fault.to_string()))?;
            let anchor = webpki::anchor_from_trusted_cert(&root);
            self.roots.push(anchor.map_err(|fault| DeviceError::Root(fault.to_string()))?.to_owned());
        }
        if self.roots.len() == before { Err(DeviceError::Root("no certificate".into())) } else { Ok(()) }
    }

    /// Trusts this key to certify keys of devices.
    pub fn trust_authority(&mut self, authority: &PublicKey) {
        self.authority = Some(authority.fingerprint().clone());
    }

    /// Whether anybody is trusted, so that asking for evidence makes sense.
    pub fn trusts_anybody(&self) -> bool {
        !self.roots.is_empty() || self.authority.is_some()
    }

    /// Checks evidence about a key that `person` brings. `now` in unix seconds.
    pub fn check(
        &self,
        evidence: &str,
        key: &PublicKey,
        person: &PersonName,
        now: u64,
    ) -> Result<Bound, DeviceError> {
        if evidence.len() > MAX_EVIDENCE {
            return Err(DeviceError::Malformed("it is too long"));
        }
        let words: Vec<_> = evidence.split_ascii_whitespace().collect();
        match *words.as_slice() {
            ["attestation", attestation, challenge] => {
                attestation::check(&self.roots, attestation, challenge, key, now)?;
                Ok(Bound::SecurityKey)
            }
            [algorithm, ..] if algorithm.ends_with("-cert-v01@openssh.com") => {
                let authority =
                    self.authority.as_ref().ok_or(DeviceError::NobodyTrusted("device authority"))?;
                certificate::check(authority, evidence.trim(), key, person, now)?;
                Ok(Bound::Certified)
            }
            _ => Err(DeviceError::NotEvidence),
        }
    }
}
