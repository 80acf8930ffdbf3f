//! Reading a write-ahead file: its intact frames, and what comes after them.

use std::convert::Infallible;
use std::io::Read;
use std::path::Path;

use crate::error::{Fault, RecordingError};
use crate::layout::{open_plain, wal_number};
use crate::wal::format::{FILE_HEADER, FRAME_MAGIC, WalFrame, file_header};

/// The largest file that is taken into memory.
pub(crate) const MAX_FILE: u64 = 1 << 30;

/// What follows the last intact frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Zeros up to the end.
    Clean,
    /// Something else from this offset: a write that did not finish, or damage.
    Torn(usize),
}

/// A whole write-ahead file in memory.
pub(crate) struct WalBytes(Vec<u8>);

impl WalBytes {
    /// Reads a file; its header must be intact and fit its name and length.
    pub(crate) fn read(path: &Path) -> Result<Self, RecordingError> {
        let file = open_plain(path)?;
        let mut bytes = Vec::new();
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(RecordingError::io(path))?;
        let number = path.file_name().and_then(|name| wal_number(name.to_str()?));
        let header = number.map(|number| file_header(number, bytes.len() as u64));
        let fits = bytes.get(..FILE_HEADER).zip(header).is_some_and(|(is, must)| is == must);
        if fits {
            Ok(Self(bytes))
        } else {
            Err(Fault::new(path, "its header is damaged or is another file's").into())
        }
    }

    /// Length of the file.
    pub(crate) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Hands every intact frame to `each`, from the first on, and says what follows them.
    pub(crate) fn frames<E>(&self, mut each: impl FnMut(WalFrame<'_>) -> Result<(), E>) -> Result<Tail, E> {
        let mut offset = FILE_HEADER;
        while let Some(frame) = self.0.get(offset..).and_then(WalFrame::decode) {
            offset += frame.size();
            each(frame)?;
        }
        let clean = self.0.get(offset..).is_none_or(is_zero);
        Ok(if clean { Tail::Clean } else { Tail::Torn(offset) })
    }

    /// How many intact frames there are, and what follows them.
    pub(crate) fn count(&self) -> (u64, Tail) {
        let mut frames = 0;
        let counted: Result<Tail, Infallible> = self.frames(|_| {
            frames += 1;
            Ok(())
        });
        let Ok(tail) = counted;
        (frames, tail)
    }

    /// Whether a frame behind the tear shows that what is torn had been durable: damage, not an unfinished write.
    pub(crate) fn proves_damage(&self, torn: usize) -> bool {
        let rest = self.0.get(torn..).unwrap_or_default();
        let starts = memmem(rest, FRAME_MAGIC);
        starts.filter_map(|at| WalFrame::decode(rest.get(at..)?)).any(|frame| frame.durable as usize > torn)
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    const ZEROS: [u8; 4096] = [0; 4096];
    bytes.chunks(ZEROS.len()).all(|chunk| ZEROS.starts_with(chunk))
}

fn memmem<'a>(bytes: &'a [u8], wanted: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    bytes.windows(wanted.len()).enumerate().filter(move |(_, window)| *window == wanted).map(|(at, _)| at)
}
