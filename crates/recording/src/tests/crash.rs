//! A killed recorder loses nothing that it has acknowledged; what it left is sealed exactly once.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::testing::{Bench, output, record, session, start, vault};
use crate::*;

const CHILD: &str = "RECORDING_TEST_RECORD_UNTIL_KILLED";

/// A ledger in a text file: `open SESSION COMMITMENT DIGEST` and `segment SESSION NUMBER FIRST LAST PLAIN DIGEST CHAIN`.
struct FileLedger(Mutex<fs::File>);

impl FileLedger {
    fn open(dir: &Path) -> Self {
        Self(Mutex::new(OpenOptions::new().create(true).append(true).open(dir.join("ledger.txt")).unwrap()))
    }

    fn append(&self, line: &str) {
        let mut file = self.0.lock().unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
        file.sync_data().unwrap();
    }
}

impl Sealing for FileLedger {
    fn sealed(&self, s: &SealedSegment) -> Result<(), String> {
        let numbers = format!("{} {} {} {}", s.number, s.first_frame, s.last_frame, s.plain_bytes);
        self.append(&format!("segment {} {numbers} {} {}", s.session, hex(&s.digest), hex(&s.chain)));
        Ok(())
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    let (high, low) = bytes.split_at(16);
    format!("{}{}", SessionId(high.try_into().unwrap()), SessionId(low.try_into().unwrap()))
}

fn unhex(text: &str) -> [u8; 32] {
    let halves = text.split_at(32);
    let half = |half: &str| half.parse::<SessionId>().unwrap().0;
    [half(halves.0), half(halves.1)].concat().try_into().unwrap()
}

/// What a ledger's file says; a killed writer may have left half a line.
fn read_ledger(dir: &Path) -> BTreeMap<SessionId, ExpectedSession> {
    let text = fs::read_to_string(dir.join("ledger.txt")).unwrap_or_default();
    let mut sessions = BTreeMap::new();
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let id: SessionId = words[1].parse().unwrap();
        if words[0] == "open" {
            let (key_commitment, key_digest) = (unhex(words[2]), unhex(words[3]));
            sessions.insert(
                id,
                ExpectedSession {
                    key_commitment,
                    key_digest,
                    segments: Vec::new(),
                    closed: true,
                    erased: false,
                },
            );
            continue;
        }
        let number = |at: usize| words[at].parse::<u64>().unwrap();
        sessions.get_mut(&id).unwrap().segments.push(ExpectedSegment {
            number: u32::try_from(number(2)).unwrap(),
            first_frame: number(3),
            last_frame: number(4),
            plain_bytes: number(5),
            digest: unhex(words[6]),
            chain: unhex(words[7]),
        });
    }
    sessions
}

fn totals(expected: &ExpectedSession) -> Totals {
    let last = expected.segments.last();
    Totals {
        segments: expected.segments.len() as u32,
        frames: last.map_or(0, |segment| segment.last_frame),
        chain: last.map_or([0; 32], |segment| segment.chain),
        ..Totals::default()
    }
}

fn open(dir: &Path) -> (Recorder, Vec<Interrupted>, Arc<FileLedger>) {
    let options = Options {
        segment_bytes: 20_000,
        segment_most_bytes: 60_000,
        segment_age: Duration::from_millis(15),
        wal_file_bytes: 2 << 20,
        ..Options::default()
    };
    let known = read_ledger(dir);
    let ledger = Arc::new(FileLedger::open(dir));
    let committed = |id: &SessionId| known.get(id).map(totals);
    let (recorder, interrupted) =
        Recorder::open(dir, options, vault(), ledger.clone(), &committed, testing::random()).unwrap();
    (recorder, interrupted, ledger)
}

/// The killed process: records in three sessions and prints a line for each acknowledged frame.
#[test]
fn records_until_killed_when_asked_to() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let (recorder, _, ledger) = open(Path::new(&dir));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let (recorder, ledger) = (&recorder, &ledger);
            scope.spawn(move || record_for_ever(recorder, ledger));
        }
    });
}

fn record_for_ever(recorder: &Recorder, ledger: &FileLedger) {
    let mut id = SessionId([0; 16]);
    testing::random()(&mut id.0);
    let recording = recorder.begin(id).unwrap();
    ledger.append(&format!("open {id} {} {}", hex(&recording.key_commitment), hex(&recording.key_digest)));
    let mut under_way = std::collections::VecDeque::new();
    for counter in 1.. {
        let padding = if counter % 50 == 0 { 200_000 } else { counter as usize * 37 % 900 };
        let payload = [&u64::to_le_bytes(counter)[..], &vec![counter as u8; padding]].concat();
        let acknowledge = move |result: Result<(), RecordingError>| {
            result.unwrap();
            // One write to a pipe: a line arrives whole or not at all.
            std::io::stdout().lock().write_all(format!("acknowledged {id} {counter}\n").as_bytes()).unwrap();
            std::io::stdout().flush().unwrap();
        };
        let (tell, answer) = std::sync::mpsc::channel();
        let frame = output(id, counter, payload);
        recording.record(frame, Box::new(move |result| (acknowledge(result), tell.send(()).unwrap()).1));
        under_way.push_back(answer);
        if under_way.len() > 5 {
            under_way.pop_front().unwrap().recv().unwrap();
        }
    }
}

