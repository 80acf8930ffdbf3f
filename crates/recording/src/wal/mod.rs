//! The write-ahead files: every frame of every session, in clear, until the segment that covers it is in the ledger.

pub(crate) mod format;
pub(crate) mod log;
pub(crate) mod scan;
