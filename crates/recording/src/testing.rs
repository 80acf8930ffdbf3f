//! What the tests of this crate share: a ledger, a disk that fails on demand, and a bench to record on.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;

use crate::disk::{Disk, Presence, SystemDisk};
use crate::vault::{KeyVault, Random};
use crate::{
    Direction, ExpectedSession, Frame, Kind, NodeVault, Options, Reader, Recorder, RecordingError,
    SealedSegment, Sealing, SessionId, SessionRecorder, Totals, lock,
};

/// The system's generator.
pub(crate) fn random() -> Random {
    Arc::new(|bytes: &mut [u8]| aws_lc_rs::rand::fill(bytes).unwrap())
}

/// The vault that every test uses.
pub(crate) fn vault() -> Arc<dyn KeyVault> {
    Arc::new(NodeVault::new(&[5; 32], random()))
}

/// A session's id by a small number.
pub(crate) fn session(number: u8) -> SessionId {
    SessionId([number; 16])
}

/// Bytes that the target sent at `at_us`.
pub(crate) fn output(session: SessionId, at_us: u64, bytes: impl Into<Bytes>) -> Frame {
    Frame {
        session,
        channel: 1,
        at_us,
        direction: Direction::ToClient,
        kind: Kind::Data,
        bytes: bytes.into(),
    }
}

/// A ledger in memory.
#[derive(Default)]
pub(crate) struct MemoryLedger {
    pub(crate) sessions: Mutex<HashMap<SessionId, Vec<SealedSegment>>>,
    pub(crate) refuses: AtomicBool,
}

impl MemoryLedger {
    pub(crate) fn committed(&self, session: &SessionId) -> Option<Totals> {
        let segments = self.sessions.lock().unwrap().get(session).cloned()?;
        let mut totals = Totals::default();
        segments.iter().for_each(|sealed| totals.extend(sealed));
        Some(totals)
    }

    pub(crate) fn segments(&self, session: &SessionId) -> Vec<SealedSegment> {
        lock(&self.sessions).get(session).cloned().unwrap_or_default()
    }
}

impl Sealing for MemoryLedger {
    fn sealed(&self, segment: &SealedSegment) -> Result<(), String> {
        if self.refuses.load(Ordering::Relaxed) {
            return Err("no entry today".into());
        }
        let mut sessions = lock(&self.sessions);
        let known = sessions.get_mut(&segment.session).ok_or("no such session")?;
        assert_eq!(segment.number as usize, known.len() + 1, "a segment is entered once and in order");
        known.push(segment.clone());
        Ok(())
    }
}

/// An operation of the disk, for choosing which to make fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Reserve,
    Write,
    Sync,
    Rename,
    SyncFolder,
}

/// Whether an operation fails, and how.
type Choice = Box<dyn Fn(Operation) -> Option<io::Error> + Send>;

/// A disk that fails where a test wants it to.
#[derive(Default)]
pub(crate) struct FaultyDisk {
    fault: Mutex<Option<Choice>>,
    /// While set, every sync waits.
    pub(crate) stalled: AtomicBool,
}

impl FaultyDisk {
    pub(crate) fn fail(&self, choice: impl Fn(Operation) -> Option<io::Error> + Send + 'static) {
        *lock(&self.fault) = Some(Box::new(choice));
    }

    pub(crate) fn heal(&self) {
        *lock(&self.fault) = None;
    }

    fn meet(&self, operation: Operation) -> io::Result<()> {
        lock(&self.fault).as_ref().and_then(|choice| choice(operation)).map_or(Ok(()), Err)
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.meet(Operation::Create)?;
        SystemDisk.create(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        self.meet(Operation::Create)?;
        SystemDisk.open(path)
    }

    fn reserve(&self, file: &File, length: u64) -> io::Result<()> {
        self.meet(Operation::Reserve)?;
        SystemDisk.reserve(file, length)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Err(error) = self.meet(Operation::Write) {
            // A disk that fills up takes some of the bytes.
            SystemDisk.write_at(file, &bytes[..bytes.len() / 2], offset)?;
            return Err(error);
        }
        SystemDisk.write_at(file, bytes, offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        while self.stalled.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.meet(Operation::Sync)?;
        SystemDisk.sync(file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.meet(Operation::Rename)?;
        SystemDisk.rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.meet(Operation::SyncFolder)?;
        SystemDisk.sync_folder(folder)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        SystemDisk.create_folder(folder)
    }

    fn presence(&self, file: &File, path: &Path) -> io::Result<Presence> {
        SystemDisk.presence(file, path)
    }
}

/// What `record` told about a frame.
pub(crate) type Answer = Receiver<Result<(), RecordingError>>;

/// A directory with a ledger and, while it runs, a recorder.
pub(crate) struct Bench {
    pub(crate) dir: TempDir,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) disk: Arc<FaultyDisk>,
    pub(crate) options: Options,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let options = Options {
            segment_bytes: 1 << 10,
            segment_most_bytes: 4 << 10,
            segment_age: Duration::from_secs(3600),
            wal_file_bytes: 2 << 20,
            patience: Duration::from_millis(600),
            ..Options::default()
        };
        let dir = tempfile::tempdir().unwrap();
        Self { dir, ledger: Arc::default(), disk: Arc::default(), options }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn try_open(&self) -> Result<(Recorder, Vec<crate::Interrupted>), RecordingError> {
        let ledger = Arc::clone(&self.ledger);
        let committed = |session: &SessionId| ledger.committed(session);
        let disk = Arc::clone(&self.disk) as Arc<dyn Disk>;
        let sealing = Arc::clone(&self.ledger) as Arc<dyn Sealing>;
        Recorder::open_on(disk, self.path(), self.options.clone(), vault(), sealing, &committed, random())
    }

    pub(crate) fn open(&self) -> Recorder {
        self.try_open().unwrap().0
    }

    /// Begins a session and enters it into the ledger.
    pub(crate) fn begin(&self, recorder: &Recorder, session: SessionId) -> SessionRecorder {
        let recording = recorder.begin(session).unwrap();
        lock(&self.ledger.sessions).insert(session, Vec::new());
        recording
    }

    /// What the ledger says of a session.
    pub(crate) fn expected(&self, recording: &SessionRecorder, closed: bool) -> ExpectedSession {
        let segments = self.ledger.segments(&recording.session());
        ExpectedSession {
            erased: false,
            key_commitment: recording.key_commitment,
            key_digest: recording.key_digest,
            segments: segments.iter().map(Into::into).collect(),
            closed,
        }
    }

    /// Everything sealed of a session.
    pub(crate) fn frames(&self, session: SessionId) -> Vec<Frame> {
        Reader::open(self.path(), &session, &*vault()).unwrap().map(Result::unwrap).collect()
    }

    /// A copy of the directory as a killed process would leave it.
    pub(crate) fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(self.path(), copy.path());
        copy
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Records a frame without waiting.
pub(crate) fn start(recording: &SessionRecorder, frame: Frame) -> Answer {
    let (tell, answer) = channel();
    recording.record(frame, Box::new(move |result| tell.send(result).unwrap_or(())));
    answer
}

/// Records a frame and waits until it is durable.
pub(crate) fn record(recording: &SessionRecorder, frame: Frame) -> Result<(), RecordingError> {
    start(recording, frame).recv_timeout(Duration::from_secs(20)).expect("every frame gets an answer")
}

/// Waits until something holds.
pub(crate) fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("not within 10 s: {what}");
}
