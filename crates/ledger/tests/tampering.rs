//! Whatever is done to the files of a log, the verifier notices and names a file that was touched.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use ledger::{Checkpoint, Expected, Fault, Log, NoteSigner, Verified, verify};

/// The files of a log by their paths, as they were at some time.
type Snapshot = BTreeMap<String, Vec<u8>>;

fn signer() -> NoteSigner {
    NoteSigner::from_seed("log.example/tamper", [4; 32]).unwrap()
}

/// In memory where possible: what is tried here is too much for a real disk, and durability is not the subject.
fn scratch_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn leaf(number: u64) -> Vec<u8> {
    (number as u16).to_be_bytes()[..1 + number as usize % 2].to_vec()
}

fn log_of(dir: &Path, size: u64) -> Log {
    let mut log = Log::create(dir, signer()).unwrap();
    log.append(&(0..size).map(leaf).collect::<Vec<_>>()).unwrap();
    log
}

fn check(dir: &Path) -> Result<Verified, Fault> {
    verify(dir, signer().verifier(), Expected::default(), &mut |_, _| Ok(()))
}

fn snapshot(dir: &Path) -> Snapshot {
    let (mut files, mut waiting) = (Snapshot::new(), vec![PathBuf::new()]);
    while let Some(path) = waiting.pop() {
        let full = dir.join(&path);
        if full.is_dir() {
            waiting.extend(fs::read_dir(&full).unwrap().map(|entry| path.join(entry.unwrap().file_name())));
        } else {
            files.insert(path.to_str().unwrap().to_owned(), fs::read(full).unwrap());
        }
    }
    files
}

fn restore(dir: &Path, files: &Snapshot) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
    fs::create_dir(dir.join("staged")).unwrap();
    for (path, contents) in files {
        put(dir, path, contents);
    }
    check(dir).unwrap();
}

fn put(dir: &Path, path: &str, contents: &[u8]) {
    fs::create_dir_all(dir.join(path).parent().unwrap()).unwrap();
    fs::write(dir.join(path), contents).unwrap();
}

fn fault(dir: &Path, what: &str) -> Fault {
    check(dir).err().unwrap_or_else(|| panic!("{what}: not noticed"))
}

/// The fault must be there, and be one of a file that was touched.
fn expect_fault(dir: &Path, touched: &[&str], what: &str) {
    let fault = fault(dir, what);
    let named = touched.iter().any(|path| fault.file.starts_with(path));
    assert!(named, "{what}: should name one of {touched:?}, but says {fault}");
}

/// The fault must be there, and its text must lead to a file that was touched.
fn expect_mention(dir: &Path, touched: &[&str], what: &str) {
    let fault = fault(dir, what).to_string();
    let named = touched.iter().any(|path| fault.contains(path));
    assert!(named, "{what}: should mention one of {touched:?}, but says {fault}");
}

/// Flips the given bits of every byte that `chosen` selects, one at a time.
fn flip(dir: &Path, masks: &[u8], chosen: impl Fn(usize) -> bool) -> usize {
    let mut flipped = 0;
    for (path, contents) in snapshot(dir) {
        for at in (0..contents.len()).filter(|at| chosen(*at)) {
            for mask in masks {
                let mut changed = contents.clone();
                changed[at] ^= mask;
                fs::write(dir.join(&path), changed).unwrap();
                expect_fault(dir, &[&path], &format!("byte {at} of {path} changed by {mask:#x}"));
                flipped += 1;
            }
        }
        fs::write(dir.join(&path), contents).unwrap();
    }
    check(dir).unwrap();
    flipped
}

#[test]
fn every_bit_of_a_small_log_matters() {
    let dir = scratch_folder();
    log_of(dir.path(), 6);
    let flipped = flip(dir.path(), &[1, 2, 4, 8, 16, 32, 64, 128], |_| true);
    assert!(flipped > 8 * (6 * 32 + 160), "{flipped}");
}

#[test]
fn every_byte_of_a_log_with_full_tiles_matters() {
    let dir = scratch_folder();
    log_of(dir.path(), 260);
    let flipped = flip(dir.path(), &[0x10], |_| true);
    assert!(flipped > 260 * 32 + 32, "{flipped}");
}

