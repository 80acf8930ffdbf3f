//! Which file to name when the partial tiles of a log do not lead to its signed root.

use crate::bundle;
use crate::checkpoint::Checkpoint;
use crate::disk::Disk;
use crate::edge::root_of_levels;
use crate::error::Fault;
use crate::hash::{Hash, leaf_hash, root_of};
use crate::store;
use crate::tile::{FULL, Row, Tile};

/// Names the tile that, if computed from the tiles below it, would lead to the signed root. If none would, more
/// than one file was changed.
pub(crate) fn blame(disk: &dyn Disk, head: &Checkpoint, levels: &[Vec<Hash>], bundle: &[u8]) -> Fault {
    let differing: Vec<(Tile, Vec<Hash>)> = partial_tiles(head.size())
        .filter_map(|tile| recompute(disk, tile, bundle).map(|below| (tile, below)))
        .filter(|(tile, below)| level_of(*tile).is_some_and(|level| levels.get(level) != Some(below)))
        .collect();
    for (tile, below) in &differing {
        if root_of_levels(&mended(levels, *tile, below)) == *head.root() {
            return Fault::new(tile.path(), "does not match the tiles below it and the signed root");
        }
    }
    match differing.first() {
        Some((tile, _)) => Fault::new(tile.path(), "matches neither the tiles below it nor the signed root"),
        None => changed_together(head),
    }
}

/// Tiles that fit each other but not the signature: entries were replaced along with their hashes. Nothing tells
/// in which of the tiles the forgery began; the entries are what it is about.
fn changed_together(head: &Checkpoint) -> Fault {
    let mut paths = partial_tiles(head.size()).map(|tile| tile.path());
    let first = paths.next().unwrap_or_else(|| store::CHECKPOINT.to_owned());
    let others: Vec<String> = paths.collect();
    let what = format!(
        "with {} leads to another root than the checkpoint's: forged, or signed twice",
        others.join(", ")
    );
    Fault::new(first, what)
}

fn partial_tiles(size: u64) -> impl Iterator<Item = Tile> {
    Row::of(size).filter_map(move |row| Tile::partial(row, size))
}

fn level_of(tile: Tile) -> Option<usize> {
    match tile.row {
        Row::Entries => None,
        Row::Hashes(level) => Some(usize::from(level)),
    }
}

fn mended(levels: &[Vec<Hash>], tile: Tile, below: &[Hash]) -> Vec<Vec<Hash>> {
    let mut mended = levels.to_vec();
    if let Some(hashes) = level_of(tile).and_then(|level| mended.get_mut(level)) {
        *hashes = below.to_vec();
    }
    mended
}

/// A partial tile of hashes as the tiles below have it; `None` if they cannot be read.
fn recompute(disk: &dyn Disk, tile: Tile, bundle: &[u8]) -> Option<Vec<Hash>> {
    match tile.row {
        Row::Entries => None,
        Row::Hashes(0) => bundle::entries(bundle).map(|entry| entry.ok().map(leaf_hash)).collect(),
        Row::Hashes(level) => {
            let children = (tile.index * FULL..).take(usize::from(tile.width));
            let tiles = children.map(|index| Tile::full(Row::Hashes(level - 1), index));
            tiles.map(|child| store::read_hashes(disk, child).ok().map(|hashes| root_of(&hashes))).collect()
        }
    }
}
