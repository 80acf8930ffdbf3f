//! What the single writer promises: order, durability of what it returned, one writer, no rewriting.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fs;
use std::path::Path;

use ledger::{Checkpoint, Error, Expected, Fault, Hash, Log, NoteSigner, Verified, verify};

fn signer() -> NoteSigner {
    NoteSigner::from_seed("log.example/test", [7; 32]).unwrap()
}

fn leaves(range: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    range.map(|n| format!("entry {n}").into_bytes()).collect()
}

fn read_all(dir: &Path) -> Result<(Verified, Vec<Vec<u8>>), Fault> {
    let mut seen = Vec::new();
    let verified = verify(dir, signer().verifier(), Expected::default(), &mut |index, leaf| {
        assert_eq!(index, seen.len() as u64);
        seen.push(leaf.to_vec());
        Ok(())
    })?;
    Ok((verified, seen))
}

#[test]
fn entries_come_back_in_order_after_any_mix_of_batches() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Log::create(dir.path(), signer()).unwrap();
    let mut size = 0;
    for batch in [1, 2, 252, 1, 1, 255, 300, 1000, 7] {
        let appended = log.append(&leaves(size..size + batch)).unwrap();
        assert_eq!(appended.first, size);
        size += batch;
        assert_eq!(appended.checkpoint.size(), size);
        let (verified, seen) = read_all(dir.path()).unwrap();
        assert_eq!((verified.size, seen), (size, leaves(0..size)));
        assert_eq!(verified.bytes, leaves(0..size).iter().map(|leaf| leaf.len() as u64).sum());
    }
    drop(log);
    let log = Log::open(dir.path(), signer()).unwrap();
    let from: Vec<_> = log.entries(500).map(|entry| entry.unwrap().1).collect();
    assert_eq!(from, leaves(500..size));
    assert_eq!(log.entry(255).unwrap(), b"entry 255");
    assert!(matches!(log.entry(size), Err(Error::OutOfRange { .. })));
    assert_eq!(log.entries(size).count(), 0);
}

#[test]
fn batches_and_single_appends_lead_to_the_same_root() {
    let (one, many) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut batched = Log::create(one.path(), signer()).unwrap();
    let mut single = Log::create(many.path(), signer()).unwrap();
    batched.append(&leaves(0..600)).unwrap();
    for leaf in leaves(0..600) {
        single.append(&[leaf]).unwrap();
    }
    assert_eq!(batched.checkpoint(), single.checkpoint());
}

#[test]
fn an_empty_log_verifies_and_so_do_empty_and_longest_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Log::create(dir.path(), signer()).unwrap();
    assert_eq!(read_all(dir.path()).unwrap().0.root, Hash::empty_root());
    log.append(&[vec![], vec![9; 65535], vec![]]).unwrap();
    assert!(matches!(log.append(&[vec![0; 65536]]), Err(Error::LeafTooLong(65536))));
    assert_eq!(log.append(&[vec![1]]).unwrap().first, 3);
    assert_eq!(read_all(dir.path()).unwrap().1, [vec![], vec![9; 65535], vec![], vec![1]]);
}

/// The example in docs/formats.md. If this changes, every log that exists becomes unreadable.
#[test]
fn the_documented_example_is_what_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let seed = std::array::from_fn(|at| at as u8);
    let signer = NoteSigner::from_seed("log.example/node-1", seed).unwrap();
    let key = signer.verifier().to_string();
    let mut log = Log::create(dir.path(), signer).unwrap();
    let checkpoint = log.append(&[b"a".to_vec(), b"bc".to_vec(), vec![]]).unwrap().checkpoint;
    assert_eq!(key, "log.example/node-1+d460d4b0+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
    assert_eq!(
        checkpoint.note(),
        concat!(
            "log.example/node-1\n",
            "3\n",
            "YBVANwaul9zqd25ZQ2TQN7uvwWhUcCgQYwHJ75dCsOY=\n",
            "\n",
            "— log.example/node-1 1GDUsMWZvWNvkXGef/jd52SJRxhPytgXWGCzAmN7qGIflkwF+ckqxk12xgf7x97veRp3XJMgyqPU9KKVkNvozswsIAc=\n",
        )
    );
    let entries = fs::read(dir.path().join("tile/entries/000.p/3")).unwrap();
    assert_eq!(entries, b"\x00\x01a\x00\x02bc\x00\x00");
}

#[test]
fn appending_nothing_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Log::create(dir.path(), signer()).unwrap();
    let before = log.append(&leaves(0..3)).unwrap().checkpoint;
    assert_eq!(log.append(&[]).unwrap().checkpoint, before);
}

