//! Where a recording's files lie below the ledger's directory, and which names are theirs.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::error::{Fault, RecordingError};
use crate::session::SessionId;

/// Name of the wrapped data key in a session's folder.
pub(crate) const KEY: &str = "key";

/// The folder of the write-ahead files.
pub(crate) fn wal_folder(dir: &Path) -> PathBuf {
    dir.join("wal")
}

/// A write-ahead file; its name sorts by age.
pub(crate) fn wal_file(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016x}.wal"))
}

/// The number in a write-ahead file's name, if it is exactly such a name.
pub(crate) fn wal_number(name: &str) -> Option<u64> {
    let number = u64::from_str_radix(name.strip_suffix(".wal")?, 16).ok()?;
    (name == format!("{number:016x}.wal")).then_some(number)
}

/// The folder of all sessions.
pub(crate) fn segments_folder(dir: &Path) -> PathBuf {
    dir.join("segments")
}

/// One session's folder.
pub(crate) fn session_folder(dir: &Path, session: &SessionId) -> PathBuf {
    segments_folder(dir).join(session.to_string())
}

/// Whether anything lies where a session's wrapped key does.
pub fn has_key_file(dir: &Path, session: &SessionId) -> bool {
    fs::symlink_metadata(session_folder(dir, session).join(KEY)).is_ok()
}

/// A segment's file name.
pub(crate) fn segment_name(number: u32) -> String {
    format!("{number:06}.seg")
}

/// The number in a segment file's name, if it is exactly such a name.
pub(crate) fn segment_number(name: &str) -> Option<u32> {
    let number = name.strip_suffix(".seg")?.parse().ok()?;
    (number > 0 && name == segment_name(number)).then_some(number)
}

/// The name under which a file is written before it is complete.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    path.with_extension("tmp")
}

/// The names in a folder, sorted; a folder that does not exist has none. Symbolic links are refused.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, RecordingError> {
    match fs::symlink_metadata(folder) {
        Ok(facts) if facts.is_dir() => {}
        Ok(_) => return Err(Fault::new(folder, "it is not a folder").into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(RecordingError::io(folder)(error)),
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(RecordingError::io(folder))? {
        let name = entry.map_err(RecordingError::io(folder))?.file_name();
        names.push(
            name.into_string().map_err(|name| Fault::new(&folder.join(name), "no file has such a name"))?,
        );
    }
    names.sort();
    Ok(names)
}

/// Opens a regular file for reading without following a symbolic link.
pub(crate) fn open_plain(path: &Path) -> Result<fs::File, RecordingError> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(RecordingError::io(path))?;
    let facts = file.metadata().map_err(RecordingError::io(path))?;
    if facts.is_file() { Ok(file) } else { Err(Fault::new(path, "it is not a regular file").into()) }
}

/// Every session that has a folder, sorted; anything else among the folders is a fault.
pub fn sessions_on_disk(dir: &Path) -> Result<Vec<SessionId>, RecordingError> {
    let folder = segments_folder(dir);
    let session = |name: String| {
        let path = folder.join(&name);
        let is_folder = fs::symlink_metadata(&path).map_err(RecordingError::io(&path))?.is_dir();
        let id = name.parse().ok().filter(|_| is_folder);
        id.ok_or_else(|| Fault::new(&path, "it is not the folder of a session").into())
    };
    names(&folder)?.into_iter().map(session).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_has_one_spelling() {
        assert_eq!(segment_number("000001.seg"), Some(1));
        assert_eq!(segment_number("1000000.seg"), Some(1_000_000));
        for wrong in
            ["1.seg", "0000001.seg", "000000.seg", "+00001.seg", "000001.SEG", "000001.seg~", "000001"]
        {
            assert_eq!(segment_number(wrong), None, "{wrong}");
        }
        assert_eq!(wal_number("00000000000000ff.wal"), Some(255));
        for wrong in ["ff.wal", "00000000000000FF.wal", "+0000000000000ff.wal", "00000000000000ff.tmp"] {
            assert_eq!(wal_number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_session_folders_may_lie_among_the_sessions() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(sessions_on_disk(dir.path()).unwrap(), []);
        let id = SessionId([3; 16]);
        fs::create_dir_all(session_folder(dir.path(), &id)).unwrap();
        assert_eq!(sessions_on_disk(dir.path()).unwrap(), [id]);
        let link = session_folder(dir.path(), &SessionId([4; 16]));
        std::os::unix::fs::symlink(session_folder(dir.path(), &id), link).unwrap();
        assert!(sessions_on_disk(dir.path()).is_err());
    }
}
