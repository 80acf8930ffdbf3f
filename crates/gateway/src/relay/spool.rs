//! A queue that always accepts: the first bytes in memory, the rest in a sealed temporary file.
//!
//! Session loops push from their callbacks and must never wait, or they would stop reading window adjustments too.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use thiserror::Error;
use tokio::sync::Notify;

use super::brake::Brake;
use super::crossing::{Crossing, Stream};
use super::spill::{Place, Spill};

/// Consecutive bytes of a stream are joined up to this length, which is also the packet size of OpenSSH.
pub(crate) const CHUNK: usize = 32 * 1024;

/// What an entry costs beside its bytes, so that many small ones count.
const ENTRY: usize = 64;

/// Requests cannot be spilled; an honest peer never has this many waiting.
const MAX_REQUESTS: usize = 8192;

/// Why a queue can no longer be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum SpoolFault {
    #[error("the gateway's spool file cannot be used: {0}")]
    File(String),
    #[error("too many requests are waiting on this channel")]
    Requests,
}

/// One direction of one channel: what has arrived and is not delivered yet.
pub(crate) struct Spool {
    queue: Mutex<Queue>,
    ready: Notify,
    brake: Arc<Brake>,
    memory: usize,
    folder: PathBuf,
}

#[derive(Default)]
struct Queue {
    entries: VecDeque<Entry>,
    /// Bytes that this queue has reported to the brake.
    counted: usize,
    in_memory: usize,
    requests: usize,
    spill: Option<Spill>,
    fault: Option<SpoolFault>,
}

enum Entry {
    Request(Crossing),
    Open(Stream, BytesMut),
    Spilled(Stream, Place),
}

impl Entry {
    fn cost(&self) -> usize {
        ENTRY
            + match self {
                Self::Request(crossing) => crossing.weight(),
                Self::Open(_, bytes) => bytes.len(),
                Self::Spilled(_, place) => place.length(),
            }
    }
}

impl Spool {
    /// An empty queue that keeps about `memory` bytes in memory and the rest in a file in `folder`.
    pub(crate) fn new(brake: Arc<Brake>, memory: usize, folder: PathBuf) -> Arc<Self> {
        let (queue, ready) = Default::default();
        Arc::new(Self { queue, ready, brake, memory, folder })
    }

    /// Appends bytes of a stream.
    pub(crate) fn push_data(&self, stream: Stream, mut data: &[u8]) {
        let mut queue = self.lock();
        let before = queue.counted;
        while !data.is_empty() && queue.fault.is_none() {
            let taken = queue.fill_tail(stream, data);
            data = &data[taken..];
            if !data.is_empty() {
                self.add_chunk(&mut queue, stream);
            }
        }
        self.arrived(queue, before);
    }

    /// Appends a request, an end or a status.
    pub(crate) fn push(&self, crossing: Crossing) {
        if let Crossing::Data(stream, bytes) = crossing {
            return self.push_data(stream, &bytes);
        }
        let mut queue = self.lock();
        let before = queue.counted;
        queue.requests += 1;
        if queue.requests > MAX_REQUESTS {
            queue.fault.get_or_insert(SpoolFault::Requests);
        } else {
            queue.append(Entry::Request(crossing));
        }
        self.arrived(queue, before);
    }

    /// Takes the oldest entry; waits for one. Only one task may take.
    pub(crate) async fn take(&self) -> Result<Crossing, SpoolFault> {
        loop {
            if let Some(taken) = self.try_take() {
                return taken;
            }
            self.ready.notified().await;
        }
    }

    /// Takes the oldest entry if there is one.
    pub(crate) fn try_take(&self) -> Option<Result<Crossing, SpoolFault>> {
        let mut queue = self.lock();
        let before = queue.counted;
        let taken = queue.take();
        let after = queue.counted;
        drop(queue);
        self.brake.sub(before - after);
        taken
    }

