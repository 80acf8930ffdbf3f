//! An append-only Merkle log in a folder: RFC 6962 hashes, C2SP `tlog-tiles` files, Ed25519-signed checkpoints.
//!
//! A [`Log`] is the single writer; [`verify()`] needs nothing but the folder and a [`NoteVerifier`]. Leaves are
//! opaque bytes. `docs/formats.md`, section "Ledger", describes every byte.
//!
//! What the signature cannot show: a whole folder replaced by an older copy of itself is consistent in every
//! byte. Only a checkpoint kept elsewhere ([`Expected::since`]) reveals that.

mod blame;
mod bundle;
mod checkpoint;
mod commit;
mod disk;
mod edge;
mod error;
mod hash;
mod inventory;
mod log;
mod note;
mod proof;
mod reading;
mod snapshot;
mod store;
mod tile;
mod verify;

pub use bundle::MAX_LEAF;
pub use checkpoint::Checkpoint;
pub use error::{Error, Fault, Result};
pub use hash::{Hash, leaf_hash};
pub use log::{Appended, Log};
pub use note::{NoteSigner, NoteVerifier};
pub use proof::{verify_consistency, verify_inclusion};
pub use snapshot::Snapshot;
pub use verify::{Expected, Verified, Visit, verify};

#[cfg(test)]
mod faults;
