//! Journals that keep entries in memory, or refuse them from a chosen moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use access::entry::Entry;
use access::ports::{Archive, ArchiveError, Journal, JournalError, Proven, Wanted};
use async_trait::async_trait;

/// A ledger that only remembers.
#[derive(Debug, Default)]
pub struct MemoryJournal(Mutex<Vec<Entry>>);

impl MemoryJournal {
    /// Everything that was appended, in order.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    /// Appends without a runtime.
    pub fn push(&self, entries: Vec<Entry>) -> u64 {
        let mut kept = self.lock();
        let first = kept.len() as u64;
        kept.extend(entries);
        first
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(&self, entries: Vec<Entry>) -> Result<u64, JournalError> {
        Ok(self.push(entries))
    }
}

/// Finds what was appended; there is no tree, so its proofs are empty.
#[async_trait]
impl Archive for MemoryJournal {
    async fn find(&self, mut wanted: Wanted) -> Result<Vec<(u64, Entry)>, ArchiveError> {
        let numbered = (0..).zip(self.entries());
        Ok(numbered.filter(|(_, entry)| wanted(&entry.event)).collect())
    }

    async fn prove(&self, indices: Vec<u64>) -> Result<Proven, ArchiveError> {
        let paths = indices.iter().map(|_| Vec::new()).collect();
        Ok(Proven { checkpoint: "only in memory".into(), paths })
    }
}

/// A ledger whose disk fills up: some appends succeed, then all fail and keep nothing.
#[derive(Debug)]
pub struct FailingJournal {
    kept: MemoryJournal,
    left: AtomicU64,
}

impl FailingJournal {
    /// Fails from the `n`-th append on, counted from 1.
    pub fn from_append(n: u64) -> Self {
        Self { kept: MemoryJournal::default(), left: AtomicU64::new(n.saturating_sub(1)) }
    }

    /// Everything that was appended before the failure, in order.
    pub fn entries(&self) -> Vec<Entry> {
        self.kept.entries()
    }

    /// Lets `n` more appends succeed, then fails.
    pub fn fail_after(&self, n: u64) {
        self.left.store(n, Ordering::SeqCst);
    }

    /// Never fails again.
    pub fn mend(&self) {
        self.fail_after(u64::MAX);
    }

    fn still_works(&self) -> bool {
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

#[async_trait]
impl Journal for FailingJournal {
    async fn append(&self, entries: Vec<Entry>) -> Result<u64, JournalError> {
        if !self.still_works() {
            return Err(JournalError("no space left on the test's device".into()));
        }
        self.kept.append(entries).await
    }
}

#[async_trait]
impl Archive for FailingJournal {
    async fn find(&self, wanted: Wanted) -> Result<Vec<(u64, Entry)>, ArchiveError> {
        self.kept.find(wanted).await
    }

    async fn prove(&self, indices: Vec<u64>) -> Result<Proven, ArchiveError> {
        self.kept.prove(indices).await
    }
}

#[cfg(test)]
mod tests {
    use access::entry::Event;

    use super::*;

    fn stops(n: i64) -> Vec<Entry> {
        (0..n).map(|at| Entry { at, event: Event::Stop {} }).collect()
    }

    #[tokio::test]
    async fn entries_are_kept_in_order_and_numbered() {
        let journal = MemoryJournal::default();
        assert_eq!(journal.append(stops(2)).await.unwrap(), 0);
        assert_eq!(journal.append(stops(1)).await.unwrap(), 2);
        assert_eq!(journal.entries(), [stops(2), stops(1)].concat());
    }

    #[tokio::test]
    async fn a_failing_journal_fails_from_the_chosen_append_for_ever() {
        let journal = FailingJournal::from_append(2);
        journal.append(stops(3)).await.unwrap();
        journal.append(stops(1)).await.unwrap_err();
        journal.append(stops(1)).await.unwrap_err();
        assert_eq!(journal.entries(), stops(3));
        FailingJournal::from_append(1).append(stops(1)).await.unwrap_err();
    }
}
