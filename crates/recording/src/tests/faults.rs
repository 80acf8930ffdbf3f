//! A recorder that cannot write lets nothing cross: it pauses where waiting may help, else it ends for good.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

use crate::testing::{Bench, Operation, eventually, output, record, session, start};
use crate::*;

fn stopped(result: Result<(), RecordingError>) -> String {
    match result {
        Err(RecordingError::Stopped(reason)) => reason,
        other => panic!("expected Stopped, not {other:?}"),
    }
}

fn full() -> Option<io::Error> {
    Some(io::Error::from_raw_os_error(28))
}

#[test]
fn a_failed_sync_ends_recording_at_once_and_for_good() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    record(&recording, output(session(1), 1, "crossed")).unwrap();
    bench.disk.fail(|operation| (operation == Operation::Sync).then(|| io::Error::from_raw_os_error(5)));
    let begun = Instant::now();
    assert!(stopped(record(&recording, output(session(1), 2, "lost"))).contains("write-ahead"));
    assert!(begun.elapsed() < bench.options.patience);
    bench.disk.heal();
    stopped(record(&recording, output(session(1), 3, "later")));
    assert!(recorder.begin(session(2)).is_err());
    assert!(recorder.failed().is_some() && !recorder.healthy());
    assert!(recording.close().is_err());
}

#[test]
fn a_full_disk_pauses_and_goes_on_when_there_is_room_again() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    let failures = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&failures);
    bench.disk.fail(move |operation| {
        let fails = matches!(operation, Operation::Write) && counted.fetch_add(1, Ordering::Relaxed) < 2;
        fails.then(full).flatten()
    });
    let answer = start(&recording, output(session(1), 1, "x"));
    assert!(answer.recv_timeout(Duration::from_millis(100)).is_err(), "it pauses");
    answer.recv_timeout(Duration::from_secs(10)).unwrap().unwrap();
    assert!(failures.load(Ordering::Relaxed) >= 3);
    assert!(recorder.healthy());
    recording.close().unwrap();
    assert_eq!(bench.frames(session(1)).len(), 1);
}

#[test]
fn a_sync_that_reports_a_full_disk_writes_again_before_it_syncs_again() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    let log = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    bench.disk.fail(move |operation| {
        let mut seen = seen.lock().unwrap();
        seen.push(operation);
        let first = seen.iter().filter(|op| **op == Operation::Sync).count() == 1;
        (operation == Operation::Sync && first).then(full).flatten()
    });
    record(&recording, output(session(1), 1, "x")).unwrap();
    let log = log.lock().unwrap();
    assert_eq!(log[..4], [Operation::Write, Operation::Sync, Operation::Write, Operation::Sync]);
}

#[test]
fn a_disk_that_stays_full_ends_recording_and_answers_everyone() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recordings = [bench.begin(&recorder, session(1)), bench.begin(&recorder, session(2))];
    bench.disk.fail(|operation| (operation == Operation::Write).then(full).flatten());
    let begun = Instant::now();
    let answers: Vec<_> = (0..10)
        .flat_map(|at| recordings.each_ref().map(|r| start(r, output(r.session(), at, "x"))))
        .collect();
    for answer in answers {
        let reason = stopped(answer.recv_timeout(Duration::from_secs(10)).unwrap());
        assert!(reason.contains("No space left"), "{reason}");
    }
    assert!(begun.elapsed() >= bench.options.patience);
    assert!(recorder.failed().is_some());
}

#[test]
fn a_full_disk_while_sealing_pauses_and_goes_on() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    record(&recording, output(session(1), 1, vec![1; 100])).unwrap();
    let failures = AtomicUsize::new(0);
    bench.disk.fail(move |operation| {
        let fails = operation == Operation::Create && failures.fetch_add(1, Ordering::Relaxed) < 2;
        fails.then(full).flatten()
    });
    assert_eq!(recording.close().unwrap().frames, 1);
    assert!(recorder.healthy());
}

#[test]
fn a_full_disk_while_rotating_pauses_and_goes_on() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    let failures = AtomicUsize::new(0);
    bench.disk.fail(move |operation| {
        let fails = operation == Operation::Reserve && failures.fetch_add(1, Ordering::Relaxed) < 2;
        fails.then(full).flatten()
    });
    for at in 0..3 {
        record(&recording, output(session(1), at, vec![1; MAX_PAYLOAD])).unwrap();
    }
    assert_eq!(recording.close().unwrap().frames, 3);
}

