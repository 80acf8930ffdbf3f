//! The file that keeps a session's wrapped data key (docs/formats.md).

use std::io::Read;
use std::path::Path;

use crate::error::{Fault, RecordingError};
use crate::fields::Fields;
use crate::layout;
use crate::session::{SessionId, sha256};

const MAGIC: &[u8; 8] = b"CSKEY001";
const MAX_WRAPPED: usize = 1 << 20;

/// A wrapped data key as it lies on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyFile {
    pub(crate) session: SessionId,
    pub(crate) commitment: [u8; 32],
    pub(crate) wrapped: Vec<u8>,
}

impl KeyFile {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let length = u32::try_from(self.wrapped.len()).unwrap_or(u32::MAX);
        [&MAGIC[..], &self.session.0, &self.commitment, &length.to_le_bytes(), &self.wrapped].concat()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::of(bytes);
        fields.literal(MAGIC)?;
        let (session, commitment, length) = (SessionId(fields.array()?), fields.array()?, fields.u32()?);
        let wrapped = fields.rest().to_vec();
        let fits = wrapped.len() <= MAX_WRAPPED && wrapped.len() == usize::try_from(length).ok()?;
        fits.then_some(Self { session, commitment, wrapped })
    }

    /// Reads a session's key file, and the SHA-256 of its bytes.
    pub(crate) fn read(dir: &Path, session: &SessionId) -> Result<(Self, [u8; 32]), RecordingError> {
        let path = layout::session_folder(dir, session).join(layout::KEY);
        let mut bytes = Vec::new();
        let file = layout::open_plain(&path)?;
        file.take(2 * MAX_WRAPPED as u64).read_to_end(&mut bytes).map_err(RecordingError::io(&path))?;
        let key = Self::parse(&bytes).filter(|key| key.session == *session);
        let key = key.ok_or_else(|| Fault::new(&path, "it is not the wrapped key of this session"))?;
        Ok((key, sha256(&[&bytes])))
    }
}
