//! The few file operations that recording stands on, behind a trait so that tests can make each of them fail.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};

/// Whether an open file is still the one that its path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is.
    There,
    /// The path names nothing or another file, but the file still has a name somewhere: it may come back.
    Moved,
    /// The file has no name any more: nobody will find what is written to it.
    Removed,
}

/// File operations; each may fail for itself.
pub(crate) trait Disk: Send + Sync {
    /// Creates a file, or empties it if it exists; only the owner may read it.
    fn create(&self, path: &Path) -> io::Result<File>;
    /// Opens a file that exists for writing, without following a symbolic link.
    fn open(&self, path: &Path) -> io::Result<File>;
    /// Makes the file `length` bytes long, all zero, with their space taken.
    fn reserve(&self, file: &File, length: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`.
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Returns once the file's contents are durable.
    fn sync(&self, file: &File) -> io::Result<()>;
    /// Gives a file another name, replacing what had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Returns once the names in a folder are durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Creates a folder that must not exist yet; only the owner may enter it.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;
    /// Says whether `file` still has its name.
    fn presence(&self, file: &File, path: &Path) -> io::Result<Presence>;
}

/// The operating system's files.
pub(crate) struct SystemDisk;

impl Disk for SystemDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        let flags = rustix::fs::OFlags::NOFOLLOW;
        OpenOptions::new().write(true).custom_flags(flags.bits().cast_signed()).open(path)
    }

    fn reserve(&self, file: &File, length: u64) -> io::Result<()> {
        Ok(fallocate(file.as_fd(), FallocateFlags::empty(), 0, length)?)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        fs::DirBuilder::new().mode(0o700).create(folder)
    }

    fn presence(&self, file: &File, path: &Path) -> io::Result<Presence> {
        let open = file.metadata()?;
        if open.nlink() == 0 {
            return Ok(Presence::Removed);
        }
        match fs::symlink_metadata(path) {
            Ok(named) if (named.dev(), named.ino()) == (open.dev(), open.ino()) => Ok(Presence::There),
            Ok(_) => Ok(Presence::Moved),
            Err(error) if is_missing(&error) => Ok(Presence::Moved),
            Err(error) => Err(error),
        }
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether waiting may help: the disk or the quota is full, or a folder is not there.
pub(crate) fn may_pass(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) || is_missing(error)
}

/// Writes a whole file so that it is there completely or not at all, even after a power cut.
pub(crate) fn write_durably(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = crate::layout::unfinished(path);
    let file = disk.create(&draft)?;
    disk.write_at(&file, bytes, 0)?;
    disk.sync(&file)?;
    disk.rename(&draft, path)?;
    disk.sync_folder(path.parent().unwrap_or(path))
}
