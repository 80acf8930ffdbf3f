//! A log under one signed head, for readers beside the writer: no lock, nothing written.

use std::path::Path;

use crate::checkpoint::Checkpoint;
use crate::disk::{Disk, Folder};
use crate::edge::Edge;
use crate::error::{Fault, Result};
use crate::hash::Hash;
use crate::inventory;
use crate::note::NoteVerifier;
use crate::reading::Reading;
use crate::store;

/// How often the head may move on while its right edge is read, before that counts as a fault.
const MAX_ATTEMPTS: usize = 64;

/// The entries and proofs of a log as it stood when the snapshot was taken, however it grows meanwhile.
pub struct Snapshot {
    disk: Folder,
    head: Checkpoint,
    edge: Edge,
}

impl Snapshot {
    /// Reads the head of the log in `dir`, and what a running writer could replace under it.
    ///
    /// # Errors
    /// [`Error::Fault`](crate::Error::Fault) with the first thing that is not as it was signed.
    pub fn take(dir: &Path, key: &NoteVerifier) -> Result<Snapshot> {
        let disk = Folder::open(dir).map_err(|error| Fault::unreadable(&dir.to_string_lossy(), &error))?;
        let (head, edge) = read_head(&disk, key)?;
        Ok(Snapshot { disk, head, edge })
    }

    /// The head that all entries and proofs are under.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.head
    }

    /// One entry, checked against its leaf hash.
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange), or a fault of its tile.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>> {
        self.reading().entry(index)
    }

    /// The entries from index `from` on, in order, each checked against its leaf hash. After an error it ends.
    pub fn entries(&self, from: u64) -> impl Iterator<Item = Result<(u64, Vec<u8>)>> {
        self.reading().entries(from)
    }

    /// The audit path of entry `index` under the snapshot's head (RFC 6962, section 2.1.1).
    ///
    /// # Errors
    /// [`Error::OutOfRange`](crate::Error::OutOfRange), or a fault of a tile.
    pub fn prove_inclusion(&self, index: u64) -> Result<Vec<Hash>> {
        self.reading().prove_inclusion(index, self.head.size())
    }

    fn reading(&self) -> Reading<'_> {
        Reading { disk: &self.disk, edge: &self.edge }
    }
}

/// Reads the head and all that a running writer could replace under it.
pub(crate) fn read_head(
    disk: &dyn Disk,
    key: &NoteVerifier,
) -> std::result::Result<(Checkpoint, Edge), Fault> {
    let mut attempts = 0;
    loop {
        let head = store::read_checkpoint(disk, key)?;
        attempts += 1;
        match inventory::read_edge(disk, &head) {
            Ok(edge) => return Ok((head, edge)),
            Err(fault) if attempts == MAX_ATTEMPTS => return Err(fault),
            Err(fault) if store::read_note(disk)? == head.note().as_bytes() => return Err(fault),
            Err(_) => {}
        }
    }
}
