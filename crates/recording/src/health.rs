//! Whether recording still works: once it has failed it has failed for good, but a full disk is given some time first.

use std::io;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use crate::disk::may_pass;
use crate::error::RecordingError;

const PAUSE: Duration = Duration::from_millis(250);

/// The one place where a recorder's failure is kept.
pub(crate) struct Health {
    reason: OnceLock<String>,
    patience: Duration,
}

impl Health {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { reason: OnceLock::new(), patience }
    }

    /// Stops recording for good; the first reason is the one that is told.
    pub(crate) fn fail(&self, reason: impl Into<String>) {
        let _ = self.reason.set(reason.into());
    }

    pub(crate) fn failure(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }

    /// The answer for a frame or call that came too late.
    pub(crate) fn check(&self) -> Result<(), RecordingError> {
        self.failure().map_or(Ok(()), |reason| Err(RecordingError::Stopped(reason.into())))
    }

    /// Runs `attempt` until it succeeds; what waiting may cure is tried again for the patience, all else fails for good.
    pub(crate) fn persist<T>(
        &self,
        what: &str,
        mut attempt: impl FnMut() -> io::Result<T>,
    ) -> Result<T, RecordingError> {
        let start = Instant::now();
        loop {
            self.check()?;
            match attempt() {
                Ok(done) => return Ok(done),
                Err(error) if may_pass(&error) && start.elapsed() < self.patience => {
                    thread::sleep(PAUSE.min(self.patience));
                }
                Err(error) => self.fail(format!("{what}: {error}")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_retried_and_another_error_is_not() {
        let health = Health::new(Duration::from_secs(5));
        let mut attempts = 0;
        let freed = health.persist("write", || {
            attempts += 1;
            if attempts < 3 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(attempts) }
        });
        assert_eq!(freed.unwrap(), 3);
        assert!(health.failure().is_none());

        let mut attempts = 0;
        let broken: Result<(), _> = health.persist("fdatasync", || {
            attempts += 1;
            Err(io::Error::other("input/output error"))
        });
        assert!(matches!(broken, Err(RecordingError::Stopped(reason)) if reason.contains("fdatasync")));
        assert_eq!(attempts, 1);
        assert!(health.check().is_err());
    }

    #[test]
    fn patience_ends() {
        let health = Health::new(Duration::from_millis(20));
        let full: Result<(), _> = health.persist("write", || Err(io::ErrorKind::QuotaExceeded.into()));
        assert!(full.is_err());
        assert!(health.failure().is_some());
    }
}
