//! A key that somebody brings for themselves: they show that they hold it, and others agree as to any other key.

use identity::{PublicKey, sshsig};
use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::valid::valid;
use super::{Change, ChangeError};
use crate::entry::canonical;
use crate::model::Timestamp;
use crate::road::Road;

/// The SSHSIG namespace of what a new key signs: no decision can be taken for it.
pub const KEY_NAMESPACE: &str = "countersign-key";

/// How long a challenge can be answered, in seconds.
const LASTS: u64 = 15 * 60;

/// What the new key signs: one line of canonical JSON, with a line feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Challenge {
    /// The key's `authorized_keys` line.
    pub key: String,
    /// Login name of who brings it.
    pub person: String,
    /// When it is too late to bring it, microseconds since the epoch.
    pub until: i64,
}

impl Challenge {
    /// A challenge for that key of that person.
    pub(crate) fn new(person: &str, key: &PublicKey, now: Timestamp) -> Self {
        Self { key: key.to_line(), person: person.to_owned(), until: now.plus_seconds(LASTS).0 }
    }

    /// The text that is signed.
    pub(crate) fn to_text(&self) -> String {
        canonical(self) + "\n"
    }

    /// Reads a challenge and the armored signature behind it, as they come on standard input.
    pub(crate) fn answered(input: &str) -> Option<(Self, String)> {
        let (line, signature) = input.split_once('\n')?;
        let challenge: Self = serde_json::from_str(line).ok()?;
        Some((challenge, signature.to_owned()))
    }

    /// Whether it may be brought at that moment. A signature of long ago shows nothing: nobody says for a later moment
    /// than this that they hold a key.
    fn is_timely(&self, now: Timestamp) -> bool {
        now.0 < self.until && self.until <= now.plus_seconds(LASTS).0
    }
}

impl Road {
    /// A key that is brought was signed with just now. Asked once: the signatures of others may take longer.
    pub(super) fn is_timely(&self, change: &Change) -> Result<(), ChangeError> {
        let Change::KeyBring { name, key, until, .. } = change else { return Ok(()) };
        let challenge = Challenge { key: key.clone(), person: name.clone(), until: *until };
        match challenge.is_timely(self.now()) {
            true => Ok(()),
            false => Err(wrong("the challenge is over: ask for another with keys challenge")),
        }
    }

    pub(super) async fn plan_key_bring(
        &self,
        name: &str,
        key: &str,
        until: i64,
        signature: &str,
    ) -> Result<Plan, ChangeError> {
        let challenge = Challenge { key: key.to_owned(), person: name.to_owned(), until };
        let text = challenge.to_text();
        let signed =
            valid("signature", sshsig::verify(signature.as_bytes(), KEY_NAMESPACE, text.as_bytes()))?;
        let brought = valid("key", PublicKey::parse(key))?;
        match signed.fingerprint() == brought.fingerprint() {
            true => self.plan_key_add(name, key).await,
            false => Err(wrong("it was made with another key than the one that is brought")),
        }
    }
}

fn wrong(why: &str) -> ChangeError {
    ChangeError::Value { field: "signature", why: why.to_owned() }
}
