//! What the ledger vouches for, and what waits for delivery.

use crate::model::Timestamp;

/// Whole content of a row that matters, as the ledger vouches for it. Kept for ever, so that every before and after
/// can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is of: `person`, `credentials`, `key`, `target`, `account`, `permit`, `policies`, `setting`.
    pub kind: String,
    /// Which one: an identifier or a name.
    pub id: String,
    /// SHA-256 of `content`, lower hex: what the ledger says.
    pub digest: String,
    /// RFC 8785 JSON.
    pub content: String,
}

/// A notice that waits for delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// In order of arrival; 0 before it is stored.
    pub id: i64,
    /// Name of the receiver in the configuration.
    pub receiver: String,
    /// What happened, e.g. `request`, `alert`.
    pub event: String,
    /// The notice's fields as a JSON object, without secrets.
    pub body: String,
    /// When it happened.
    pub created: Timestamp,
    /// Not to be tried before.
    pub due: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
}