    /// Drops waiting data, but no request: what was typed while an act was held must not reach it.
    pub(crate) fn drop_data(&self) {
        let mut queue = self.lock();
        let before = queue.counted;
        let entries = std::mem::take(&mut queue.entries);
        queue.in_memory = 0;
        queue.counted = 0;
        for entry in entries {
            match entry {
                Entry::Request(_) => queue.append(entry),
                Entry::Open(..) => {}
                Entry::Spilled(_, place) => queue.forget(place),
            }
        }
        let after = queue.counted;
        drop(queue);
        self.brake.sub(before - after);
    }

    /// Starts the next chunk; the one before goes to the file if memory is used up.
    fn add_chunk(&self, queue: &mut Queue, stream: Stream) {
        if queue.in_memory > self.memory
            && let Err(fault) = queue.spill_tail(&self.folder)
        {
            queue.fault.get_or_insert(SpoolFault::File(fault.to_string()));
        }
        queue.append(Entry::Open(stream, BytesMut::new()));
    }

    fn arrived(&self, queue: MutexGuard<'_, Queue>, before: usize) {
        let after = queue.counted;
        drop(queue);
        self.brake.add(after - before);
        self.ready.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let counted = self.lock().counted;
        self.brake.sub(counted);
    }
}

impl Queue {
    fn append(&mut self, entry: Entry) {
        self.counted += entry.cost();
        self.in_memory += entry.cost();
        self.entries.push_back(entry);
    }

    /// Joins `data` to the last chunk as far as it fits; says how much did.
    fn fill_tail(&mut self, stream: Stream, data: &[u8]) -> usize {
        let Some(Entry::Open(tail, bytes)) = self.entries.back_mut() else { return 0 };
        if *tail != stream {
            return 0;
        }
        let fits = data.len().min(CHUNK.saturating_sub(bytes.len()));
        bytes.extend_from_slice(&data[..fits]);
        self.counted += fits;
        self.in_memory += fits;
        fits
    }

    fn spill_tail(&mut self, folder: &std::path::Path) -> io::Result<()> {
        let Some(Entry::Open(stream, bytes)) = self.entries.back_mut() else { return Ok(()) };
        let (stream, bytes) = (*stream, std::mem::take(bytes));
        let length = bytes.len();
        let spill = match &mut self.spill {
            Some(spill) => spill,
            none => none.insert(Spill::create(folder)?),
        };
        let place = spill.store(bytes)?;
        self.entries.pop_back();
        self.entries.push_back(Entry::Spilled(stream, place));
        self.in_memory -= length;
        Ok(())
    }

    fn take(&mut self) -> Option<Result<Crossing, SpoolFault>> {
        if let Some(fault) = &self.fault {
            return Some(Err(fault.clone()));
        }
        let entry = self.entries.pop_front()?;
        self.counted -= entry.cost();
        self.in_memory -= if matches!(entry, Entry::Spilled(..)) { ENTRY } else { entry.cost() };
        Some(match entry {
            Entry::Request(crossing) => {
                self.requests -= 1;
                Ok(crossing)
            }
            Entry::Open(stream, bytes) => Ok(Crossing::Data(stream, bytes.freeze())),
            Entry::Spilled(stream, place) => self.load(place).map(|bytes| Crossing::Data(stream, bytes)),
        })
    }

    fn load(&mut self, place: Place) -> Result<Bytes, SpoolFault> {
        let missing = || io::Error::other("no spool file");
        let loaded = self.spill.as_mut().ok_or_else(missing).and_then(|spill| spill.load(place));
        loaded.map(BytesMut::freeze).map_err(|fault| SpoolFault::File(fault.to_string()))
    }

