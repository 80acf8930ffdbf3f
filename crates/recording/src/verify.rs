//! Checking a recording without any key: its files against what the ledger says of them.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::error::{Fault, RecordingError};
use crate::keyfile::KeyFile;
use crate::layout;
use crate::segment::{self, HEADER, Header};
use crate::session::{SealedSegment, SessionId, chained, sha256};
use crate::wal::scan::{Tail, WalBytes};

/// What the ledger says of one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedSegment {
    /// Its number, from 1.
    pub number: u32,
    /// SHA-256 of the file.
    pub digest: [u8; 32],
    /// The chain after it.
    pub chain: [u8; 32],
    /// Its first frame's number.
    pub first_frame: u64,
    /// Its last frame's number.
    pub last_frame: u64,
    /// Length of its frames before compression.
    pub plain_bytes: u64,
}

impl From<&SealedSegment> for ExpectedSegment {
    fn from(sealed: &SealedSegment) -> Self {
        Self {
            number: sealed.number,
            digest: sealed.digest,
            chain: sealed.chain,
            first_frame: sealed.first_frame,
            last_frame: sealed.last_frame,
            plain_bytes: sealed.plain_bytes,
        }
    }
}

/// What the ledger says of one session's recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedSession {
    /// The key commitment in its session-open entry.
    pub key_commitment: [u8; 32],
    /// The digest of the key file in its session-open entry.
    pub key_digest: [u8; 32],
    /// Its segment entries, in the ledger's order.
    pub segments: Vec<ExpectedSegment>,
    /// Whether its session-close entry exists: then nothing may lie behind the last segment.
    pub closed: bool,
    /// Whether a tombstone says that its key is gone, or about to go. Its segments must be there all the same.
    pub erased: bool,
}

/// What was checked of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SegmentsVerified {
    /// Segment files.
    pub files: u64,
    /// Their frames.
    pub frames: u64,
    /// Sum of their `plain_bytes`.
    pub bytes: u64,
}

/// Checks every file of a session's folder against the ledger: digest, chain, numbers, header, key file, and nothing else there.
///
/// While the session is not closed, one segment that the ledger does not know yet may follow the last. Where a
/// recorder is running more may have followed since the ledger was read: read the ledger again before believing it.
pub fn verify_segments(
    dir: &Path,
    session: &SessionId,
    expected: &ExpectedSession,
) -> Result<SegmentsVerified, Fault> {
    let folder = layout::session_folder(dir, session);
    if !expected.erased {
        verify_key(dir, session, expected)?;
    }
    let names = layout::names(&folder).map_err(|error| as_fault(&folder, &error))?;
    let next = expected.segments.len() as u64 + 1;
    if let Some(name) = names.iter().find(|name| !may_be_there(name, next, expected.closed)) {
        return Err(Fault::new(&folder.join(name), "the ledger knows no such file"));
    }
    let mut verified = SegmentsVerified::default();
    let (mut chain, mut last_frame) = ([0; 32], 0);
    for (segment, number) in expected.segments.iter().zip(1..) {
        let path = folder.join(layout::segment_name(number));
        let entry_fits = segment.number == number && segment.first_frame == last_frame + 1;
        require(entry_fits, &path, "the ledger's entries of this session are not in order")?;
        verify_segment(&path, session, segment, &chain)?;
        (chain, last_frame) = (segment.chain, segment.last_frame);
        verified.files += 1;
        verified.frames = last_frame;
        verified.bytes = verified.bytes.saturating_add(segment.plain_bytes);
    }
    Ok(verified)
}

fn verify_key(dir: &Path, session: &SessionId, expected: &ExpectedSession) -> Result<(), Fault> {
    let path = layout::session_folder(dir, session).join(layout::KEY);
    let (key, digest) = KeyFile::read(dir, session).map_err(|error| as_fault(&path, &error))?;
    let as_opened = digest == expected.key_digest && key.commitment == expected.key_commitment;
    require(as_opened, &path, "it is not the key file of the session-open entry")
}

/// Whether a file of this name may lie in the folder of a session whose next segment has number `next`.
fn may_be_there(name: &str, next: u64, closed: bool) -> bool {
    let draft = name.strip_suffix(".tmp").map(|stem| format!("{stem}.seg"));
    let number = layout::segment_number(draft.as_deref().unwrap_or(name)).map(u64::from);
    name == layout::KEY || number.is_some_and(|n| (draft.is_none() && n < next) || (!closed && n == next))
}

