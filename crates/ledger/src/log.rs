//! The single writer of a log.

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::bundle::MAX_LEAF;
use crate::checkpoint::Checkpoint;
use crate::commit::{self, Unsynced, failed, folder_of};
use crate::disk::{Disk, Folder};
use crate::edge::Edge;
use crate::error::{Error, Fault, Result};
use crate::hash::Hash;
use crate::inventory;
use crate::note::NoteSigner;
use crate::reading::Reading;
use crate::store::{self, CHECKPOINT, LOCK, STAGED, TILES};
use crate::tile::{Row, Tile};

/// A log that this process, and no other, may add to.
pub struct Log {
    disk: Box<dyn Disk>,
    signer: NoteSigner,
    head: Checkpoint,
    edge: Edge,
    unsynced: Unsynced,
    poison: Option<String>,
    _lock: Option<File>,
}

/// What [`Log::append`] has made durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The index of the first of the new entries.
    pub first: u64,
    /// The head that covers all of them.
    pub checkpoint: Checkpoint,
}

impl Log {
    /// Starts an empty log in `dir`, which is created (0750) if it is not there, and signs its first head.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] if there is a `checkpoint` or `tile` in it, [`Error::Locked`], [`Error::Io`].
    pub fn create(dir: &Path, signer: NoteSigner) -> Result<Log> {
        make_dir(dir)?;
        let (folder, lock) = open_locked(dir)?;
        for name in [CHECKPOINT, TILES] {
            if folder.kind(name).map_err(failed(name))?.is_some() {
                return Err(Error::AlreadyExists(dir.join(name)));
            }
        }
        Log::found(Box::new(folder), Some(lock), signer)
    }

    /// Opens the log in `dir` for appending: takes its lock, finishes or drops an append that was interrupted,
    /// and checks the right edge of the tree against the signed root.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process has it open, [`Error::Fault`] with the first thing that is not as
    /// it was signed, [`Error::Io`].
    pub fn open(dir: &Path, signer: NoteSigner) -> Result<Log> {
        let (folder, lock) = open_locked(dir)?;
        Log::resume(Box::new(folder), Some(lock), signer)
    }

    pub(crate) fn found(disk: Box<dyn Disk>, lock: Option<File>, signer: NoteSigner) -> Result<Log> {
        ensure_staged(&*disk)?;
        commit::settle(&*disk, 0)?;
        commit::publish(&*disk, &Checkpoint::sign(0, Hash::empty_root(), &signer))?;
        Log::resume(disk, lock, signer)
    }

    pub(crate) fn resume(disk: Box<dyn Disk>, lock: Option<File>, signer: NoteSigner) -> Result<Log> {
        let head = store::read_checkpoint(&*disk, signer.verifier())?;
        ensure_staged(&*disk)?;
        commit::settle(&*disk, head.size())?;
        let edge = inventory::read_edge(&*disk, &head)?;
        if let Some(tile) = inventory::newer_at_edge(&*disk, head.size())? {
            return Err(inventory::newer(&tile, &head).into());
        }
        commit::sync(&*disk, &edge_folders(head.size()))?;
        Ok(Log { disk, signer, head, edge, unsynced: Unsynced::new(), poison: None, _lock: lock })
    }

