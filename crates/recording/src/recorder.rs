//! The recorder: one writing and one sealing thread for all sessions of the node.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::budget::Budget;
use crate::disk::{Disk, SystemDisk, write_durably};
use crate::error::RecordingError;
use crate::frame::{Frame, MAX_PAYLOAD};
use crate::health::Health;
use crate::keyfile::KeyFile;
use crate::layout;
use crate::queue::{Done, OnDurable, Queue, Waiting};
use crate::recovery;
use crate::sealer::{Ground, Limits, Sealer, Sealing};
use crate::session::{Interrupted, SessionId, Totals, sha256};
use crate::stream::Stream;
use crate::vault::{DataKey, KeyVault, Random};
use crate::wal::log::{Log, Place, Unsealed};
use crate::writer::{Passed, Writer};

/// Sizes and times of a recorder; the default suits a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// A segment with this many bytes is sealed as soon as the sealer is free (256 KiB).
    pub segment_bytes: usize,
    /// The most that a segment grows to while the sealer is busy with others (8 MiB; at most 32 MiB).
    pub segment_most_bytes: usize,
    /// A segment is sealed when its first frame is this old (10 s).
    pub segment_age: Duration,
    /// Length of a write-ahead file (64 MiB; 2 MiB to 1 GiB).
    pub wal_file_bytes: u64,
    /// How long a full disk or a missing folder is waited for before recording fails for good (10 s).
    pub patience: Duration,
    /// The most memory of one session's frames that are not durable yet; `record` answers `Full` above it (4 MiB).
    pub session_backlog: usize,
    /// The memory of frames that are durable but not sealed at which writing waits for sealing (64 MiB).
    pub memory_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 256 << 10,
            segment_most_bytes: 8 << 20,
            segment_age: Duration::from_secs(10),
            wal_file_bytes: 64 << 20,
            patience: Duration::from_secs(10),
            session_backlog: 4 << 20,
            memory_bytes: 64 << 20,
        }
    }
}

impl Options {
    fn check(&self) -> Result<(), RecordingError> {
        let wrong = if !(2 << 20..=1 << 30).contains(&self.wal_file_bytes) {
            "wal_file_bytes must be from 2 MiB to 1 GiB"
        } else if self.segment_bytes == 0 || self.segment_bytes > self.segment_most_bytes {
            "segment_bytes must be from 1 to segment_most_bytes"
        } else if self.segment_most_bytes > 32 << 20 {
            "segment_most_bytes must be at most 32 MiB"
        } else if self.memory_bytes == 0 || self.session_backlog == 0 {
            "memory_bytes and session_backlog must not be 0"
        } else {
            return Ok(());
        };
        Err(RecordingError::Options(wrong))
    }

    fn limits(&self) -> Limits {
        Limits {
            wanted_bytes: self.segment_bytes,
            most_bytes: self.segment_most_bytes,
            age: self.segment_age,
        }
    }
}

/// What all handles of a recorder share.
struct Shared {
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    health: Arc<Health>,
    queue: Arc<Queue>,
    vault: Arc<dyn KeyVault>,
    random: Random,
    session_backlog: usize,
}

/// Records all sessions of a node. Dropping it seals what is open and ends its threads.
pub struct Recorder {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Recorder {
    /// Seals what a killed process has left, then starts recording below `dir`.
    ///
    /// `committed` tells what the ledger holds of a session; `None` means that it has no session-open entry. Only one
    /// recorder may be open below a directory. The sessions returned had frames in the write-ahead files: those that
    /// the ledger has not closed are to be closed as interrupted.
    pub fn open(
        dir: &Path,
        options: Options,
        vault: Arc<dyn KeyVault>,
        sealing: Arc<dyn Sealing>,
        committed: &dyn Fn(&SessionId) -> Option<Totals>,
        random: Random,
    ) -> Result<(Self, Vec<Interrupted>), RecordingError> {
        Self::open_on(Arc::new(SystemDisk), dir, options, vault, sealing, committed, random)
    }

