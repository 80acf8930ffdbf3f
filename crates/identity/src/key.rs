//! SSH public keys that may identify a person: which kinds are accepted, and how they are read.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::name::PersonName;
use crate::quote::Quoted;

mod fingerprint;
mod kind;
mod strength;

pub use fingerprint::{Fingerprint, FingerprintError};
pub use kind::signature_algorithms;

use kind::Kind;

/// Longest line of an authorized_keys file that is read, in bytes.
pub const MAX_LINE: usize = 16 * 1024;

/// Why a public key was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// More than [`MAX_LINE`] bytes.
    #[error("the key line has {0} bytes; at most {MAX_LINE} are allowed")]
    TooLong(usize),
    /// Not `ALGORITHM BASE64 [COMMENT]`.
    #[error("this is not a public key; expected one line 'ALGORITHM BASE64 [COMMENT]', as in id_ed25519.pub")]
    NotAKey,
    /// authorized_keys options, which Countersign would not enforce.
    #[error(
        "the line starts with the options {0}; remove them: Countersign's policies say what a key may do"
    )]
    Options(Quoted),
    /// A certificate instead of a key.
    #[error("this is a certificate ({0}); enrol the key itself")]
    Certificate(Quoted),
    /// DSA or an algorithm that is not known.
    #[error(
        "keys of the kind {0} are not accepted; use ed25519, ecdsa, rsa (2048 bits or more), sk-ed25519 or sk-ecdsa"
    )]
    Algorithm(Quoted),
    /// The text and the key inside name two algorithms.
    #[error("the line says {0}, but the key inside is {1}")]
    Mismatch(Quoted, Quoted),
    /// The base64 or what is inside cannot be read.
    #[error("the {0} key cannot be read: it is cut short, extended or not canonical")]
    Malformed(Quoted),
    /// An RSA modulus that is too short or too long.
    #[error("the RSA key has {0} bits; 2048 to 8192 are accepted")]
    RsaBits(usize),
    /// A key that does not protect anything: a point of small order, or an exponent that is even or 1.
    #[error("the {0} key is weak: anyone could make its signatures")]
    Weak(&'static str),
    /// A security key made for something else than SSH.
    #[error("the security key is for the application {0}, not 'ssh:'")]
    Application(Quoted),
    /// A comment with control, format or other unusual characters.
    #[error("the key's comment has the character U+{0:04X}; use letters, digits and punctuation")]
    Comment(u32),
}

/// A public key of an accepted kind and strength.
///
/// Two are equal when the keys are; the comment does not count.
#[derive(Clone)]
pub struct PublicKey {
    key: ssh_key::PublicKey,
    wire: Vec<u8>,
    kind: &'static Kind,
    fingerprint: Fingerprint,
}

impl PublicKey {
    /// Reads one line `ALGORITHM BASE64 [COMMENT]` of an authorized_keys or `.pub` file, without options.
    pub fn parse(line: &str) -> Result<Self, KeyError> {
        if line.len() > MAX_LINE {
            return Err(KeyError::TooLong(line.len()));
        }
        let line = line.trim_matches([' ', '\t', '\r', '\n']);
        if line.contains(['\r', '\n']) || line.starts_with('#') {
            return Err(KeyError::NotAKey);
        }
        let (algorithm, rest) = line.split_once([' ', '\t']).ok_or(KeyError::NotAKey)?;
        check_algorithm_name(algorithm, rest)?;
        let (base64, comment) = split_comment(rest.trim_start_matches([' ', '\t']));
        let key = Self::from_wire(&decoded(algorithm, base64)?)?;
        let inside = key.algorithm();
        if inside != algorithm {
            return Err(KeyError::Mismatch(Quoted::text(algorithm), Quoted::text(inside)));
        }
        key.with_comment(comment)
    }

    /// Reads the wire form (RFC 4253 section 6.6), and only its canonical encoding.
    pub fn from_wire(blob: &[u8]) -> Result<Self, KeyError> {
        if blob.len() > MAX_LINE {
            return Err(KeyError::TooLong(blob.len()));
        }
        let malformed = || KeyError::Malformed(Quoted::bytes(leading_string(blob)));
        let key = Self::from_ssh_key(&ssh_key::PublicKey::from_bytes(blob).map_err(|_| malformed())?)?;
        // One key, one encoding: otherwise a key could come back under a second fingerprint.
        if key.wire == blob { Ok(key) } else { Err(malformed()) }
    }

