//! The way from staged files to a new head, in the order in which each step may be interrupted.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use crate::checkpoint::Checkpoint;
use crate::disk::Disk;
use crate::edge::Written;
use crate::error::{Error, Fault, Result};
use crate::store::{CHECKPOINT, STAGED, is_missing};
use crate::tile::Tile;

/// Folders whose names are not known to be durable.
pub(crate) type Unsynced = BTreeSet<String>;

const STAGED_CHECKPOINT: &str = "staged/checkpoint";

/// Makes new tiles durable where no head refers to them yet. `unsynced` are the folders that took the tiles of
/// the head before: their names must be durable before this one's staging makes it durable that they left.
pub(crate) fn stage(disk: &dyn Disk, tiles: &[Written], unsynced: &Unsynced) -> Result<()> {
    for (tile, contents) in tiles {
        let path = tile.staged_path();
        disk.create(&path, contents).map_err(failed(&path))?;
    }
    sync(disk, unsynced)?;
    disk.sync_folder(STAGED).map_err(failed(STAGED))
}

/// Makes a signed head the log's head.
pub(crate) fn publish(disk: &dyn Disk, head: &Checkpoint) -> Result<()> {
    disk.create(STAGED_CHECKPOINT, head.note().as_bytes()).map_err(failed(STAGED_CHECKPOINT))?;
    // The commit point: before this rename is durable the log ends with the old head, after it with the new one.
    disk.rename(STAGED_CHECKPOINT, CHECKPOINT).map_err(failed(CHECKPOINT))?;
    disk.sync_folder("").map_err(failed(CHECKPOINT))
}

/// Puts the staged tiles of the head of `size` entries in their places and drops what no head refers to. This
/// ends every append, and repeats the end of an interrupted one when the log is opened.
pub(crate) fn settle(disk: &dyn Disk, size: u64) -> Result<Unsynced> {
    let mut unsynced = Unsynced::new();
    for (name, _) in disk.list(STAGED).map_err(failed(STAGED))? {
        let path = format!("{STAGED}/{name}");
        match Tile::parse_staged(&name) {
            Some(tile) if tile.belongs_to(size) => promote(disk, tile, &mut unsynced)?,
            None if path != STAGED_CHECKPOINT => return Err(Fault::new(path, "is not part of a log").into()),
            _ => disk.remove(&path).map_err(failed(&path))?,
        }
    }
    Ok(unsynced)
}

/// Makes the names in these folders durable.
pub(crate) fn sync(disk: &dyn Disk, folders: &Unsynced) -> Result<()> {
    folders.iter().try_for_each(|folder| disk.sync_folder(folder).map_err(failed(folder)))
}

/// Moves a tile to its place. The narrower version goes first: while it is there, its successor is still
/// staged, so that a verifier can tell an interrupted append from an old tile that someone put back.
fn promote(disk: &dyn Disk, tile: Tile, unsynced: &mut Unsynced) -> Result<()> {
    remove_superseded(disk, tile)?;
    let (from, to) = (tile.staged_path(), tile.path());
    let mut moved = disk.rename(&from, &to);
    if moved.as_ref().is_err_and(is_missing) {
        make_folders(disk, &to, unsynced)?;
        moved = disk.rename(&from, &to);
    }
    moved.map_err(failed(&to))?;
    unsynced.extend(folder_of(&to).map(str::to_owned));
    Ok(())
}

fn remove_superseded(disk: &dyn Disk, tile: Tile) -> Result<()> {
    let folder = tile.partial_folder();
    let names = match disk.list(&folder) {
        Err(error) if is_missing(&error) => return Ok(()),
        names => names.map_err(failed(&folder))?,
    };
    for (name, _) in names {
        let path = format!("{folder}/{name}");
        if Tile::parse(&path).is_some_and(|old| old.width < tile.width) {
            disk.remove(&path).map_err(failed(&path))?;
        }
    }
    if tile.is_full() {
        disk.remove_folder(&folder).map_err(failed(&folder))?;
    }
    Ok(())
}

fn make_folders(disk: &dyn Disk, path: &str, unsynced: &mut Unsynced) -> Result<()> {
    for (end, _) in path.match_indices('/') {
        let (folder, _) = path.split_at(end);
        match disk.make_folder(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(failed(folder))?,
        }
        unsynced.insert(folder_of(folder).unwrap_or_default().to_owned());
    }
    Ok(())
}

pub(crate) fn folder_of(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(folder, _)| folder)
}

/// Names the file that an operation failed on.
pub(crate) fn failed<P: AsRef<Path>>(file: P) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io { file: file.as_ref().to_owned(), source }
}
