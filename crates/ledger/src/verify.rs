//! Checking a log with nothing but its folder and its public key, from the signed root down to every entry.

use std::path::Path;

use crate::bundle;
use crate::checkpoint::Checkpoint;
use crate::disk::{Disk, Folder};
use crate::edge::{Edge, check_entries};
use crate::error::Fault;
use crate::hash::{Frontier, Hash, root_of};
use crate::inventory;
use crate::note::NoteVerifier;
use crate::snapshot::read_head;
use crate::store::{self, CHECKPOINT};
use crate::tile::{FULL, Row, Tile};

/// What the verifier is told beside the key.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected<'a> {
    /// A head seen earlier and kept elsewhere: the log must be an extension of it. Nothing else reveals that the
    /// whole folder was replaced by an older copy.
    pub since: Option<&'a Checkpoint>,
    /// Names that may lie beside the log's own in its folder; what is in them is not looked at.
    pub siblings: &'a [&'a str],
}

/// Is shown the index and the bytes of each entry, and may object with a fault of its own.
pub type Visit<'a> = dyn FnMut(u64, &[u8]) -> Result<(), Fault> + 'a;

/// What was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The name of the log.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The signed root over them.
    pub root: Hash,
    /// The lengths of all entries, added up.
    pub bytes: u64,
}

/// Checks all of the log in `dir` and shows each entry, in order, to `visit` after it has been proven to be the
/// one that was signed. Takes no lock and writes nothing; a writer may append meanwhile. Memory is bounded by
/// one tile per row.
///
/// # Errors
/// The first thing that is wrong, or that `visit` objected to.
pub fn verify(
    dir: &Path,
    key: &NoteVerifier,
    expected: Expected<'_>,
    visit: &mut Visit<'_>,
) -> Result<Verified, Fault> {
    let disk = Folder::open(dir).map_err(|error| Fault::unreadable(&dir.to_string_lossy(), &error))?;
    verify_disk(&disk, key, expected, visit)
}

pub(crate) fn verify_disk(
    disk: &dyn Disk,
    key: &NoteVerifier,
    expected: Expected<'_>,
    visit: &mut Visit<'_>,
) -> Result<Verified, Fault> {
    inventory::check_top(disk, expected.siblings)?;
    let (head, edge) = read_head(disk, key)?;
    inventory::check(disk, key, &head)?;
    let mut walk = Walk { disk, visit, bytes: 0, since: Since::new(expected.since, &head)? };
    walk.tree(&edge)?;
    walk.since.check()?;
    let bytes = walk.bytes;
    Ok(Verified { origin: head.origin().to_owned(), size: head.size(), root: *head.root(), bytes })
}

/// The descent from hashes that are known to be right to those that they cover.
struct Walk<'a> {
    disk: &'a dyn Disk,
    visit: &'a mut Visit<'a>,
    bytes: u64,
    since: Since<'a>,
}

impl Walk<'_> {
    fn tree(&mut self, edge: &Edge) -> Result<(), Fault> {
        for (level, hashes) in edge.levels().iter().enumerate().skip(1).rev() {
            let level = level as u8;
            let first = Row::Hashes(level).count(edge.size()) / FULL * FULL;
            self.children(level, first, hashes)?;
        }
        let first = edge.size() / FULL * FULL;
        let hashes = edge.levels().first().map_or(&[][..], Vec::as_slice);
        self.since.add_leaves(first, hashes);
        for (number, entry) in (first..).zip(bundle::entries(edge.bundle()).flatten()) {
            self.show(number, entry)?;
        }
        Ok(())
    }

    /// Descends into the full tiles below `hashes`, the first of which has number `first` in its row.
    fn children(&mut self, level: u8, first: u64, hashes: &[Hash]) -> Result<(), Fault> {
        (first..).zip(hashes).try_for_each(|(index, hash)| self.full_tile(level - 1, index, *hash))
    }

    fn full_tile(&mut self, level: u8, index: u64, expected: Hash) -> Result<(), Fault> {
        let tile = Tile::full(Row::Hashes(level), index);
        let hashes = store::read_hashes(self.disk, tile)?;
        if root_of(&hashes) != expected {
            return Err(Fault::new(tile.path(), "does not match the hash that the tree has of it"));
        }
        match level {
            0 => self.entries(index, &hashes, expected),
            _ => self.children(level, index * FULL, &hashes),
        }
    }

    fn entries(&mut self, index: u64, hashes: &[Hash], root: Hash) -> Result<(), Fault> {
        let tile = Tile::full(Row::Entries, index);
        let bundle = store::read_tile(self.disk, tile)?;
        let entries = check_entries(tile, &bundle, hashes)?;
        self.since.add_tile(index, hashes, root);
        let mut numbered = (index * FULL..).zip(entries);
        numbered.try_for_each(|(number, entry)| self.show(number, entry))
    }

    fn show(&mut self, number: u64, entry: &[u8]) -> Result<(), Fault> {
        self.bytes += entry.len() as u64;
        (self.visit)(number, entry)
    }
}

/// Recomputes, on the way, the root that an earlier head signed.
struct Since<'a> {
    earlier: Option<&'a Checkpoint>,
    frontier: Frontier,
}

impl<'a> Since<'a> {
    fn new(earlier: Option<&'a Checkpoint>, head: &Checkpoint) -> Result<Self, Fault> {
        match earlier {
            Some(earlier) if earlier.origin() != head.origin() => Err(Fault::new(
                CHECKPOINT,
                format!("is of another log than the earlier one of {}", earlier.origin()),
            )),
            Some(earlier) if earlier.size() > head.size() => {
                let (now, then) = (head.size(), earlier.size());
                Err(Fault::new(CHECKPOINT, format!("has {now} entries, but {then} were signed for earlier")))
            }
            _ => Ok(Since { earlier, frontier: Frontier::default() }),
        }
    }

    fn size(&self) -> u64 {
        self.earlier.map_or(0, Checkpoint::size)
    }

    fn add_tile(&mut self, index: u64, hashes: &[Hash], root: Hash) {
        match index * FULL + FULL <= self.size() {
            true => self.frontier.push(8, root),
            false => self.add_leaves(index * FULL, hashes),
        }
    }

    fn add_leaves(&mut self, first: u64, hashes: &[Hash]) {
        let wanted = self.size().saturating_sub(first);
        for (_, hash) in (0..wanted).zip(hashes) {
            self.frontier.push(0, *hash);
        }
    }

    fn check(&self) -> Result<(), Fault> {
        match self.earlier {
            Some(earlier) if self.frontier.root() != *earlier.root() => Err(Fault::new(
                CHECKPOINT,
                format!("its first {} entries are not those that were signed for earlier", earlier.size()),
            )),
            _ => Ok(()),
        }
    }
}
