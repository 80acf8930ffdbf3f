//! What was recorded of the session in which the act ran: a chain of sealed segments without a gap.

use super::protocol::{Found, ensure};
use super::shelf::{Placed, Shelf};
use crate::blind::{hex, sha256_hex};
use crate::entry::Event;

/// A recording, as far as the entries go.
pub(super) struct Recorded {
    pub(super) segments: u32,
    pub(super) bytes: u64,
    /// When and how the session ended; none if it had not when the evidence was made.
    pub(super) closed: Option<(i64, String)>,
    frames: u64,
    chain: String,
}

/// The segments of a session from the first on, and the totals of the closing entry, behind `last`, if it is over.
pub(super) fn recorded(ours: &str, opened: u64, last: u64, shelf: &mut Shelf<'_>) -> Found<Recorded> {
    let segments = shelf.all(|entry| {
        entry.index > opened && matches!(&entry.event, Event::Segment { session, .. } if *session == ours)
    });
    let none = Recorded { segments: 0, bytes: 0, closed: None, frames: 0, chain: hex(&[0; 32]) };
    let recorded = segments.iter().try_fold(none, followed)?;
    let closes = |entry: &Placed| {
        entry.index > segments.last().map_or(last, |segment| segment.index.max(last))
            && matches!(&entry.event, Event::SessionClose { session, .. } if *session == ours)
    };
    match shelf.all(closes).as_slice() {
        [] => Ok(recorded),
        [closed] => close(recorded, closed),
        _ => Err("the session is closed twice".to_owned()),
    }
}

fn followed(before: Recorded, entry: &Placed) -> Found<Recorded> {
    let Event::Segment { number, first_frame, last_frame, plain_bytes, digest, chain, .. } = &entry.event
    else {
        return Err("this is no segment".to_owned());
    };
    let follows = *number == before.segments + 1
        && *first_frame == before.frames + 1
        && last_frame >= first_frame
        && linked(&before.chain, digest).as_ref() == Some(chain);
    ensure(follows, || format!("entry {}: segment {number} does not follow", entry.index))?;
    Ok(Recorded {
        segments: *number,
        bytes: before.bytes.saturating_add(*plain_bytes),
        closed: None,
        frames: *last_frame,
        chain: chain.clone(),
    })
}

/// SHA-256 of the previous chain value and the digest.
fn linked(chain: &str, digest: &str) -> Option<String> {
    Some(sha256_hex(&[bytes(chain)?, bytes(digest)?].concat()))
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        hex.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    let whole = rest.is_empty() && pairs.len() == 32;
    whole.then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

fn close(recorded: Recorded, entry: &Placed) -> Found<Recorded> {
    let Event::SessionClose { outcome, segments, frames, bytes, chain, .. } = &entry.event else {
        return Err("this does not close it".to_owned());
    };
    let agrees = *segments == recorded.segments
        && *frames == recorded.frames
        && *bytes == recorded.bytes
        && *chain == recorded.chain;
    ensure(agrees, || format!("entry {}: the totals are not those of the segments", entry.index))?;
    Ok(Recorded { closed: Some((entry.at, outcome.clone())), ..recorded })
}