fn spawn(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::crash::records_until_killed_when_asked_to", "--nocapture"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Lets a child record for a while, kills it, and returns the highest acknowledged frame of each session.
fn record_and_kill(dir: &Path, time: Duration) -> BTreeMap<SessionId, u64> {
    let mut child = spawn(dir);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let reader = std::thread::spawn(move || {
        let mut acknowledged = BTreeMap::new();
        for line in lines.map_while(Result::ok) {
            let words: Vec<&str> = line.split_whitespace().collect();
            // The test harness prints lines of its own, and one of ours may follow them without a break.
            let Some(at) = words.iter().position(|word| *word == "acknowledged") else { continue };
            acknowledged.insert(words[at + 1].parse().unwrap(), words[at + 2].parse().unwrap());
        }
        acknowledged
    });
    std::thread::sleep(time);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

#[test]
fn whatever_a_killed_recorder_has_acknowledged_is_there_exactly_once_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::new();
    for round in 0..200_u64 {
        // On a busy machine many are killed before they have begun.
        if round >= 25 && acknowledged.len() >= 10 {
            break;
        }
        let mut noise = [0];
        testing::random()(&mut noise);
        let time = Duration::from_millis(5 + u64::from(noise[0]) * (1 + round % 2));
        acknowledged.extend(record_and_kill(dir.path(), time));
    }
    let (recorder, interrupted, _) = open(dir.path());
    drop(recorder);
    assert!(acknowledged.len() >= 10, "{} sessions", acknowledged.len());
    assert!(interrupted.len() <= 3, "only the last process left frames");

    let expected = read_ledger(dir.path());
    assert_eq!(sessions_on_disk(dir.path()).unwrap(), expected.keys().copied().collect::<Vec<_>>());
    assert_eq!(verify_wal(dir.path()).unwrap().frames, 0);
    for (id, expected) in &expected {
        verify_segments(dir.path(), id, expected).unwrap();
        let counters: Vec<u64> = Reader::open(dir.path(), id, &*vault())
            .unwrap()
            .map(|frame| u64::from_le_bytes(frame.unwrap().bytes[..8].try_into().unwrap()))
            .collect();
        assert!(counters.iter().copied().eq(1..=counters.len() as u64), "{id}: each once and in order");
        let last = acknowledged.get(id).copied().unwrap_or(0);
        assert!(counters.len() as u64 >= last, "{id}: {} frames of {last} acknowledged", counters.len());
    }
    let total: u64 = acknowledged.values().sum();
    eprintln!("{total} acknowledged frames in {} sessions survived the kills", acknowledged.len());
}

/// A bench whose recorder has recorded `count` frames that are not sealed, and a copy of its directory.
fn killed_with(count: u64) -> (Bench, tempfile::TempDir) {
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    for at in 0..count {
        record(&recording, output(session(1), at, vec![b'x'; 20])).unwrap();
    }
    let copy = bench.copy();
    (bench, copy)
}

fn reopen(dir: &Path, known: bool) -> Result<Vec<Interrupted>, RecordingError> {
    let ledger = Arc::new(testing::MemoryLedger::default());
    if known {
        ledger.sessions.lock().unwrap().insert(session(1), Vec::new());
    }
    let committed = |id: &SessionId| ledger.committed(id);
    let options = Bench::new().options;
    let opened = Recorder::open(dir, options, vault(), ledger.clone(), &committed, testing::random())?;
    Ok(opened.1)
}

fn wal_file(dir: &Path) -> std::path::PathBuf {
    fs::read_dir(dir.join("wal")).unwrap().next().unwrap().unwrap().path()
}

#[test]
fn a_frame_torn_at_the_end_was_never_acknowledged_and_is_left_out() {
    let (_bench, copy) = killed_with(3);
    let path = wal_file(copy.path());
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    bytes[end - 5..end].fill(0);
    fs::write(&path, bytes).unwrap();
    let interrupted = reopen(copy.path(), true).unwrap();
    assert_eq!(interrupted[0].totals.frames, 2);
}

#[test]
fn damage_before_frames_that_were_durable_later_is_not_taken_for_a_torn_end() {
    let (_bench, copy) = killed_with(3);
    let path = wal_file(copy.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[64 + 80 + 55] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = reopen(copy.path(), true).unwrap_err();
    assert!(matches!(&error, RecordingError::Damaged(fault) if fault.file == path), "{error}");
}

#[test]
fn a_write_ahead_file_removed_between_others_is_noticed() {
    let mut bench = Bench::new();
    bench.options.segment_bytes = 16 << 20;
    bench.options.segment_most_bytes = 16 << 20;
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    for at in 0..6 {
        record(&recording, output(session(1), at, vec![b'x'; MAX_PAYLOAD])).unwrap();
    }
    let copy = bench.copy();
    let mut files: Vec<_> =
        fs::read_dir(copy.path().join("wal")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 3);
    fs::remove_file(&files[1]).unwrap();
    let error = reopen(copy.path(), true).unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
}

#[test]
fn a_ledger_older_than_the_write_ahead_file_is_refused() {
    let (_bench, copy) = killed_with(3);
    let error = reopen(copy.path(), false).unwrap_err();
    assert!(error.to_string().contains("older copy"), "{error}");
}

#[test]
fn a_session_killed_before_its_entry_leaves_no_folder() {
    let (_bench, copy) = killed_with(0);
    assert_eq!(sessions_on_disk(copy.path()).unwrap(), [session(1)]);
    assert_eq!(reopen(copy.path(), false).unwrap(), []);
    assert_eq!(sessions_on_disk(copy.path()).unwrap(), []);
}

#[test]
fn frames_already_in_the_ledger_are_not_sealed_again() {
    let bench = Bench::new();
    let recorder = bench.open();
    let (one, other) = (bench.begin(&recorder, session(1)), bench.begin(&recorder, session(2)));
    record(&other, output(session(2), 1, "keeps the file")).unwrap();
    record(&one, output(session(1), 1, vec![b'x'; 2000])).unwrap();
    testing::eventually("sealed", || bench.ledger.segments(&session(1)).len() == 1);
    record(&one, output(session(1), 2, "after")).unwrap();
    let copy = bench.copy();
    let before = bench.ledger.segments(&session(1));
    drop((one, other, recorder));

    let ledger = Arc::new(testing::MemoryLedger::default());
    ledger.sessions.lock().unwrap().extend([(session(1), before.clone()), (session(2), Vec::new())]);
    let committed = |id: &SessionId| ledger.committed(id);
    let (_recorder, interrupted) = Recorder::open(
        copy.path(),
        bench.options.clone(),
        vault(),
        ledger.clone(),
        &committed,
        testing::random(),
    )
    .unwrap();
    let segments = ledger.segments(&session(1));
    assert_eq!((segments.len(), &segments[0]), (2, &before[0]));
    assert_eq!((segments[1].first_frame, segments[1].last_frame), (2, 2));
    assert_eq!(interrupted.len(), 2);
    assert_eq!(interrupted[0].totals, ledger.committed(&session(1)).unwrap());
}

#[test]
fn a_segment_sealed_again_has_another_nonce() {
    let (_bench, copy) = killed_with(3);
    let file = copy.path().join(format!("segments/{}/000001.seg", session(1)));
    let twin = tempfile::tempdir().unwrap();
    let status = Command::new("cp").arg("-a").arg(copy.path().join(".")).arg(twin.path()).status().unwrap();
    assert!(status.success());
    reopen(copy.path(), true).unwrap();
    let first = fs::read(&file).unwrap();
    reopen(twin.path(), true).unwrap();
    let second = fs::read(twin.path().join(format!("segments/{}/000001.seg", session(1)))).unwrap();
    assert_ne!(first[112..124], second[112..124]);
}

#[test]
fn frames_of_one_batch_may_be_torn_in_any_place() {
    use std::sync::atomic::Ordering;
    let bench = Bench::new();
    let recorder = bench.open();
    let recording = bench.begin(&recorder, session(1));
    bench.disk.stalled.store(true, Ordering::Relaxed);
    let first = start(&recording, output(session(1), 1, "alone in its batch"));
    std::thread::sleep(Duration::from_millis(50));
    let rest: Vec<_> = (2..5).map(|at| start(&recording, output(session(1), at, "together"))).collect();
    bench.disk.stalled.store(false, Ordering::Relaxed);
    first.recv().unwrap().unwrap();
    rest.iter().for_each(|answer| answer.recv().unwrap().unwrap());
    let copy = bench.copy();
    let path = wal_file(copy.path());
    let mut bytes = fs::read(&path).unwrap();
    let torn = 64 + 60 + "alone in its batch".len() + 54;
    bytes[torn] ^= 1;
    fs::write(&path, bytes).unwrap();
    // As after a power cut in which only the later pages of the batch reached the disk.
    assert_eq!(reopen(copy.path(), true).unwrap()[0].totals.frames, 1);
}
