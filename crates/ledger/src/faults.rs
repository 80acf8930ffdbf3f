//! Fails, cuts short or interrupts every single file operation of appends and of recovery, and lets the
//! verifier judge what is left.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::disk::{Disk, Folder, Kind};
use crate::error::{Error, Fault};
use crate::log::Log;
use crate::note::NoteSigner;
use crate::verify::{Expected, verify};

/// How an operation goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It is refused, and later ones work.
    ErrorBefore,
    /// Half of the bytes are written, then it fails; later ones work.
    ShortWrite,
    /// It is done, but reported as failed.
    ErrorAfter,
    /// It is done, and nothing after it.
    CrashAfter,
    /// As before, and of the names not yet made durable all but the first few are lost with the power.
    PowerCut { kept: usize },
}

const MODES: [Mode; 7] = [
    Mode::ErrorBefore,
    Mode::ShortWrite,
    Mode::ErrorAfter,
    Mode::CrashAfter,
    Mode::PowerCut { kept: 0 },
    Mode::PowerCut { kept: 1 },
    Mode::PowerCut { kept: 3 },
];

/// A change of names that is not durable, and what takes it back.
enum Change {
    Created(String),
    Renamed { from: String, to: String, replaced: Option<Vec<u8>>, left: bool },
    Removed(String, Vec<u8>),
    FolderMade(String),
    FolderRemoved(String),
}

struct Plan {
    mode: Mode,
    /// Operations until the fault.
    left: usize,
    crashed: bool,
    pending: Vec<Change>,
}

#[derive(Clone)]
struct FaultyDisk {
    root: PathBuf,
    folder: Arc<Folder>,
    plan: Arc<Mutex<Plan>>,
}

fn broken<T>() -> io::Result<T> {
    Err(io::Error::other("injected fault"))
}

impl FaultyDisk {
    fn new(root: &Path, mode: Mode, operation: usize) -> Self {
        let plan = Plan { mode, left: operation, crashed: false, pending: Vec::new() };
        let folder = Arc::new(Folder::open(root).unwrap());
        FaultyDisk { root: root.to_owned(), folder, plan: Arc::new(Mutex::new(plan)) }
    }

    /// Runs one operation, or what the plan makes of it.
    fn step<T>(&self, full: impl FnOnce() -> io::Result<T>, half: impl FnOnce()) -> io::Result<T> {
        let mut plan = self.plan.lock().unwrap();
        if plan.crashed {
            return broken();
        }
        let due = plan.left == 0;
        plan.left = plan.left.wrapping_sub(1);
        match plan.mode {
            _ if !due => full(),
            Mode::ErrorBefore => broken(),
            Mode::ShortWrite => {
                half();
                broken()
            }
            Mode::ErrorAfter => full().and_then(|_| broken()),
            Mode::CrashAfter | Mode::PowerCut { .. } => {
                plan.crashed = true;
                full().and_then(|_| broken())
            }
        }
    }

    /// Runs an operation that changes nothing. A crash after it is one after the operation before it.
    fn look<T>(&self, full: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let plan = self.plan.lock().unwrap();
        match plan.mode {
            Mode::CrashAfter | Mode::PowerCut { .. } if plan.crashed => broken(),
            Mode::CrashAfter | Mode::PowerCut { .. } => full(),
            _ => {
                drop(plan);
                self.step(full, || ())
            }
        }
    }

    fn change(&self, change: Change, done: io::Result<()>) -> io::Result<()> {
        // The plan is already locked where this runs, so that changes are kept beside it until the step is over.
        done.inspect(|()| PENDING.with_borrow_mut(|pending| pending.push(change)))
    }

    fn run(&self, full: impl FnOnce() -> io::Result<()>, half: impl FnOnce()) -> io::Result<()> {
        let result = self.step(full, half);
        let mut plan = self.plan.lock().unwrap();
        plan.pending.extend(PENDING.take());
        result
    }