fn verify_segment(
    path: &Path,
    session: &SessionId,
    expected: &ExpectedSegment,
    previous_chain: &[u8; 32],
) -> Result<(), Fault> {
    let bytes = read_segment(path).map_err(|error| as_fault(path, &error))?;
    let digest = sha256(&[&bytes]);
    require(digest == expected.digest, path, "its digest is not the one in the ledger")?;
    let chained = chained(previous_chain, &digest) == expected.chain;
    require(chained, path, "the ledger's chain does not lead over this file")?;
    let header = Header::parse(&bytes).ok_or_else(|| Fault::new(path, "it has no segment header"))?;
    let agrees = header.session == *session
        && header.number == expected.number
        && (header.first_frame, header.last_frame) == (expected.first_frame, expected.last_frame)
        && header.first_frame <= header.last_frame
        && header.plain_bytes == expected.plain_bytes
        && header.previous_chain == *previous_chain
        && header.sealed_bytes.checked_add(HEADER as u64) == Some(bytes.len() as u64);
    require(agrees, path, "its header is not what the ledger says")
}

/// Reads a whole segment file.
pub(crate) fn read_segment(path: &Path) -> Result<Vec<u8>, RecordingError> {
    let mut bytes = Vec::new();
    let file = layout::open_plain(path)?;
    file.take(segment::MAX_FILE + 1).read_to_end(&mut bytes).map_err(RecordingError::io(path))?;
    Ok(bytes)
}

fn require(holds: bool, path: &Path, what: &str) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::new(path, what)) }
}

fn as_fault(path: &Path, error: &RecordingError) -> Fault {
    match error {
        RecordingError::Damaged(fault) => fault.clone(),
        RecordingError::Io { path, source } if source.kind() == io::ErrorKind::NotFound => {
            Fault::new(path, "it is missing")
        }
        RecordingError::Io { path, source } => Fault::new(path, format!("it cannot be read: {source}")),
        other => Fault::new(path, other.to_string()),
    }
}

/// What was checked of the write-ahead files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WalVerified {
    /// Frames in them; after a clean end there are none.
    pub frames: u64,
    /// Bytes of the files.
    pub bytes: u64,
}

const LOOKS: usize = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Checks every byte of every write-ahead file: headers, frames, and zeros behind them.
///
/// A recorder that is writing at the same time is tolerated: what looks wrong is looked at again for half a second, and
/// a tear that frames have filled meanwhile is where it is writing.
pub fn verify_wal(dir: &Path) -> Result<WalVerified, Fault> {
    let mut finding = match look_at_wal(dir) {
        Ok(verified) => return Ok(verified),
        Err(finding) => finding,
    };
    for _ in 1..LOOKS {
        thread::sleep(BETWEEN_LOOKS);
        match look_at_wal(dir) {
            Ok(verified) => return Ok(verified),
            Err(next) if next.has_moved_on_from(&finding) => return Ok(next.before),
            Err(next) => finding = next,
        }
    }
    Err(finding.fault)
}

/// Something wrong with a write-ahead file, perhaps only because it is being written.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) fault: Fault,
    /// Where the file is torn, if that is what is wrong.
    torn: Option<usize>,
    /// What was right up to there.
    before: WalVerified,
}

impl Finding {
    fn of(fault: Fault) -> Self {
        Self { fault, torn: None, before: WalVerified::default() }
    }

    /// Damage stays where it is; only a writer's tear wanders on.
    fn has_moved_on_from(&self, earlier: &Self) -> bool {
        self.fault.file == earlier.fault.file
            && self.torn.zip(earlier.torn).is_some_and(|(now, then)| now > then)
    }
}

/// Checks the write-ahead files once; the newest, which may be in use, comes last.
pub(crate) fn look_at_wal(dir: &Path) -> Result<WalVerified, Finding> {
    let folder = layout::wal_folder(dir);
    let listed = |error: RecordingError| Finding::of(as_fault(&folder, &error));
    fs::symlink_metadata(&folder).map_err(|error| listed(RecordingError::io(&folder)(error)))?;
    let mut verified = WalVerified::default();
    for name in layout::names(&folder).map_err(listed)? {
        look_at_file(&folder.join(&name), layout::wal_number(&name).is_some(), &mut verified)?;
    }
    Ok(verified)
}

fn look_at_file(path: &Path, named: bool, verified: &mut WalVerified) -> Result<(), Finding> {
    let stranger = "it is not a write-ahead file; starting the gateway once removes one that is unfinished";
    require(named, path, stranger).map_err(Finding::of)?;
    let bytes = WalBytes::read(path).map_err(|error| Finding::of(as_fault(path, &error)))?;
    let (frames, tail) = bytes.count();
    verified.frames += frames;
    verified.bytes += bytes.len();
    let Tail::Torn(at) = tail else { return Ok(()) };
    let what = format!(
        "from byte {at} on it is neither a frame nor empty: an unfinished write or damage; \
         start the gateway once: it seals what is there"
    );
    Err(Finding { fault: Fault::new(path, what), torn: Some(at), before: *verified })
}
