//! Independent implementations of the same formats must read what we write, and agree on every hash and proof.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledger::{Checkpoint, Log, NoteSigner, NoteVerifier, leaf_hash, verify_inclusion};
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::{Tile, TileHashReader, TileReader};

fn signer() -> NoteSigner {
    NoteSigner::from_seed("log.example/oracle", [5; 32]).unwrap()
}

fn leaf(number: u64) -> Vec<u8> {
    number.to_be_bytes().repeat(1 + number as usize % 3)
}

fn log_of(dir: &Path, size: u64) -> Log {
    let mut log = Log::create(dir, signer()).unwrap();
    log.append(&(0..size).map(leaf).collect::<Vec<_>>()).unwrap();
    log
}

/// Serves our files to the other implementation, and remembers which it asked for.
struct Files {
    dir: PathBuf,
    asked: RefCell<Vec<String>>,
}

impl TileReader for Files {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let paths = tiles.iter().map(|tile| tile.path().replacen("tile/8/", "tile/", 1));
        let read = |path: String| {
            let contents = fs::read(self.dir.join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            self.asked.borrow_mut().push(path);
            contents
        };
        Ok(paths.map(read).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

fn theirs(hash: &ledger::Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(hash.0)
}

fn ours(hashes: &[tlog_tiles::Hash]) -> Vec<ledger::Hash> {
    hashes.iter().map(|hash| ledger::Hash(hash.0)).collect()
}

#[test]
fn another_implementation_reads_our_tiles_and_agrees_on_proofs() {
    let folder = tempfile::tempdir().unwrap();
    for size in [1, 2, 5, 255, 256, 257, 511, 513, 1000] {
        let dir = folder.path().join(size.to_string());
        let log = log_of(&dir, size);
        let root = *log.checkpoint().root();
        let files = Files { dir, asked: RefCell::default() };
        let reader = TileHashReader::new(size, theirs(&root), &files);
        assert_eq!(tlog_tiles::tree_hash(size, &reader).unwrap(), theirs(&root));
        for index in (0..size).step_by(1 + size as usize / 9) {
            let proof = tlog_tiles::prove_record(size, index, &reader).unwrap();
            assert_eq!(log.prove_inclusion(index, size).unwrap(), ours(&proof));
            verify_inclusion(index, size, &leaf_hash(&leaf(index)), &ours(&proof), &root).unwrap();
            let old = index + 1;
            let proof = tlog_tiles::prove_tree(size, old, &reader).unwrap();
            assert_eq!(log.prove_consistency(old, size).unwrap(), ours(&proof), "{old} in {size}");
        }
    }
}

#[test]
fn every_tile_that_the_other_implementation_would_publish_is_there_and_no_other() {
    for size in [1, 255, 256, 257, 1000, 65536, 65537] {
        let dir = tempfile::tempdir().unwrap();
        log_of(dir.path(), size);
        let tiles = tlog_tiles::Tile::new_tiles(8, 0, size);
        let data = tiles.iter().filter(|tile| tile.level() == 0).map(|tile| {
            let mut tile = *tile;
            tile.set_is_data();
            tile.path().replacen("tile/8/data/", "tile/entries/", 1)
        });
        let hashes = tiles.iter().map(|tile| tile.path().replacen("tile/8/", "tile/", 1));
        let mut expected: Vec<String> = data.chain(hashes).collect();
        let mut found = Vec::new();
        collect(dir.path(), "tile", &mut found);
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{size}");
    }
}

fn collect(root: &Path, folder: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().into_string().unwrap());
        if entry.path().is_dir() { collect(root, &path, found) } else { found.push(path) }
    }
}

#[test]
fn another_implementation_verifies_our_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let log = log_of(dir.path(), 300);
    let note = Note::from_bytes(&fs::read(dir.path().join("checkpoint")).unwrap()).unwrap();
    let verifier = StandardVerifier::new(&signer().verifier().to_string()).unwrap();
    let (verified, unverified) = note.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 0));
    let theirs = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!(theirs.origin(), "log.example/oracle");
    assert_eq!((theirs.size(), theirs.hash().0), (300, log.checkpoint().root().0));
}

/// The key pair in the documentation of Go's `sumdb/note`, and the note that it is shown to sign.
#[test]
fn the_reference_implementations_key_gives_its_verifier_and_its_signature() {
    let seed = STANDARD.decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").unwrap();
    let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let signer = NoteSigner::from_seed("PeterNeumann", seed[1..].try_into().unwrap()).unwrap();
    assert_eq!(signer.verifier().to_string(), vkey);
    assert_eq!(&NoteVerifier::parse(vkey).unwrap(), signer.verifier());
}

#[test]
fn a_checkpoint_that_another_implementation_cosigned_is_still_ours() {
    let dir = tempfile::tempdir().unwrap();
    let log = log_of(dir.path(), 3);
    let witness = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let witness = StandardSigner::new(witness).unwrap();
    let mut note = Note::from_bytes(log.checkpoint().note().as_bytes()).unwrap();
    note.add_sigs(&[&witness]).unwrap();
    let cosigned = Checkpoint::parse(&note.to_bytes(), signer().verifier()).unwrap();
    assert_eq!((cosigned.size(), cosigned.root()), (3, log.checkpoint().root()));
    let witness_only =
        NoteVerifier::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    assert!(Checkpoint::parse(&note.to_bytes(), &witness_only.unwrap()).is_err(), "another's origin");
}
