//! From a stream of bytes to frames. What is kept is bounded by the kind of message, never by what a length says; rows and
//! COPY data pass in runs and are not kept at all.

use bytes::{Bytes, BytesMut};

use super::limits::{Limits, Side, Taking};
use crate::Error;

/// The type byte and the length.
const HEAD: usize = 5;

/// One whole message as it was on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    tag: u8,
    raw: Bytes,
}

impl Frame {
    /// The type byte.
    #[must_use]
    pub fn tag(&self) -> u8 {
        self.tag
    }

    /// What follows the length.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.raw.get(HEAD..).unwrap_or_default()
    }

    /// The message with its type byte and length.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// A part of this message, without copying it.
    pub(super) fn share(&self, part: &[u8]) -> Bytes {
        self.raw.slice_ref(part)
    }
}

/// Bytes of one or more streamed messages of one kind, one behind the other: rows, or COPY data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    tag: u8,
    raw: Bytes,
    /// How many bytes at the front belong to a message that an earlier run began.
    lead: usize,
    open: bool,
}

impl Run {
    /// The type byte of all its messages.
    #[must_use]
    pub fn tag(&self) -> u8 {
        self.tag
    }

    /// As it was on the wire.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Whether its last message goes on in the next run. Until then nothing else may be put into the stream.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// How many messages begin in it.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.contents().count() - usize::from(self.lead > 0)
    }

    /// What the messages contain, without type bytes and lengths: the rest of one that an earlier run began (if
    /// there is such a rest), then each that begins here, the last one perhaps not to its end.
    pub fn contents(&self) -> impl Iterator<Item = &[u8]> {
        let (lead, behind) = self.raw.split_at_checked(self.lead).unwrap_or((&self.raw, &[]));
        let lead = (!lead.is_empty()).then_some(lead);
        lead.into_iter().chain(Contents { rest: behind })
    }

    /// Only the bytes that end a message begun earlier.
    pub(super) fn lead(&self) -> Option<Bytes> {
        (self.lead > 0).then(|| self.raw.slice(..self.lead))
    }

    /// Whether no message begins in it.
    pub(super) fn is_all_lead(&self) -> bool {
        self.lead == self.raw.len()
    }
}

struct Contents<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Contents<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (_, rest) = self.rest.split_first()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length).saturating_sub(4);
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
        let (content, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(content)
    }
}

/// What a decoder gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A whole message.
    Whole(Frame),
    /// A part of a stream of messages.
    Run(Run),
}

/// Takes bytes as they come and gives frames.
#[derive(Debug)]
pub struct Decoder {
    side: Side,
    limits: Limits,
    buffer: BytesMut,
    /// The kind of the streamed message that is under way, and how much of it is still to come.
    open: Option<(u8, usize)>,
}

impl Decoder {
    /// For what that side sends.
    #[must_use]
    pub fn new(side: Side, limits: Limits) -> Self {
        Self { side, limits, buffer: BytesMut::new(), open: None }
    }

    /// The client has proved who it is; from the next message on it may say other things. What it sent ahead is kept.
    #[must_use]
    pub fn logged_in(self) -> Self {
        Self { side: Side::Frontend, ..self }
    }

    /// Where a reader puts what it has read. It must take pieces until there are none before it reads again; then
    /// no more is kept than one message and what was read at once.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Takes these bytes; for readers that have their own buffer.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether the stream may end here: no message is half read.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.buffer.is_empty() && self.open.is_none()
    }

    /// The next piece, if enough bytes are there.
    ///
    /// # Errors
    ///
    /// A length or kind that cannot be, and again for every further call: the stream is lost.
    pub fn piece(&mut self) -> Result<Option<Piece>, Error> {
        if let Some((tag, rest)) = self.open {
            return Ok(self.run(tag, rest));
        }
        let Some(head) = self.head(0)? else { return Ok(None) };
        match head.taking {
            Taking::Streamed => Ok(self.run(head.tag, 0)),
            Taking::Whole(_) if self.buffer.len() < head.whole => Ok(None),
            Taking::Whole(_) => {
                let raw = self.buffer.split_to(head.whole).freeze();
                Ok(Some(Piece::Whole(Frame { tag: head.tag, raw })))
            }
        }
    }

    /// As much as there is of a message under way, of which `lead` bytes are to come, and of others of its kind behind it.
    fn run(&mut self, tag: u8, to_come: usize) -> Option<Piece> {
        let lead = to_come.min(self.buffer.len());
        let (mut end, mut missing) = (lead, to_come - lead);
        while missing == 0 {
            // What is wrong behind this run is found when it is the next thing to be read.
            let Ok(Some(head)) = self.head(end) else { break };
            if head.tag != tag {
                break;
            }
            let there = head.whole.min(self.buffer.len() - end);
            (end, missing) = (end + there, head.whole - there);
        }
        if end == 0 {
            return None;
        }
        self.open = (missing > 0).then_some((tag, missing));
        let raw = self.buffer.split_to(end).freeze();
        Some(Piece::Run(Run { tag, raw, lead, open: missing > 0 }))
    }

    /// The head of the message that begins there, as soon as it can be judged.
    fn head(&self, at: usize) -> Result<Option<Head>, Error> {
        let bytes = self.buffer.get(at..).unwrap_or_default();
        let Some((tag, rest)) = bytes.split_first() else { return Ok(None) };
        let taking = self.limits.taking(self.side, *tag)?;
        let Some(length) = rest.first_chunk::<4>() else { return Ok(None) };
        let length = checked_length(*tag, *length, taking.limit())?;
        Ok(Some(Head { tag: *tag, taking, whole: length + 1 }))
    }
}

struct Head {
    tag: u8,
    taking: Taking,
    /// With type byte and length.
    whole: usize,
}

fn checked_length(tag: u8, length: [u8; 4], limit: usize) -> Result<usize, Error> {
    let announced = u32::from_be_bytes(length);
    let length = usize::try_from(announced).unwrap_or(usize::MAX);
    if announced < 4 || announced > i32::MAX.unsigned_abs() {
        return Err(Error::Malformed("message length"));
    }
    if length > limit {
        return Err(Error::TooLarge { kind: tag.into(), length, limit });
    }
    Ok(length)
}
