//! What is recorded is read back, sealed when it should be, within bounds.

use std::time::{Duration, Instant};

use crate::testing::{Bench, eventually, output, record, session, start, vault};
use crate::*;

fn every_kind(id: SessionId) -> Vec<Frame> {
    let raw = |kind, direction, bytes: &'static [u8]| Frame {
        session: id,
        channel: 7,
        at_us: 1_000_000,
        direction,
        kind,
        bytes: bytes.into(),
    };
    let exec = SessionEvent::Exec { text: "rm -rf \"x\" 删除".into() };
    let status = SessionEvent::ExitStatus { status: 255 };
    vec![
        raw(Kind::Open, Direction::ToTarget, b"session"),
        Frame::of_event(id, 7, 1_000_001, Direction::ToTarget, &exec),
        Frame::of_event(id, 7, 1_000_001, Direction::Gateway, &SessionEvent::Granted),
        raw(Kind::Data, Direction::ToTarget, b"\0\xff raw"),
        raw(Kind::Stderr, Direction::ToClient, b"warning"),
        raw(Kind::Notice, Direction::Gateway, b"held as request 42"),
        raw(Kind::Eof, Direction::ToClient, b""),
        Frame::of_event(id, 7, 1_000_002, Direction::ToClient, &status),
        raw(Kind::Close, Direction::ToClient, b""),
    ]
}

#[test]
fn frames_of_every_kind_come_back_as_they_were() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    let frames = every_kind(session(1));
    frames.iter().for_each(|frame| record(&recording, frame.clone()).unwrap());
    let totals = recording.close().unwrap();
    assert_eq!(bench.frames(session(1)), frames);
    assert_eq!((totals.frames, totals.first_us, totals.last_us), (9, 1_000_000, 1_000_002));
    assert_eq!(
        bench.frames(session(1))[1].event(),
        Some(SessionEvent::Exec { text: "rm -rf \"x\" 删除".into() })
    );
}

#[test]
fn sessions_recorded_at_once_keep_their_own_order() {
    let bench = Bench::new();
    let recorder = bench.open();
    std::thread::scope(|scope| {
        for number in 1..=8 {
            let recording = bench.begin(&recorder, session(number));
            scope.spawn(move || {
                let answers: Vec<_> = (0..500_u64)
                    .map(|at| start(&recording, output(session(number), at, at.to_le_bytes().to_vec())))
                    .collect();
                answers.iter().for_each(|answer| answer.recv().unwrap().unwrap());
                recording.close().unwrap();
            });
        }
    });
    for number in 1..=8 {
        let times: Vec<_> = bench.frames(session(number)).iter().map(|frame| frame.at_us).collect();
        assert!(times.iter().copied().eq(0..500), "session {number}");
    }
}

#[test]
fn answers_come_in_the_order_of_the_frames() {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    let answered = Arc::new(Mutex::new(Vec::new()));
    bench.disk.stalled.store(true, Ordering::Relaxed);
    for at in 0..100 {
        let answered = Arc::clone(&answered);
        let done = move |result: Result<(), RecordingError>| lock(&answered).push((at, result.is_ok()));
        recording.record(output(session(1), at, "x"), Box::new(done));
    }
    bench.disk.stalled.store(false, Ordering::Relaxed);
    recording.close().unwrap();
    assert!(lock(&answered).iter().copied().eq((0..100).map(|at| (at, true))));
}

#[test]
fn a_closed_recording_verifies_and_leaves_no_clear_bytes() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    for at in 0..100 {
        record(&recording, output(session(1), at, vec![b'x'; 100])).unwrap();
    }
    let totals = recording.close().unwrap();
    assert_eq!(recording.close().unwrap(), totals, "closing again tells the same");
    drop(recorder);

    let verified = verify_segments(bench.path(), &session(1), &bench.expected(&recording, true)).unwrap();
    assert_eq!(
        (verified.files, verified.frames, verified.bytes),
        (totals.segments.into(), 100, totals.bytes)
    );
    assert!(verified.files > 1);
    assert_eq!(verify_wal(bench.path()).unwrap(), WalVerified { frames: 0, bytes: 0 });
    assert_eq!(bench.ledger.segments(&session(1)).last().unwrap().chain, totals.chain);
    assert_eq!(sessions_on_disk(bench.path()).unwrap(), [session(1)]);
}

#[test]
fn write_ahead_files_verify_while_they_are_written() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                let under_way =
                    [10, 70_000, 3].map(|size| start(&recording, output(session(1), 1, vec![b'x'; size])));
                under_way.iter().for_each(|answer| answer.recv().unwrap().unwrap());
            }
        });
        let looks: Vec<_> = (0..40).map(|_| verify_wal(bench.path())).collect();
        ended.store(true, Ordering::Relaxed);
        assert!(looks.iter().all(Result::is_ok), "{looks:?}");
    });
    recording.close().unwrap();
}

