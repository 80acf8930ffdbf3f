//! Whatever is changed in a recording's files, verification fails and names the file.

use std::fs;
use std::os::unix::fs::{FileExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::testing::{Bench, output, record, session};
use crate::verify::look_at_wal;
use crate::*;

/// A killed recorder's directory: a closed session 1, an open session 2, and frames that are not sealed.
struct Scene {
    dir: TempDir,
    expected: [ExpectedSession; 2],
}

impl Scene {
    fn new() -> Self {
        let bench = Bench::new();
        let recorder = bench.open();
        let (closed, open) = (bench.begin(&recorder, session(1)), bench.begin(&recorder, session(2)));
        // However busy the sealer is, these are two segments at least.
        for part in 1..=2 {
            for at in 0..15 {
                record(&closed, output(session(1), part * 15 + at, vec![b'x'; 90])).unwrap();
            }
            testing::eventually("a sealed segment", || {
                bench.ledger.segments(&session(1)).len() >= part as usize
            });
        }
        closed.close().unwrap();
        record(&open, output(session(2), 1, vec![b'y'; 1200])).unwrap();
        testing::eventually("a sealed segment", || bench.ledger.segments(&session(2)).len() == 1);
        record(&open, output(session(2), 2, "not sealed")).unwrap();
        record(&open, output(session(2), 3, "not sealed either")).unwrap();
        let expected = [bench.expected(&closed, true), bench.expected(&open, false)];
        let scene = Self { dir: bench.copy(), expected };
        scene.verify().unwrap();
        scene
    }

    fn verify(&self) -> Result<(), Fault> {
        look_at_wal(self.dir.path()).map_err(|finding| finding.fault)?;
        for (expected, number) in self.expected.iter().zip(1..) {
            verify_segments(self.dir.path(), &session(number), expected)?;
        }
        Ok(())
    }

    fn session_file(&self, number: u8, name: &str) -> PathBuf {
        layout::session_folder(self.dir.path(), &session(number)).join(name)
    }

    fn files(&self) -> Vec<PathBuf> {
        let folders = ["wal".into(), format!("segments/{}", session(1)), format!("segments/{}", session(2))];
        let list = |folder: &String| fs::read_dir(self.dir.path().join(folder)).unwrap();
        folders.iter().flat_map(list).map(|entry| entry.unwrap().path()).collect()
    }
}

/// The bytes of a file that are tried: all, except that of a write-ahead file's zeros only every 997th is.
fn offsets(path: &Path) -> Vec<usize> {
    let bytes = fs::read(path).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 70).min(bytes.len());
    (0..used).chain((used..bytes.len()).step_by(997)).chain([bytes.len() - 1]).collect()
}

#[test]
fn a_flipped_bit_in_any_byte_of_any_file_is_found_and_the_file_named() {
    let scene = Scene::new();
    let files = scene.files();
    assert!(files.len() >= 6, "{files:?}");
    for path in files {
        let file = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        for at in offsets(&path) {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at as u64).unwrap();
            file.write_all_at(&[byte[0] ^ (1 << (at % 8))], at as u64).unwrap();
            let fault = scene.verify().expect_err(&format!("byte {at} of {}", path.display()));
            assert_eq!(fault.file, path, "byte {at}: {fault}");
            file.write_all_at(&byte, at as u64).unwrap();
        }
    }
    scene.verify().unwrap();
}

#[test]
fn a_file_that_is_shorter_or_longer_is_found() {
    let scene = Scene::new();
    for path in scene.files() {
        let bytes = fs::read(&path).unwrap();
        let longer = [&bytes[..], &[0]].concat();
        for other in [&bytes[..bytes.len() - 1], &bytes[..bytes.len() / 2], &[], &longer] {
            fs::write(&path, other).unwrap();
            assert_eq!(scene.verify().unwrap_err().file, path, "{} of {} bytes", other.len(), bytes.len());
        }
        fs::write(&path, &bytes).unwrap();
    }
}

#[test]
fn a_missing_segment_or_key_is_found() {
    let scene = Scene::new();
    for path in scene.files().into_iter().filter(|path| path.extension().is_none_or(|end| end != "wal")) {
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let fault = scene.verify().unwrap_err();
        assert_eq!((fault.file, &*fault.what), (path.clone(), "it is missing"));
        fs::write(&path, bytes).unwrap();
    }
    fs::remove_dir_all(scene.dir.path().join("wal")).unwrap();
    assert_eq!(scene.verify().unwrap_err().file, scene.dir.path().join("wal"));
}

