//! The bytes of a write-ahead file: one header, then frames, then zeros (docs/formats.md).

use crate::fields::Fields;
use crate::frame::{Direction, Kind, MAX_PAYLOAD};
use crate::session::SessionId;

/// Bytes of a file's header.
pub(crate) const FILE_HEADER: usize = 64;
const FILE_MAGIC: &[u8; 8] = b"CSWAL001";
const FILE_CHECKED: usize = FILE_HEADER - 4;

/// The four bytes that a frame begins with.
pub(crate) const FRAME_MAGIC: &[u8; 4] = b"CSWF";
const FRAME_END: &[u8; 4] = b"FWSC";
const FRAME_HEAD: usize = 52;
/// What a frame takes besides its payload.
pub(crate) const FRAME_OVERHEAD: usize = FRAME_HEAD + 8;

/// The header of a file that is `length` bytes long.
pub(crate) fn file_header(number: u64, length: u64) -> [u8; FILE_HEADER] {
    let mut header = [0; FILE_HEADER];
    let parts: [&[u8]; 3] = [FILE_MAGIC, &number.to_le_bytes(), &length.to_le_bytes()];
    header.iter_mut().zip(parts.concat()).for_each(|(to, from)| *to = from);
    let (checked, sum) = header.split_at_mut(FILE_CHECKED);
    sum.copy_from_slice(&crc32c::crc32c(checked).to_le_bytes());
    header
}

/// A frame with what the write-ahead file adds to it; the payload is borrowed from the file.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct WalFrame<'a> {
    pub(crate) session: SessionId,
    /// The frame's number in its session, from 1.
    pub(crate) number: u64,
    pub(crate) at_us: u64,
    pub(crate) channel: u32,
    /// The file was durable up to this offset before this frame was written: damage below it is no torn write.
    pub(crate) durable: u32,
    pub(crate) direction: Direction,
    pub(crate) kind: Kind,
    pub(crate) payload: &'a [u8],
}

impl<'a> WalFrame<'a> {
    /// Appends the frame's bytes to `out`.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(FRAME_MAGIC);
        out.extend_from_slice(&u32::try_from(self.payload.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(&self.session.0);
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.at_us.to_le_bytes());
        out.extend_from_slice(&self.channel.to_le_bytes());
        out.extend_from_slice(&self.durable.to_le_bytes());
        out.extend_from_slice(&[self.direction as u8, self.kind as u8, 0, 0]);
        out.extend_from_slice(self.payload);
        let sum = crc32c::crc32c(out.get(start..).unwrap_or_default());
        out.extend_from_slice(&sum.to_le_bytes());
        out.extend_from_slice(FRAME_END);
    }

    /// Reads the frame that `bytes` begins with; `None` if there is no intact one.
    pub(crate) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Fields::of(bytes);
        fields.literal(FRAME_MAGIC)?;
        let length = usize::try_from(fields.u32()?).ok().filter(|length| *length <= MAX_PAYLOAD)?;
        let session = SessionId(fields.array()?);
        let (number, at_us, channel, durable) = (fields.u64()?, fields.u64()?, fields.u32()?, fields.u32()?);
        let (direction, kind) = (Direction::from_byte(fields.u8()?)?, Kind::from_byte(fields.u8()?)?);
        fields.zeros::<2>()?;
        let payload = fields.bytes(length)?;
        let intact = fields.u32()? == crc32c::crc32c(bytes.get(..FRAME_HEAD + length)?);
        fields.literal(FRAME_END)?;
        intact.then_some(Self { session, number, at_us, channel, durable, direction, kind, payload })
    }

    /// Bytes of the frame in the file.
    pub(crate) fn size(&self) -> usize {
        FRAME_OVERHEAD + self.payload.len()
    }
}
