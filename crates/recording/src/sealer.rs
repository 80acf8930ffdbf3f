//! Sealing: gathers the durable frames of each session into segments and makes those durable and known to the ledger.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::budget::Budget;
use crate::disk::{Disk, write_durably};
use crate::error::RecordingError;
use crate::health::Health;
use crate::layout;
use crate::segment::{self, Header, Packing, Press};
use crate::session::{SealedSegment, SessionId, Totals, chained, sha256};
use crate::stream::{Stream, cost};
use crate::vault::{NONCE, Random};
use crate::wal::log::Unsealed;
use crate::writer::Written;

/// Told of every sealed segment, on the sealing thread.
pub trait Sealing: Send + Sync {
    /// Appends the segment to the ledger and returns once the entry is durable; an error stops recording for good.
    fn sealed(&self, segment: &SealedSegment) -> Result<(), String>;
}

/// When a segment is sealed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// A segment of this many bytes is sealed as soon as the sealer is free.
    pub(crate) wanted_bytes: usize,
    /// While the sealer is busy a segment grows up to this, which saves syncs and entries during a flood.
    pub(crate) most_bytes: usize,
    pub(crate) age: Duration,
}

/// What sealing stands on.
pub(crate) struct Ground {
    pub(crate) dir: PathBuf,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) health: Arc<Health>,
    pub(crate) sealing: Arc<dyn Sealing>,
    pub(crate) random: Random,
    pub(crate) limits: Limits,
    pub(crate) budget: Arc<Budget>,
    pub(crate) unsealed: Arc<Unsealed>,
}

/// Gathers frames and seals segments; the same code runs behind a live writer and after a crash.
pub(crate) struct Sealer {
    ground: Ground,
    press: Press,
    open: HashMap<SessionId, Open>,
    /// Sessions with a segment that is large enough, oldest first.
    large: VecDeque<SessionId>,
    /// When each segment began, oldest first; entries of segments that were sealed meanwhile are stale.
    begun: VecDeque<(Instant, SessionId, u64)>,
}

struct Open {
    stream: Arc<Stream>,
    totals: Totals,
    /// Gathered segments that have reached the most bytes.
    full: VecDeque<Gathered>,
    filling: Gathered,
}

/// Frames that will be one segment.
#[derive(Default)]
struct Gathered {
    plain: Vec<u8>,
    frames: u64,
    first_frame: u64,
    first_us: u64,
    last_us: u64,
    cost: usize,
    /// How many frames came from which write-ahead file.
    files: BTreeMap<u64, u64>,
}

impl Gathered {
    fn push(&mut self, written: &Written) {
        let at_us = written.frame.at_us;
        if self.frames == 0 {
            (self.first_frame, self.first_us) = (written.number, at_us);
        }
        self.frames += 1;
        self.first_us = self.first_us.min(at_us);
        self.last_us = self.last_us.max(at_us);
        self.cost += cost(&written.frame);
        *self.files.entry(written.file).or_default() += 1;
        segment::encode_frame(&written.frame, &mut self.plain);
    }

    fn header(&self, session: SessionId, totals: &Totals, nonce: [u8; NONCE]) -> Header {
        Header {
            session,
            number: totals.segments + 1,
            packing: Packing::Stored,
            first_frame: self.first_frame,
            last_frame: self.first_frame + self.frames - 1,
            first_us: self.first_us,
            last_us: self.last_us,
            plain_bytes: 0,
            sealed_bytes: 0,
            previous_chain: totals.chain,
            nonce,
        }
    }
}

impl Sealer {
    pub(crate) fn new(ground: Ground) -> Result<Self, RecordingError> {
        let press = Press::new(2 * ground.limits.wanted_bytes).map_err(RecordingError::io(&ground.dir))?;
        Ok(Self { ground, press, open: HashMap::new(), large: VecDeque::new(), begun: VecDeque::new() })
    }

    /// Takes up a session of which something was sealed before.
    pub(crate) fn resume(&mut self, stream: Arc<Stream>, totals: Totals) {
        self.open.insert(stream.id, Open::new(stream, totals));
    }

    /// Gathers one durable frame.
    pub(crate) fn gather(&mut self, written: &Written) {
        let id = written.stream.id;
        let limits = self.ground.limits;
        let open =
            self.open.entry(id).or_insert_with(|| Open::new(Arc::clone(&written.stream), Totals::default()));
        let size = segment::frame_size(written.frame.bytes.len());
        if open.filling.frames > 0 && open.filling.plain.len() + size > limits.most_bytes {
            open.full.push_back(mem::take(&mut open.filling));
        }
        if open.filling.frames == 0 {
            self.begun.push_back((Instant::now(), id, written.number));
        }
        let before = open.filling.plain.len();
        open.filling.push(written);
        if before < limits.wanted_bytes && open.filling.plain.len() >= limits.wanted_bytes {
            self.large.push_back(id);
        }
    }

