//! Client certificates: a login that was proved with both factors, bound for some hours to a key that never leaves its
//! person's machine. What is kept of one is its digest and the login that it stands for.

mod authority;
mod request;

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

pub use authority::{AUTHORITY, ClientAuthority, IssueError, Issued, Validity};
pub use request::{KeyRequest, RequestError};

use crate::name::PersonName;
use crate::proof::{Credential, VerifiedIdentity};

/// SHA-256 of a certificate in DER, lower hex: what it is found by.
pub fn fingerprint(der: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, der).as_ref())
}

/// What is kept of a certificate: the login that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertifiedLogin {
    /// Whose login it was.
    pub person: PersonName,
    /// Its first factor.
    pub credential: Credential,
    /// When its one-time code passed, in unix seconds.
    pub mfa_at: u64,
    /// [`fingerprint`] of the certificate.
    pub fingerprint: String,
}

impl CertifiedLogin {
    /// The identity behind a certificate, if it is this one, for a connection from there.
    ///
    /// This crate sees no transport: the caller vouches that TLS has verified the certificate up to the client authority
    /// and that the client holds its key, and that the certificate is still in force.
    pub fn redeem(&self, der: &[u8], source: IpAddr) -> Option<VerifiedIdentity> {
        (self.fingerprint == fingerprint(der)).then(|| VerifiedIdentity::by_certificate(self, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(der: &[u8]) -> CertifiedLogin {
        CertifiedLogin {
            person: PersonName::parse("alice").unwrap(),
            credential: Credential::Password,
            mfa_at: 1_800_000_000,
            fingerprint: fingerprint(der),
        }
    }

    #[test]
    fn a_certificate_stands_for_its_login_from_wherever_its_key_is() {
        for source in ["192.0.2.7", "::ffff:198.51.100.1"] {
            let who = kept(b"certificate").redeem(b"certificate", source.parse().unwrap()).unwrap();
            assert_eq!((who.person().as_str(), who.mfa_at()), ("alice", 1_800_000_000));
            assert_eq!(who.how(), "password + totp (by certificate)");
            assert_eq!(who.certificate(), Some(&*fingerprint(b"certificate")));
            assert!(who.source().is_ipv4() && !who.is_worth_remembering() && !who.is_fresh());
        }
    }

    #[test]
    fn another_certificate_stands_for_nobody() {
        assert!(kept(b"certificate").redeem(b"another", "192.0.2.7".parse().unwrap()).is_none());
    }
}
