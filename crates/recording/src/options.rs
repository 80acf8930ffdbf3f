//! Sizes and times of a recorder, and which of them cannot work.

use std::time::Duration;

use crate::error::RecordingError;
use crate::sealer::Limits;

/// Sizes and times of a recorder; the default suits a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// A segment with this many bytes is sealed as soon as the sealer is free (256 KiB).
    pub segment_bytes: usize,
    /// The most that a segment grows to while the sealer is busy with others (8 MiB; at most 32 MiB).
    pub segment_most_bytes: usize,
    /// A segment is sealed when its first frame is this old (10 s).
    pub segment_age: Duration,
    /// Length of a write-ahead file (64 MiB; 2 MiB to 1 GiB).
    pub wal_file_bytes: u64,
    /// How long a full disk or a missing folder is waited for before recording fails for good (10 s).
    pub patience: Duration,
    /// The most memory of one session's frames that are not durable yet; `record` answers `Full` above it (4 MiB).
    pub session_backlog: usize,
    /// The memory of frames that are durable but not sealed at which writing waits for sealing (64 MiB).
    pub memory_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 256 << 10,
            segment_most_bytes: 8 << 20,
            segment_age: Duration::from_secs(10),
            wal_file_bytes: 64 << 20,
            patience: Duration::from_secs(10),
            session_backlog: 4 << 20,
            memory_bytes: 64 << 20,
        }
    }
}

impl Options {
    pub(crate) fn check(&self) -> Result<(), RecordingError> {
        let wrong = if !(2 << 20..=1 << 30).contains(&self.wal_file_bytes) {
            "wal_file_bytes must be from 2 MiB to 1 GiB"
        } else if self.segment_bytes == 0 || self.segment_bytes > self.segment_most_bytes {
            "segment_bytes must be from 1 to segment_most_bytes"
        } else if self.segment_most_bytes > 32 << 20 {
            "segment_most_bytes must be at most 32 MiB"
        } else if self.memory_bytes == 0 || self.session_backlog == 0 {
            "memory_bytes and session_backlog must not be 0"
        } else {
            return Ok(());
        };
        Err(RecordingError::Options(wrong))
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            wanted_bytes: self.segment_bytes,
            most_bytes: self.segment_most_bytes,
            age: self.segment_age,
        }
    }
}