    fn contents(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.root.join(path)).ok()
    }

    fn reached(&self) -> bool {
        self.plan.lock().unwrap().left > usize::MAX / 2
    }

    /// Loses what a power cut loses.
    fn cut_power(&self) {
        let mut plan = self.plan.lock().unwrap();
        let Mode::PowerCut { kept } = plan.mode else { return };
        let kept = kept.min(plan.pending.len());
        for change in plan.pending.drain(..).skip(kept).collect::<Vec<_>>().into_iter().rev() {
            self.undo(change);
        }
    }

    fn undo(&self, change: Change) {
        let at = |path: &str| self.root.join(path);
        match change {
            Change::Created(path) => fs::remove_file(at(&path)).unwrap(),
            Change::Renamed { from, to, replaced, left } => {
                // Had the name's departure become durable before its arrival, the file would be lost.
                if left {
                    fs::remove_file(at(&to)).unwrap();
                } else {
                    fs::rename(at(&to), at(&from)).unwrap();
                }
                replaced.into_iter().for_each(|contents| fs::write(at(&to), contents).unwrap());
            }
            Change::Removed(path, contents) => fs::write(at(&path), contents).unwrap(),
            Change::FolderMade(path) => fs::remove_dir_all(at(&path)).unwrap(),
            Change::FolderRemoved(path) => fs::create_dir(at(&path)).unwrap(),
        }
    }
}

