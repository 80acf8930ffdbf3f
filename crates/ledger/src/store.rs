//! Reading what an append has written: the checkpoint, and tiles wherever the commit has left them.

use std::io;

use crate::bundle::MAX_BUNDLE;
use crate::checkpoint::Checkpoint;
use crate::disk::Disk;
use crate::error::Fault;
use crate::hash::Hash;
use crate::note::{MAX_NOTE, NoteVerifier};
use crate::tile::{Row, Tile};

/// The signed head of the log.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// An empty file on which the writer holds a lock.
pub(crate) const LOCK: &str = "lock";

/// What the next head needs, before and until shortly after it is signed.
pub(crate) const STAGED: &str = "staged";

/// Where all tiles live.
pub(crate) const TILES: &str = "tile";

/// Reads the head. The file must be exactly the note that the log's key makes of it: one signature, one spelling.
pub(crate) fn read_checkpoint(disk: &dyn Disk, key: &NoteVerifier) -> Result<Checkpoint, Fault> {
    let note = read_note(disk)?;
    let head = Checkpoint::parse(&note, key).map_err(|error| Fault::new(CHECKPOINT, error.to_string()))?;
    match head.note().lines().count() {
        5 => Ok(head),
        _ => Err(Fault::new(CHECKPOINT, "has more lines than the log itself writes")),
    }
}

/// The bytes of the head, unchecked.
pub(crate) fn read_note(disk: &dyn Disk) -> Result<Vec<u8>, Fault> {
    disk.read(CHECKPOINT, MAX_NOTE as u64).map_err(|error| Fault::unreadable(CHECKPOINT, &error))
}

/// Reads a tile that a signed head covers. A writer moves it from `staged/` to its place right after signing;
/// the second look at its place catches a move between the first two.
pub(crate) fn read_tile(disk: &dyn Disk, tile: Tile) -> Result<Vec<u8>, Fault> {
    let (place, staged) = (tile.path(), tile.staged_path());
    let mut contents = disk.read(&place, limit(tile));
    for path in [&staged, &place] {
        if !contents.as_ref().is_err_and(is_missing) {
            break;
        }
        contents = disk.read(path, limit(tile));
    }
    contents.map_err(|error| Fault::unreadable(&place, &error))
}

/// Reads a tile of hashes.
pub(crate) fn read_hashes(disk: &dyn Disk, tile: Tile) -> Result<Vec<Hash>, Fault> {
    let contents = read_tile(disk, tile)?;
    let (hashes, rest) = contents.as_chunks::<{ Hash::LEN }>();
    if hashes.len() != usize::from(tile.width) || !rest.is_empty() {
        let (is, must) = (contents.len(), usize::from(tile.width) * Hash::LEN);
        return Err(Fault::new(tile.path(), format!("is {is} bytes long instead of {must}")));
    }
    Ok(hashes.iter().copied().map(Hash).collect())
}

pub(crate) fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

fn limit(tile: Tile) -> u64 {
    match tile.row {
        Row::Entries => MAX_BUNDLE,
        Row::Hashes(_) => u64::from(tile.width) * Hash::LEN as u64,
    }
}