    /// How long nothing needs to be sealed unless frames come; `None` without any open segment.
    pub(crate) fn idle_for(&self) -> Option<Duration> {
        if !self.large.is_empty() || self.ground.budget.is_tight() {
            return Some(Duration::ZERO);
        }
        self.begun.front().map(|(begun, ..)| self.ground.limits.age.saturating_sub(begun.elapsed()))
    }

    /// Seals one segment that is due; false if none is.
    pub(crate) fn seal_due(&mut self) -> Result<bool, RecordingError> {
        let Some(id) = self.large.pop_front().or_else(|| self.aged()).or_else(|| self.largest()) else {
            return Ok(false);
        };
        self.seal_first(&id)?;
        Ok(true)
    }

    fn aged(&mut self) -> Option<SessionId> {
        while let Some((begun, id, first_frame)) = self.begun.front().copied() {
            let stale = self.open.get(&id).is_none_or(|open| !open.begins(first_frame));
            if !stale && begun.elapsed() < self.ground.limits.age {
                return None;
            }
            self.begun.pop_front();
            if !stale {
                return Some(id);
            }
        }
        None
    }

    /// When memory is short: the session with the largest segment.
    fn largest(&self) -> Option<SessionId> {
        let tight = self.ground.budget.is_tight();
        let sizes = self.open.iter().filter(|(_, open)| tight && open.filling.frames > 0);
        sizes.max_by_key(|(_, open)| open.filling.cost).map(|(id, _)| *id)
    }

    /// Seals everything of one session and forgets the session.
    pub(crate) fn close(&mut self, stream: &Stream) -> Result<Totals, RecordingError> {
        while self.seal_first(&stream.id)? {}
        let totals = self.open.remove(&stream.id).map_or_else(Totals::default, |open| open.totals);
        stream.closed(totals);
        Ok(totals)
    }

    /// Seals and forgets every session.
    pub(crate) fn close_all(&mut self) -> Result<Vec<(SessionId, Totals)>, RecordingError> {
        let mut streams: Vec<_> = self.open.values().map(|open| Arc::clone(&open.stream)).collect();
        streams.sort_by_key(|stream| stream.id);
        streams.iter().map(|stream| Ok((stream.id, self.close(stream)?))).collect()
    }

    /// Seals a session's oldest gathered segment; false if it has none.
    fn seal_first(&mut self, id: &SessionId) -> Result<bool, RecordingError> {
        let Some(open) = self.open.get_mut(id) else { return Ok(false) };
        let gathered = open.full.pop_front().unwrap_or_else(|| mem::take(&mut open.filling));
        if gathered.frames == 0 {
            return Ok(false);
        }
        let sealed = self.ground.seal(&mut self.press, &open.stream, &open.totals, &gathered)?;
        open.totals.extend(&sealed);
        gathered.files.iter().for_each(|(file, frames)| self.ground.unsealed.remove(*file, *frames));
        open.stream.sealed(gathered.cost);
        self.ground.budget.release(gathered.cost);
        Ok(true)
    }
}

impl Open {
    fn new(stream: Arc<Stream>, totals: Totals) -> Self {
        Self { stream, totals, full: VecDeque::new(), filling: Gathered::default() }
    }

    fn begins(&self, first_frame: u64) -> bool {
        self.full.iter().chain([&self.filling]).any(|g| g.frames > 0 && g.first_frame == first_frame)
    }
}

impl Ground {
    fn seal(
        &self,
        press: &mut Press,
        stream: &Stream,
        totals: &Totals,
        gathered: &Gathered,
    ) -> Result<SealedSegment, RecordingError> {
        // Random, never counted: a segment that is sealed again after a crash must not meet its first nonce.
        let mut nonce = [0; NONCE];
        (self.random)(&mut nonce);
        let mut header = gathered.header(stream.id, totals, nonce);
        let file = press.seal(&mut header, &gathered.plain, &stream.key);
        let path = layout::session_folder(&self.dir, &stream.id).join(layout::segment_name(header.number));
        self.health
            .persist(&format!("segment {}", path.display()), || write_durably(&*self.disk, &path, file))?;
        let sealed = facts(&header, file);
        self.enter(&sealed)?;
        Ok(sealed)
    }

    fn enter(&self, sealed: &SealedSegment) -> Result<(), RecordingError> {
        if let Err(reason) = self.sealing.sealed(sealed) {
            self.health.fail(format!("the ledger refused a segment of session {}: {reason}", sealed.session));
        }
        self.health.check()
    }
}

fn facts(header: &Header, file: &[u8]) -> SealedSegment {
    let digest = sha256(&[file]);
    SealedSegment {
        session: header.session,
        number: header.number,
        first_frame: header.first_frame,
        last_frame: header.last_frame,
        first_us: header.first_us,
        last_us: header.last_us,
        plain_bytes: header.plain_bytes,
        file_bytes: file.len() as u64,
        digest,
        chain: chained(&header.previous_chain, &digest),
    }
}