thread_local! {
    static PENDING: std::cell::RefCell<Vec<Change>> = const { std::cell::RefCell::new(Vec::new()) };
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Forgets the changes that are durable once `folder` is. A file that has arrived under another name, durably,
/// does not vanish because its first name was not yet durable, nor do files come back into a folder that is gone.
fn settle(pending: &mut Vec<Change>, folder: &str) {
    let (durable, open) = pending.drain(..).map(|mut change| (change.settled_by(folder), change)).fold(
        (Vec::new(), Vec::new()),
        |(mut durable, mut open), (settled, change)| {
            if settled {
                durable.push(change)
            } else {
                open.push(change)
            }
            (durable, open)
        },
    );
    let moot = |change: &Change| match change {
        Change::Created(path) => {
            durable.iter().any(|done| matches!(done, Change::Renamed { from, .. } if from == path))
        }
        Change::Removed(path, _) => {
            durable.iter().any(|done| matches!(done, Change::FolderRemoved(folder) if folder == parent(path)))
        }
        _ => false,
    };
    pending.extend(open.into_iter().filter(|change| !moot(change)));
}

impl Change {
    /// Whether it is durable once `folder` is.
    fn settled_by(&mut self, folder: &str) -> bool {
        match self {
            Change::Renamed { from, to, left, .. } => {
                *left |= parent(from) == folder;
                parent(to) == folder
            }
            Change::Created(path)
            | Change::Removed(path, _)
            | Change::FolderMade(path)
            | Change::FolderRemoved(path) => parent(path) == folder,
        }
    }
}

impl Disk for FaultyDisk {
    fn read(&self, path: &str, limit: u64) -> io::Result<Vec<u8>> {
        self.look(|| self.folder.read(path, limit))
    }

    fn list(&self, path: &str) -> io::Result<Vec<(String, Kind)>> {
        self.look(|| self.folder.list(path))
    }

    fn kind(&self, path: &str) -> io::Result<Option<Kind>> {
        self.look(|| self.folder.kind(path))
    }

    fn create(&self, path: &str, contents: &[u8]) -> io::Result<()> {
        let half = || {
            let part = contents.get(..contents.len() / 2).unwrap_or_default();
            self.folder.create(path, part).unwrap();
        };
        let full = || self.change(Change::Created(path.to_owned()), self.folder.create(path, contents));
        self.run(full, half)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let full = || {
            let replaced = self.contents(to);
            self.folder.rename(from, to)?;
            self.change(
                Change::Renamed { from: from.to_owned(), to: to.to_owned(), replaced, left: false },
                Ok(()),
            )
        };
        self.run(full, || ())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let full = || {
            let change = Change::Removed(path.to_owned(), self.contents(path).unwrap());
            self.change(change, self.folder.remove(path))
        };
        self.run(full, || ())
    }

    fn make_folder(&self, path: &str) -> io::Result<()> {
        let full = || {
            self.folder.make_folder(path)?;
            self.change(Change::FolderMade(path.to_owned()), Ok(()))
        };
        self.run(full, || ())
    }

    fn remove_folder(&self, path: &str) -> io::Result<()> {
        let full = || self.change(Change::FolderRemoved(path.to_owned()), self.folder.remove_folder(path));
        self.run(full, || ())
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        let result = self.step(|| self.folder.sync_folder(path), || ());
        let mut plan = self.plan.lock().unwrap();
        if result.is_ok() || plan.crashed {
            settle(&mut plan.pending, path);
        }
        result
    }
}

fn signer() -> NoteSigner {
    NoteSigner::from_seed("log.example/faults", [3; 32]).unwrap()
}

fn leaf(number: u64) -> Vec<u8> {
    format!("leaf {number}").into_bytes()
}

/// A folder in memory where there is one: what is durable is modelled here, and real syncing would take minutes.
fn scratch_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// What was asked of a log, batch by batch, and whether it said that it had done it.
#[derive(Default)]
struct Asked(Vec<(Vec<Vec<u8>>, bool)>);

impl Asked {
    fn append(&mut self, log: &mut Log, count: u64) -> Result<(), Error> {
        let first = 1000 * self.0.len() as u64;
        let batch: Vec<_> = (first..first + count).map(leaf).collect();
        let result = log.append(&batch);
        self.0.push((batch, result.is_ok()));
        result.map(drop)
    }

    /// Every batch whose append returned Ok is there, every other is there or not, in whole, and nothing else.
    fn check(&self, seen: &[Vec<u8>], context: &str) {
        let mut rest = seen;
        for (batch, acknowledged) in &self.0 {
            match rest.strip_prefix(batch.as_slice()) {
                Some(after) => rest = after,
                None => assert!(!acknowledged, "{context}: an acknowledged batch is lost"),
            }
        }
        assert!(rest.is_empty(), "{context}: {} entries that nobody appended", rest.len());
    }
}

fn read_all(dir: &Path, context: &str) -> Vec<Vec<u8>> {
    let mut seen = Vec::new();
    let mut visit = |_, leaf: &[u8]| -> Result<(), Fault> {
        seen.push(leaf.to_vec());
        Ok(())
    };
    let verified = verify(dir, signer().verifier(), Expected::default(), &mut visit);
    verified.unwrap_or_else(|fault| panic!("{context}: {fault}"));
    seen
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() { copy(&from, &to) } else { assert!(fs::copy(from, to).is_ok()) }
    }
}

/// A log of `size` entries to start from.
fn base(dir: &Path, size: u64) -> (PathBuf, Asked) {
    let (at, mut asked) = (dir.join("base"), Asked::default());
    let mut log = Log::create(&at, signer()).unwrap();
    if size > 0 {
        asked.append(&mut log, size).unwrap();
    }
    (at, asked)
}

/// Opens the log in `dir` on a disk that fails, and appends until that is over. Returns whether the fault struck.
fn run(dir: &Path, batches: &[u64], mode: Mode, operation: usize, asked: &mut Asked) -> bool {
    let disk = FaultyDisk::new(dir, mode, operation);
    if let Ok(mut log) = Log::resume(Box::new(disk.clone()), None, signer()) {
        for count in batches {
            let _ = asked.append(&mut log, *count);
        }
    }
    disk.cut_power();
    disk.reached()
}

/// What must hold after any fault: the log verifies as it was left, opens, verifies again, and goes on.
fn check_recovery(dir: &Path, asked: &mut Asked, context: &str) {
    asked.check(&read_all(dir, &format!("{context}, before opening")), context);
    let mut log = Log::open(dir, signer()).unwrap_or_else(|error| panic!("{context}: {error}"));
    asked.check(&read_all(dir, &format!("{context}, after opening")), context);
    asked.append(&mut log, 2).unwrap();
    asked.check(&read_all(dir, &format!("{context}, after another append")), context);
}