    /// Frees a chunk's slot. What it held is unreadable without the key anyhow.
    fn forget(&mut self, place: Place) {
        if let Some(spill) = &mut self.spill {
            spill.forget(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::gate::Valve;
    use super::*;

    fn spool(memory: usize) -> (Arc<Spool>, Arc<Brake>) {
        let brake = Brake::new(Arc::<Valve>::default(), usize::MAX, usize::MAX);
        (Spool::new(brake.clone(), memory, std::env::temp_dir()), brake)
    }

    fn drain(spool: &Spool) -> Vec<Crossing> {
        std::iter::from_fn(|| spool.try_take()).map(Result::unwrap).collect()
    }

    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 31 + i / 257) as u8).collect()
    }

    #[test]
    fn small_pieces_are_joined_and_streams_are_kept_apart() {
        let (spool, _) = spool(1 << 20);
        for _ in 0..3 {
            spool.push_data(Stream::Plain, b"ab");
        }
        spool.push_data(Stream::Error, b"e");
        spool.push(Crossing::Window(Default::default()));
        spool.push_data(Stream::Plain, b"c");
        spool.push(Crossing::Eof);
        let expected = [
            Crossing::Data(Stream::Plain, "ababab".into()),
            Crossing::Data(Stream::Error, "e".into()),
            Crossing::Window(Default::default()),
            Crossing::Data(Stream::Plain, "c".into()),
            Crossing::Eof,
        ];
        assert_eq!(drain(&spool), expected);
    }

    #[test]
    fn what_does_not_fit_in_memory_comes_back_in_order_and_unchanged() {
        let (spool, brake) = spool(2 * CHUNK);
        let sent = pattern(40 * CHUNK + 77);
        for (i, piece) in sent.chunks(5000).enumerate() {
            spool.push_data(Stream::Plain, piece);
            if i == 100 {
                spool.push(Crossing::Signal("INT".into()));
            }
        }
        assert!(spool.lock().in_memory < 5 * CHUNK, "{}", spool.lock().in_memory);
        let mut received = Vec::new();
        let mut signal_at = None;
        for crossing in drain(&spool) {
            match crossing {
                Crossing::Data(_, bytes) => received.extend_from_slice(&bytes),
                _ => signal_at = Some(received.len()),
            }
        }
        assert_eq!(received, sent);
        assert_eq!(signal_at, Some(101 * 5000));
        drop(spool);
        brake.add(0);
    }

    #[test]
    fn the_file_does_not_grow_with_what_has_passed_through() {
        let (spool, _) = spool(CHUNK);
        let piece = pattern(CHUNK);
        for _ in 0..8 {
            spool.push_data(Stream::Plain, &piece);
        }
        for _ in 0..200 {
            spool.push_data(Stream::Plain, &piece);
            spool.try_take().unwrap().unwrap();
        }
        let queue = spool.lock();
        assert!(queue.spill.as_ref().unwrap().slots() < 12);
    }

    #[test]
    fn a_flood_of_requests_ends_the_channel_instead_of_filling_memory() {
        let (spool, _) = spool(CHUNK);
        for _ in 0..=MAX_REQUESTS {
            spool.push(Crossing::Window(Default::default()));
        }
        assert_eq!(spool.try_take(), Some(Err(SpoolFault::Requests)));
    }

    #[test]
    fn dropped_data_takes_no_request_with_it() {
        let (spool, _) = spool(CHUNK);
        for _ in 0..10 {
            spool.push_data(Stream::Plain, &pattern(CHUNK));
        }
        spool.push(Crossing::Eof);
        spool.drop_data();
        assert_eq!(drain(&spool), [Crossing::Eof]);
        assert_eq!(spool.lock().counted, 0);
    }

    #[test]
    fn an_unusable_folder_is_reported_to_the_taker() {
        let brake = Brake::new(Arc::<Valve>::default(), usize::MAX, usize::MAX);
        let spool = Spool::new(brake, 0, "/nonexistent/folder".into());
        spool.push_data(Stream::Plain, &pattern(4 * CHUNK));
        assert!(matches!(spool.try_take(), Some(Err(SpoolFault::File(_)))));
    }
}
