//! Verifies what `ssh-keygen -Y sign` makes (OpenSSH's PROTOCOL.sshsig), and refuses whatever else the format could hold.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_key::encoding::{Decode as _, Encode as _};
use ssh_key::{HashAlg, Signature, SshSig};

use crate::key::{Fingerprint, KeyError, PublicKey};
use crate::quote::Quoted;

/// Longest armored signature that is read, in bytes; one by an RSA key of 8192 bits has about 3,000.
pub const MAX_SIGNATURE: usize = 16 * 1024;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;

/// Flags that a security key signs (PROTOCOL.u2f, WebAuthn section 6.1).
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;

/// Why a signature was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// More than [`MAX_SIGNATURE`] bytes.
    #[error("the signature has {0} bytes; at most {MAX_SIGNATURE} are allowed")]
    TooLong(usize),
    /// Not one PEM-like block of base64, or something before or after it.
    #[error("this is not one signature as ssh-keygen -Y sign prints it: {0}")]
    Armor(&'static str),
    /// The block's content ends early, or goes on after the signature.
    #[error("the signature is damaged: {0}")]
    Malformed(&'static str),
    /// A version of the format that is not known.
    #[error("the signature has version {0} of the format; only version {VERSION} is known")]
    Version(u32),
    /// Made for another purpose.
    #[error("the signature is for namespace {found}, not {expected}; sign with -n {expected}")]
    Namespace {
        /// What the signer signed for.
        found: Quoted,
        /// What was asked for.
        expected: Quoted,
    },
    /// The reserved field holds something that this version would ignore.
    #[error("the signature's reserved field is not empty")]
    Reserved,
    /// Neither sha256 nor sha512.
    #[error("the signature hashes the message with {0}; only sha256 and sha512 are accepted")]
    Hash(Quoted),
    /// The key inside is not of an accepted kind.
    #[error("the signature's key is not accepted: {0}")]
    Key(#[from] KeyError),
    /// The signature's algorithm does not belong to the key; includes RSA with SHA-1.
    #[error("a signature by an {key} key may not use the algorithm {found}")]
    Algorithm {
        /// The key's algorithm.
        key: &'static str,
        /// The signature's algorithm.
        found: Quoted,
    },
    /// A security key signed without anyone touching it.
    #[error("the security key was not touched for this signature; sign with a key that requires touch")]
    NotTouched,
    /// The mathematics says no: another text, another key, or damage.
    #[error("the signature does not fit: the text or the signature was changed after signing")]
    Wrong,
}

/// A signature that holds: which key signed which message. Made only by [`verify`].
///
/// Whose key it is, and whether it is in force, is for the caller to look up.
///
/// ```compile_fail,E0451
/// fn f(one: identity::VerifiedSignature) { identity::VerifiedSignature { user_verified: true, ..one }; }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct VerifiedSignature {
    key: PublicKey,
    user_verified: bool,
    digest: [u8; 32],
}

impl VerifiedSignature {
    /// The key that signed.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The signing key's fingerprint.
    pub fn fingerprint(&self) -> &Fingerprint {
        self.key.fingerprint()
    }

    /// Whether a security key checked a PIN or a finger, beyond the touch; always false for other keys.
    pub fn user_verified(&self) -> bool {
        self.user_verified
    }

    /// SHA-256 of the message that was signed.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

/// Checks that `armored` is a signature of exactly `message` for exactly `namespace`.
///
/// One key can make many signatures of one message, and ECDSA's can be altered into another valid one: count keys and
/// messages, never signature bytes.
pub fn verify(armored: &[u8], namespace: &str, message: &[u8]) -> Result<VerifiedSignature, SignatureError> {
    let blob = unarmored(armored)?;
    let fields = Fields::read(&blob)?;
    fields.check(namespace)?;
    let hash = hash_algorithm(fields.hash)?;
    let key = PublicKey::from_wire(fields.key)?;
    let signature = read_signature(fields.signature)?;
    check_algorithm(&key, &signature)?;
    let flags = touch_flags(&key, &signature)?;
    check_mathematics(&key, namespace, hash, signature, message)?;
    Ok(VerifiedSignature { key, user_verified: flags & USER_VERIFIED != 0, digest: sha256(message) })
}

/// Takes the base64 out of the armor. Line ends may be CR LF, since signatures travel through terminals.
fn unarmored(armored: &[u8]) -> Result<Vec<u8>, SignatureError> {
    if armored.len() > MAX_SIGNATURE {
        return Err(SignatureError::TooLong(armored.len()));
    }
    let text = std::str::from_utf8(armored).map_err(|_| SignatureError::Armor("it is not text"))?;
    let body = text
        .trim_end_matches(['\r', '\n'])
        .strip_prefix(BEGIN)
        .ok_or(SignatureError::Armor("it does not start with '-----BEGIN SSH SIGNATURE-----'"))?
        .strip_suffix(END)
        .ok_or(SignatureError::Armor("it does not end with '-----END SSH SIGNATURE-----'"))?;
    if !body.starts_with(['\r', '\n']) || !body.ends_with('\n') {
        return Err(SignatureError::Armor("its first and last line are not on their own"));
    }
    let base64: String = body.split(['\r', '\n']).collect();
    STANDARD.decode(base64).map_err(|_| SignatureError::Armor("its content is not base64"))
}

/// The parts of the blob, in their order.
struct Fields<'a> {
    key: &'a [u8],
    namespace: &'a [u8],
    reserved: &'a [u8],
    hash: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Fields<'a> {
    fn read(blob: &'a [u8]) -> Result<Self, SignatureError> {
        let rest =
            blob.strip_prefix(MAGIC).ok_or(SignatureError::Malformed("it does not start with SSHSIG"))?;
        let (version, mut rest) =
            rest.split_first_chunk().ok_or(SignatureError::Malformed("it ends early"))?;
        match u32::from_be_bytes(*version) {
            VERSION => {}
            other => return Err(SignatureError::Version(other)),
        }
        let fields = Self {
            key: take_string(&mut rest)?,
            namespace: take_string(&mut rest)?,
            reserved: take_string(&mut rest)?,
            hash: take_string(&mut rest)?,
            signature: take_string(&mut rest)?,
        };
        if rest.is_empty() { Ok(fields) } else { Err(SignatureError::Malformed("something follows its end")) }
    }

    fn check(&self, namespace: &str) -> Result<(), SignatureError> {
        if self.namespace != namespace.as_bytes() {
            let (found, expected) = (Quoted::bytes(self.namespace), Quoted::text(namespace));
            return Err(SignatureError::Namespace { found, expected });
        }
        if self.reserved.is_empty() { Ok(()) } else { Err(SignatureError::Reserved) }
    }
}

/// Takes one length-prefixed string (RFC 4251 section 5).
fn take_string<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], SignatureError> {
    const EARLY: SignatureError = SignatureError::Malformed("it ends early");
    let (length, after) = rest.split_first_chunk().ok_or(EARLY)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| EARLY)?;
    let (string, after) = after.split_at_checked(length).ok_or(EARLY)?;
    *rest = after;
    Ok(string)
}

