//! Requests for certificates (PKCS #10, RFC 2986): whether whoever asks holds the key. Nothing else of a request counts,
//! neither its names nor what it wants to be.

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode as _, Reader as _, SliceReader};
use rcgen::PublicKeyData;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{
    CertificateSigningRequestDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer,
};
use webpki::aws_lc_rs as verify;

/// Longest request that is read, in bytes of PEM: one with an RSA key of 8192 bits and many names is shorter.
const LONGEST: usize = 16 * 1024;

/// How a request may be signed, and by that which keys are taken.
static TAKEN: [(&dyn SignatureVerificationAlgorithm, &rcgen::SignatureAlgorithm); 8] = [
    (verify::ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P256_SHA256),
    (verify::ECDSA_P256_SHA384, &rcgen::PKCS_ECDSA_P256_SHA256),
    (verify::ECDSA_P384_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384),
    (verify::ECDSA_P384_SHA384, &rcgen::PKCS_ECDSA_P384_SHA384),
    (verify::ED25519, &rcgen::PKCS_ED25519),
    (verify::RSA_PKCS1_2048_8192_SHA256, &rcgen::PKCS_RSA_SHA256),
    (verify::RSA_PKCS1_2048_8192_SHA384, &rcgen::PKCS_RSA_SHA256),
    (verify::RSA_PKCS1_2048_8192_SHA512, &rcgen::PKCS_RSA_SHA256),
];

/// Why a request is not answered with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is longer than any that is taken.
    #[error("it is longer than {LONGEST} bytes")]
    Long,
    /// It is not one request in PEM.
    #[error("it is not one PKCS #10 request in PEM (-----BEGIN CERTIFICATE REQUEST-----)")]
    Malformed,
    /// Nobody has shown that they hold the key, or the key is of another kind.
    #[error(
        "its signature is not by its own key, or the key is not P-256, P-384, Ed25519 or RSA of 2048 bits or more"
    )]
    Signature,
}

/// A public key whose holder has asked for a certificate: the request was signed with it.
#[derive(Debug)]
pub struct KeyRequest {
    key: Vec<u8>,
    algorithm: &'static rcgen::SignatureAlgorithm,
}

/// The parts of a request that are looked at, as they stand in it.
struct Parts<'a> {
    signed: &'a [u8],
    key: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl KeyRequest {
    /// Reads a request and verifies its signature.
    pub fn read(pem: &[u8]) -> Result<Self, RequestError> {
        if pem.len() > LONGEST {
            return Err(RequestError::Long);
        }
        let mut found = CertificateSigningRequestDer::pem_slice_iter(pem);
        let (Some(Ok(request)), None) = (found.next(), found.next()) else {
            return Err(RequestError::Malformed);
        };
        let parts = Parts::read(&request).map_err(|_| RequestError::Malformed)?;
        let algorithm = parts.verify().ok_or(RequestError::Signature)?;
        let key = bits_of(parts.key).map_err(|_| RequestError::Malformed)?;
        Ok(Self { key, algorithm })
    }
}

impl PublicKeyData for KeyRequest {
    fn der_bytes(&self) -> &[u8] {
        &self.key
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        self.algorithm
    }
}

impl<'a> Parts<'a> {
    fn read(request: &'a [u8]) -> der::Result<Self> {
        let mut outer = inside(request)?;
        let signed = outer.tlv_bytes()?;
        let algorithm = AnyRef::decode(&mut outer)?.value();
        let signature = BitStringRef::decode(&mut outer)?.as_bytes().ok_or_else(unexpected)?;
        outer.finish()?;
        let mut info = inside(signed)?;
        let (_version, _subject, key) = (info.tlv_bytes()?, info.tlv_bytes()?, info.tlv_bytes()?);
        Ok(Self { signed, key, algorithm, signature })
    }

    /// What the key is for, if the request is signed with it.
    fn verify(&self) -> Option<&'static rcgen::SignatureAlgorithm> {
        let info = SubjectPublicKeyInfoDer::from(self.key);
        let key = webpki::RawPublicKeyEntity::try_from(&info).ok()?;
        let named = TAKEN.iter().filter(|(verify, _)| verify.signature_alg_id().as_ref() == self.algorithm);
        let mut fits =
            named.filter(|(verify, _)| key.verify_signature(*verify, self.signed, self.signature).is_ok());
        fits.next().map(|(_, algorithm)| *algorithm)
    }
}

/// The key itself in a SubjectPublicKeyInfo.
fn bits_of(info: &[u8]) -> der::Result<Vec<u8>> {
    let mut info = inside(info)?;
    info.tlv_bytes()?;
    let bits = BitStringRef::decode(&mut info)?;
    bits.as_bytes().map(<[u8]>::to_vec).ok_or_else(unexpected)
}

/// What is in a sequence that is all there is.
fn inside(bytes: &[u8]) -> der::Result<SliceReader<'_>> {
    SliceReader::new(AnyRef::from_der(bytes)?.value())
}

fn unexpected() -> der::Error {
    der::Tag::BitString.value_error().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

    use super::*;

    fn request(key: &KeyPair) -> String {
        CertificateParams::new(vec![]).unwrap().serialize_request(key).unwrap().pem().unwrap()
    }

    fn key(algorithm: &'static rcgen::SignatureAlgorithm) -> KeyPair {
        KeyPair::generate_for(algorithm).unwrap()
    }

    /// The request with one byte of its DER changed, counted from the end.
    fn altered(pem: &str, from_end: usize) -> String {
        let der = CertificateSigningRequestDer::from_pem_slice(pem.as_bytes()).unwrap();
        let mut der = der.as_ref().to_vec();
        let at = der.len() - 1 - from_end;
        der[at] ^= 1;
        let text = data_encoding::BASE64.encode(&der);
        format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n")
    }

    #[test]
    fn the_key_of_a_request_is_taken_and_nothing_else() {
        for algorithm in
            [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519]
        {
            let key = key(algorithm);
            let read = KeyRequest::read(request(&key).as_bytes()).unwrap();
            assert_eq!(read.subject_public_key_info(), key.subject_public_key_info());
        }
        let key = key(&rcgen::PKCS_ECDSA_P256_SHA256);
        let mut wishes = CertificateParams::new(vec!["bob.example".into()]).unwrap();
        wishes.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let wishes = wishes.serialize_request(&key).unwrap().pem().unwrap();
        let read = KeyRequest::read(wishes.as_bytes()).unwrap();
        assert_eq!(read.subject_public_key_info(), key.subject_public_key_info());
    }

    #[test]
    fn a_signature_that_is_not_by_the_key_is_refused() {
        let honest = request(&key(&rcgen::PKCS_ED25519));
        assert!(KeyRequest::read(honest.as_bytes()).is_ok());
        // The last bytes are the signature; far before them is what was signed.
        for from_end in [0, 40, 63, 100] {
            assert!(KeyRequest::read(altered(&honest, from_end).as_bytes()).is_err(), "{from_end}");
        }
    }

    #[test]
    fn what_is_not_exactly_one_request_is_refused() {
        let one = request(&key(&rcgen::PKCS_ED25519));
        let two = one.clone() + &one;
        let long = format!("{}{one}", "x".repeat(LONGEST));
        for (text, why) in [
            ("", RequestError::Malformed),
            ("not a request", RequestError::Malformed),
            (
                "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n",
                RequestError::Malformed,
            ),
            (&two, RequestError::Malformed),
            (&long, RequestError::Long),
        ] {
            assert_eq!(KeyRequest::read(text.as_bytes()).err(), Some(why), "{text:.40}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Parts::read(&bytes).is_err());
        }
    }
}
