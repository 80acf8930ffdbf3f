//! Ledger entries: small canonical records of what was decided and done, without personal data in clear.
//!
//! An entry is one JSON object in the canonical form of RFC 8785 (keys sorted, no spaces, integers only), with
//! `at` in microseconds since the epoch, `kind`, and the fields of that kind. docs/formats.md lists them all.

mod canonical;
mod event;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

pub use canonical::canonical;
pub use event::Event;

/// One leaf of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When, microseconds since the epoch.
    pub at: i64,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

impl Entry {
    /// An entry of that moment.
    pub fn new(at: Timestamp, event: Event) -> Self {
        Self { at: at.0, event }
    }

    /// The canonical bytes: what the ledger's leaf is.
    pub fn encode(&self) -> Vec<u8> {
        canonical(self).into_bytes()
    }

    /// Reads a leaf; refuses what [`Self::encode`] would not have written byte for byte.
    pub fn decode(leaf: &[u8]) -> Result<Self, EntryError> {
        let entry: Self = serde_json::from_slice(leaf).map_err(|e| EntryError(e.to_string()))?;
        if entry.encode() != leaf {
            return Err(EntryError("not in canonical form".to_owned()));
        }
        Ok(entry)
    }
}

/// A leaf that is not an entry.
#[derive(Debug, thiserror::Error)]
#[error("not a ledger entry: {0}")]
pub struct EntryError(String);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn sample() -> Entry {
        Entry::new(
            Timestamp(5),
            Event::Decision {
                session: "00".into(),
                channel: 1,
                act: "exec".into(),
                text: "ab".into(),
                effects: BTreeSet::from(["read".into()]),
                verdict: "allow".into(),
                rules: vec!["r".into()],
                policy: "sha256:0".into(),
                request: None,
                permit: None,
            },
        )
    }

    #[test]
    fn an_entry_reads_back_as_written() {
        let leaf = sample().encode();
        assert!(leaf.starts_with(br#"{"act":"exec","at":5,"#), "{}", String::from_utf8_lossy(&leaf));
        assert_eq!(Entry::decode(&leaf).unwrap(), sample());
    }

    #[test]
    fn another_spelling_of_the_same_entry_is_refused() {
        let text = String::from_utf8(sample().encode()).unwrap();
        assert!(Entry::decode(text.replace(",\"at\"", ", \"at\"").as_bytes()).is_err());
        assert!(Entry::decode(text.replace("\"act\"", "\"extra\":1,\"act\"").as_bytes()).is_err());
        assert!(Entry::decode(b"\xff").is_err());
    }
}