fn hash_algorithm(name: &[u8]) -> Result<HashAlg, SignatureError> {
    match name {
        b"sha256" => Ok(HashAlg::Sha256),
        b"sha512" => Ok(HashAlg::Sha512),
        _ => Err(SignatureError::Hash(Quoted::bytes(name))),
    }
}

fn read_signature(blob: &[u8]) -> Result<Signature, SignatureError> {
    const UNREADABLE: SignatureError = SignatureError::Malformed("the key's signature inside cannot be read");
    let mut rest = blob;
    let signature = Signature::decode(&mut rest).map_err(|_| UNREADABLE)?;
    let canonical = rest.is_empty() && signature.encode_vec().is_ok_and(|bytes| bytes == blob);
    if canonical { Ok(signature) } else { Err(UNREADABLE) }
}

/// The library splits a security key's signature by length alone, so one under a made-up algorithm name could pass.
fn check_algorithm(key: &PublicKey, signature: &Signature) -> Result<(), SignatureError> {
    let name = signature.algorithm().to_string();
    if key.accepts_signature(&name) {
        return Ok(());
    }
    Err(SignatureError::Algorithm { key: key.algorithm(), found: Quoted::text(&name) })
}

/// The flags that a security key has signed; none for other keys. They stand before a counter of four bytes.
fn touch_flags(key: &PublicKey, signature: &Signature) -> Result<u8, SignatureError> {
    if !key.is_security_key() {
        return Ok(0);
    }
    match signature.as_bytes() {
        [.., flags, _, _, _, _] if flags & USER_PRESENT != 0 => Ok(*flags),
        _ => Err(SignatureError::NotTouched),
    }
}

fn check_mathematics(
    key: &PublicKey,
    namespace: &str,
    hash: HashAlg,
    signature: Signature,
    message: &[u8],
) -> Result<(), SignatureError> {
    let key = key.as_ssh_key();
    let signature = SshSig::new(key.key_data().clone(), namespace, hash, signature)
        .map_err(|_| SignatureError::Malformed("its namespace is empty"))?;
    key.verify(namespace, message, &signature).map_err(|_| SignatureError::Wrong)
}

fn sha256(message: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, message).as_ref());
    bytes
}