fn try_every_operation(size: u64, batches: &[u64]) -> usize {
    let scratch = scratch_folder();
    let (start, asked_before) = base(scratch.path(), size);
    let mut tried = 0;
    for mode in MODES {
        for operation in 0.. {
            let (scratch, mut asked) = (scratch_folder(), Asked(asked_before.0.clone()));
            let dir = scratch.path().join("log");
            copy(&start, &dir);
            let struck = run(&dir, batches, mode, operation, &mut asked);
            let context = format!("{mode:?} at operation {operation}, {size} + {batches:?}");
            check_recovery(&dir, &mut asked, &context);
            if !struck {
                assert!(operation > 10 && asked.0.iter().all(|(_, acknowledged)| *acknowledged), "{context}");
                break;
            }
            tried += 1;
        }
    }
    tried
}

#[test]
fn no_single_fault_loses_or_invents_an_entry() {
    let tables: [(u64, &[u64]); 5] =
        [(0, &[1, 1]), (3, &[2, 1]), (254, &[1, 1, 1]), (255, &[2, 255]), (300, &[700, 1])];
    let tried: usize = tables.into_iter().map(|(size, batches)| try_every_operation(size, batches)).sum();
    assert!(tried > 500, "only {tried} faults were tried");
}

#[test]
fn a_fault_during_recovery_from_a_fault_is_survived() {
    for second in [Mode::CrashAfter, Mode::PowerCut { kept: 0 }] {
        for first in 0.. {
            let scratch = scratch_folder();
            let (dir, mut asked) = base(scratch.path(), 255);
            if !run(&dir, &[2], Mode::CrashAfter, first, &mut asked) {
                break;
            }
            for operation in 0.. {
                let copied = scratch.path().join(format!("copy-{operation}"));
                copy(&dir, &copied);
                let mut asked = Asked(asked.0.clone());
                let struck = run(&copied, &[1], second, operation, &mut asked);
                let context = format!("CrashAfter at {first}, then {second:?} at {operation}");
                check_recovery(&copied, &mut asked, &context);
                if !struck {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_fault_while_founding_a_log_leaves_one_that_can_be_opened_or_founded_again() {
    for mode in MODES {
        for operation in 0.. {
            let scratch = scratch_folder();
            let disk = FaultyDisk::new(scratch.path(), mode, operation);
            let founded = Log::found(Box::new(disk.clone()), None, signer());
            disk.cut_power();
            let again =
                Log::open(scratch.path(), signer()).or_else(|_| Log::create(scratch.path(), signer()));
            assert_eq!(again.unwrap_or_else(|error| panic!("{mode:?} at {operation}: {error}")).size(), 0);
            if !disk.reached() {
                founded.unwrap();
                break;
            }
        }
    }
}

#[test]
fn a_log_is_poisoned_by_a_failed_append_unless_nothing_was_written() {
    let mut kinds = BTreeSet::new();
    for operation in 0..200 {
        let scratch = scratch_folder();
        let (dir, mut asked) = base(scratch.path(), 3);
        let disk = FaultyDisk::new(&dir, Mode::ErrorBefore, operation);
        let Ok(mut log) = Log::resume(Box::new(disk), None, signer()) else { continue };
        let Err(first) = asked.append(&mut log, 1) else { break };
        let second = asked.append(&mut log, 1);
        let untouched = fs::read_dir(dir.join("staged")).unwrap().next().is_none();
        kinds.insert((untouched, matches!(second, Err(Error::Poisoned(_)))));
        assert_eq!(untouched, second.is_ok(), "operation {operation}: {first}");
    }
    assert_eq!(kinds, BTreeSet::from([(false, true), (true, false)]), "both cases must have been met");
}