    /// Takes a key that the SSH library has read, for instance the one that a client offers.
    pub fn from_ssh_key(key: &ssh_key::PublicKey) -> Result<Self, KeyError> {
        let kind = strength::check(key.key_data())?;
        let wire = key.to_bytes().map_err(|_| KeyError::Malformed(Quoted::text(kind.name)))?;
        let fingerprint = Fingerprint::of(key);
        let key = ssh_key::PublicKey::new(key.key_data().clone(), "");
        Ok(Self { key, wire, kind, fingerprint })
    }

    fn with_comment(mut self, comment: &str) -> Result<Self, KeyError> {
        // Comments are shown to administrators, so nothing in them may move a cursor or turn the direction of text.
        if let Some(odd) =
            comment.chars().find(|c| !(c.is_ascii_graphic() || *c == ' ' || c.is_alphanumeric()))
        {
            return Err(KeyError::Comment(odd.into()));
        }
        self.key.set_comment(comment);
        Ok(self)
    }

    /// The SHA-256 fingerprint, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// The key's algorithm, such as `ssh-ed25519` (for RSA `ssh-rsa`, whatever its signatures use).
    pub fn algorithm(&self) -> &'static str {
        self.kind.name
    }

    /// What the owner wrote behind the key; may be empty.
    pub fn comment(&self) -> &str {
        self.key.comment().as_str_lossy()
    }

    /// Whether the private part is in a security key that asks for a touch.
    pub fn is_security_key(&self) -> bool {
        self.kind.is_security_key
    }

    /// The names of the signature algorithms that this key may use; never `ssh-rsa`, which is SHA-1.
    pub fn signature_algorithms(&self) -> &'static [&'static str] {
        self.kind.signatures
    }

    /// Whether a signature by this key may use the algorithm `name`.
    #[must_use]
    pub fn accepts_signature(&self, name: &str) -> bool {
        self.signature_algorithms().contains(&name)
    }

    /// The key for the SSH library.
    pub fn as_ssh_key(&self) -> &ssh_key::PublicKey {
        &self.key
    }

    /// The wire form (RFC 4253 section 6.6).
    pub fn as_wire(&self) -> &[u8] {
        &self.wire
    }

    /// The line `ALGORITHM BASE64 [COMMENT]`, which [`PublicKey::parse`] reads.
    pub fn to_line(&self) -> String {
        let line = format!("{} {} {}", self.algorithm(), STANDARD.encode(&self.wire), self.comment());
        line.trim_end().to_owned()
    }
}

fn check_algorithm_name(first: &str, rest: &str) -> Result<(), KeyError> {
    if kind::is_known(first) {
        return Ok(());
    }
    if first.contains("-cert-v01@openssh.com") {
        return Err(KeyError::Certificate(Quoted::text(first)));
    }
    let options = rest.split([' ', '\t']).any(kind::is_known);
    Err(if options {
        KeyError::Options(Quoted::text(first))
    } else {
        KeyError::Algorithm(Quoted::text(first))
    })
}

fn split_comment(rest: &str) -> (&str, &str) {
    let (base64, comment) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    (base64, comment.trim_matches([' ', '\t']))
}

fn decoded(algorithm: &str, base64: &str) -> Result<Vec<u8>, KeyError> {
    STANDARD.decode(base64).map_err(|_| KeyError::Malformed(Quoted::text(algorithm)))
}

/// The first length-prefixed string of a wire form: the algorithm's name, for errors only.
fn leading_string(blob: &[u8]) -> &[u8] {
    let Some((length, rest)) = blob.split_first_chunk::<4>() else { return b"unnamed" };
    usize::try_from(u32::from_be_bytes(*length)).ok().and_then(|n| rest.get(..n)).unwrap_or(b"unnamed")
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.wire == other.wire
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.algorithm(), self.fingerprint)
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(line: &str) -> Result<Self, KeyError> {
        Self::parse(line)
    }
}

/// A public key together with the person for whom it was enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolledKey {
    person: PersonName,
    key: PublicKey,
}

impl EnrolledKey {
    /// Binds a key to its person; the caller read both from one enrolment that is in force.
    pub fn new(person: PersonName, key: PublicKey) -> Self {
        Self { person, key }
    }

    /// Whose key it is.
    pub fn person(&self) -> &PersonName {
        &self.person
    }

    /// The key itself.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The key's SHA-256 fingerprint.
    pub fn fingerprint(&self) -> &Fingerprint {
        self.key.fingerprint()
    }
}
