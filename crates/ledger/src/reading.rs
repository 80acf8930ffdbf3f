//! Entries and proofs of a tree whose right edge is in memory: only full tiles, which never change, are read.

use crate::disk::Disk;
use crate::edge::{Edge, check_entries};
use crate::error::{Error, Fault, Result};
use crate::hash::Hash;
use crate::proof;
use crate::store::{self, CHECKPOINT};
use crate::tile::{FULL, Row, Tile};

/// What a writer knows of its log, or a reader of one head of it.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) edge: &'a Edge,
}

impl<'a> Reading<'a> {
    pub(crate) fn entry(self, index: u64) -> Result<Vec<u8>> {
        let entries = self.tile_entries(index)?;
        let position = (index % FULL) as usize;
        entries.into_iter().nth(position).ok_or_else(|| self.out_of_range(index))
    }

    pub(crate) fn entries(self, from: u64) -> impl Iterator<Item = Result<(u64, Vec<u8>)>> + 'a {
        let tiles = (from / FULL..self.edge.size().div_ceil(FULL)).map(|index| index * FULL);
        let numbered = tiles.flat_map(move |first| match self.tile_entries(first) {
            Ok(entries) => (first..).zip(entries).map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        });
        let mut failed = false;
        numbered
            .skip_while(move |item| item.as_ref().is_ok_and(|(index, _)| *index < from))
            .take_while(move |item| !std::mem::replace(&mut failed, item.is_err()))
    }

    /// The entries of the tile that holds entry `index`, each checked against its leaf hash.
    fn tile_entries(self, index: u64) -> Result<Vec<Vec<u8>>> {
        let tile = |row| Tile::holding(row, index, self.edge.size()).ok_or_else(|| self.out_of_range(index));
        let (hashes, bundle) = (self.hashes(tile(Row::Hashes(0))?)?, self.bundle(tile(Row::Entries)?)?);
        let entries = check_entries(tile(Row::Entries)?, &bundle, &hashes)?;
        Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
    }

    fn bundle(self, tile: Tile) -> std::result::Result<Vec<u8>, Fault> {
        match tile.is_full() {
            true => store::read_tile(self.disk, tile),
            false => Ok(self.edge.bundle().to_vec()),
        }
    }

    /// The hashes of a tile of this tree.
    pub(crate) fn hashes(self, tile: Tile) -> std::result::Result<Vec<Hash>, Fault> {
        match tile.row {
            Row::Hashes(level) if !tile.is_full() => {
                Ok(self.edge.levels().get(usize::from(level)).cloned().unwrap_or_default())
            }
            _ => store::read_hashes(self.disk, tile),
        }
    }

    /// The tile that holds number `position` of `row`.
    pub(crate) fn tile(self, row: Row, position: u64) -> std::result::Result<Tile, Fault> {
        Tile::holding(row, position, self.edge.size())
            .ok_or_else(|| Fault::new(CHECKPOINT, "a proof needs hashes that the log does not have"))
    }

    pub(crate) fn prove_inclusion(self, index: u64, size: u64) -> Result<Vec<Hash>> {
        if size > self.edge.size() || index >= size {
            return Err(self.out_of_range(index.max(size)));
        }
        Ok(proof::inclusion(self, index, size)?)
    }

    pub(crate) fn prove_consistency(self, old: u64, size: u64) -> Result<Vec<Hash>> {
        if size > self.edge.size() || old > size || old == 0 {
            return Err(self.out_of_range(old.max(size)));
        }
        Ok(proof::consistency(self, old, size)?)
    }

    fn out_of_range(self, asked: u64) -> Error {
        Error::OutOfRange { asked, size: self.edge.size() }
    }
}
