//! Reading a recording back: its frames in order, from the beginning or from a point in time.

use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::error::{Fault, RecordingError};
use crate::frame::Frame;
use crate::keyfile::KeyFile;
use crate::layout;
use crate::segment::{self, HEADER, Header};
use crate::session::{SessionId, chained, sha256};
use crate::vault::{DataKey, KeyVault};
use crate::verify::read_segment;

/// Iterates over the sealed frames of a session; ends after the first error.
pub struct Reader {
    folder: PathBuf,
    session: SessionId,
    key: DataKey,
    /// How many segments the folder has.
    segments: u32,
    /// The segment to be opened next.
    next: u32,
    /// The chain before `next`, known unless a seek has skipped it.
    chain: Option<[u8; 32]>,
    plain: Bytes,
    /// How many frames of the open segment are still to come.
    left: u64,
    next_frame: u64,
    ended: bool,
}

impl Reader {
    /// Opens a session's recording with the vault that wrapped its key.
    ///
    /// Whether the files are those that the ledger knows is what `verify_segments` tells; a reader sees that they
    /// belong together and were sealed with the session's key.
    pub fn open(dir: &Path, session: &SessionId, vault: &dyn KeyVault) -> Result<Self, RecordingError> {
        let (file, _) = KeyFile::read(dir, session).map_err(|fault| without_key(dir, session, fault))?;
        let key = DataKey::open(session, vault, &file.wrapped, &file.commitment)?;
        let folder = layout::session_folder(dir, session);
        let numbers = layout::names(&folder)?.iter().filter_map(|name| layout::segment_number(name)).max();
        Ok(Self {
            folder,
            session: *session,
            key,
            segments: numbers.unwrap_or(0),
            next: 1,
            chain: Some([0; 32]),
            plain: Bytes::new(),
            left: 0,
            next_frame: 1,
            ended: false,
        })
    }

    /// The commitment to the data key that is in use; to be compared with the one in the session-open entry.
    #[must_use]
    pub fn key_commitment(&self) -> [u8; 32] {
        self.key.commitment
    }

    /// Goes to the first segment with a frame at or after `at_us` (unix µs); behind the end if there is none.
    pub fn seek(&mut self, at_us: u64) -> Result<(), RecordingError> {
        self.plain = Bytes::new();
        (self.left, self.ended, self.chain, self.next) = (0, false, None, 1);
        while self.next <= self.segments {
            let header = self.header(self.next)?;
            if header.last_us >= at_us {
                self.next_frame = header.first_frame;
                break;
            }
            self.next += 1;
        }
        Ok(())
    }

    fn header(&self, number: u32) -> Result<Header, RecordingError> {
        let path = self.path(number);
        let mut head = Vec::with_capacity(HEADER);
        let file = layout::open_plain(&path)?;
        file.take(HEADER as u64).read_to_end(&mut head).map_err(RecordingError::io(&path))?;
        Header::parse(&head).ok_or_else(|| Fault::new(&path, "it has no segment header").into())
    }

    fn path(&self, number: u32) -> PathBuf {
        self.folder.join(layout::segment_name(number))
    }

    fn open_next(&mut self) -> Result<(), RecordingError> {
        let path = self.path(self.next);
        let mut file = read_segment(&path)?;
        let header = Header::parse(&file).ok_or_else(|| Fault::new(&path, "it has no segment header"))?;
        let follows = header.session == self.session
            && header.number == self.next
            && header.first_frame == self.next_frame
            && self.chain.is_none_or(|chain| chain == header.previous_chain);
        if !follows {
            return Err(Fault::new(&path, "it does not follow the segment before it").into());
        }
        self.chain = Some(chained(&header.previous_chain, &sha256(&[&file])));
        self.plain = segment::open(&mut file, &header, &self.key).map_err(|what| Fault::new(&path, what))?;
        self.left = (header.last_frame + 1).saturating_sub(header.first_frame);
        self.next += 1;
        Ok(())
    }

    fn advance(&mut self) -> Result<Option<Frame>, RecordingError> {
        while self.left == 0 {
            if !self.plain.is_empty() {
                return Err(self.inconsistent());
            }
            if self.next > self.segments {
                return Ok(None);
            }
            self.open_next()?;
        }
        let frame = segment::take_frame(&mut self.plain, self.session).ok_or_else(|| self.inconsistent())?;
        self.left -= 1;
        self.next_frame += 1;
        Ok(Some(frame))
    }

    fn inconsistent(&self) -> RecordingError {
        Fault::new(&self.path(self.next - 1), "its frames are not what its header says").into()
    }
}

impl Iterator for Reader {
    type Item = Result<Frame, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.advance().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}

/// A key that is not there beside segments that are is no fault of the disk.
fn without_key(dir: &Path, session: &SessionId, fault: RecordingError) -> RecordingError {
    let erased = layout::session_folder(dir, session).is_dir() && !layout::has_key_file(dir, session);
    if erased { RecordingError::NoKey(*session) } else { fault }
}