    /// `open` on a disk that tests can make fail.
    pub(crate) fn open_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: Options,
        vault: Arc<dyn KeyVault>,
        sealing: Arc<dyn Sealing>,
        committed: &dyn Fn(&SessionId) -> Option<Totals>,
        random: Random,
    ) -> Result<(Self, Vec<Interrupted>), RecordingError> {
        options.check()?;
        let health = Arc::new(Health::new(options.patience));
        let (unsealed, budget) = (Arc::new(Unsealed::default()), Arc::new(Budget::new(options.memory_bytes)));
        recovery::create_folders(&*disk, dir)?;
        let ground = Ground {
            dir: dir.to_path_buf(),
            disk: Arc::clone(&disk),
            health: Arc::clone(&health),
            sealing,
            random: Arc::clone(&random),
            limits: options.limits(),
            budget: Arc::clone(&budget),
            unsealed: Arc::clone(&unsealed),
        };
        let mut sealer = Sealer::new(ground)?;
        let replayed = recovery::replay(&*disk, dir, &mut sealer, &*vault, committed)?;
        let place = Place {
            disk: Arc::clone(&disk),
            health: Arc::clone(&health),
            folder: layout::wal_folder(dir),
            length: options.wal_file_bytes,
        };
        let log = Log::begin(place, replayed.next_file, Arc::clone(&unsealed))?;
        let queue = Arc::new(Queue::default());
        let (to_sealer, inbox) = channel();
        let writer = Writer {
            queue: Arc::clone(&queue),
            log,
            sealer: to_sealer,
            health: Arc::clone(&health),
            budget,
            unsealed,
        };
        let shared = Shared {
            dir: dir.to_path_buf(),
            disk,
            health,
            queue,
            vault,
            random,
            session_backlog: options.session_backlog,
        };
        let recorder = Self { shared: Arc::new(shared), threads: Mutex::default() };
        recorder.start(writer, sealer, inbox)?;
        Ok((recorder, replayed.interrupted))
    }

    fn start(&self, writer: Writer, sealer: Sealer, inbox: Receiver<Passed>) -> Result<(), RecordingError> {
        let sealing = self.spawn("seal", move || seal_all(sealer, &inbox))?;
        let writing = self.spawn("write-ahead", move || {
            let log = writer.run()?;
            // The writer is gone, and with it the sealer's inbox: it seals the rest and ends.
            let _ = sealing.join();
            log.finish()
        })?;
        crate::lock(&self.threads).push(writing);
        Ok(())
    }

    /// Runs a thread whose end by an error or a panic ends recording.
    fn spawn(
        &self,
        name: &str,
        work: impl FnOnce() -> Result<(), RecordingError> + Send + 'static,
    ) -> Result<JoinHandle<()>, RecordingError> {
        let shared = Arc::clone(&self.shared);
        let body = move || {
            match catch_unwind(AssertUnwindSafe(work)) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => shared.health.fail(error.to_string()),
                Err(_) => shared.health.fail("a thread of the recorder has panicked"),
            }
            shared.queue.abandon();
        };
        let thread = thread::Builder::new().name(format!("recording-{name}")).spawn(body);
        thread.map_err(RecordingError::io(&self.shared.dir))
    }

    /// Starts a session's recording: makes its data key and stores it durably, wrapped. Blocks for some syncs.
    ///
    /// The returned commitment and digest belong into the session-open entry, and that entry must be durable before
    /// the first `record`.
    pub fn begin(&self, session: SessionId) -> Result<SessionRecorder, RecordingError> {
        let shared = &self.shared;
        shared.health.check()?;
        let (key, wrapped) = DataKey::generate(&session, &*shared.vault, &shared.random);
        let key_commitment = key.commitment;
        let file = KeyFile { session, commitment: key_commitment, wrapped }.encode();
        shared.store_key(&session, &file)?;
        let key_digest = sha256(&[&file]);
        let handle = Handle { stream: Arc::new(Stream::new(session, key)), shared: Arc::clone(shared) };
        Ok(SessionRecorder { key_commitment, key_digest, handle: Arc::new(handle) })
    }

    /// Why recording has failed, if it has; it never recovers. New sessions must then be refused and running ones ended.
    #[must_use]
    pub fn failed(&self) -> Option<String> {
        self.shared.health.failure().map(str::to_owned)
    }

    /// Whether recording works; the opposite of `failed`.
    #[must_use]
    pub fn healthy(&self) -> bool {
        self.shared.health.failure().is_none()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.shared.queue.end();
        for thread in crate::lock(&self.threads).drain(..) {
            let _ = thread.join();
        }
        self.shared.health.fail("the recorder was shut down");
    }
}

