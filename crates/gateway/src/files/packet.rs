//! Framing of SFTP packets (draft-ietf-secsh-filexfer-02, section 3) and the fields inside them.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use thiserror::Error;

/// The longest packet, without its length: what OpenSSH takes and sends.
pub(crate) const MAX_PACKET: usize = 256 * 1024;

/// Why bytes are no SFTP packet, or none that makes sense here. Each ends the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Malformed {
    #[error("a packet of {0} bytes, where 262144 are the most")]
    TooLong(u32),
    #[error("an empty packet")]
    Empty,
    #[error("a packet of type {0} with a field that is longer than the packet")]
    Short(u8),
    #[error("a packet of type {0} with bytes behind its last field")]
    Trailing(u8),
    #[error("a packet of type {0} with a flag that is not known")]
    Flags(u8),
    #[error("a packet of the unknown type {0}")]
    Type(u8),
    #[error("protocol version {0}, where 3 is the least")]
    Version(u32),
    #[error("an answer that nobody asked for")]
    Stray,
    #[error("the end of data inside a packet")]
    CutOff,
}

/// Cuts a stream of bytes into packets.
#[derive(Default)]
pub(crate) struct Packets(BytesMut);

impl Packets {
    /// Appends what has arrived. Take all packets before appending more: then less than one packet waits here.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next packet without its length. A length is refused before anything is kept for it.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Malformed> {
        let Some(length) = self.0.first_chunk::<4>().map(|first| u32::from_be_bytes(*first)) else {
            return Ok(None);
        };
        let Ok(whole @ 1..=MAX_PACKET) = usize::try_from(length) else {
            return Err(if length == 0 { Malformed::Empty } else { Malformed::TooLong(length) });
        };
        if self.0.len() < whole + 4 {
            return Ok(None);
        }
        self.0.advance(4);
        Ok(Some(self.0.split_to(whole).freeze()))
    }

    /// Whether nothing is left of a packet that has not come to its end.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Takes fields from the front of one packet.
pub(crate) struct Fields {
    kind: u8,
    rest: Bytes,
}

impl Fields {
    /// The packet's type, and the fields behind it.
    pub(crate) fn of(mut packet: Bytes) -> Result<(u8, Self), Malformed> {
        let kind = packet.try_get_u8().map_err(|_| Malformed::Empty)?;
        Ok((kind, Self { kind, rest: packet }))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.rest.try_get_u32().map_err(|_| Malformed::Short(self.kind))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.rest.try_get_u64().map_err(|_| Malformed::Short(self.kind))
    }

    /// A string: its length, then its bytes, which are not copied.
    pub(crate) fn string(&mut self) -> Result<Bytes, Malformed> {
        let length = usize::try_from(self.u32()?).map_err(|_| Malformed::Short(self.kind))?;
        if length > self.rest.len() {
            return Err(Malformed::Short(self.kind));
        }
        Ok(self.rest.split_to(length))
    }

    /// All that is left.
    pub(crate) fn remaining(&mut self) -> Bytes {
        std::mem::take(&mut self.rest)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The fault of this packet that has to do with its flags.
    pub(crate) fn bad_flags(&self) -> Malformed {
        Malformed::Flags(self.kind)
    }

    /// Everything has been read.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed::Trailing(self.kind)) }
    }
}

/// Writes one packet, its length in front.
pub(crate) struct Building(BytesMut);

impl Building {
    pub(crate) fn new(kind: u8, first: u32) -> Self {
        let mut bytes = BytesMut::with_capacity(64);
        bytes.put_u32(0);
        bytes.put_u8(kind);
        Self(bytes).u32(first)
    }

    pub(crate) fn u32(mut self, value: u32) -> Self {
        self.0.put_u32(value);
        self
    }

    pub(crate) fn u64(mut self, value: u64) -> Self {
        self.0.put_u64(value);
        self
    }

    /// No field that we write is longer than a packet.
    pub(crate) fn string(self, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        let mut building = self.u32(u32::try_from(value.len()).unwrap_or(u32::MAX));
        building.0.extend_from_slice(value);
        building
    }

    pub(crate) fn raw(mut self, value: &[u8]) -> Self {
        self.0.extend_from_slice(value);
        self
    }

    pub(crate) fn finish(mut self) -> Bytes {
        let length = u32::try_from(self.0.len().saturating_sub(4)).unwrap_or(u32::MAX);
        if let Some(place) = self.0.first_chunk_mut::<4>() {
            *place = length.to_be_bytes();
        }
        self.0.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(bytes: &[u8]) -> Packets {
        let mut packets = Packets::default();
        packets.push(bytes);
        packets
    }

    #[test]
    fn packets_come_out_whole_however_the_bytes_arrive() {
        let stream =
            [Building::new(5, 1).string("abc").finish(), Building::new(6, 2).u64(9).finish()].concat();
        let mut packets = Packets::default();
        let mut seen = Vec::new();
        for byte in stream.chunks(3) {
            packets.push(byte);
            while let Some(packet) = packets.next().unwrap() {
                seen.push(packet);
            }
        }
        assert_eq!(seen, [&stream[4..16], &stream[20..]]);
        assert!(packets.is_empty());
    }

    #[test]
    fn a_length_is_refused_before_its_bytes_come() {
        for length in [MAX_PACKET as u32 + 1, 1 << 31, u32::MAX] {
            assert_eq!(packets(&length.to_be_bytes()).next(), Err(Malformed::TooLong(length)));
        }
        assert_eq!(packets(&[0; 4]).next(), Err(Malformed::Empty));
        assert_eq!(packets(&(MAX_PACKET as u32).to_be_bytes()).next(), Ok(None));
    }

    #[test]
    fn a_field_longer_than_its_packet_is_refused() {
        for length in [4, 1 << 31, u32::MAX] {
            let mut packet = BytesMut::from(&[3, 0, 0, 0, 7][..]);
            packet.put_u32(length);
            packet.extend_from_slice(b"abc");
            let (_, mut fields) = Fields::of(packet.freeze()).unwrap();
            assert_eq!(fields.u32(), Ok(7));
            assert_eq!(fields.string(), Err(Malformed::Short(3)));
        }
    }
}