#[test]
fn an_empty_recording_closes_with_no_segment() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    assert_eq!(recording.close().unwrap(), Totals::default());
    assert!(matches!(record(&recording, output(session(1), 1, "late")), Err(RecordingError::Closed)));
    let verified = verify_segments(bench.path(), &session(1), &bench.expected(&recording, true)).unwrap();
    assert_eq!(verified, SegmentsVerified::default());
}

#[test]
fn a_session_cannot_begin_twice() {
    let bench = Bench::new();
    let recorder = bench.open();
    let _first = bench.begin(&recorder, session(1));
    assert!(recorder.begin(session(1)).is_err());
}

#[test]
fn a_quiet_session_is_sealed_when_its_first_frame_is_old() {
    let mut bench = Bench::new();
    bench.options.segment_age = Duration::from_millis(200);
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    let begun = Instant::now();
    record(&recording, output(session(1), 1, "a")).unwrap();
    record(&recording, output(session(1), 2, "b")).unwrap();
    assert!(bench.ledger.segments(&session(1)).is_empty());
    eventually("sealed by age", || !bench.ledger.segments(&session(1)).is_empty());
    assert!(begun.elapsed() >= Duration::from_millis(200));
    assert_eq!(bench.ledger.segments(&session(1))[0].last_frame, 2);
    record(&recording, output(session(1), 3, "c")).unwrap();
    eventually("sealed by age again", || bench.ledger.segments(&session(1)).len() == 2);
}

#[test]
fn clear_bytes_go_away_soon_after_they_are_sealed_while_the_recorder_runs() {
    let mut bench = Bench::new();
    bench.options.segment_age = Duration::from_millis(10);
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    record(&recording, output(session(1), 1, "the password")).unwrap();
    assert_eq!(verify_wal(bench.path()).unwrap().frames, 1);
    eventually("write-ahead file replaced", || verify_wal(bench.path()).unwrap().frames == 0);
}

#[test]
fn full_write_ahead_files_go_once_their_frames_are_sealed() {
    let bench = Bench::new();
    let recorder = bench.open();
    let (busy, quiet) = (bench.begin(&recorder, session(1)), bench.begin(&recorder, session(2)));
    record(&quiet, output(session(2), 0, "keeps the first file")).unwrap();
    for at in 0..10 {
        record(&busy, output(session(1), at, vec![7; MAX_PAYLOAD])).unwrap();
    }
    let files = || std::fs::read_dir(bench.path().join("wal")).unwrap().count();
    eventually("only the first and the current file are left", || files() == 2);
    quiet.close().unwrap();
    eventually("only the current file is left", || files() == 1);
    busy.close().unwrap();
    assert_eq!(bench.frames(session(1)).len(), 10);
}

#[test]
fn frames_that_cannot_be_recorded_are_refused_at_once() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    let large = record(&recording, output(session(1), 1, vec![0; MAX_PAYLOAD + 1]));
    assert!(matches!(large, Err(RecordingError::TooLarge(_))));
    let foreign = record(&recording, output(session(2), 1, "x"));
    assert!(matches!(foreign, Err(RecordingError::WrongSession(_))));
    record(&recording, output(session(1), 1, vec![0; MAX_PAYLOAD])).unwrap();
}

#[test]
fn a_session_with_too_much_under_way_is_held_back_without_loss() {
    use std::sync::atomic::Ordering;
    let mut bench = Bench::new();
    bench.options.session_backlog = 10_000;
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    bench.disk.stalled.store(true, Ordering::Relaxed);
    let answers: Vec<_> =
        (0..20).map(|at| start(&recording, output(session(1), at, vec![1; 1000]))).collect();
    let refused =
        answers.iter().filter(|answer| matches!(answer.try_recv(), Ok(Err(RecordingError::Full)))).count();
    assert!(refused >= 10, "{refused}");
    assert!(recording.backlog() <= 10_000);
    bench.disk.stalled.store(false, Ordering::Relaxed);
    let recorded = recording.close().unwrap().frames;
    assert_eq!(recorded as usize, 20 - refused);
    assert_eq!(recording.backlog(), 0);
}

#[test]
fn memory_stays_bounded_when_sealing_falls_behind() {
    struct SlowLedger(std::sync::Arc<testing::MemoryLedger>);
    impl Sealing for SlowLedger {
        fn sealed(&self, segment: &SealedSegment) -> Result<(), String> {
            std::thread::sleep(Duration::from_millis(30));
            self.0.sealed(segment)
        }
    }
    let bench = Bench::new();
    let options = Options {
        segment_most_bytes: 1 << 20,
        memory_bytes: 2 << 20,
        session_backlog: 1 << 20,
        ..bench.options.clone()
    };
    let sealing = std::sync::Arc::new(SlowLedger(bench.ledger.clone()));
    let (recorder, _) =
        Recorder::open(bench.path(), options, vault(), sealing, &|_| None, testing::random()).unwrap();
    let recording = bench.begin(&recorder, session(1));
    for at in 0..300 {
        record(&recording, output(session(1), at, vec![3; 64 << 10])).unwrap();
        let sealed = bench.ledger.segments(&session(1)).last().map_or(0, |sealed| sealed.last_frame);
        let unsealed = (at + 1).saturating_sub(sealed) * (64 << 10);
        assert!(unsealed <= (2 << 20) + (1 << 20), "{unsealed} bytes are durable and not sealed");
    }
    assert_eq!(recording.close().unwrap().frames, 300);
}