fn seal_all(mut sealer: Sealer, inbox: &Receiver<Passed>) -> Result<(), RecordingError> {
    const WHILE_NOTHING_IS_OPEN: Duration = Duration::from_secs(1);
    loop {
        match inbox.recv_timeout(sealer.idle_for().unwrap_or(WHILE_NOTHING_IS_OPEN)) {
            Ok(passed) => {
                take_in(&mut sealer, passed)?;
                // Everything that has come meanwhile: a segment of a busy session is then as large as it may be.
                inbox.try_iter().try_for_each(|passed| take_in(&mut sealer, passed))?;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return sealer.close_all().map(drop),
        }
        sealer.seal_due()?;
    }
}

fn take_in(sealer: &mut Sealer, passed: Passed) -> Result<(), RecordingError> {
    match passed {
        Passed::Written(frames) => frames.iter().for_each(|written| sealer.gather(written)),
        Passed::Close(stream) => drop(sealer.close(&stream)?),
    }
    Ok(())
}

impl Shared {
    fn store_key(&self, session: &SessionId, file: &[u8]) -> Result<(), RecordingError> {
        let folder = layout::session_folder(&self.dir, session);
        self.disk.create_folder(&folder).map_err(RecordingError::io(&folder))?;
        let path = folder.join(layout::KEY);
        let stored = write_durably(&*self.disk, &path, file)
            .and_then(|()| self.disk.sync_folder(&layout::segments_folder(&self.dir)));
        stored.map_err(|error| {
            // The session never began, so nothing of it should be found; the next start removes what this leaves.
            let _ = fs::remove_dir_all(&folder);
            RecordingError::io(&path)(error)
        })
    }
}

/// The last of a session's handles closes the recording when it is dropped.
struct Handle {
    stream: Arc<Stream>,
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.queue.close(&self.stream);
    }
}

/// Records one session; clones record the same session.
#[derive(Clone)]
pub struct SessionRecorder {
    /// SHA-256 that commits to the session's data key; for the session-open entry.
    pub key_commitment: [u8; 32],
    /// SHA-256 of the file with the wrapped data key; for the session-open entry.
    pub key_digest: [u8; 32],
    handle: Arc<Handle>,
}

impl SessionRecorder {
    /// Records a frame. `done` runs once: with `Ok` when the frame is durable and may cross, else with the reason.
    ///
    /// Returns at once. `done` runs on the writing thread in the order of the session's frames and must return at
    /// once; only a refusal (`Full`, `TooLarge`, `Closed`, `WrongSession`, `Stopped` from before) is told on the
    /// caller's thread, before `record` returns. A caller who waits for `done` before it reads more never meets `Full`.
    pub fn record(&self, frame: Frame, done: OnDurable) {
        let shared = &self.handle.shared;
        let done = Done::new(done, Arc::clone(&shared.health));
        if let Err(refusal) = self.accept(&frame) {
            return done.run(Err(refusal));
        }
        let waiting = Waiting { stream: Arc::clone(&self.handle.stream), frame, done };
        if let Err((done, Some(refusal))) = shared.queue.write(waiting, shared.session_backlog) {
            // Outside of the queue's lock, since `done` may record again; dropping it tells that recording has stopped.
            done.run(Err(refusal));
        }
    }

    fn accept(&self, frame: &Frame) -> Result<(), RecordingError> {
        self.handle.shared.health.check()?;
        if frame.bytes.len() > MAX_PAYLOAD {
            return Err(RecordingError::TooLarge(frame.bytes.len()));
        }
        let ours = frame.session == self.handle.stream.id;
        if ours { Ok(()) } else { Err(RecordingError::WrongSession(frame.session)) }
    }

    /// Which session this records.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.handle.stream.id
    }

    /// Memory of this session's frames that are not durable yet, in bytes.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.handle.stream.backlog()
    }

    /// Seals everything recorded before, refuses what comes later, and tells the totals. Blocks; may be repeated.
    pub fn close(&self) -> Result<Totals, RecordingError> {
        let Handle { stream, shared } = &*self.handle;
        shared.queue.close(stream);
        stream.wait(&shared.health)
    }
}