#[test]
fn a_second_writer_is_refused_until_the_first_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::create(dir.path(), signer()).unwrap();
    assert!(matches!(Log::open(dir.path(), signer()), Err(Error::Locked(_))));
    drop(log);
    Log::open(dir.path(), signer()).unwrap();
}

#[test]
fn creating_over_a_log_or_its_remains_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    Log::create(dir.path(), signer()).unwrap().append(&leaves(0..1)).unwrap();
    assert!(matches!(Log::create(dir.path(), signer()), Err(Error::AlreadyExists(_))));
    fs::remove_file(dir.path().join("checkpoint")).unwrap();
    assert!(matches!(Log::create(dir.path(), signer()), Err(Error::AlreadyExists(_))));
}

#[test]
fn another_key_or_name_cannot_continue_a_log() {
    let dir = tempfile::tempdir().unwrap();
    Log::create(dir.path(), signer()).unwrap();
    let other_key = NoteSigner::from_seed("log.example/test", [8; 32]).unwrap();
    let other_name = NoteSigner::from_seed("log.example/other", [7; 32]).unwrap();
    for other in [other_key, other_name] {
        assert!(matches!(Log::open(dir.path(), other), Err(Error::Fault(_))));
    }
}

#[test]
fn a_head_that_changed_behind_the_writers_back_poisons_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Log::create(dir.path(), signer()).unwrap();
    let old = fs::read(dir.path().join("checkpoint")).unwrap();
    log.append(&leaves(0..1)).unwrap();
    let now = fs::read(dir.path().join("checkpoint")).unwrap();
    fs::write(dir.path().join("checkpoint"), old).unwrap();
    assert!(matches!(log.append(&leaves(1..2)), Err(Error::Fault(_))));
    fs::write(dir.path().join("checkpoint"), now).unwrap();
    assert!(matches!(log.append(&leaves(1..2)), Err(Error::Poisoned(_))), "it stays poisoned");
    drop(log);
    assert_eq!(Log::open(dir.path(), signer()).unwrap().append(&leaves(1..2)).unwrap().first, 1);
    assert_eq!(read_all(dir.path()).unwrap().1, leaves(0..2));
}

#[test]
fn an_older_checkpoint_is_refused_at_opening_and_the_tiles_stay() {
    for (old_size, more) in [(0, 1), (0, 300), (1, 1), (255, 1), (256, 1), (256, 256), (300, 5), (512, 1)] {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::create(dir.path(), signer()).unwrap();
        let old = log.append(&leaves(0..old_size)).unwrap().checkpoint;
        let now = log.append(&leaves(old_size..old_size + more)).unwrap().checkpoint;
        drop(log);
        fs::write(dir.path().join("checkpoint"), old.note()).unwrap();
        assert!(matches!(Log::open(dir.path(), signer()), Err(Error::Fault(_))), "{old_size}+{more}");
        let fault = read_all(dir.path()).unwrap_err().to_string();
        assert!(fault.contains("checkpoint"), "{old_size}+{more}: {fault}");
        fs::write(dir.path().join("checkpoint"), now.note()).unwrap();
        assert_eq!(read_all(dir.path()).unwrap().0.size, old_size + more);
    }
}

#[test]
fn a_reader_of_a_damaged_log_gets_an_error_and_then_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Log::create(dir.path(), signer()).unwrap();
    log.append(&leaves(0..1000)).unwrap();
    let tile = dir.path().join("tile/entries/001");
    let mut contents = fs::read(&tile).unwrap();
    contents[2] ^= 1;
    fs::write(tile, contents).unwrap();
    let items: Vec<_> = log.entries(0).collect();
    assert_eq!(items.len(), 257);
    assert!(matches!(items.last(), Some(Err(Error::Fault(_)))));
    assert!(log.entry(256).is_err() && log.entry(512).is_ok());
}

#[test]
fn files_and_folders_are_closed_to_others() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("log");
    Log::create(&at, signer()).unwrap().append(&leaves(0..300)).unwrap();
    let mut waiting = vec![at];
    while let Some(path) = waiting.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let most = if metadata.is_dir() { 0o750 } else { 0o640 };
        assert_eq!(metadata.permissions().mode() & 0o777 & !most, 0, "{}", path.display());
        if metadata.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
}

#[test]
fn the_checkpoint_returned_is_the_one_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Log::create(dir.path(), signer()).unwrap();
    let returned = log.append(&leaves(0..10)).unwrap().checkpoint;
    let on_disk = fs::read(dir.path().join("checkpoint")).unwrap();
    assert_eq!(Checkpoint::parse(&on_disk, signer().verifier()).unwrap(), returned);
}
