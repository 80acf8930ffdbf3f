//! Evidence: everything about one request, or one declared emergency, in one file that a stranger can check with the ledger's public key alone.
//!
//! What the file says is either an entry of the ledger, or bound by one: the act by its digest, signatures and
//! statements by theirs, records of people, keys and policies by `state` entries. An `evidence` entry seals the whole,
//! so that nothing can be left out or put in. docs/formats.md describes every field.

mod answers;
mod cast;
mod circumstances;
mod consequences;
mod ending;
mod gather;
mod gather_permit;
mod gathering;
mod people;
mod permit;
mod protocol;
mod request;
mod rows;
mod session;
mod shelf;
mod story;
mod story_permit;
mod verify;
mod visits;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::blind::sha256_hex;
use crate::entry::canonical;

pub use protocol::{Failure, Said};
pub use verify::{SignedTree, Verified, verify};

/// What the field `version` says.
pub const VERSION: &str = "countersign-evidence-v1";

/// The file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The signed note of the head that all proofs lead to.
    pub checkpoint: String,
    /// The audit paths of the story's entries, in their order, and then that of the seal; leaf side first.
    pub proofs: Vec<Vec<String>>,
    /// The entry that seals the story.
    pub seal: Leaf,
    /// What happened.
    pub story: Story,
    /// [`VERSION`].
    pub version: String,
}

/// What the seal covers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// What was asked for: the canonical object that approvers signed. Of a permit without a request, its terms.
    pub act: Value,
    /// The signed answers, in the order in which they were counted.
    pub answers: Vec<SignedAnswer>,
    /// What the `state` entries that followed say of rows, one for each, in order.
    pub changes: Vec<Changed>,
    /// Entries of the ledger, in order.
    pub entries: Vec<Leaf>,
    /// What `state` entries among them vouch for, by kind and identifier.
    pub records: Vec<Kept>,
}

/// An entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// The entry itself; its canonical form is the leaf.
    pub entry: Value,
    /// Where it is in the ledger.
    pub index: u64,
}

/// A row that changed. Both are null when it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// Its content from then on; null when it is gone.
    pub after: Option<Value>,
    /// Its content until then; null when it is new.
    pub before: Option<Value>,
}

/// One approver's answer, as it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedAnswer {
    /// The armored signature.
    pub signature: String,
    /// The text that it is of.
    pub statement: String,
}

/// The content of a row that the ledger vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The row.
    pub content: Value,
    /// Which one.
    pub id: String,
    /// Of what kind.
    pub kind: String,
}

impl Story {
    /// What the seal says: SHA-256 of the canonical form, lower hex.
    pub fn digest(&self) -> String {
        sha256_hex(canonical(self).as_bytes())
    }
}

impl Bundle {
    /// The file's bytes.
    pub fn encode(&self) -> String {
        canonical(self) + "\n"
    }
}