#[test]
fn bytes_at_every_level_of_a_large_log_matter() {
    let dir = scratch_folder();
    log_of(dir.path(), 65_536 + 256 + 3);
    // One in ten of the full tiles, and all others.
    let sampled = |path: &str| path.contains(".p/") || path.starts_with("tile/1") || path.ends_with('7');
    let mut touched = Vec::new();
    for (path, contents) in snapshot(dir.path()).into_iter().filter(|(path, _)| sampled(path)) {
        for at in [0, contents.len() / 2, contents.len() - 1] {
            let mut changed = contents.clone();
            changed[at] ^= 0x80;
            put(dir.path(), &path, &changed);
            expect_fault(dir.path(), &[&path], &format!("byte {at} of {path}"));
        }
        put(dir.path(), &path, &contents);
        touched.push(path);
    }
    for path in
        ["tile/2/000.p/1", "tile/1/000", "tile/1/001.p/1", "tile/0/257.p/3", "tile/0/097", "tile/entries/097"]
    {
        assert!(touched.iter().any(|touched| touched == path), "{path} in {touched:?}");
    }
}

#[test]
fn deleting_cutting_extending_or_exchanging_any_file_is_noticed() {
    for size in [3, 256, 260, 600] {
        let dir = scratch_folder();
        let dir = dir.path();
        log_of(dir, size);
        let files = snapshot(dir);
        for (path, contents) in &files {
            let at = dir.join(path);
            fs::remove_file(&at).unwrap();
            expect_fault(dir, &[path], &format!("{path} deleted"));
            put(dir, path, &[contents.as_slice(), &[0]].concat());
            expect_fault(dir, &[path], &format!("{path} extended"));
            put(dir, path, &[contents.as_slice(), contents, &[0; 100_000]].concat());
            expect_fault(dir, &[path], &format!("{path} much extended"));
            for kept in [0, contents.len() / 2, contents.len().saturating_sub(1)] {
                if kept < contents.len() {
                    put(dir, path, &contents[..kept]);
                    expect_fault(dir, &[path], &format!("{path} cut to {kept} bytes"));
                }
            }
            put(dir, path, contents);
            for (other, others) in files.iter().filter(|(other, others)| *other > path && *others != contents)
            {
                put(dir, path, others);
                put(dir, other, contents);
                expect_fault(dir, &[path, other], &format!("{path} and {other} exchanged"));
                put(dir, other, others);
            }
            put(dir, path, contents);
        }
        check(dir).unwrap();
    }
}

#[test]
fn putting_back_any_file_of_any_earlier_state_is_noticed() {
    let dir = scratch_folder();
    let dir = dir.path();
    let mut log = Log::create(dir, signer()).unwrap();
    let mut earlier = vec![snapshot(dir)];
    let mut size = 0;
    for batch in [1, 1, 1, 252, 1, 1, 255, 1, 3] {
        log.append(&(size..size + batch).map(leaf).collect::<Vec<_>>()).unwrap();
        size += batch;
        let now = snapshot(dir);
        for files in &earlier {
            for (path, contents) in files.iter().filter(|(path, contents)| now.get(*path) != Some(contents)) {
                put(dir, path, contents);
                let fault = check(dir).expect_err(path).to_string();
                assert!(fault.contains(path.as_str()), "{path} put back at {size}: {fault}");
                match now.get(path) {
                    Some(contents) => put(dir, path, contents),
                    None => fs::remove_file(dir.join(path)).unwrap(),
                }
            }
        }
        check(dir).unwrap();
        earlier.push(now);
    }
}

#[test]
fn a_whole_older_folder_is_noticed_only_with_a_checkpoint_kept_elsewhere() {
    let dir = scratch_folder();
    let dir = dir.path();
    let mut log = log_of(dir, 300);
    let then = (snapshot(dir), log.checkpoint().clone());
    log.append(&[leaf(300)]).unwrap();
    let kept = log.checkpoint().clone();
    restore(dir, &then.0);
    let since = |since| Expected { since: Some(since), siblings: &[] };
    verify(dir, signer().verifier(), since(&then.1), &mut |_, _| Ok(())).unwrap();
    let fault = verify(dir, signer().verifier(), since(&kept), &mut |_, _| Ok(())).unwrap_err();
    assert_eq!(fault.to_string(), "checkpoint: has 300 entries, but 301 were signed for earlier");
}

