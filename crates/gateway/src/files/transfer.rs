//! What crosses of one open file in one direction: counted against its limit, and summed up in a digest.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256, digest};
use bytes::Bytes;

/// How much content may wait for what comes before it.
const MAX_AHEAD: usize = 4 << 20;

/// One direction of an open file.
pub(crate) struct Flow {
    limit: Option<u64>,
    /// Whether the content itself is kept in the recording.
    pub keep: bool,
    bytes: u64,
    tally: Tally,
}

impl Flow {
    pub(crate) fn new(limit: Option<u64>, keep: bool) -> Self {
        Self { limit, keep, bytes: 0, tally: Tally::default() }
    }

    /// How many of that many more bytes may cross.
    pub(crate) fn room_for(&self, length: u64) -> u64 {
        self.limit.map_or(length, |limit| length.min(limit.saturating_sub(self.bytes)))
    }

    /// The limit, for those who are told of it.
    pub(crate) fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Counts content that crosses now.
    pub(crate) fn crossed(&mut self, offset: u64, content: &Bytes) {
        self.bytes += content.len() as u64;
        self.tally.add(offset, content);
    }

    /// Counts content that moves without being seen here.
    pub(crate) fn moved(&mut self, length: u64) {
        self.bytes = self.bytes.saturating_add(length);
        self.tally.give_up();
    }

    /// What was summed up is not what the file holds.
    pub(crate) fn spoil(&mut self) {
        self.tally.give_up();
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// SHA-256 of everything from the beginning on without a gap, and how long that is; none after a gap, or when a
    /// part came twice.
    pub(crate) fn digest(&self) -> Option<(u64, String)> {
        self.tally.result()
    }
}

/// A digest over content that comes nearly in order.
struct Tally {
    context: Option<Context>,
    next: u64,
    ahead: BTreeMap<u64, Bytes>,
    waiting: usize,
}

impl Default for Tally {
    fn default() -> Self {
        Self { context: Some(Context::new(&SHA256)), next: 0, ahead: BTreeMap::new(), waiting: 0 }
    }
}

impl Tally {
    fn add(&mut self, offset: u64, content: &Bytes) {
        if self.context.is_none() || content.is_empty() {
            return;
        }
        if offset < self.next || self.waiting + content.len() > MAX_AHEAD {
            return self.give_up();
        }
        self.waiting += content.len();
        if self.ahead.insert(offset, content.clone()).is_some() {
            return self.give_up();
        }
        self.take_in();
    }

    fn take_in(&mut self) {
        while let Some(content) = self.ahead.remove(&self.next) {
            self.waiting -= content.len();
            self.next += content.len() as u64;
            if let Some(context) = &mut self.context {
                context.update(&content);
            }
        }
    }

    fn give_up(&mut self) {
        self.context = None;
        self.ahead.clear();
    }

    fn result(&self) -> Option<(u64, String)> {
        let context = self.context.as_ref().filter(|_| self.ahead.is_empty())?;
        Some((self.next, hex(context.clone().finish().as_ref())))
    }
}

/// SHA-256 of one piece.
pub(crate) fn sha256(content: &[u8]) -> String {
    hex(digest(&SHA256, content).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossed(pieces: &[(u64, &'static str)]) -> Option<(u64, String)> {
        let mut flow = Flow::new(None, false);
        for (offset, piece) in pieces {
            flow.crossed(*offset, &Bytes::from_static(piece.as_bytes()));
        }
        flow.digest()
    }

    #[test]
    fn the_digest_is_of_the_whole_whatever_the_order() {
        let whole = Some((9, sha256(b"abcdefghi")));
        assert_eq!(crossed(&[(0, "abc"), (3, "def"), (6, "ghi")]), whole);
        assert_eq!(crossed(&[(6, "ghi"), (0, "abc"), (3, "def")]), whole);
        assert_eq!(crossed(&[]), Some((0, sha256(b""))));
    }

    #[test]
    fn there_is_none_after_a_gap_or_a_second_time() {
        for gap in [&[(0, "abc"), (4, "d")][..], &[(0, "abc"), (0, "xyz")], &[(0, "abc"), (5, "a"), (5, "b")]]
        {
            assert_eq!(crossed(gap), None, "{gap:?}");
        }
    }

    #[test]
    fn content_far_ahead_is_not_kept() {
        let mut flow = Flow::new(None, false);
        let piece = Bytes::from(vec![0; 1 << 20]);
        for number in 1..20u64 {
            flow.crossed(number << 20, &piece);
        }
        assert!(flow.tally.ahead.is_empty() && flow.digest().is_none());
        assert_eq!(flow.bytes(), 19 << 20);
    }

    #[test]
    fn the_limit_is_over_all_that_crosses() {
        let mut flow = Flow::new(Some(5), false);
        assert_eq!(flow.room_for(9), 5);
        flow.crossed(0, &"abc".into());
        assert_eq!(flow.room_for(9), 2);
        flow.crossed(0, &"abc".into());
        assert_eq!(flow.room_for(1), 0);
        assert_eq!(Flow::new(None, false).room_for(u64::MAX), u64::MAX);
    }
}
