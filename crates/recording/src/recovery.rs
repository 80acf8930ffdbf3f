//! What a killed process has left: its write-ahead frames are sealed by the code that seals live ones.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::Disk;
use crate::error::{Fault, RecordingError};
use crate::frame::Frame;
use crate::keyfile::KeyFile;
use crate::layout;
use crate::sealer::Sealer;
use crate::session::{Interrupted, SessionId, Totals};
use crate::stream::{Stream, cost};
use crate::vault::{DataKey, KeyVault};
use crate::wal::format::WalFrame;
use crate::wal::scan::{Tail, WalBytes};
use crate::writer::Written;

/// What came of the write-ahead files.
pub(crate) struct Replayed {
    pub(crate) interrupted: Vec<Interrupted>,
    /// A number that no write-ahead file has had.
    pub(crate) next_file: u64,
}

/// Makes the folders of a fresh ledger directory.
pub(crate) fn create_folders(disk: &dyn Disk, dir: &Path) -> Result<(), RecordingError> {
    for folder in [layout::wal_folder(dir), layout::segments_folder(dir)] {
        match disk.create_folder(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(RecordingError::io(&folder))?,
        }
    }
    disk.sync_folder(dir).map_err(RecordingError::io(dir))
}

/// Seals every write-ahead frame that the ledger does not cover, then removes the files.
pub(crate) fn replay(
    disk: &dyn Disk,
    dir: &Path,
    sealer: &mut Sealer,
    vault: &dyn KeyVault,
    committed: &dyn Fn(&SessionId) -> Option<Totals>,
) -> Result<Replayed, RecordingError> {
    let files = remaining_files(disk, dir)?;
    let mut replay = Replay { dir, sealer, vault, committed, sessions: HashMap::new() };
    for (place, (number, path)) in files.iter().enumerate() {
        replay.file(*number, path, place + 1 == files.len())?;
    }
    let totals = replay.sealer.close_all()?;
    // Everything is in the ledger: from here on the files are only waste.
    files.iter().try_for_each(|(_, path)| disk.remove(path).map_err(RecordingError::io(path)))?;
    remove_unopened(dir, committed)?;
    let interrupted = totals.into_iter().map(|(session, totals)| Interrupted { session, totals }).collect();
    Ok(Replayed { interrupted, next_file: files.last().map_or(1, |(number, _)| number + 1) })
}

/// The write-ahead files, oldest first; a file whose creation did not finish holds nothing and is removed.
fn remaining_files(disk: &dyn Disk, dir: &Path) -> Result<Vec<(u64, PathBuf)>, RecordingError> {
    let folder = layout::wal_folder(dir);
    let mut files = Vec::new();
    for name in layout::names(&folder)? {
        let path = folder.join(&name);
        match layout::wal_number(&name) {
            Some(number) => files.push((number, path)),
            None if path.extension().is_some_and(|end| end == "tmp") => {
                disk.remove(&path).map_err(RecordingError::io(&path))?;
            }
            None => return Err(Fault::new(&path, "it is not a write-ahead file; move it away").into()),
        }
    }
    Ok(files)
}

struct Replay<'r> {
    dir: &'r Path,
    sealer: &'r mut Sealer,
    vault: &'r dyn KeyVault,
    committed: &'r dyn Fn(&SessionId) -> Option<Totals>,
    /// Each session met, with the number of its last frame that is sealed or gathered.
    sessions: HashMap<SessionId, (Arc<Stream>, u64)>,
}

impl Replay<'_> {
    fn file(&mut self, number: u64, path: &Path, last: bool) -> Result<(), RecordingError> {
        let bytes = WalBytes::read(path)?;
        let tail = bytes.frames(|frame| self.frame(number, path, frame))?;
        match tail {
            // Nobody was told that these bytes are durable, so none of them has crossed.
            Tail::Torn(at) if last && !bytes.proves_damage(at) => Ok(()),
            Tail::Torn(at) => {
                Err(Fault::new(path, format!("it is damaged at byte {at}; frames are lost")).into())
            }
            Tail::Clean => Ok(()),
        }
    }

    fn frame(&mut self, file: u64, path: &Path, wal: WalFrame<'_>) -> Result<(), RecordingError> {
        if !self.sessions.contains_key(&wal.session) {
            self.resume(&wal.session, path)?;
        }
        let Some((stream, last)) = self.sessions.get_mut(&wal.session) else { return Ok(()) };
        if wal.number <= *last {
            return Ok(());
        }
        if wal.number != *last + 1 {
            let what =
                format!("frames {} to {} of session {} are missing", *last + 1, wal.number - 1, wal.session);
            return Err(Fault::new(path, what).into());
        }
        *last = wal.number;
        let frame = frame_of(&wal);
        stream.recovered(cost(&frame));
        let written = Written { stream: Arc::clone(stream), number: wal.number, file, frame };
        self.sealer.gather(&written);
        while self.sealer.seal_due()? {}
        Ok(())
    }

    fn resume(&mut self, session: &SessionId, path: &Path) -> Result<(), RecordingError> {
        let unknown = || {
            let what = format!(
                "it holds frames of session {session}, which the ledger does not know: is the ledger an older copy?"
            );
            Fault::new(path, what)
        };
        let totals = (self.committed)(session).ok_or_else(unknown)?;
        let (file, _) = KeyFile::read(self.dir, session)?;
        let key = DataKey::open(session, self.vault, &file.wrapped, &file.commitment)?;
        let stream = Arc::new(Stream::new(*session, key));
        self.sealer.resume(Arc::clone(&stream), totals);
        self.sessions.insert(*session, (stream, totals.frames));
        Ok(())
    }
}

fn frame_of(wal: &WalFrame<'_>) -> Frame {
    Frame {
        session: wal.session,
        channel: wal.channel,
        at_us: wal.at_us,
        direction: wal.direction,
        kind: wal.kind,
        bytes: wal.payload.to_vec().into(),
    }
}

/// Removes the folders of sessions that were killed before their session-open entry, so before anything was recorded.
fn remove_unopened(
    dir: &Path,
    committed: &dyn Fn(&SessionId) -> Option<Totals>,
) -> Result<(), RecordingError> {
    for session in layout::sessions_on_disk(dir)? {
        if committed(&session).is_none() {
            remove_key_folder(&layout::session_folder(dir, &session))?;
        }
    }
    Ok(())
}

fn remove_key_folder(folder: &Path) -> Result<(), RecordingError> {
    let names = layout::names(folder)?;
    if let Some(other) = names.iter().find(|name| *name != layout::KEY && *name != "key.tmp") {
        let what = "it belongs to a session that the ledger does not know: is the ledger an older copy?";
        return Err(Fault::new(&folder.join(other), what).into());
    }
    fs::remove_dir_all(folder).map_err(RecordingError::io(folder))
}
