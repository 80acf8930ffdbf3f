//! Erasure takes the key and nothing else; it can be done again, and what was taken away otherwise is still found.

use std::fs;
use std::io;

use crate::testing::{Bench, Operation, output, record, session};
use crate::*;

/// A closed session with two segments or more, and what the ledger says of it.
fn closed(bench: &Bench, recorder: &Recorder) -> ExpectedSession {
    let recording = bench.begin(recorder, session(1));
    for at in 0..30 {
        record(&recording, output(session(1), at, vec![b'x'; 90])).unwrap();
    }
    recording.close().unwrap();
    bench.expected(&recording, true)
}

#[test]
fn an_erased_recording_opens_no_more_and_its_segments_still_verify() {
    let bench = Bench::new();
    let recorder = bench.open();
    let expected = closed(&bench, &recorder);
    let key = layout::session_folder(bench.path(), &session(1)).join(layout::KEY);
    let (linked, before) = (bench.path().join("a hard link"), fs::read(&key).unwrap());
    fs::hard_link(&key, &linked).unwrap();
    assert!(recorder.has_key(&session(1), &expected.key_digest).unwrap());
    recorder.erase(&session(1)).unwrap();
    recorder.erase(&session(1)).unwrap();
    assert!(!key.exists() && !recorder.has_key(&session(1), &expected.key_digest).unwrap());
    assert_eq!(fs::read(&linked).unwrap(), vec![0; before.len()], "a copy by hard link survives");
    let opened = Reader::open(bench.path(), &session(1), &*testing::vault());
    assert!(matches!(opened, Err(RecordingError::NoKey(id)) if id == session(1)));
    assert_eq!(verify_segments(bench.path(), &session(1), &expected).unwrap_err().file, key);
    let erased = ExpectedSession { erased: true, ..expected };
    assert!(verify_segments(bench.path(), &session(1), &erased).unwrap().files >= 2);
}

#[test]
fn a_tombstone_explains_a_missing_key_and_no_missing_segment() {
    let bench = Bench::new();
    let recorder = bench.open();
    let expected = ExpectedSession { erased: true, ..closed(&bench, &recorder) };
    verify_segments(bench.path(), &session(1), &expected).expect("a key that is about to go");
    recorder.erase(&session(1)).unwrap();
    let segment = layout::session_folder(bench.path(), &session(1)).join(layout::segment_name(2));
    fs::remove_file(&segment).unwrap();
    assert_eq!(verify_segments(bench.path(), &session(1), &expected).unwrap_err().file, segment);
}

#[test]
fn an_erasure_that_the_disk_refuses_is_told_and_can_be_done_again() {
    let bench = Bench::new();
    let recorder = bench.open();
    let expected = closed(&bench, &recorder);
    for refused in [Operation::Create, Operation::Write, Operation::Sync, Operation::SyncFolder] {
        bench.disk.fail(move |operation| (operation == refused).then(|| io::Error::other("not today")));
        recorder.erase(&session(1)).unwrap_err();
    }
    bench.disk.heal();
    recorder.erase(&session(1)).unwrap();
    assert!(!recorder.has_key(&session(1), &expected.key_digest).unwrap());
}
