//! The gateway's own certificate authority for SSH host keys, so that clients trust every target behind it.

use std::fmt;

use ssh_key::certificate::{Builder, CertType, Certificate};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{LineEnding, PrivateKey};
use zeroize::Zeroizing;

use crate::Random;
use crate::quote::Quoted;

/// Bytes of the random nonce in a certificate (PROTOCOL.certkeys).
pub const NONCE: usize = 32;

/// Longest principal: a DNS name.
const MAX_PRINCIPAL: usize = 253;

/// Why no certificate was made, or a key not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostCaError {
    /// The private key cannot be read.
    #[error("the host CA's private key cannot be read; expected an unencrypted OpenSSH private key")]
    Unreadable,
    /// Not an Ed25519 key.
    #[error("the host CA's private key must be ed25519")]
    Algorithm,
    /// A certificate without principals would hold for every host.
    #[error("a host certificate needs at least one host name")]
    NoPrincipals,
    /// A name with wildcards, capitals or other characters that OpenSSH would not compare literally.
    #[error("{0} cannot be a host name in a certificate; allowed are a-z, 0-9, '.', '_', '-' and ':'")]
    Principal(Quoted),
    /// The validity ends before it starts.
    #[error("the certificate's validity from {after} to {before} is empty")]
    Validity {
        /// Start, unix seconds.
        after: u64,
        /// End, unix seconds.
        before: u64,
    },
    /// The SSH library refused.
    #[error("the host certificate could not be signed")]
    Signing,
}

/// What a host certificate shall say.
#[derive(Debug, Clone, Copy)]
pub struct HostCertificate<'a> {
    /// The host names and addresses that clients will connect to.
    pub principals: &'a [&'a str],
    /// Start of the validity, unix seconds, inclusive.
    pub valid_after: u64,
    /// End of the validity, unix seconds, exclusive.
    pub valid_before: u64,
    /// The certificate's number, to be revoked by.
    pub serial: u64,
    /// Fresh random bytes.
    pub nonce: [u8; NONCE],
}

/// The authority's private key: wiped when dropped, never printed.
pub struct HostCa(PrivateKey);

impl HostCa {
    /// Makes a new Ed25519 authority.
    pub fn generate(random: Random<'_>) -> Result<Self, HostCaError> {
        ed25519_key(random, "countersign host CA").map(Self).map_err(|_| HostCaError::Signing)
    }

    /// Reads what [`HostCa::to_openssh`] gives.
    pub fn from_openssh(pem: &str) -> Result<Self, HostCaError> {
        let key = PrivateKey::from_openssh(pem).map_err(|_| HostCaError::Unreadable)?;
        match key.key_data() {
            KeypairData::Ed25519(_) => Ok(Self(key)),
            KeypairData::Encrypted(_) => Err(HostCaError::Unreadable),
            _ => Err(HostCaError::Algorithm),
        }
    }

    /// The private key, to be encrypted at rest.
    pub fn to_openssh(&self) -> Result<Zeroizing<String>, HostCaError> {
        self.0.to_openssh(LineEnding::LF).map_err(|_| HostCaError::Unreadable)
    }

    /// The public key, for clients' `@cert-authority` lines.
    pub fn public_key(&self) -> &ssh_key::PublicKey {
        self.0.public_key()
    }

    /// The line for clients' `known_hosts`; `hosts` is a pattern such as `*`.
    pub fn known_hosts_line(&self, hosts: &str) -> Result<String, HostCaError> {
        let key = self.public_key().to_openssh().map_err(|_| HostCaError::Unreadable)?;
        Ok(format!("@cert-authority {hosts} {key}"))
    }

    /// Signs a certificate for a host key.
    pub fn sign(
        &self,
        host_key: &ssh_key::PublicKey,
        content: &HostCertificate<'_>,
    ) -> Result<Certificate, HostCaError> {
        content.check()?;
        self.signed(host_key, content).map_err(|_| HostCaError::Signing)
    }

    fn signed(
        &self,
        host_key: &ssh_key::PublicKey,
        content: &HostCertificate<'_>,
    ) -> Result<Certificate, ssh_key::Error> {
        let HostCertificate { principals, valid_after, valid_before, serial, nonce } = *content;
        let mut builder = Builder::new(nonce, host_key.key_data().clone(), valid_after, valid_before)?;
        builder.cert_type(CertType::Host)?.serial(serial)?.key_id(principals.join(","))?;
        for principal in principals {
            builder.valid_principal(*principal)?;
        }
        builder.sign(&self.0)
    }
}

impl HostCertificate<'_> {
    fn check(&self) -> Result<(), HostCaError> {
        let (after, before) = (self.valid_after, self.valid_before);
        if after >= before {
            return Err(HostCaError::Validity { after, before });
        }
        if self.principals.is_empty() {
            return Err(HostCaError::NoPrincipals);
        }
        match self.principals.iter().find(|principal| !is_host_name(principal)) {
            Some(odd) => Err(HostCaError::Principal(Quoted::text(odd))),
            None => Ok(()),
        }
    }
}

/// OpenSSH's client reads `*` and `?` in a host certificate as wildcards, and lower-cases what the user typed.
fn is_host_name(text: &str) -> bool {
    let allowed =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-' | b':');
    (1..=MAX_PRINCIPAL).contains(&text.len()) && text.bytes().all(allowed)
}

/// Makes an Ed25519 key pair, for hosts, accounts and people alike.
pub fn ed25519_key(random: Random<'_>, comment: &str) -> Result<PrivateKey, ssh_key::Error> {
    let mut seed = Zeroizing::new([0; 32]);
    random(seed.as_mut_slice());
    PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed)), comment)
}

impl fmt::Debug for HostCa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostCa(hidden)")
    }
}
