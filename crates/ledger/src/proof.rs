//! Inclusion and consistency proofs (RFC 6962, sections 2.1.1 and 2.1.2; checked as in RFC 9162, section 2.1).

use crate::error::{Error, Fault, Result};
use crate::hash::{Frontier, Hash, node_hash, root_of};
use crate::reading::Reading;
use crate::tile::{FULL, Row};

impl Reading<'_> {
    /// The Merkle tree hash over the leaves from `start` to before `end`, where `start` is a multiple of the
    /// power of two that `end - start` would fit in.
    fn range(self, start: u64, end: u64) -> std::result::Result<Hash, Fault> {
        let (mut frontier, mut at) = (Frontier::default(), start);
        while at < end {
            let height = (end - at).ilog2().min(at.trailing_zeros());
            frontier.push(height, self.perfect(height, at >> height)?);
            at += 1 << height;
        }
        Ok(frontier.root())
    }

    /// The root of the perfect tree number `index` of 2^`height` leaves.
    fn perfect(self, height: u32, index: u64) -> std::result::Result<Hash, Fault> {
        let row = Row::Hashes((height / 8) as u8);
        let (first, width) = (index << (height % 8), 1 << (height % 8));
        let tile = self.tile(row, first)?;
        let hashes = self.hashes(tile)?;
        let offset = (first % FULL) as usize;
        let part = hashes.get(offset..offset + width);
        part.map(root_of).ok_or_else(|| Fault::new(tile.path(), "has too few hashes"))
    }
}

/// The audit path, leaf side first.
pub(crate) fn inclusion(tree: Reading<'_>, index: u64, size: u64) -> std::result::Result<Vec<Hash>, Fault> {
    let (mut start, mut end, mut path) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(tree.range(middle, end)?);
            end = middle;
        } else {
            path.push(tree.range(start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the first `old` leaves are a prefix of the first `size`; empty if the two are equal.
pub(crate) fn consistency(tree: Reading<'_>, old: u64, size: u64) -> std::result::Result<Vec<Hash>, Fault> {
    let (mut start, mut end, mut path) = (0, size, Vec::new());
    while old < end {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(tree.range(middle, end)?);
            end = middle;
        } else {
            path.push(tree.range(start, middle)?);
            start = middle;
        }
    }
    if start > 0 {
        path.push(tree.range(start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// Checks that the leaf with this hash is entry `index` of the tree of `size` entries with this root.
///
/// # Errors
/// [`Error::Proof`] if it is not, or the proof is malformed.
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, proof: &[Hash], root: &Hash) -> Result<()> {
    if index >= size {
        return Err(Error::Proof("the index lies outside the tree"));
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(Error::Proof("too long"));
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            let skipped = node.trailing_zeros();
            (node, last) = (node >> skipped, last >> skipped);
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    finish(last == 0 && hash == *root)
}

/// Checks that the tree of `new_size` entries with `new_root` extends that of `old_size` with `old_root`.
///
/// # Errors
/// [`Error::Proof`] if it does not, or the proof is malformed. An empty old tree needs, and has, no proof.
pub fn verify_consistency(
    (old_size, old_root): (u64, &Hash),
    (new_size, new_root): (u64, &Hash),
    proof: &[Hash],
) -> Result<()> {
    match old_size {
        0 => return finish(proof.is_empty() && *old_root == Hash::empty_root()),
        _ if old_size == new_size => return finish(proof.is_empty() && old_root == new_root),
        _ if old_size > new_size => return Err(Error::Proof("the old tree is larger")),
        _ => {}
    }
    // Where the old tree is perfect its root is itself the first node of the path.
    let implied = old_size.is_power_of_two().then_some(old_root);
    let mut path = implied.into_iter().chain(proof);
    let Some(first) = path.next() else { return Err(Error::Proof("empty")) };
    let shared = (old_size - 1).trailing_ones();
    let (mut node, mut last) = ((old_size - 1) >> shared, (new_size - 1) >> shared);
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in path {
        if last == 0 {
            return Err(Error::Proof("too long"));
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            let skipped = node.trailing_zeros();
            (node, last) = (node >> skipped, last >> skipped);
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    finish(last == 0 && old_hash == *old_root && new_hash == *new_root)
}

fn finish(holds: bool) -> Result<()> {
    holds.then_some(()).ok_or(Error::Proof("it leads to another root"))
}