#[test]
fn a_failed_segment_write_ends_recording() {
    for broken in [Operation::Create, Operation::Rename, Operation::SyncFolder] {
        let bench = Bench::new();
        let recorder = bench.open();
        let recording = bench.begin(&recorder, session(1));
        record(&recording, output(session(1), 1, "x")).unwrap();
        bench.disk.fail(move |operation| (operation == broken).then(|| io::Error::from_raw_os_error(5)));
        assert!(recording.close().is_err(), "{broken:?}");
        assert!(recorder.failed().is_some());
        drop(recorder);
        bench.disk.heal();
        let (_recorder, interrupted) = bench.try_open().unwrap();
        assert_eq!(interrupted[0].totals.frames, 1, "{broken:?}: the frame was durable and is not lost");
    }
}

#[test]
fn a_ledger_that_refuses_a_segment_ends_recording() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    record(&recording, output(session(1), 1, "x")).unwrap();
    bench.ledger.refuses.store(true, Ordering::Relaxed);
    assert!(recording.close().is_err());
    assert!(recorder.failed().unwrap().contains("no entry today"));
    drop(recorder);
    bench.ledger.refuses.store(false, Ordering::Relaxed);
    let (_recorder, interrupted) = bench.try_open().unwrap();
    assert_eq!(interrupted[0].totals.frames, 1);
    assert_eq!(bench.frames(session(1)).len(), 1);
}

#[test]
fn a_ledger_that_panics_ends_recording() {
    struct Panics;
    impl Sealing for Panics {
        fn sealed(&self, _: &SealedSegment) -> Result<(), String> {
            panic!("a bug in the ledger (expected in this test)")
        }
    }
    let bench = Bench::new();
    let (recorder, _) = Recorder::open(
        bench.path(),
        bench.options.clone(),
        testing::vault(),
        Arc::new(Panics),
        &|_| None,
        testing::random(),
    )
    .unwrap();
    let recording = bench.begin(&recorder, session(1));
    record(&recording, output(session(1), 1, "x")).unwrap();
    assert!(recording.close().is_err());
    assert!(recorder.failed().is_some());
    stopped(record(&recording, output(session(1), 2, "x")));
}

#[test]
fn a_removed_write_ahead_folder_is_noticed_even_when_nothing_is_recorded() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    fs::remove_dir_all(bench.path().join("wal")).unwrap();
    eventually("noticed", || recorder.failed().is_some());
    stopped(record(&recording, output(session(1), 1, "x")));
}

#[test]
fn a_removed_directory_lets_nothing_more_cross() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    record(&recording, output(session(1), 1, "x")).unwrap();
    fs::remove_dir_all(bench.path()).unwrap();
    fs::create_dir(bench.path()).unwrap();
    let reason = stopped(record(&recording, output(session(1), 2, "y")));
    assert!(reason.contains("removed"), "{reason}");
}

#[test]
fn a_write_ahead_folder_that_comes_back_is_waited_for() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    let (wal, away) = (bench.path().join("wal"), bench.path().join("away"));
    fs::rename(&wal, &away).unwrap();
    let answer = start(&recording, output(session(1), 1, "x"));
    std::thread::sleep(Duration::from_millis(100));
    assert!(matches!(answer.try_recv(), Err(TryRecvError::Empty)), "it pauses");
    fs::rename(&away, &wal).unwrap();
    answer.recv_timeout(Duration::from_secs(10)).unwrap().unwrap();
    recording.close().unwrap();
    assert_eq!(bench.frames(session(1)).len(), 1);
}

#[test]
fn a_file_put_in_the_place_of_the_write_ahead_file_is_noticed() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    let file = fs::read_dir(bench.path().join("wal")).unwrap().next().unwrap().unwrap().path();
    let copy = file.with_extension("copy");
    fs::copy(&file, &copy).unwrap();
    fs::rename(&copy, &file).unwrap();
    stopped(record(&recording, output(session(1), 1, "x")));
}

#[test]
fn a_key_that_cannot_be_stored_begins_no_session() {
    let bench = Bench::new();
    let recorder = bench.open();
    bench.disk.fail(|operation| (operation == Operation::Create).then(full).flatten());
    assert!(recorder.begin(session(1)).is_err());
    bench.disk.heal();
    assert!(recorder.healthy(), "one session could not start; the others go on");
    bench.begin(&recorder, session(1)).close().unwrap();
}