    /// How many entries are committed.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.head.size()
    }

    /// The committed head.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.head
    }

    /// Adds leaves of at most [`MAX_LEAF`] bytes, all of them or none. On return they are durable and signed for.
    ///
    /// # Errors
    /// [`Error::LeafTooLong`] leaves the log usable. After [`Error::Io`] or [`Error::Fault`] it is not known
    /// whether the leaves are in the log, and every later append is refused with [`Error::Poisoned`] until the
    /// log is opened again, unless nothing had been written.
    pub fn append(&mut self, leaves: &[Vec<u8>]) -> Result<Appended> {
        if let Some(reason) = &self.poison {
            return Err(Error::Poisoned(reason.clone()));
        }
        if let Some(leaf) = leaves.iter().find(|leaf| leaf.len() > MAX_LEAF) {
            return Err(Error::LeafTooLong(leaf.len()));
        }
        let first = self.size();
        if !leaves.is_empty() {
            self.commit(leaves).map_err(|error| self.poison_after(error))?;
        }
        Ok(Appended { first, checkpoint: self.head.clone() })
    }

    fn commit(&mut self, leaves: &[Vec<u8>]) -> Result<()> {
        let (edge, tiles) = self.edge.extended(leaves);
        commit::stage(&*self.disk, &tiles, &self.unsynced)?;
        let head = self.sign(&edge)?;
        commit::publish(&*self.disk, &head)?;
        self.head = head;
        self.edge = edge;
        self.unsynced = commit::settle(&*self.disk, self.head.size())?;
        Ok(())
    }

    /// After a failure nothing can be said about files that may or may not have been written; where none was,
    /// the log is as it was before.
    fn poison_after(&mut self, error: Error) -> Error {
        let nothing_written = matches!(error, Error::Io { .. })
            && self.disk.list(STAGED).is_ok_and(|names| names.is_empty())
            && store::read_note(&*self.disk).is_ok_and(|note| note == self.head.note().as_bytes());
        if !nothing_written {
            self.poison = Some(error.to_string());
        }
        error
    }

    /// Signs the head over `edge`, whose tiles are durable: only as the successor of the head that this process
    /// signed or read last, so that two writers or a restored folder can never make the key sign a fork.
    fn sign(&self, edge: &Edge) -> Result<Checkpoint> {
        if store::read_note(&*self.disk)? != self.head.note().as_bytes() {
            return Err(Fault::new(CHECKPOINT, "was changed behind the writer's back").into());
        }
        if edge.size() <= self.head.size() {
            return Err(Fault::new(CHECKPOINT, "the next head would not be larger than this one").into());
        }
        Ok(Checkpoint::sign(edge.size(), edge.root(), &self.signer))
    }

    /// One entry, checked against its leaf hash.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], or [`Error::Fault`] if its tiles are not as they were written.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>> {
        self.reading().entry(index)
    }

    /// The entries from index `from` on, in order, each checked against its leaf hash. After an error it ends.
    pub fn entries(&self, from: u64) -> impl Iterator<Item = Result<(u64, Vec<u8>)>> {
        self.reading().entries(from)
    }

    /// The audit path of entry `index` in the tree of the first `size` entries (RFC 6962, section 2.1.1).
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless `index < size <= self.size()`, or [`Error::Fault`].
    pub fn prove_inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>> {
        self.reading().prove_inclusion(index, size)
    }

    /// The proof that the tree of the first `size` entries extends that of the first `old` (RFC 6962, section 2.1.2).
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless `0 < old <= size <= self.size()`, or [`Error::Fault`].
    pub fn prove_consistency(&self, old: u64, size: u64) -> Result<Vec<Hash>> {
        self.reading().prove_consistency(old, size)
    }

    fn reading(&self) -> Reading<'_> {
        Reading { disk: &*self.disk, edge: &self.edge }
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("head", &self.head).field("poison", &self.poison).finish_non_exhaustive()
    }
}

fn make_dir(dir: &Path) -> Result<()> {
    if !dir.is_dir() {
        DirBuilder::new().mode(0o750).create(dir).map_err(failed(dir))?;
        let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed(parent))?;
    }
    Ok(())
}

fn open_locked(dir: &Path) -> Result<(Folder, File)> {
    let folder = Folder::open(dir).map_err(failed(dir))?;
    let lock = folder.open_lock(LOCK).map_err(failed(LOCK))?;
    match lock.try_lock() {
        Ok(()) => Ok((folder, lock)),
        Err(TryLockError::WouldBlock) => Err(Error::Locked(dir.join(LOCK))),
        Err(TryLockError::Error(error)) => Err(failed(LOCK)(error)),
    }
}

fn ensure_staged(disk: &dyn Disk) -> Result<()> {
    if disk.kind(STAGED).map_err(failed(STAGED))?.is_none() {
        disk.make_folder(STAGED).map_err(failed(STAGED))?;
        disk.sync_folder("").map_err(failed(STAGED))?;
    }
    Ok(())
}

/// The folders that the last append may have added to, up to the log's own. Not the staging folder: that a tile
/// has left it may become durable only after its arrival.
fn edge_folders(size: u64) -> Unsynced {
    let tiles = Row::of(size).filter_map(|row| Tile::holding(row, row.count(size) - 1, size));
    let paths = tiles.map(|tile| tile.path());
    let above =
        |path: String| std::iter::successors(Some(path), |path| folder_of(path).map(str::to_owned)).skip(1);
    paths.flat_map(above).chain([String::new()]).collect()
}