#[test]
fn a_second_history_by_the_same_key_is_noticed_with_any_checkpoint_of_the_first() {
    for old in [1, 2, 255, 256, 257, 511, 512, 600] {
        let (first, second) = (scratch_folder(), scratch_folder());
        let kept = log_of(first.path(), old).checkpoint().clone();
        let mut fork = Log::create(second.path(), signer()).unwrap();
        let mut leaves: Vec<_> = (0..700).map(leaf).collect();
        fork.append(&leaves).unwrap();
        drop(fork);
        let since = Expected { since: Some(&kept), siblings: &[] };
        verify(second.path(), signer().verifier(), since, &mut |_, _| Ok(())).unwrap();
        let third = scratch_folder();
        leaves[old as usize - 1].push(0);
        Log::create(third.path(), signer()).unwrap().append(&leaves).unwrap();
        check(third.path()).unwrap();
        let fault = verify(third.path(), signer().verifier(), since, &mut |_, _| Ok(())).unwrap_err();
        assert_eq!(fault.file, Path::new("checkpoint"), "{old}: {fault}");
    }
}

#[test]
fn entries_forged_together_with_all_their_hashes_lack_the_signature() {
    let (dir, forged) = (scratch_folder(), scratch_folder());
    let dir = dir.path();
    log_of(dir, 400);
    let original = snapshot(dir);
    let thief = NoteSigner::from_seed("log.example/tamper", [66; 32]).unwrap();
    let mut leaves: Vec<_> = (0..400).map(leaf).collect();
    leaves[399] = b"nothing happened".to_vec();
    Log::create(forged.path(), thief).unwrap().append(&leaves).unwrap();
    let forged = snapshot(forged.path());
    restore(dir, &original);
    forged.iter().for_each(|(path, contents)| put(dir, path, contents));
    expect_fault(dir, &["checkpoint"], "signed with another key");
    put(dir, "checkpoint", &original["checkpoint"]);
    expect_fault(
        dir,
        &["checkpoint", "tile/entries/001.p/144", "tile/0/001.p/144"],
        "signed for another tree",
    );
    restore(dir, &original);
    for path in ["tile/entries/001.p/144", "tile/0/001.p/144"] {
        put(dir, path, &forged[path]);
    }
    expect_fault(dir, &["tile/entries/001.p/144"], "an entry and its hash");
}

#[test]
fn an_entry_forged_in_a_full_tile_with_its_hashes_is_named() {
    let (dir, forged) = (scratch_folder(), scratch_folder());
    let dir = dir.path();
    log_of(dir, 600);
    let original = snapshot(dir);
    let mut leaves: Vec<_> = (0..600).map(leaf).collect();
    leaves[7] = b"nothing happened".to_vec();
    Log::create(forged.path(), signer()).unwrap().append(&leaves).unwrap();
    let forged = snapshot(forged.path());
    let changed = ["tile/entries/000", "tile/0/000", "tile/1/000.p/2"];
    for count in 1..=changed.len() {
        restore(dir, &original);
        changed[..count].iter().for_each(|path| put(dir, path, &forged[*path]));
        expect_mention(dir, &changed[..count], &format!("{count} files forged"));
    }
}

#[test]
fn another_logs_key_and_name_are_refused() {
    let dir = scratch_folder();
    log_of(dir.path(), 3);
    let other_key = NoteSigner::from_seed("log.example/tamper", [5; 32]).unwrap();
    let other_name = NoteSigner::from_seed("log.example/other", [4; 32]).unwrap();
    for other in [other_key, other_name] {
        let fault =
            verify(dir.path(), other.verifier(), Expected::default(), &mut |_, _| Ok(())).unwrap_err();
        assert_eq!(fault.file, Path::new("checkpoint"));
    }
    let elsewhere = scratch_folder();
    let name = NoteSigner::from_seed("log.example/other", [4; 32]).unwrap();
    let other = Log::create(elsewhere.path(), name).unwrap().checkpoint().clone();
    let since = Expected { since: Some(&other), siblings: &[] };
    assert!(verify(dir.path(), signer().verifier(), since, &mut |_, _| Ok(())).is_err());
}

