//! The authority that signs clients' certificates. Another key than the one behind the gateway's own certificate: what the
//! one signs is worth nothing to who trusts the other.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, SerialNumber,
};

use super::{KeyRequest, fingerprint};
use crate::Random;
use crate::name::PersonName;

/// Its name, in its certificate and in those that it signs.
pub const AUTHORITY: &str = "Countersign client authority";

const SERIAL: usize = 16;
const DAY: u64 = 86_400;

/// Why no certificate was made, or a key not read.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The private key cannot be read.
    #[error("the client authority's private key cannot be read; expected PKCS #8 in PEM")]
    Unreadable,
    /// The library refused.
    #[error("the certificate could not be signed: {0}")]
    Signing(#[from] rcgen::Error),
}

/// From when to when a certificate counts, in unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From here on.
    pub from: u64,
    /// Up to here.
    pub until: u64,
}

/// The authority's private key: never printed.
pub struct ClientAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

/// A certificate that was signed.
#[derive(Debug)]
pub struct Issued {
    /// It, and the authority's, as PEM: what a client shows.
    pub chain: String,
    /// [`fingerprint`] of it.
    pub fingerprint: String,
}

impl ClientAuthority {
    /// The authority whose private key this is. Its certificate is made anew and counts for a day more than anything that
    /// it signs: who verifies knows the key.
    pub fn from_pem(pem: &str, now: u64) -> Result<Self, IssueError> {
        let key = KeyPair::from_pem(pem).map_err(|_| IssueError::Unreadable)?;
        let mut params = lasting(Validity { from: now.saturating_sub(DAY), until: now + 3650 * DAY })?;
        params.distinguished_name.push(DnType::CommonName, AUTHORITY);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key)?;
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// What clients' certificates must come from, in DER.
    pub fn certificate(&self) -> &[u8] {
        self.certificate.der()
    }

    /// Signs a certificate of that person for the key that was asked for. Its number comes from `random`.
    pub fn issue(
        &self,
        person: &PersonName,
        request: &KeyRequest,
        validity: Validity,
        random: Random<'_>,
    ) -> Result<Issued, IssueError> {
        let mut params = lasting(validity)?;
        params.distinguished_name.push(DnType::CommonName, person.as_str());
        params.subject_alt_names = vec![SanType::URI(format!("countersign:person/{person}").try_into()?)];
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.serial_number = Some(serial(random));
        params.use_authority_key_identifier_extension = true;
        let made = params.signed_by(request, &self.issuer)?;
        let chain = made.pem() + &self.certificate.pem();
        Ok(Issued { chain, fingerprint: fingerprint(made.der()) })
    }
}

/// Something that is good for clients alone, for that time.
fn lasting(validity: Validity) -> Result<CertificateParams, IssueError> {
    let moment = |seconds| (UNIX_EPOCH + Duration::from_secs(seconds)).into();
    let mut params = CertificateParams::new(vec![])?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.not_before = moment(validity.from);
    params.not_after = moment(validity.until);
    Ok(params)
}

/// Random and positive, whatever reads it.
fn serial(random: Random<'_>) -> SerialNumber {
    let mut number = [0; SERIAL];
    random(&mut number);
    let [first, ..] = &mut number;
    *first = *first & 0x7f | 0x40;
    SerialNumber::from_slice(&number)
}

