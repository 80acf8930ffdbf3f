//! The ledger's single writer: one thread that commits whatever has queued up, for all sessions at once.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use access::entry::{Entry, Event};
use access::model::Timestamp;
use access::ports::{Clock, Journal, JournalError};
use access::recording::{SealedSegment, Sealing};
use async_trait::async_trait;
use ledger::{Log, MAX_LEAF};

/// Entries of one caller that wait for the next commit.
struct Batch {
    leaves: Vec<Vec<u8>>,
    done: Box<dyn FnOnce(Result<u64, JournalError>) + Send>,
}

/// A handle on the writer. Dropping the last one ends the thread after what is queued.
#[derive(Clone)]
pub struct LedgerJournal {
    batches: Sender<Batch>,
}

impl LedgerJournal {
    /// Starts the writer over an open log.
    pub fn start(log: Log) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (batches, inbox) = channel();
        let thread = std::thread::Builder::new().name("ledger".into()).spawn(move || write(log, &inbox))?;
        Ok((Self { batches }, thread))
    }

    /// Appends one entry and waits for it. For threads, not for tasks.
    pub fn append_blocking(&self, entry: &Entry) -> Result<u64, JournalError> {
        let (told, answer) = channel();
        let done = Box::new(move |result| drop(told.send(result)));
        self.queue(vec![entry.encode()], done)?;
        answer.recv().map_err(|_| gone())?
    }

    fn queue(
        &self,
        leaves: Vec<Vec<u8>>,
        done: Box<dyn FnOnce(Result<u64, JournalError>) + Send>,
    ) -> Result<(), JournalError> {
        // Told to its own caller: in the writer it would fail everybody else's entries with it.
        if let Some(leaf) = leaves.iter().find(|leaf| leaf.len() > MAX_LEAF) {
            return Err(JournalError(format!("an entry of {} bytes is too long", leaf.len())));
        }
        self.batches.send(Batch { leaves, done }).map_err(|_| gone())
    }
}

#[async_trait]
impl Journal for LedgerJournal {
    async fn append(&self, entries: Vec<Entry>) -> Result<u64, JournalError> {
        let (told, answer) = tokio::sync::oneshot::channel();
        let leaves = entries.iter().map(Entry::encode).collect();
        self.queue(leaves, Box::new(move |result| drop(told.send(result))))?;
        answer.await.map_err(|_| gone())?
    }
}

/// Everything that arrived while the previous commit ran shares the next one.
fn write(mut log: Log, inbox: &Receiver<Batch>) {
    while let Ok(first) = inbox.recv() {
        let batches: Vec<_> = std::iter::once(first).chain(inbox.try_iter()).collect();
        let leaves: Vec<_> = batches.iter().flat_map(|batch| batch.leaves.iter().cloned()).collect();
        // The commit point of every decision is inside this call: the rename of the signed head.
        let committed = log.append(&leaves).map_err(|fault| JournalError(fault.to_string()));
        if let Err(fault) = &committed {
            tracing::error!(%fault, "nothing more can be decided until this is mended");
        }
        answer(batches, committed.map(|appended| appended.first));
    }
}

fn answer(batches: Vec<Batch>, first: Result<u64, JournalError>) {
    let mut next = first;
    for batch in batches {
        let count = batch.leaves.len() as u64;
        (batch.done)(next.clone());
        next = next.map(|index| index + count);
    }
}

fn gone() -> JournalError {
    JournalError("its writer has ended".to_owned())
}

/// Enters sealed segments, called by the recorder's sealing thread.
pub struct SegmentEntries<C> {
    /// Where they go.
    pub journal: LedgerJournal,
    /// The time of the entry.
    pub clock: C,
}

impl<C: Clock> Sealing for SegmentEntries<C> {
    fn sealed(&self, segment: &SealedSegment) -> Result<(), String> {
        let at: Timestamp = self.clock.now();
        let entry = Entry::new(at, Event::segment(segment));
        self.journal.append_blocking(&entry).map(drop).map_err(|fault| fault.to_string())
    }
}
