//! The node's recordings, read back for the desk.

use std::path::PathBuf;

use access::ports::{Frames, Recordings};
use access::recording::{NodeVault, Reader, RecordingError, SessionId};
use anyhow::Result;

use crate::commands::legible::legible;
use crate::config::Config;
use crate::secrets::{NodeKeys, recorder_random};

/// Recordings in the ledger's folder, opened with the node's key.
pub struct KeptRecordings {
    folder: PathBuf,
    vault: NodeVault,
}

impl KeptRecordings {
    /// Those of the node that the configuration names.
    pub fn of(config: &Config) -> Result<Self> {
        let keys = NodeKeys::read(&config.node_key)?;
        let vault = NodeVault::new(&keys.recording, recorder_random());
        Ok(Self { folder: config.ledger.clone(), vault })
    }
}

impl Recordings for KeptRecordings {
    fn frames(&self, session: &SessionId) -> Result<Frames, RecordingError> {
        Ok(Box::new(legible(Reader::open(&self.folder, session, &self.vault)?)))
    }

    fn recorded(&self, session: &SessionId) -> Result<Frames, RecordingError> {
        Ok(Box::new(Reader::open(&self.folder, session, &self.vault)?))
    }
}
