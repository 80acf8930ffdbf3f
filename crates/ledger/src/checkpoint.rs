//! The signed head of a log (C2SP `tlog-checkpoint`): origin, size and root, in a signed note.

use crate::error::{Error, Result};
use crate::hash::Hash;
use crate::note::{NoteSigner, NoteVerifier};

/// A head whose signature has been checked, or that this process signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    note: String,
}

impl Checkpoint {
    /// Reads a note and checks that `key` signed it and that its origin is the key's name. Lines signed by
    /// others, such as witnesses, are kept but mean nothing here.
    ///
    /// # Errors
    /// [`Error::Note`] says what is malformed or whose signature is missing.
    pub fn parse(note: &[u8], key: &NoteVerifier) -> Result<Self> {
        let text = key.open(note)?;
        let (origin, size, root) =
            parse_text(text).ok_or(Error::Note("expected origin, size and root hash"))?;
        if origin != key.name() {
            return Err(Error::Note("the origin is not the name of the key"));
        }
        let note = String::from_utf8_lossy(note).into_owned();
        Ok(Checkpoint { origin: origin.to_owned(), size, root, note })
    }

    /// Signs a head. Only the one place that has made the tiles durable may call this.
    pub(crate) fn sign(size: u64, root: Hash, signer: &NoteSigner) -> Self {
        let origin = signer.name().to_owned();
        let note = signer.sign(&format!("{origin}\n{size}\n{}\n", root.to_base64()));
        Checkpoint { origin, size, root, note }
    }

    /// The name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries the log has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The Merkle tree hash over all entries.
    #[must_use]
    pub fn root(&self) -> &Hash {
        &self.root
    }

    /// The signed note, as it lies in the file `checkpoint`: what to keep elsewhere for a later comparison.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }
}

fn parse_text(text: &str) -> Option<(&str, u64, Hash)> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let number: u64 = size.parse().ok()?;
    // An extension line, a sign or a leading zero would give one head two texts.
    let canonical = lines.next().is_none() && number.to_string() == size;
    canonical.then_some((origin, number, Hash::from_base64(root)?))
}
