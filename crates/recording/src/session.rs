//! Which recording something belongs to, and how far that recording has been sealed.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};

use crate::error::RecordingError;

/// The random 128-bit name of one session; shown as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub [u8; 16]);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl FromStr for SessionId {
    type Err = RecordingError;

    /// Accepts exactly what `Display` writes: a second spelling would be a second folder for one session.
    fn from_str(text: &str) -> Result<Self, RecordingError> {
        let canonical = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let number = canonical.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        number.map(|n| Self(n.to_be_bytes())).ok_or_else(|| RecordingError::NotASession(text.into()))
    }
}

/// A segment whose file is durable; its facts are what a ledger entry of it must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSegment {
    /// Whose segment it is.
    pub session: SessionId,
    /// The segment's number in the session, from 1.
    pub number: u32,
    /// Number of the first frame in it; frames of a session are numbered from 1 without gaps.
    pub first_frame: u64,
    /// Number of the last frame in it.
    pub last_frame: u64,
    /// The earliest time of its frames, unix µs.
    pub first_us: u64,
    /// The latest time of its frames, unix µs.
    pub last_us: u64,
    /// Length of the frames before compression and encryption.
    pub plain_bytes: u64,
    /// Length of the file.
    pub file_bytes: u64,
    /// SHA-256 of the file's bytes.
    pub digest: [u8; 32],
    /// SHA-256 of the previous segment's chain (zeros for the first) and `digest`.
    pub chain: [u8; 32],
}

/// What a session's sealed segments add up to; the default is "nothing sealed yet".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many segments there are; also the last one's number.
    pub segments: u32,
    /// How many frames they hold; also the last one's number.
    pub frames: u64,
    /// Sum of the segments' `plain_bytes`.
    pub bytes: u64,
    /// The last segment's chain, or zeros.
    pub chain: [u8; 32],
    /// The earliest time in any of them, unix µs; 0 without frames.
    pub first_us: u64,
    /// The latest time in any of them, unix µs; 0 without frames.
    pub last_us: u64,
}

impl Totals {
    /// Counts the next segment in; folding this over a ledger's segment entries gives the session's totals.
    pub fn extend(&mut self, sealed: &SealedSegment) {
        self.first_us = if self.segments == 0 { sealed.first_us } else { self.first_us.min(sealed.first_us) };
        self.last_us = self.last_us.max(sealed.last_us);
        self.segments = sealed.number;
        self.frames = sealed.last_frame;
        self.bytes = self.bytes.saturating_add(sealed.plain_bytes);
        self.chain = sealed.chain;
    }
}

/// A session of which a killed process had left frames; all of them are sealed now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupted {
    /// Which session.
    pub session: SessionId,
    /// Everything sealed of it, for its session-close entry.
    pub totals: Totals,
}

/// SHA-256 over the concatenation of `parts`.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// The chain value after a segment file with `digest`.
pub(crate) fn chained(previous: &[u8; 32], digest: &[u8; 32]) -> [u8; 32] {
    sha256(&[previous, digest])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_has_one_spelling() {
        let id = SessionId([0xab; 16]);
        assert_eq!(id.to_string().parse::<SessionId>().unwrap(), id);
        for wrong in ["", "ab", &"AB".repeat(16), &"+b".repeat(16), &format!("{id} "), &format!("0{id}")] {
            assert!(wrong.parse::<SessionId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn totals_keep_the_extreme_times_when_the_clock_steps_back() {
        let mut totals = Totals::default();
        for (number, first_us, last_us) in [(1, 50, 60), (2, 10, 20)] {
            totals.extend(&SealedSegment {
                session: SessionId([1; 16]),
                number,
                first_frame: u64::from(number),
                last_frame: u64::from(number),
                first_us,
                last_us,
                plain_bytes: 7,
                file_bytes: 9,
                digest: [1; 32],
                chain: [2; 32],
            });
        }
        assert_eq!((totals.first_us, totals.last_us, totals.bytes, totals.frames), (10, 60, 14, 2));
    }
}