impl fmt::Debug for ClientAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientAuthority(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::pem::PemObject as _;
    use rustls_pki_types::{CertificateDer, UnixTime};
    use webpki::{EndEntityCert, KeyUsage};

    use super::*;

    const NOW: u64 = 1_800_000_000;
    const VALIDITY: Validity = Validity { from: NOW - 60, until: NOW + 3600 };

    fn authority() -> ClientAuthority {
        ClientAuthority::from_pem(&KeyPair::generate().unwrap().serialize_pem(), NOW).unwrap()
    }

    fn asked(wishes: &CertificateParams) -> KeyRequest {
        let key = KeyPair::generate().unwrap();
        KeyRequest::read(wishes.serialize_request(&key).unwrap().pem().unwrap().as_bytes()).unwrap()
    }

    fn issue(authority: &ClientAuthority, wishes: &CertificateParams) -> Issued {
        let alice = PersonName::parse("alice").unwrap();
        authority.issue(&alice, &asked(wishes), VALIDITY, &mut |bytes| bytes.fill(0xff)).unwrap()
    }

    fn leaf(issued: &Issued) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(issued.chain.as_bytes()).unwrap()
    }

    fn verify(
        authority: &ClientAuthority,
        leaf: &CertificateDer<'_>,
        at: u64,
        usage: KeyUsage,
    ) -> Result<(), webpki::Error> {
        verify_through(authority, &[], leaf, at, usage)
    }

    fn verify_through(
        authority: &ClientAuthority,
        between: &[CertificateDer<'_>],
        leaf: &CertificateDer<'_>,
        at: u64,
        usage: KeyUsage,
    ) -> Result<(), webpki::Error> {
        let authority = CertificateDer::from(authority.certificate());
        let anchors = [webpki::anchor_from_trusted_cert(&authority).unwrap()];
        let entity = EndEntityCert::try_from(leaf).unwrap();
        let time = UnixTime::since_unix_epoch(Duration::from_secs(at));
        let all = webpki::ALL_VERIFICATION_ALGS;
        entity.verify_for_usage(all, &anchors, between, time, usage, None, None).map(drop)
    }

    #[test]
    fn a_certificate_is_for_a_client_from_then_to_then_and_for_nothing_else() {
        let authority = authority();
        let leaf = leaf(&issue(&authority, &CertificateParams::new(vec![]).unwrap()));
        let client = KeyUsage::client_auth;
        assert_eq!(verify(&authority, &leaf, NOW, client()), Ok(()));
        assert!(verify(&authority, &leaf, NOW, KeyUsage::server_auth()).is_err());
        assert!(verify(&authority, &leaf, NOW - 61, client()).is_err());
        assert!(verify(&authority, &leaf, NOW + 3601, client()).is_err());
        assert!(
            verify(&self::authority(), &leaf, NOW, client()).is_err(),
            "of an authority of the same name"
        );
    }

    #[test]
    fn what_a_request_wishes_to_be_is_not_in_it() {
        let mut wishes = CertificateParams::new(vec!["bob.example".into()]).unwrap();
        wishes.distinguished_name.push(DnType::CommonName, "bob");
        wishes.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        wishes.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        wishes.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let authority = authority();
        let leaf = leaf(&issue(&authority, &wishes));
        assert_eq!(verify(&authority, &leaf, NOW, KeyUsage::client_auth()), Ok(()));
        assert!(!leaf.windows(3).any(|bytes| bytes == b"bob"));
        assert!(leaf.windows(24).any(|bytes| bytes == b"countersign:person/alice"));
    }

    #[test]
    fn nobody_signs_with_what_was_signed() {
        let authority = authority();
        let key = KeyPair::generate().unwrap();
        let wishes = CertificateParams::new(vec![]).unwrap();
        let request = wishes.serialize_request(&key).unwrap().pem().unwrap();
        let request = KeyRequest::read(request.as_bytes()).unwrap();
        let alice = PersonName::parse("alice").unwrap();
        let hers = authority.issue(&alice, &request, VALIDITY, &mut |bytes| bytes.fill(1)).unwrap();
        let mut params = lasting(VALIDITY).unwrap();
        params.distinguished_name.push(DnType::CommonName, "alice");
        let forged =
            lasting(VALIDITY).unwrap().signed_by(&asked(&wishes), &Issuer::new(params, key)).unwrap();
        let verified = verify_through(&authority, &[leaf(&hers)], forged.der(), NOW, KeyUsage::client_auth());
        assert_eq!(verified, Err(webpki::Error::EndEntityUsedAsCa));
    }
}