#[test]
fn files_that_no_log_has_are_named() {
    let dir = scratch_folder();
    let dir = dir.path();
    log_of(dir, 260);
    for path in [
        "extra",
        ".hidden",
        "checkpoint.old",
        "staged/note",
        "staged/0-000",
        "staged/0-000.p-3",
        "tile/extra",
        "tile/0/extra",
        "tile/0/000.p/17",
        "tile/0/001.p/3",
        "tile/0/001.p/5",
        "tile/0/001",
        "tile/0/007",
        "tile/0/x001/000",
        "tile/0/001.p/04",
        "tile/2/000.p/1",
        "tile/8/000",
        "tile/data/000",
        "tile/entries/000.tmp",
        "tile/entries/001.p/5",
        "tile/entries/002.p/1",
        "tile/a/b/c/d/e/f/g/h/i/j/k",
    ] {
        put(dir, path, b"x");
        let fault = check(dir).expect_err(path).to_string();
        assert!(path.starts_with(fault.split(':').next().unwrap()), "{path}: {fault}");
        fs::remove_file(dir.join(path)).unwrap();
    }
    fs::remove_dir_all(dir.join("tile/a")).unwrap();
    put(dir, "lock", b"x");
    expect_fault(dir, &["lock"], "a lock with contents");
}

#[test]
fn known_siblings_are_left_alone_and_only_they() {
    let dir = scratch_folder();
    log_of(dir.path(), 3);
    put(dir.path(), "segments/0001", b"sealed");
    put(dir.path(), "wal/0", b"frames");
    let siblings = |siblings| Expected { since: None, siblings };
    let check = |expected| verify(dir.path(), signer().verifier(), expected, &mut |_, _| Ok(()));
    check(siblings(&["segments", "wal"])).unwrap();
    assert_eq!(check(siblings(&["segments"])).unwrap_err().file, Path::new("wal"));
}

#[test]
fn symbolic_links_and_special_files_are_refused_by_reader_and_writer() {
    let (dir, aside) = (scratch_folder(), scratch_folder());
    let dir = dir.path();
    log_of(dir, 260);
    for path in [
        "checkpoint",
        "lock",
        "tile",
        "staged",
        "tile/0",
        "tile/0/000",
        "tile/0/001.p",
        "tile/entries/001.p/4",
    ] {
        let (at, moved) = (dir.join(path), aside.path().join("moved"));
        fs::rename(&at, &moved).unwrap();
        symlink(&moved, &at).unwrap();
        expect_fault(dir, &[path], &format!("{path} is a symbolic link"));
        if path != "tile/0/000" {
            assert!(Log::open(dir, signer()).is_err(), "{path} is a symbolic link");
        }
        fs::remove_file(&at).unwrap();
        let pipe = std::process::Command::new("mkfifo").arg(&at).status().unwrap();
        assert!(pipe.success() && check(dir).is_err(), "{path} is a pipe");
        fs::remove_file(&at).unwrap();
        fs::rename(&moved, &at).unwrap();
    }
    check(dir).unwrap();
}

#[test]
fn a_visitors_objection_is_the_result() {
    let dir = scratch_folder();
    log_of(dir.path(), 400);
    let mut seen = 0;
    let result = verify(dir.path(), signer().verifier(), Expected::default(), &mut |index, _| {
        seen += 1;
        if index == 300 { Err(Fault::new("segments/17", "is missing")) } else { Ok(()) }
    });
    assert_eq!((result.unwrap_err().to_string().as_str(), seen), ("segments/17: is missing", 301));
}

#[test]
fn a_log_can_be_verified_while_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Log::create(dir.path(), signer()).unwrap();
    let mut last: Option<Checkpoint> = None;
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for round in 0..400u64 {
                let count = if round % 20 == 0 { 200 } else { 1 };
                log.append(&(0..count).map(leaf).collect::<Vec<_>>()).unwrap();
            }
            log.checkpoint().clone()
        });
        let mut rounds = 0;
        while !writer.is_finished() {
            let expected = Expected { since: last.as_ref(), siblings: &[] };
            let mut seen = 0;
            let verified = verify(dir.path(), signer().verifier(), expected, &mut |_, _| {
                seen += 1;
                Ok(())
            });
            assert_eq!(verified.unwrap_or_else(|fault| panic!("{fault}")).size, seen);
            let note = fs::read(dir.path().join("checkpoint")).unwrap();
            last = Some(Checkpoint::parse(&note, signer().verifier()).unwrap()).filter(|_| rounds % 2 == 0);
            rounds += 1;
        }
        assert!(rounds > 10, "only {rounds} rounds while the writer ran");
        let verified = check(dir.path()).unwrap();
        assert_eq!(verified.root, *writer.join().unwrap().root());
    });
}
