//! What `ssh-keygen -O write-attestation` writes (OpenSSH's PROTOCOL.u2f, `ssh-sk-attest-v01`), checked as WebAuthn's
//! packed attestation: the maker's certificate leads to a trusted root, and its key has signed this key and challenge.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use ssh_key::public::KeyData;
use webpki::{EndEntityCert, KeyUsage, aws_lc_rs as algorithms};

use super::DeviceError;
use crate::key::PublicKey;

const MAGIC: &[u8] = b"ssh-sk-attest-v01";

/// Flags of authenticator data (WebAuthn section 6.1).
const USER_PRESENT: u8 = 0x01;
const HAS_KEY: u8 = 0x40;
const HAS_EXTENSIONS: u8 = 0x80;

/// The extension with the model's identifier, as it stands in a certificate: its object identifier, and an octet string
/// in an octet string (WebAuthn section 8.2.1).
const MODEL: &[u8] = &[0x06, 0x0b, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xe5, 0x1c, 0x01, 0x01, 0x04];
const MODEL_VALUE: &[u8] = &[0x04, 0x12, 0x04, 0x10];

/// COSE keys in their one canonical form, up to the first number: EdDSA on Ed25519, and ES256 on P-256.
const COSE_ED25519: &[u8] = &[0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20];
const COSE_P256: &[u8] = &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
const COSE_P256_Y: &[u8] = &[0x22, 0x58, 0x20];

pub(super) fn check(
    roots: &[TrustAnchor<'_>],
    attestation: &str,
    challenge: &str,
    key: &PublicKey,
    now: u64,
) -> Result<(), DeviceError> {
    if roots.is_empty() {
        return Err(DeviceError::NobodyTrusted("maker of security keys"));
    }
    let decode = |text| STANDARD.decode(text).map_err(|_| DeviceError::Malformed("it is not base64"));
    let (attestation, challenge) = (decode(attestation)?, decode(challenge)?);
    let parts = Parts::read(&attestation)?;
    let data = AuthenticatorData::read(parts.data)?;
    data.check_key(key)?;
    let der = CertificateDer::from(parts.certificate);
    let certificate = EndEntityCert::try_from(&der).map_err(|fault| DeviceError::Chain(fault.to_string()))?;
    check_chain(&certificate, roots, now)?;
    check_model(parts.certificate, data.model)?;
    let signed = [parts.data, digest(&SHA256, &challenge).as_ref()].concat();
    certificate
        .verify_signature(algorithms::ECDSA_P256_SHA256, &signed, parts.signature)
        .map_err(|_| DeviceError::Attestation)
}

fn check_chain(
    certificate: &EndEntityCert<'_>,
    roots: &[TrustAnchor<'_>],
    now: u64,
) -> Result<(), DeviceError> {
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now));
    let usage = KeyUsage::client_auth();
    certificate
        .verify_for_usage(webpki::ALL_VERIFICATION_ALGS, roots, &[], time, usage, None, None)
        .map(drop)
        .map_err(|fault| DeviceError::Chain(fault.to_string()))
}

/// A certificate that is for one model attests no other.
fn check_model(certificate: &[u8], model: &[u8]) -> Result<(), DeviceError> {
    let Some(at) = certificate.windows(MODEL.len()).position(|window| window == MODEL) else { return Ok(()) };
    let named = certificate.get(at + MODEL.len()..).and_then(|rest| rest.strip_prefix(MODEL_VALUE));
    match named.and_then(|rest| rest.get(..16)) {
        Some(named) if named == model => Ok(()),
        _ => Err(DeviceError::Attestation),
    }
}

/// The file's parts. `data` is without the byte string's head that it is wrapped in.
struct Parts<'a> {
    certificate: &'a [u8],
    signature: &'a [u8],
    data: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(mut file: &'a [u8]) -> Result<Self, DeviceError> {
        let rest = &mut file;
        if string(rest)? != MAGIC {
            return Err(DeviceError::Malformed("it is not 'ssh-sk-attest-v01'"));
        }
        let (certificate, signature, wrapped) = (string(rest)?, string(rest)?, string(rest)?);
        let _flags = take(rest, 4)?;
        let _reserved = string(rest)?;
        match rest.is_empty() {
            true => Ok(Self { certificate, signature, data: byte_string(wrapped)? }),
            false => Err(DeviceError::Malformed("it goes on after its end")),
        }
    }
}

/// What the authenticator says of the key that it has made (WebAuthn section 6.1).
struct AuthenticatorData<'a> {
    application: &'a [u8],
    model: &'a [u8],
    key: &'a [u8],
    has_extensions: bool,
}

impl<'a> AuthenticatorData<'a> {
    fn read(mut data: &'a [u8]) -> Result<Self, DeviceError> {
        let rest = &mut data;
        let application = take(rest, 32)?;
        let flags = take(rest, 1)?.first().copied().unwrap_or_default();
        if flags & (USER_PRESENT | HAS_KEY) != USER_PRESENT | HAS_KEY {
            return Err(DeviceError::Malformed("nobody was present, or no key was made"));
        }
        let _counter = take(rest, 4)?;
        let model = take(rest, 16)?;
        let length = take(rest, 2)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        let _handle = take(rest, length)?;
        Ok(Self { application, model, key: rest, has_extensions: flags & HAS_EXTENSIONS != 0 })
    }

    /// Whether it was this key, for this application.
    fn check_key(&self, key: &PublicKey) -> Result<(), DeviceError> {
        let (application, expected) = match key.as_ssh_key().key_data() {
            KeyData::SkEd25519(key) => {
                (key.application(), [COSE_ED25519, key.public_key().as_ref()].concat())
            }
            KeyData::SkEcdsaSha2NistP256(key) => {
                let point = key.ec_point();
                let (x, y) =
                    point.as_bytes().get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
                (key.application(), [COSE_P256, x, COSE_P256_Y, y].concat())
            }
            _ => return Err(DeviceError::OtherKey),
        };
        let rest = self.key.strip_prefix(expected.as_slice()).ok_or(DeviceError::OtherKey)?;
        if !rest.is_empty() && !self.has_extensions {
            return Err(DeviceError::Malformed("the key goes on after its end"));
        }
        match digest(&SHA256, application.as_bytes()).as_ref() == self.application {
            true => Ok(()),
            false => Err(DeviceError::OtherKey),
        }
    }
}

/// The content of a CBOR byte string that is all there is.
fn byte_string(mut wrapped: &[u8]) -> Result<&[u8], DeviceError> {
    let rest = &mut wrapped;
    let head = take(rest, 1)?.first().copied().unwrap_or_default();
    let length = match head {
        0x40..=0x57 => usize::from(head - 0x40),
        0x58 => number(take(rest, 1)?),
        0x59 => number(take(rest, 2)?),
        _ => return Err(DeviceError::Malformed("the authenticator's data is not a byte string")),
    };
    match rest.len() == length {
        true => Ok(rest),
        false => Err(DeviceError::Malformed("the authenticator's data has another length")),
    }
}

fn string<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], DeviceError> {
    let length = number(take(rest, 4)?);
    take(rest, length)
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], DeviceError> {
    let (taken, left) = rest.split_at_checked(length).ok_or(DeviceError::Malformed("it ends early"))?;
    *rest = left;
    Ok(taken)
}
