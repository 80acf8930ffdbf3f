//! What may lie in a log's folder: exactly the tiles of its head, and nothing that nobody signed for.

use crate::checkpoint::Checkpoint;
use crate::disk::{Disk, Kind};
use crate::edge::Edge;
use crate::error::Fault;
use crate::note::NoteVerifier;
use crate::store::{self, CHECKPOINT, LOCK, STAGED, TILES, is_missing};
use crate::tile::{FULL, Row, Tile};

/// Tiles lie at most this deep below `tile/`.
const MAX_DEPTH: usize = 10;

/// Reads the edge; where it fails and newer tiles lie beside it, the fault is the checkpoint's.
pub(crate) fn read_edge(disk: &dyn Disk, head: &Checkpoint) -> Result<Edge, Fault> {
    Edge::load(disk, head).map_err(|fault| match newer_at_edge(disk, head.size()) {
        Ok(Some(tile)) => older(head, &tile),
        _ => fault,
    })
}

/// A tile right after the end of a log of `size` entries, which no head of that size can have written.
pub(crate) fn newer_at_edge(disk: &dyn Disk, size: u64) -> Result<Option<Tile>, Fault> {
    let rows = (0..=7).map(Row::Hashes).chain([Row::Entries]);
    for row in rows {
        let next = Tile::full(row, row.count(size) / FULL);
        if exists(disk, &next.path())? {
            return Ok(Some(next));
        }
        let partial = list(disk, &next.partial_folder())?;
        let tiles =
            partial.iter().filter_map(|(name, _)| Tile::parse(&format!("{}/{name}", next.partial_folder())));
        if let Some(newer) = tiles.into_iter().find(|tile| tile.end() > row.count(size)) {
            return Ok(Some(newer));
        }
    }
    Ok(None)
}

/// The fault of a tile that the head does not know.
pub(crate) fn newer(tile: &Tile, head: &Checkpoint) -> Fault {
    let size = head.size();
    Fault::new(
        tile.path(),
        format!(
            "is newer than the checkpoint of {size} entries: an older checkpoint was put back, or this tile added"
        ),
    )
}

fn older(head: &Checkpoint, tile: &Tile) -> Fault {
    let size = head.size();
    Fault::new(CHECKPOINT, format!("is older than the tiles: it is for {size} entries, but there is {tile}"))
}

/// Checks every name below the log's folder against the tiles of `head`. A writer may commit meanwhile: what it
/// added is judged by the head that is there afterwards.
pub(crate) fn check(disk: &dyn Disk, key: &NoteVerifier, head: &Checkpoint) -> Result<(), Fault> {
    let mut odd = Vec::new();
    find_odd_tiles(disk, TILES, head.size(), MAX_DEPTH, &mut odd)?;
    check_staged(disk, head.size())?;
    let now = store::read_checkpoint(disk, key)?;
    if now.size() < head.size() {
        return Err(Fault::new(CHECKPOINT, "became smaller while the log was being read"));
    }
    odd.into_iter().try_for_each(|tile| check_odd(disk, tile, head, &now))
}

/// Checks the names beside the checkpoint, and that the lock says nothing.
pub(crate) fn check_top(disk: &dyn Disk, siblings: &[&str]) -> Result<(), Fault> {
    for (name, kind) in list(disk, "")? {
        let expected = match name.as_str() {
            CHECKPOINT | LOCK => kind == Kind::File,
            STAGED | TILES => kind == Kind::Folder,
            other => siblings.contains(&other) && kind != Kind::Other,
        };
        if !expected {
            return Err(foreign(&name, kind));
        }
    }
    match disk.read(LOCK, 0) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
            Err(Fault::new(LOCK, "must be empty"))
        }
        Err(error) => Err(Fault::unreadable(LOCK, &error)),
    }
}

/// Collects the tiles below `folder` that a log of `size` entries does not consist of.
fn find_odd_tiles(
    disk: &dyn Disk,
    folder: &str,
    size: u64,
    depth: usize,
    odd: &mut Vec<Tile>,
) -> Result<(), Fault> {
    for (name, kind) in list(disk, folder)? {
        let path = format!("{folder}/{name}");
        match (kind, Tile::parse(&path)) {
            (Kind::Folder, _) if depth > 0 => find_odd_tiles(disk, &path, size, depth - 1, odd)?,
            (Kind::File, Some(tile)) if tile.belongs_to(size) => {}
            (Kind::File, Some(tile)) => odd.push(tile),
            _ => return Err(foreign(&path, kind)),
        }
    }
    Ok(())
}

fn check_odd(disk: &dyn Disk, tile: Tile, head: &Checkpoint, now: &Checkpoint) -> Result<(), Fault> {
    let (known, count) = (tile.row.count(head.size()), tile.row.count(now.size()));
    match tile.end() {
        end if end > count => Err(newer(&tile, now)),
        end if end > known => Ok(()),
        _ if is_being_replaced(disk, tile)? => Ok(()),
        _ => Err(Fault::new(tile.path(), "is an older version of a tile that the log has replaced")),
    }
}

/// A superseded tile may still be there while its successor is staged; a running writer may have taken both
/// away since we looked.
fn is_being_replaced(disk: &dyn Disk, tile: Tile) -> Result<bool, Fault> {
    let successor = |name: &str| {
        Tile::parse_staged(name).is_some_and(|staged| {
            (staged.row, staged.index) == (tile.row, tile.index) && staged.width > tile.width
        })
    };
    let staged = list(disk, STAGED)?.iter().any(|(name, _)| successor(name));
    Ok(staged || !exists(disk, &tile.path())?)
}

/// Staged tiles are those of a later head, or of this one on the way to their places.
fn check_staged(disk: &dyn Disk, size: u64) -> Result<(), Fault> {
    for (name, kind) in list(disk, STAGED)? {
        let path = format!("{STAGED}/{name}");
        let tile = Tile::parse_staged(&name).filter(|_| kind == Kind::File);
        let known = match tile {
            Some(tile) if tile.belongs_to(size) => !(exists(disk, &tile.path())? && exists(disk, &path)?),
            Some(tile) => tile.end() > tile.row.count(size) || !exists(disk, &path)?,
            None => name == CHECKPOINT && kind == Kind::File,
        };
        if !known {
            return Err(foreign(&path, kind));
        }
    }
    Ok(())
}

fn foreign(path: &str, kind: Kind) -> Fault {
    match kind {
        Kind::Other => Fault::new(path, "is a symbolic link or special file, which a log never has"),
        _ => Fault::new(path, "is not part of the log"),
    }
}

fn exists(disk: &dyn Disk, path: &str) -> Result<bool, Fault> {
    disk.kind(path).map(|kind| kind.is_some()).map_err(|error| Fault::unreadable(path, &error))
}

/// The names in a folder; none if it is not there.
fn list(disk: &dyn Disk, path: &str) -> Result<Vec<(String, Kind)>, Fault> {
    match disk.list(path) {
        Err(error) if is_missing(&error) => Ok(Vec::new()),
        names => names.map_err(|error| Fault::unreadable(path, &error)),
    }
}