#[test]
fn swapped_segments_are_found() {
    let scene = Scene::new();
    for (one, other) in [
        ((1, "000001.seg"), (1, "000002.seg")),
        ((1, "000001.seg"), (2, "000001.seg")),
        ((1, "key"), (2, "key")),
    ] {
        let (one, other) = (scene.session_file(one.0, one.1), scene.session_file(other.0, other.1));
        let (a, b) = (fs::read(&one).unwrap(), fs::read(&other).unwrap());
        fs::write(&one, &b).unwrap();
        fs::write(&other, &a).unwrap();
        assert_eq!(scene.verify().unwrap_err().file, one);
        fs::write(&one, &a).unwrap();
        fs::write(&other, &b).unwrap();
    }
    scene.verify().unwrap();
}

#[test]
fn anything_that_does_not_belong_is_found() {
    let scene = Scene::new();
    let last = scene.expected[0].segments.len() as u32;
    let strangers = [
        scene.session_file(1, &layout::segment_name(last + 1)),
        scene.session_file(1, &format!("{:06}.tmp", last + 1)),
        scene.session_file(1, "notes"),
        scene.session_file(1, "1.seg"),
        scene.session_file(2, "000003.seg"),
        scene.session_file(2, "000001.tmp"),
        scene.session_file(2, "key.tmp"),
        scene.dir.path().join("wal/notes"),
        scene.dir.path().join("wal/0000000000000009.tmp"),
    ];
    for stranger in strangers {
        fs::write(&stranger, "x").unwrap();
        assert_eq!(scene.verify().unwrap_err().file, stranger);
        fs::remove_file(&stranger).unwrap();
    }
    for tolerated in ["000002.seg", "000002.tmp"] {
        let next = scene.session_file(2, tolerated);
        fs::write(&next, "being written").unwrap();
        scene.verify().unwrap();
        fs::remove_file(&next).unwrap();
    }
}

#[test]
fn symbolic_links_are_not_followed() {
    let scene = Scene::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = layout::session_folder(scene.dir.path(), &session(1));
    for path in
        [scene.session_file(1, "000001.seg"), scene.session_file(2, "key"), scene.files().remove(0), folder]
    {
        let moved = elsewhere.path().join("moved");
        fs::rename(&path, &moved).unwrap();
        symlink(&moved, &path).unwrap();
        let fault = scene.verify().unwrap_err();
        assert!(fault.file.starts_with(&path), "{fault}");
        fs::remove_file(&path).unwrap();
        fs::rename(&moved, &path).unwrap();
    }
    scene.verify().unwrap();
}

#[test]
fn a_ledger_that_leaves_a_segment_out_does_not_verify() {
    let scene = Scene::new();
    let without = |at: usize| {
        let mut expected = scene.expected[0].clone();
        expected.segments.remove(at);
        verify_segments(scene.dir.path(), &session(1), &expected)
    };
    let count = scene.expected[0].segments.len();
    assert!((0..count).all(|at| without(at).is_err()));
}

/// A busy sealer makes fewer segments of the same frames, so there may be only one.
fn last(expected: &mut ExpectedSession) -> &mut ExpectedSegment {
    expected.segments.last_mut().unwrap()
}

#[test]
fn every_field_of_the_ledgers_entries_is_checked() {
    let scene = Scene::new();
    let spoilers: [fn(&mut ExpectedSession); 8] = [
        |expected| expected.key_commitment[0] ^= 1,
        |expected| expected.key_digest[31] ^= 1,
        |expected| last(expected).number += 1,
        |expected| last(expected).digest[5] ^= 1,
        |expected| last(expected).chain[5] ^= 1,
        |expected| last(expected).first_frame += 1,
        |expected| last(expected).last_frame += 1,
        |expected| last(expected).plain_bytes += 1,
    ];
    for (spoil, at) in spoilers.into_iter().zip(0..) {
        let mut expected = scene.expected[0].clone();
        spoil(&mut expected);
        assert!(verify_segments(scene.dir.path(), &session(1), &expected).is_err(), "spoiler {at}");
    }
}

#[test]
fn a_torn_write_ahead_file_says_what_to_do() {
    let scene = Scene::new();
    let path = scene.files().remove(0);
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    bytes[end - 10..end].fill(0);
    fs::write(&path, bytes).unwrap();
    assert!(verify_wal(scene.dir.path()).unwrap_err().what.contains("start the gateway once"));
}

#[test]
fn a_reader_refuses_another_vault_and_changed_segments() {
    let scene = Scene::new();
    let dir = scene.dir.path();
    let stranger = NodeVault::new(&[6; 32], testing::random());
    assert!(matches!(Reader::open(dir, &session(1), &stranger), Err(RecordingError::Key { .. })));
    let path = scene.session_file(1, "000002.seg");
    let bytes = fs::read(&path).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        fs::write(&path, &changed).unwrap();
        let read: Result<Vec<_>, _> = Reader::open(dir, &session(1), &*testing::vault()).unwrap().collect();
        assert!(read.is_err(), "byte {at}");
    }
}
