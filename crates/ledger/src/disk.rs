//! The file operations that a log needs, as a trait so that tests can fail or cut each of them.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags};

/// What a folder holds under a name. Anything that is neither a file nor a folder is refused by its readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    Other,
}

/// Operations on paths relative to the log's folder. No operation follows a symbolic link.
pub(crate) trait Disk: Send {
    /// The contents of a regular file of at most `limit` bytes.
    fn read(&self, path: &str, limit: u64) -> io::Result<Vec<u8>>;
    /// The names in a folder (`""` is the log's own), sorted.
    fn list(&self, path: &str) -> io::Result<Vec<(String, Kind)>>;
    /// What has this name, if anything.
    fn kind(&self, path: &str) -> io::Result<Option<Kind>>;
    /// Creates a file that must not exist, and returns once its contents are durable (its name is not yet).
    fn create(&self, path: &str, contents: &[u8]) -> io::Result<()>;
    /// Gives a file another name, replacing what has that name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &str) -> io::Result<()>;
    /// Creates a folder.
    fn make_folder(&self, path: &str) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_folder(&self, path: &str) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, path: &str) -> io::Result<()>;
}

/// A folder of the operating system.
pub(crate) struct Folder {
    root: OwnedFd,
}

impl Folder {
    /// Opens the folder that holds a log. The way to it may lead over symbolic links; what lies in it may not.
    pub(crate) fn open(path: &Path) -> io::Result<Folder> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Folder { root: fs::open(path, flags, Mode::empty())? })
    }

    /// Opens, and if need be creates, the file that says who is writing.
    pub(crate) fn open_lock(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = File::from(fs::openat(&self.root, name, flags, file_mode())?);
        file.metadata()?.is_file().then_some(file).ok_or_else(not_regular)
    }

    /// Opens the folder of a path step by step, refusing symbolic links on the way.
    fn parent<'p>(&self, path: &'p str) -> io::Result<(OwnedFd, &'p str)> {
        match path.rsplit_once('/') {
            Some((folder, name)) => Ok((self.folder(folder)?, name)),
            None => Ok((self.folder("")?, path)),
        }
    }

    fn folder(&self, path: &str) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let start = fs::openat(&self.root, ".", flags, Mode::empty())?;
        let steps = path.split('/').filter(|step| !step.is_empty());
        steps.into_iter().try_fold(start, |at, step| Ok(fs::openat(&at, step, flags, Mode::empty())?))
    }
}

impl Disk for Folder {
    fn read(&self, path: &str, limit: u64) -> io::Result<Vec<u8>> {
        let (folder, name) = self.parent(path)?;
        // NONBLOCK: opening a named pipe that someone planted must not hang.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(fs::openat(&folder, name, flags, Mode::empty())?);
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(not_regular());
        }
        let mut contents = Vec::with_capacity(metadata.len().min(limit) as usize);
        file.take(limit + 1).read_to_end(&mut contents)?;
        if contents.len() as u64 > limit {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {limit} bytes")));
        }
        Ok(contents)
    }

    fn list(&self, path: &str) -> io::Result<Vec<(String, Kind)>> {
        let folder = self.folder(path)?;
        let mut names = Vec::new();
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                let stat = fs::statat(&folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW);
                // A name that vanished meanwhile was a staged or superseded file of a running writer.
                if let Ok(stat) = stat {
                    names.push((name, Kind::of(FileType::from_raw_mode(stat.st_mode))));
                }
            }
        }
        names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(names)
    }

    fn kind(&self, path: &str) -> io::Result<Option<Kind>> {
        let found = self.parent(path).and_then(|(folder, name)| {
            let stat = fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
            Ok(Kind::of(FileType::from_raw_mode(stat.st_mode)))
        });
        match found {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            found => found.map(Some),
        }
    }

    fn create(&self, path: &str, contents: &[u8]) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(fs::openat(&folder, name, flags, file_mode())?);
        file.write_all(contents)?;
        file.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let ((from_folder, from), (to_folder, to)) = (self.parent(from)?, self.parent(to)?);
        Ok(fs::renameat(&from_folder, from, &to_folder, to)?)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        Ok(fs::unlinkat(&folder, name, AtFlags::empty())?)
    }

    fn make_folder(&self, path: &str) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        Ok(fs::mkdirat(&folder, name, folder_mode())?)
    }

    fn remove_folder(&self, path: &str) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        Ok(fs::unlinkat(&folder, name, AtFlags::REMOVEDIR)?)
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        Ok(fs::fsync(self.folder(path)?)?)
    }
}

impl Kind {
    fn of(kind: FileType) -> Kind {
        match kind {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            _ => Kind::Other,
        }
    }
}

fn file_mode() -> Mode {
    Mode::RUSR | Mode::WUSR | Mode::RGRP
}

fn folder_mode() -> Mode {
    Mode::RWXU | Mode::RGRP | Mode::XGRP
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}
