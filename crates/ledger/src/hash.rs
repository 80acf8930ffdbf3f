//! RFC 6962 hashing, and the frontier of perfect subtrees from which a root is folded.

use std::fmt;

use aws_lc_rs::digest::{self, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A SHA-256 hash of the tree; displays as lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The length of a hash in bytes.
    pub const LEN: usize = 32;

    /// The form that checkpoints carry: standard base64 with padding.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads [`to_base64`](Self::to_base64)'s form; `None` if it is anything else.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Hash> {
        let bytes = STANDARD.decode(text).ok()?;
        bytes.try_into().ok().map(Hash)
    }

    /// The root of a tree without leaves: SHA-256 of nothing.
    #[must_use]
    pub fn empty_root() -> Hash {
        Hash::finish(digest::digest(&SHA256, b""))
    }

    fn finish(digest: digest::Digest) -> Hash {
        let mut hash = [0; Hash::LEN];
        hash.copy_from_slice(digest.as_ref());
        Hash(hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The hash of a leaf: SHA-256 of 0x00 and its bytes (RFC 6962, section 2.1).
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut context = digest::Context::new(&SHA256);
    context.update(&[0x00]);
    context.update(leaf);
    Hash::finish(context.finish())
}

/// The hash of an inner node: SHA-256 of 0x01, the left and the right hash (RFC 6962, section 2.1).
pub(crate) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = [0x01; 1 + 2 * Hash::LEN];
    input[1..33].copy_from_slice(&left.0);
    input[33..].copy_from_slice(&right.0);
    Hash::finish(digest::digest(&SHA256, &input))
}

/// The Merkle tree hash over `hashes`, themselves the roots of perfect trees of one height.
pub(crate) fn root_of(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    hashes.iter().for_each(|hash| frontier.push(0, *hash));
    frontier.root()
}

/// The perfect subtrees that a tree consists of, from left to right, as (height, root).
#[derive(Default)]
pub(crate) struct Frontier(Vec<(u32, Hash)>);

impl Frontier {
    /// Adds the root of a perfect tree of 2^`height` leaves at the right. Heights never grow between calls
    /// except where the leaves so far are a multiple of 2^`height`.
    pub(crate) fn push(&mut self, mut height: u32, mut hash: Hash) {
        while let Some((_, left)) = self.0.pop_if(|(top, _)| *top == height) {
            hash = node_hash(&left, &hash);
            height += 1;
        }
        self.0.push((height, hash));
    }

    /// The root of the whole tree.
    pub(crate) fn root(&self) -> Hash {
        let mut from_right = self.0.iter().rev().map(|(_, hash)| *hash);
        let Some(last) = from_right.next() else { return Hash::empty_root() };
        from_right.fold(last, |right, left| node_hash(&left, &right))
    }
}
