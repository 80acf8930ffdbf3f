//! The database file and its companions: created for the owner alone, refused when others can open them.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::OpenError;

const OWNER_ONLY: u32 = 0o600;
const GROUP_AND_OTHERS: u32 = 0o077;

/// Files that SQLite keeps beside the database; the write-ahead log holds the same rows.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Creates the database file if there is none, and refuses one that others than its owner can open.
pub(super) fn prepare(path: &Path) -> Result<(), OpenError> {
    create_if_missing(path).map_err(|source| OpenError::File { path: path.to_owned(), source })?;
    refuse_shared(path)?;
    COMPANIONS.iter().map(|suffix| companion(path, suffix)).try_for_each(|file| refuse_shared(&file))
}

fn create_if_missing(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path) {
        Ok(_) => sync_folder(path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes the new name durable; SQLite syncs the folder only for files that it creates itself.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn companion(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn refuse_shared(path: &Path) -> Result<(), OpenError> {
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() => Err(OpenError::NotAFile(path.to_owned())),
        Ok(metadata) => refuse_mode(path, &metadata.permissions()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(source) => Err(OpenError::File { path: path.to_owned(), source }),
    }
}

fn refuse_mode(path: &Path, permissions: &Permissions) -> Result<(), OpenError> {
    match permissions.mode() & GROUP_AND_OTHERS {
        0 => Ok(()),
        _ => Err(OpenError::Shared { path: path.to_owned(), mode: permissions.mode() & 0o7777 }),
    }
}
