//! The right edge of the tree: everything that a writer must remember to add the next leaf, and that a reader
//! must check against the signed root before any full tile can be trusted.

use crate::blame::blame;
use crate::bundle;
use crate::checkpoint::Checkpoint;
use crate::disk::Disk;
use crate::error::Fault;
use crate::hash::{Frontier, Hash, leaf_hash, root_of};
use crate::store;
use crate::tile::{FULL, Row, Tile};

/// A tile and its contents, to be written.
pub(crate) type Written = (Tile, Vec<u8>);

/// The contents of the partial tiles of a tree.
#[derive(Clone, Default)]
pub(crate) struct Edge {
    size: u64,
    /// The entries after the last full entries tile, as a bundle.
    bundle: Vec<u8>,
    /// By level, the hashes after the last full tile.
    levels: Vec<Vec<Hash>>,
}

impl Edge {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The entries of the last, partial entries tile.
    pub(crate) fn bundle(&self) -> &[u8] {
        &self.bundle
    }

    /// By level, the hashes of the partial tile.
    pub(crate) fn levels(&self) -> &[Vec<Hash>] {
        &self.levels
    }

    /// The Merkle tree hash over all leaves.
    pub(crate) fn root(&self) -> Hash {
        root_of_levels(&self.levels)
    }

    /// The edge after `leaves`, and the tiles that are new with them: full ones first, then partial ones.
    pub(crate) fn extended(&self, leaves: &[Vec<u8>]) -> (Edge, Vec<Written>) {
        let (mut edge, mut tiles) = (self.clone(), Vec::new());
        for leaf in leaves {
            edge.push(leaf, &mut tiles);
        }
        tiles.extend(edge.partial_tiles().filter(|(tile, _)| !tile.belongs_to(self.size)));
        (edge, tiles)
    }

    /// Adds one leaf, and to `full` each tile that it fills.
    fn push(&mut self, leaf: &[u8], full: &mut Vec<Written>) {
        bundle::push(&mut self.bundle, leaf);
        self.size += 1;
        if self.size.is_multiple_of(FULL) {
            let tile = Tile::full(Row::Entries, self.size / FULL - 1);
            full.push((tile, std::mem::take(&mut self.bundle)));
        }
        self.push_hash(0, leaf_hash(leaf), full);
    }

    fn push_hash(&mut self, level: u8, hash: Hash, full: &mut Vec<Written>) {
        let row = Row::Hashes(level);
        if self.levels.len() <= usize::from(level) {
            self.levels.push(Vec::new());
        }
        let Some(hashes) = self.levels.get_mut(usize::from(level)) else { return };
        hashes.push(hash);
        if hashes.len() as u64 == FULL {
            let hashes = std::mem::take(hashes);
            full.push((Tile::full(row, row.count(self.size) / FULL - 1), to_bytes(&hashes)));
            self.push_hash(level + 1, root_of(&hashes), full);
        }
    }

    fn partial_tiles(&self) -> impl Iterator<Item = Written> {
        let contents = |row| match row {
            Row::Entries => self.bundle.clone(),
            Row::Hashes(level) => to_bytes(self.levels.get(usize::from(level)).map_or(&[], Vec::as_slice)),
        };
        Row::of(self.size)
            .filter_map(|row| Tile::partial(row, self.size))
            .map(move |tile| (tile, contents(tile.row)))
    }

    /// Reads the edge of the log under `head` and checks it against the signed root.
    pub(crate) fn load(disk: &dyn Disk, head: &Checkpoint) -> Result<Edge, Fault> {
        let size = head.size();
        let levels = read_levels(disk, size)?;
        let bundle = match Tile::partial(Row::Entries, size) {
            Some(tile) => store::read_tile(disk, tile)?,
            None => Vec::new(),
        };
        if root_of_levels(&levels) != *head.root() {
            return Err(blame(disk, head, &levels, &bundle));
        }
        Edge::replay(size, bundle, levels)
    }

    /// Adds the entries of the last tile again, the way they were added first. `levels` is known to be right.
    fn replay(size: u64, bundle: Vec<u8>, mut levels: Vec<Vec<Hash>>) -> Result<Edge, Fault> {
        let expected = levels.first_mut().map(std::mem::take).unwrap_or_default();
        let mut edge = Edge { size: size - size % FULL, bundle: Vec::new(), levels };
        if let Some(tile) = Tile::partial(Row::Entries, size) {
            for leaf in check_entries(tile, &bundle, &expected)? {
                edge.push(leaf, &mut Vec::new());
            }
        }
        Ok(edge)
    }
}

/// Compares an entries tile with the hashes of the tile above it, which are known to be right.
pub(crate) fn check_entries<'b>(
    tile: Tile,
    bundle: &'b [u8],
    hashes: &[Hash],
) -> Result<Vec<&'b [u8]>, Fault> {
    let mut entries = bundle::entries(bundle);
    let first = tile.index * FULL;
    let mut leaves = Vec::with_capacity(hashes.len());
    for (number, hash) in (first..).zip(hashes) {
        match entries.next() {
            Some(Ok(leaf)) if leaf_hash(leaf) == *hash => leaves.push(leaf),
            Some(Ok(_)) => return Err(entry_fault(tile, number, "does not match its hash")),
            Some(Err(_)) => return Err(entry_fault(tile, number, "is cut off")),
            None => return Err(entry_fault(tile, number, "is missing")),
        }
    }
    match entries.next() {
        None => Ok(leaves),
        Some(_) => Err(Fault::new(tile.path(), format!("holds more than {} entries", tile.width))),
    }
}

fn entry_fault(tile: Tile, number: u64, what: &str) -> Fault {
    Fault::new(tile.path(), format!("entry {number} {what}"))
}

fn read_levels(disk: &dyn Disk, size: u64) -> Result<Vec<Vec<Hash>>, Fault> {
    let hash_rows = Row::of(size).filter(|row| *row != Row::Entries);
    let partial = hash_rows.map(|row| Tile::partial(row, size));
    partial.map(|tile| tile.map_or(Ok(Vec::new()), |tile| store::read_hashes(disk, tile))).collect()
}

/// The Merkle tree hash over leaves of which `levels` are the partial tiles.
pub(crate) fn root_of_levels(levels: &[Vec<Hash>]) -> Hash {
    let mut frontier = Frontier::default();
    for (level, hashes) in levels.iter().enumerate().rev() {
        hashes.iter().for_each(|hash| frontier.push(8 * level as u32, *hash));
    }
    frontier.root()
}

fn to_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}
