//! Packets: three bytes of length, one of sequence. A payload of 16 MiB − 1 bytes goes on in the next packet.

use bytes::{BufMut, Bytes, BytesMut};

use crate::Error;

const HEAD: usize = 4;
/// A payload of this length is not the last one.
const FULL: usize = 0xff_ffff;

/// One packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    sequence: u8,
    raw: Bytes,
}

impl Packet {
    /// Its number in the exchange.
    #[must_use]
    pub fn sequence(&self) -> u8 {
        self.sequence
    }

    /// What it carries.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.raw.get(HEAD..).unwrap_or_default()
    }

    /// As it was on the wire.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Whether its payload goes on in the next packet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.raw.len() == HEAD + FULL
    }

    pub(super) fn share(&self, part: &[u8]) -> Bytes {
        self.raw.slice_ref(part)
    }
}

/// Takes bytes as they come and gives packets. No more is kept than one packet (16 MiB) and what was read at once.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    /// The longest payload, over all packets that carry it.
    limit: usize,
    /// How much of a payload that goes on was seen.
    seen: usize,
}

impl Decoder {
    /// With the longest payload that is taken: what a configuration allows clients, any length from servers, whose rows are
    /// passed on packet by packet.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), limit, seen: 0 }
    }

    /// With another limit from now on; what came ahead is kept.
    #[must_use]
    pub fn with_limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// Where a reader puts what it has read; it takes packets until there are none before it reads again.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Takes these bytes; for readers that have their own buffer.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// How many bytes the next packet needs at least. Where TLS begins behind it, a reader takes no more: clients do not wait
    /// for an answer before they begin it.
    #[must_use]
    pub fn missing(&self) -> usize {
        let Some([low, middle, high, _]) = self.buffer.first_chunk::<HEAD>() else {
            return HEAD - self.buffer.len();
        };
        let length = u32::from_le_bytes([*low, *middle, *high, 0]);
        let whole = HEAD.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        whole.saturating_sub(self.buffer.len())
    }

    /// Whether nothing is half read.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.buffer.is_empty() && self.seen == 0
    }

    /// The next packet, if enough bytes are there.
    ///
    /// # Errors
    ///
    /// A payload longer than the limit, and again for every further call.
    pub fn packet(&mut self) -> Result<Option<Packet>, Error> {
        let Some([low, middle, high, sequence]) = self.buffer.first_chunk::<HEAD>().copied() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes([low, middle, high, 0]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if self.seen + length > self.limit {
            return Err(Error::TooLarge { kind: ' ', length: self.seen + length, limit: self.limit });
        }
        if self.buffer.len() < HEAD + length {
            return Ok(None);
        }
        self.seen = if length == FULL { self.seen + length } else { 0 };
        Ok(Some(Packet { sequence, raw: self.buffer.split_to(HEAD + length).freeze() }))
    }
}

/// A payload as packets, the first with this number.
#[must_use]
pub fn packets(mut sequence: u8, payload: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(payload.len() + HEAD);
    let mut rest = payload;
    loop {
        let (part, behind) = rest.split_at(rest.len().min(FULL));
        // At most three bytes, see FULL.
        let [low, middle, high, ..] = part.len().to_le_bytes();
        bytes.put_slice(&[low, middle, high, sequence]);
        bytes.put_slice(part);
        if part.len() < FULL {
            return bytes.freeze();
        }
        (rest, sequence) = (behind, sequence.wrapping_add(1));
    }
}
