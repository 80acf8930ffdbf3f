//! Appending to the write-ahead files: durable batches, a new file when one is full, away with what is sealed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::disk::{Disk, Presence};
use crate::error::RecordingError;
use crate::health::Health;
use crate::layout;
use crate::lock;
use crate::wal::format::{FILE_HEADER, file_header};

/// How many frames of each write-ahead file are not in the ledger yet.
#[derive(Default)]
pub(crate) struct Unsealed(Mutex<BTreeMap<u64, u64>>);

impl Unsealed {
    /// Counts frames that were written to a file.
    pub(crate) fn add(&self, file: u64, frames: u64) {
        *lock(&self.0).entry(file).or_default() += frames;
    }

    /// Counts frames whose segment is in the ledger.
    pub(crate) fn remove(&self, file: u64, frames: u64) {
        let mut counts = lock(&self.0);
        let left = counts.get(&file).map_or(0, |count| count.saturating_sub(frames));
        if left == 0 {
            counts.remove(&file)
        } else {
            counts.insert(file, left)
        };
    }

    /// Whether a file still holds the only copy of something.
    pub(crate) fn has(&self, file: u64) -> bool {
        lock(&self.0).contains_key(&file)
    }
}

/// Where the files go and what they stand on.
pub(crate) struct Place {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) health: Arc<Health>,
    pub(crate) folder: PathBuf,
    /// Length of a file.
    pub(crate) length: u64,
}

struct Current {
    file: File,
    path: PathBuf,
    number: u64,
    end: u64,
}

/// The write-ahead files of a running recorder.
pub(crate) struct Log {
    place: Place,
    current: Current,
    /// Full files that are still needed.
    full: Vec<(u64, PathBuf)>,
    unsealed: Arc<Unsealed>,
}

impl Log {
    /// Begins with a new file of this number.
    pub(crate) fn begin(place: Place, number: u64, unsealed: Arc<Unsealed>) -> Result<Self, RecordingError> {
        let current = place.create(number)?;
        Ok(Self { place, current, full: Vec::new(), unsealed })
    }

    /// The file being written to.
    pub(crate) fn number(&self) -> u64 {
        self.current.number
    }

    /// Where the next byte goes; everything before it is durable.
    pub(crate) fn end(&self) -> u64 {
        self.current.end
    }

    /// How many bytes the current file still takes.
    pub(crate) fn room(&self) -> u64 {
        self.place.length.saturating_sub(self.current.end)
    }

    /// Writes one batch of whole frames into the current file and returns once it is durable.
    pub(crate) fn append(&mut self, batch: &[u8]) -> Result<(), RecordingError> {
        let Self { place, current, .. } = self;
        place.health.persist(&format!("write-ahead file {}", current.path.display()), || {
            place.require_presence(current)?;
            // After a failed sync the pages count as clean: only writing them again makes them durable.
            place.disk.write_at(&current.file, batch, current.end)?;
            place.disk.sync(&current.file)
        })?;
        current.end += batch.len() as u64;
        Ok(())
    }

    /// Starts the next file.
    pub(crate) fn rotate(&mut self) -> Result<(), RecordingError> {
        let next = self.place.create(self.current.number + 1)?;
        self.turn_to(next)
    }

    fn turn_to(&mut self, next: Current) -> Result<(), RecordingError> {
        let full = std::mem::replace(&mut self.current, next);
        self.full.push((full.number, full.path));
        self.retire()
    }

    /// To be called now and then: notices a vanished file and removes bytes that nobody needs any more.
    pub(crate) fn tend(&mut self) -> Result<(), RecordingError> {
        let Self { place, current, .. } = self;
        place.health.persist("write-ahead file", || place.require_presence(current))?;
        let spent = current.end > FILE_HEADER as u64 && !self.unsealed.has(current.number);
        // Replaced only to get rid of clear text early: on a full disk that can wait for the next time.
        let next = spent.then(|| place.try_create(current.number + 1)).and_then(Result::ok);
        match next {
            Some(next) => self.turn_to(next),
            None => self.retire(),
        }
    }

    /// Removes the full files whose frames are all in the ledger.
    fn retire(&mut self) -> Result<(), RecordingError> {
        let (needed, spent) = self.full.drain(..).partition(|(number, _)| self.unsealed.has(*number));
        self.full = needed;
        spent.into_iter().try_for_each(|(_, path): (u64, PathBuf)| self.place.remove(&path))
    }

    /// Ends writing; the current file is removed too unless something in it is not sealed.
    pub(crate) fn finish(mut self) -> Result<(), RecordingError> {
        self.retire()?;
        if !self.unsealed.has(self.current.number) {
            self.place.remove(&self.current.path)?;
        }
        Ok(())
    }
}

impl Place {
    fn create(&self, number: u64) -> Result<Current, RecordingError> {
        let what = format!("new write-ahead file in {}", self.folder.display());
        self.health.persist(&what, || self.try_create(number))
    }

    fn try_create(&self, number: u64) -> io::Result<Current> {
        let path = layout::wal_file(&self.folder, number);
        let draft = layout::unfinished(&path);
        let file = self.disk.create(&draft)?;
        self.disk.reserve(&file, self.length)?;
        self.disk.write_at(&file, &file_header(number, self.length), 0)?;
        self.disk.sync(&file)?;
        self.disk.rename(&draft, &path)?;
        self.disk.sync_folder(&self.folder)?;
        Ok(Current { file, path, number, end: FILE_HEADER as u64 })
    }

    fn require_presence(&self, current: &Current) -> io::Result<()> {
        match self.disk.presence(&current.file, &current.path)? {
            Presence::There => Ok(()),
            Presence::Moved => Err(io::ErrorKind::NotFound.into()),
            Presence::Removed => Err(io::Error::other("somebody has removed it while it was in use")),
        }
    }

    fn remove(&self, path: &Path) -> Result<(), RecordingError> {
        self.health.persist(&format!("removing {}", path.display()), || self.disk.remove(path))
    }
}
