//! Erasure: what opens a recording goes away. Its segments stay, so that what the ledger says of them can still be checked.

use std::fs;
use std::io;
use std::path::Path;

use crate::disk::Disk;
use crate::error::RecordingError;
use crate::keyfile::KeyFile;
use crate::layout;
use crate::session::SessionId;

/// No wrapped key is longer.
const LONGEST: u64 = 2 << 20;

/// Whether a session's key file is there and is the one of that SHA-256.
pub(crate) fn has_key(dir: &Path, session: &SessionId, digest: &[u8; 32]) -> Result<bool, RecordingError> {
    match KeyFile::read(dir, session) {
        Ok((_, found)) => Ok(found == *digest),
        Err(RecordingError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(RecordingError::Damaged(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Overwrites and removes a session's wrapped key; on return it is durably gone. Doing it again does nothing.
pub(crate) fn erase(disk: &dyn Disk, dir: &Path, session: &SessionId) -> Result<(), RecordingError> {
    let folder = layout::session_folder(dir, session);
    let path = folder.join(layout::KEY);
    let length = match fs::symlink_metadata(&path) {
        Ok(facts) => facts.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(RecordingError::io(&path)(error)),
    };
    let erased = overwrite(disk, &path, length)
        .and_then(|()| disk.remove(&path))
        .and_then(|()| disk.sync_folder(&folder));
    erased.map_err(RecordingError::io(&path))
}

/// In place: a copy that is a hard link is gone with it.
fn overwrite(disk: &dyn Disk, path: &Path, length: u64) -> io::Result<()> {
    let file = disk.open(path)?;
    let zeros = vec![0; usize::try_from(length.min(LONGEST)).unwrap_or(0)];
    disk.write_at(&file, &zeros, 0)?;
    disk.sync(&file)
}
