//! The ledger read back: entries by what they say, and proofs under the head of the moment, beside the running writer.

use std::path::{Path, PathBuf};

use access::entry::Entry;
use access::ports::{Archive, ArchiveError, Proven, Wanted};
use async_trait::async_trait;
use ledger::{NoteVerifier, Snapshot};

/// The folder of a ledger, for readers.
#[derive(Clone)]
pub struct LedgerArchive {
    folder: PathBuf,
    key: NoteVerifier,
}

impl LedgerArchive {
    /// The ledger in `folder`, whose heads `key` has signed.
    pub fn of(folder: &Path, key: NoteVerifier) -> Self {
        Self { folder: folder.to_owned(), key }
    }

    /// Runs on a thread that may wait for the disk, over the ledger as it stands.
    async fn reading<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Snapshot) -> Result<T, String> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        let Self { folder, key } = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let snapshot = Snapshot::take(&folder, &key).map_err(|fault| fault.to_string())?;
            read(&snapshot)
        });
        task.await.map_err(|fault| ArchiveError(fault.to_string()))?.map_err(ArchiveError)
    }
}

#[async_trait]
impl Archive for LedgerArchive {
    async fn find(&self, mut wanted: Wanted) -> Result<Vec<(u64, Entry)>, ArchiveError> {
        self.reading(move |snapshot| {
            let mut found = Vec::new();
            for item in snapshot.entries(0) {
                let (index, leaf) = item.map_err(|fault| fault.to_string())?;
                let entry = Entry::decode(&leaf).map_err(|fault| fault.to_string())?;
                if wanted(&entry.event) {
                    found.push((index, entry));
                }
            }
            Ok(found)
        })
        .await
    }

    async fn prove(&self, indices: Vec<u64>) -> Result<Proven, ArchiveError> {
        self.reading(move |snapshot| {
            let path = |index: &u64| {
                let hashes = snapshot.prove_inclusion(*index).map_err(|fault| fault.to_string())?;
                Ok(hashes.iter().map(ledger::Hash::to_base64).collect())
            };
            let paths = indices.iter().map(path).collect::<Result<_, String>>()?;
            Ok(Proven { checkpoint: snapshot.checkpoint().note().to_owned(), paths })
        })
        .await
    }
}
