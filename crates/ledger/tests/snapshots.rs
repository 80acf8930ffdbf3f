//! A reader beside the writer: what it was shown stays as it was, with proofs under the head that it saw.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use ledger::{Error, Log, NoteSigner, Snapshot, leaf_hash, verify_inclusion};

fn leaf(number: u64) -> Vec<u8> {
    format!("entry {number}").into_bytes()
}

fn grow(log: &mut Log, to: u64) {
    let leaves: Vec<_> = (log.size()..to).map(leaf).collect();
    log.append(&leaves).unwrap();
}

fn log() -> (tempfile::TempDir, Log) {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::create(dir.path(), NoteSigner::from_seed("log", [1; 32]).unwrap()).unwrap();
    (dir, log)
}

fn snapshot(dir: &tempfile::TempDir) -> ledger::Result<Snapshot> {
    Snapshot::take(dir.path(), NoteSigner::from_seed("log", [1; 32]).unwrap().verifier())
}

fn every_entry_is_proven(snapshot: &Snapshot) {
    let head = snapshot.checkpoint();
    let entries: Vec<_> = snapshot.entries(0).map(Result::unwrap).collect();
    assert_eq!(entries.len() as u64, head.size());
    for (index, entry) in entries {
        assert_eq!(entry, leaf(index));
        assert_eq!(snapshot.entry(index).unwrap(), entry);
        let proof = snapshot.prove_inclusion(index).unwrap();
        verify_inclusion(index, head.size(), &leaf_hash(&entry), &proof, head.root()).unwrap();
    }
}

#[test]
fn entries_and_proofs_stay_those_of_the_head_while_the_log_grows() {
    let (dir, mut log) = log();
    for size in [1, 3, 254, 256, 258, 600] {
        grow(&mut log, size);
        let taken = snapshot(&dir).unwrap();
        grow(&mut log, size + 1);
        assert_eq!(taken.checkpoint().size(), size);
        every_entry_is_proven(&taken);
        assert_eq!(snapshot(&dir).unwrap().checkpoint(), log.checkpoint());
    }
}

#[test]
fn what_lies_outside_is_refused() {
    let (dir, mut log) = log();
    assert!(matches!(snapshot(&dir).unwrap().entry(0), Err(Error::OutOfRange { asked: 0, size: 0 })));
    grow(&mut log, 300);
    let taken = snapshot(&dir).unwrap();
    assert!(matches!(taken.entry(300), Err(Error::OutOfRange { .. })));
    assert!(matches!(taken.prove_inclusion(300), Err(Error::OutOfRange { .. })));
    assert_eq!(taken.entries(299).count(), 1);
}

#[test]
fn a_changed_tile_and_a_foreign_key_are_found() {
    let (dir, mut log) = log();
    grow(&mut log, 300);
    let stranger = NoteSigner::from_seed("log", [2; 32]).unwrap();
    assert!(Snapshot::take(dir.path(), stranger.verifier()).is_err());
    let taken = snapshot(&dir).unwrap();
    let tile = dir.path().join("tile/entries/000");
    let mut bytes = std::fs::read(&tile).unwrap();
    bytes[2] ^= 1;
    std::fs::write(&tile, bytes).unwrap();
    assert!(taken.entry(0).is_err() && taken.entry(299).is_ok());
    let partial = dir.path().join("tile/entries/001.p/44");
    std::fs::write(&partial, b"").unwrap();
    assert!(snapshot(&dir).is_err());
}
