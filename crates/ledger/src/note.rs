//! Signed notes (C2SP `signed-note`) with Ed25519 keys, and the text form of the verifier's key.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{self, SHA256};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroize;

use crate::error::{Error, Result};

/// C2SP's number for plain Ed25519 signatures.
const ED25519_TYPE: u8 = 0x01;

/// More signature lines than this are refused unread.
const MAX_SIGNATURES: usize = 100;

/// No note of ours comes near this; a longer one is refused unread.
pub(crate) const MAX_NOTE: usize = 64 * 1024;

/// The key that signs a log's checkpoints. Its `Debug` form shows the public half only.
pub struct NoteSigner {
    pair: Ed25519KeyPair,
    verifier: NoteVerifier,
}

impl NoteSigner {
    /// The Ed25519 key of a 32-byte seed (RFC 8032, section 5.1.5), under the log's name, which is also the
    /// origin of its checkpoints. The seed is erased here; the caller erases its own copy.
    ///
    /// # Errors
    /// [`Error::Key`] if the name is empty or has white space, a control character or `+`.
    pub fn from_seed(name: &str, mut seed: [u8; 32]) -> Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed);
        seed.zeroize();
        let pair = pair.map_err(|_| Error::Key("not an Ed25519 seed"))?;
        let verifier = NoteVerifier::new(name, pair.public_key().as_ref())?;
        Ok(NoteSigner { pair, verifier })
    }

    /// The public half, to hand to whoever checks the log.
    #[must_use]
    pub fn verifier(&self) -> &NoteVerifier {
        &self.verifier
    }

    /// The log's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.verifier.name
    }

    /// The note: `text`, which ends with a line break, an empty line, and the signature line.
    pub(crate) fn sign(&self, text: &str) -> String {
        let signature = self.pair.sign(text.as_bytes());
        let body = [&self.verifier.key_hash()[..], signature.as_ref()].concat();
        format!("{text}\n\u{2014} {} {}\n", self.verifier.name, STANDARD.encode(body))
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteSigner").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

/// The public key of a log; its text form is C2SP's `name+hash+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteVerifier {
    name: String,
    public: [u8; 32],
}

impl NoteVerifier {
    fn new(name: &str, public: &[u8]) -> Result<Self> {
        if !is_key_name(name) {
            return Err(Error::Key("the name must not be empty or hold spaces, control characters or '+'"));
        }
        let public = public.try_into().map_err(|_| Error::Key("an Ed25519 public key has 32 bytes"))?;
        Ok(NoteVerifier { name: name.to_owned(), public })
    }

    /// Reads the text form, as [`Display`](fmt::Display) writes it.
    ///
    /// # Errors
    /// [`Error::Key`] if it has another form, is not Ed25519, or its hash does not fit.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Error::Key("expected name+hash+key"));
        };
        let key = STANDARD.decode(key).map_err(|_| Error::Key("the key is not base64"))?;
        let Some((&ED25519_TYPE, public)) = key.split_first() else {
            return Err(Error::Key("the key is not of type Ed25519"));
        };
        let verifier = NoteVerifier::new(name, public)?;
        if hash != hex(verifier.key_hash()) {
            return Err(Error::Key("the hash does not belong to this name and key"));
        }
        Ok(verifier)
    }

    /// The log's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of a note that carries exactly one good signature of this key; other keys' lines are ignored.
    pub(crate) fn open<'n>(&self, note: &'n [u8]) -> Result<&'n str> {
        let (text, lines) = split_note(note)?;
        let mut ours = lines.iter().filter(|line| line.name == self.name && line.key_hash == self.key_hash());
        let (Some(line), None) = (ours.next(), ours.next()) else {
            return Err(Error::Note("expected exactly one signature by this log's key"));
        };
        UnparsedPublicKey::new(&ED25519, self.public)
            .verify(text.as_bytes(), &line.signature)
            .map_err(|_| Error::Note("the signature is wrong"))?;
        Ok(text)
    }

    fn key_hash(&self) -> [u8; 4] {
        let mut context = digest::Context::new(&SHA256);
        context.update(self.name.as_bytes());
        context.update(&[b'\n', ED25519_TYPE]);
        context.update(&self.public);
        let mut hash = [0; 4];
        hash.copy_from_slice(&context.finish().as_ref()[..4]);
        hash
    }
}

impl fmt::Display for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519_TYPE], &self.public[..]].concat();
        write!(f, "{}+{}+{}", self.name, hex(self.key_hash()), STANDARD.encode(key))
    }
}

impl FromStr for NoteVerifier {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        NoteVerifier::parse(text)
    }
}

struct SignatureLine<'n> {
    name: &'n str,
    key_hash: [u8; 4],
    signature: Vec<u8>,
}

fn split_note(note: &[u8]) -> Result<(&str, Vec<SignatureLine<'_>>)> {
    let note = std::str::from_utf8(note).map_err(|_| Error::Note("not UTF-8"))?;
    if note.len() > MAX_NOTE || note.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Error::Note("too long, or holds a control character"));
    }
    let blank = note.rfind("\n\n").ok_or(Error::Note("no empty line before the signatures"))?;
    let (text, rest) = note.split_at(blank + 1);
    let lines =
        rest.trim_start_matches('\n').strip_suffix('\n').ok_or(Error::Note("no line break at the end"))?;
    let lines: Vec<&str> = lines.split('\n').take(MAX_SIGNATURES + 1).collect();
    if lines.len() > MAX_SIGNATURES {
        return Err(Error::Note("too many signatures"));
    }
    let parsed: Option<Vec<_>> = lines.into_iter().map(parse_signature).collect();
    Ok((text, parsed.ok_or(Error::Note("malformed signature line"))?))
}

fn parse_signature(line: &str) -> Option<SignatureLine<'_>> {
    let (name, body) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let body = STANDARD.decode(body).ok()?;
    let (key_hash, signature) = body.split_first_chunk::<4>()?;
    let valid = is_key_name(name) && !signature.is_empty();
    valid.then(|| SignatureLine { name, key_hash: *key_hash, signature: signature.to_vec() })
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

fn hex(bytes: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(bytes))
}