#[test]
fn a_keystroke_does_not_wait_until_a_flood_is_sealed() {
    struct StuckLedger(Mutex<()>);
    impl Sealing for StuckLedger {
        fn sealed(&self, _: &SealedSegment) -> Result<(), String> {
            drop(lock(&self.0));
            Ok(())
        }
    }
    let bench = Bench::new();
    let options = Options { memory_bytes: 16 << 20, session_backlog: 32 << 20, ..bench.options.clone() };
    let ledger = std::sync::Arc::new(StuckLedger(Mutex::new(())));
    let (recorder, _) =
        Recorder::open(bench.path(), options, vault(), ledger.clone(), &|_| None, testing::random()).unwrap();
    let (flood, typing) = (bench.begin(&recorder, session(1)), bench.begin(&recorder, session(2)));
    let stuck = lock(&ledger.0);
    let answers: Vec<_> =
        (0..200).map(|at| start(&flood, output(session(1), at, vec![3; 100_000]))).collect();
    let last = answers.last().unwrap();
    assert!(last.recv_timeout(Duration::from_millis(300)).is_err(), "the flood waits");
    for at in 0..10 {
        let typed = start(&typing, output(session(2), at, "x"));
        typed.recv_timeout(Duration::from_secs(5)).expect("the keystroke does not").unwrap();
    }
    drop(stuck);
    answers.iter().for_each(|answer| assert!(!matches!(answer.recv(), Ok(Err(_)))));
    assert_eq!(flood.close().unwrap().frames, 200);
    assert!(bench.frames(session(1)).iter().map(|frame| frame.at_us).eq(0..200));
}

#[test]
fn seeking_starts_with_the_segment_that_holds_the_time() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    for at in 0..200 {
        record(&recording, output(session(1), at * 1000, vec![b'x'; 100])).unwrap();
    }
    recording.close().unwrap();
    for at_us in [0, 1, 77_000, 77_001, 199_000] {
        let mut reader = Reader::open(bench.path(), &session(1), &*vault()).unwrap();
        reader.seek(at_us).unwrap();
        let times: Vec<_> = reader.map(|frame| frame.unwrap().at_us).collect();
        assert!(times[0] <= at_us && times.contains(&(at_us.div_ceil(1000) * 1000)));
        assert!(times.len() < 200 || at_us < 20_000, "some segments are skipped");
        assert_eq!(times.last(), Some(&199_000));
    }
    let mut reader = Reader::open(bench.path(), &session(1), &*vault()).unwrap();
    reader.seek(199_001).unwrap();
    assert!(reader.next().is_none());
}

#[test]
fn incompressible_bytes_are_stored_without_growing() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    let mut noise = vec![0; 100_000];
    testing::random()(&mut noise);
    record(&recording, output(session(1), 1, noise.clone())).unwrap();
    recording.close().unwrap();
    let sealed = &bench.ledger.segments(&session(1))[0];
    assert_eq!(sealed.file_bytes, sealed.plain_bytes + 128 + 16);
    assert_eq!(bench.frames(session(1))[0].bytes, noise);
}

#[test]
fn dropping_the_recorder_seals_what_is_open() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    record(&recording, output(session(1), 1, "last words")).unwrap();
    drop(recorder);
    assert_eq!(bench.frames(session(1)).len(), 1);
    assert!(matches!(record(&recording, output(session(1), 2, "x")), Err(RecordingError::Stopped(_))));
    assert_eq!(recording.close().unwrap().frames, 1);
    assert_eq!(bench.try_open().unwrap().1, []);
}

#[test]
fn dropping_the_last_handle_seals_the_session() {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    record(&recording, output(session(1), 1, "x")).unwrap();
    drop(recording);
    eventually("sealed", || bench.ledger.segments(&session(1)).len() == 1);
}

#[test]
fn options_that_cannot_work_are_refused() {
    for spoil in [
        |options: &mut Options| options.wal_file_bytes = 1 << 20,
        |options: &mut Options| options.segment_bytes = 0,
        |options: &mut Options| options.segment_most_bytes = 64 << 20,
        |options: &mut Options| options.memory_bytes = 0,
    ] {
        let mut bench = Bench::new();
        spoil(&mut bench.options);
        assert!(matches!(bench.try_open(), Err(RecordingError::Options(_))));
    }
}
