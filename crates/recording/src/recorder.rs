//! The recorder: one writing and one sealing thread for all sessions of the node.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::budget::Budget;
use crate::disk::{Disk, SystemDisk, write_durably};
use crate::erasure;
use crate::error::RecordingError;
use crate::handle::{Handle, SessionRecorder};
use crate::health::Health;
use crate::keyfile::KeyFile;
use crate::layout;
use crate::lock;
use crate::options::Options;
use crate::queue::Queue;
use crate::recovery;
use crate::sealer::{Ground, Sealer, Sealing};
use crate::session::{Interrupted, SessionId, Totals, sha256};
use crate::stream::Stream;
use crate::vault::{DataKey, KeyVault, Random};
use crate::wal::log::{Log, Place, Unsealed};
use crate::writer::{Passed, Writer};

/// What the handles and threads of a recorder share.
pub(crate) struct Shared {
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    pub(crate) health: Arc<Health>,
    pub(crate) queue: Queue,
    pub(crate) session_backlog: usize,
    vault: Arc<dyn KeyVault>,
    random: Random,
    budget: Arc<Budget>,
    unsealed: Arc<Unsealed>,
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
        recovery::create_folders(&*disk, dir)?;
        let shared = Arc::new(Shared::new(disk, dir, &options, vault, random));
        let mut sealer = Sealer::new(shared.ground(&options, sealing))?;
        let replayed = recovery::replay(&*shared.disk, dir, &mut sealer, &*shared.vault, committed)?;
        let log = Log::begin(shared.place(&options), replayed.next_file, Arc::clone(&shared.unsealed))?;
        let recorder = Self { shared, threads: Mutex::default() };
        recorder.start(log, sealer)?;
        Ok((recorder, replayed.interrupted))
    }

    fn start(&self, log: Log, sealer: Sealer) -> Result<(), RecordingError> {
        let (to_sealer, inbox) = channel();
        let sealing = self.spawn("seal", move || seal_all(sealer, &inbox))?;
        let writer = self.shared.writer(log, to_sealer);
        let shared = Arc::clone(&self.shared);
        let writing = self.spawn("write-ahead", move || {
            let log = writer.run(&shared.queue);
            // The writer is gone, and with it the sealer's inbox: it seals the rest and ends.
            let _ = sealing.join();
            log?.finish()
        })?;
        lock(&self.threads).push(writing);
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

    /// Whether a session's wrapped key is there, and is the one of that SHA-256.
    pub fn has_key(&self, session: &SessionId, digest: &[u8; 32]) -> Result<bool, RecordingError> {
        erasure::has_key(&self.shared.dir, session, digest)
    }

    /// Makes the recording of a session that is closed unreadable for good: its wrapped key is gone on return. That it
    /// will be must be in the ledger before. Doing it again does nothing.
    pub fn erase(&self, session: &SessionId) -> Result<(), RecordingError> {
        erasure::erase(&*self.shared.disk, &self.shared.dir, session)
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
        for thread in lock(&self.threads).drain(..) {
            let _ = thread.join();
        }
        self.shared.health.fail("the recorder was shut down");
    }
}

fn seal_all(mut sealer: Sealer, inbox: &Receiver<Passed>) -> Result<(), RecordingError> {
    const WHILE_NOTHING_IS_OPEN: Duration = Duration::from_secs(1);
    /// So that a busy writer need not wake this thread for each batch. The end of a session waits for it.
    const GATHERING: Duration = Duration::from_millis(2);
    loop {
        match inbox.recv_timeout(sealer.idle_for().unwrap_or(WHILE_NOTHING_IS_OPEN)) {
            Ok(passed) => {
                let may_gather = matches!(passed, Passed::Written(_));
                take_in(&mut sealer, passed)?;
                if may_gather && sealer.idle_for() != Some(Duration::ZERO) {
                    thread::sleep(GATHERING);
                }
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
    fn new(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: &Options,
        vault: Arc<dyn KeyVault>,
        random: Random,
    ) -> Self {
        Self {
            dir: dir.to_path_buf(),
            disk,
            health: Arc::new(Health::new(options.patience)),
            queue: Queue::default(),
            session_backlog: options.session_backlog,
            vault,
            random,
            budget: Arc::new(Budget::new(options.memory_bytes)),
            unsealed: Arc::default(),
        }
    }

    fn ground(&self, options: &Options, sealing: Arc<dyn Sealing>) -> Ground {
        Ground {
            dir: self.dir.clone(),
            disk: Arc::clone(&self.disk),
            health: Arc::clone(&self.health),
            sealing,
            random: Arc::clone(&self.random),
            limits: options.limits(),
            budget: Arc::clone(&self.budget),
            unsealed: Arc::clone(&self.unsealed),
        }
    }

    fn place(&self, options: &Options) -> Place {
        Place {
            disk: Arc::clone(&self.disk),
            health: Arc::clone(&self.health),
            folder: layout::wal_folder(&self.dir),
            length: options.wal_file_bytes,
        }
    }

    fn writer(&self, log: Log, sealer: Sender<Passed>) -> Writer {
        Writer {
            log,
            sealer,
            health: Arc::clone(&self.health),
            budget: Arc::clone(&self.budget),
            unsealed: Arc::clone(&self.unsealed),
        }
    }

    /// Stores a wrapped key durably in a session's new folder.
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
