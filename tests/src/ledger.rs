//! A second, independent reader of the ledger's entries: C2SP `tlog-tiles` entry bundles, each entry with a two-byte
//! big-endian length before it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::running::eventually;

/// Every entry in the ledger's folder, in order. The ledger may grow meanwhile.
pub fn entries_in(ledger: &Path) -> Vec<Value> {
    eventually("a ledger at rest", || entries_up_to(ledger, size(ledger)))
}

/// `None` when a bundle has been replaced by a fuller one.
fn entries_up_to(ledger: &Path, size: usize) -> Option<Vec<Value>> {
    let mut entries = Vec::new();
    let mut tile = 0;
    while entries.len() < size {
        entries.extend(split(&std::fs::read(bundle(ledger, tile, size)).ok()?));
        tile += 1;
    }
    Some(entries)
}

/// The number of entries that the checkpoint commits to: its second line.
fn size(ledger: &Path) -> usize {
    let checkpoint = std::fs::read_to_string(ledger.join("checkpoint")).expect("a ledger has a checkpoint");
    checkpoint.lines().nth(1).and_then(|line| line.parse().ok()).expect("its second line is the size")
}

fn bundle(ledger: &Path, tile: usize, size: usize) -> PathBuf {
    let folder = ledger.join("tile/entries");
    let name = format!("{tile:03}");
    if size >= (tile + 1) * 256 { folder.join(name) } else { folder.join(format!("{name}.p/{}", size % 256)) }
}

fn split(mut bytes: &[u8]) -> Vec<Value> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (entry, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        entries.push(serde_json::from_slice(entry).expect("an entry is a JSON object"));
        bytes = rest;
    }
    entries
}
