//! The bytes of a segment file: a clear header, then the frames, compressed and encrypted (docs/formats.md).

use bytes::Bytes;
use zstd::bulk::{Compressor, Decompressor};

use crate::fields::Fields;
use crate::frame::{Direction, Frame, Kind, MAX_PAYLOAD};
use crate::session::SessionId;
use crate::vault::{DataKey, NONCE, TAG};

/// Bytes of the header, all of which the encryption authenticates.
pub(crate) const HEADER: usize = 128;
const MAGIC: &[u8; 8] = b"CSSEG001";
const FRAME_HEAD: usize = 20;
/// The longest plaintext that is accepted, and so the most memory that reading one takes.
pub(crate) const MAX_PLAIN: u64 = 64 << 20;
/// The longest file that can hold such a plaintext.
pub(crate) const MAX_FILE: u64 = MAX_PLAIN + (HEADER + TAG) as u64;

/// How the plaintext is packed before encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Packing {
    Stored = 0,
    Zstd = 1,
}

/// The clear facts of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) session: SessionId,
    pub(crate) number: u32,
    pub(crate) packing: Packing,
    pub(crate) first_frame: u64,
    pub(crate) last_frame: u64,
    pub(crate) first_us: u64,
    pub(crate) last_us: u64,
    pub(crate) plain_bytes: u64,
    /// Length of the ciphertext with its tag: what follows the header.
    pub(crate) sealed_bytes: u64,
    pub(crate) previous_chain: [u8; 32],
    pub(crate) nonce: [u8; NONCE],
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER] {
        let parts: [&[u8]; 13] = [
            MAGIC,
            &self.session.0,
            &self.number.to_le_bytes(),
            &[self.packing as u8, 0, 0, 0],
            &self.first_frame.to_le_bytes(),
            &self.last_frame.to_le_bytes(),
            &self.first_us.to_le_bytes(),
            &self.last_us.to_le_bytes(),
            &self.plain_bytes.to_le_bytes(),
            &self.sealed_bytes.to_le_bytes(),
            &self.previous_chain,
            &self.nonce,
            &[0; 4],
        ];
        let mut header = [0; HEADER];
        header.iter_mut().zip(parts.concat()).for_each(|(to, from)| *to = from);
        header
    }

    /// Reads the header that `file` begins with; `None` unless every byte is as `encode` writes it.
    pub(crate) fn parse(file: &[u8]) -> Option<Self> {
        let mut fields = Fields::of(file);
        fields.literal(MAGIC)?;
        let session = SessionId(fields.array()?);
        let number = fields.u32()?;
        let packing = [Packing::Stored, Packing::Zstd].get(usize::from(fields.u8()?)).copied()?;
        fields.zeros::<3>()?;
        let header = Self {
            session,
            number,
            packing,
            first_frame: fields.u64()?,
            last_frame: fields.u64()?,
            first_us: fields.u64()?,
            last_us: fields.u64()?,
            plain_bytes: fields.u64()?,
            sealed_bytes: fields.u64()?,
            previous_chain: fields.array()?,
            nonce: fields.array()?,
        };
        fields.zeros::<4>()?;
        Some(header)
    }
}

/// Appends a frame to a segment's plaintext.
pub(crate) fn encode_frame(frame: &Frame, plain: &mut Vec<u8>) {
    plain.extend_from_slice(&u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    plain.extend_from_slice(&frame.channel.to_le_bytes());
    plain.extend_from_slice(&frame.at_us.to_le_bytes());
    plain.extend_from_slice(&[frame.direction as u8, frame.kind as u8, 0, 0]);
    plain.extend_from_slice(&frame.bytes);
}

/// Bytes that a frame takes in a segment's plaintext.
pub(crate) fn frame_size(payload: usize) -> usize {
    FRAME_HEAD + payload
}

/// Takes the next frame off a segment's plaintext; `None` if it is not one.
pub(crate) fn take_frame(plain: &mut Bytes, session: SessionId) -> Option<Frame> {
    let mut fields = Fields::of(plain);
    let length = usize::try_from(fields.u32()?).ok().filter(|length| *length <= MAX_PAYLOAD)?;
    let (channel, at_us) = (fields.u32()?, fields.u64()?);
    let (direction, kind) = (Direction::from_byte(fields.u8()?)?, Kind::from_byte(fields.u8()?)?);
    fields.zeros::<2>()?;
    fields.bytes(length)?;
    let mut bytes = plain.split_to(FRAME_HEAD + length);
    Some(Frame { session, channel, at_us, direction, kind, bytes: bytes.split_off(FRAME_HEAD) })
}

/// Compresses and encrypts segments, reusing its memory.
pub(crate) struct Press {
    thorough: Compressor<'static>,
    quick: Compressor<'static>,
    /// A plaintext above this length comes from a flood and is compressed quickly.
    flood: usize,
    file: Vec<u8>,
}

impl Press {
    pub(crate) fn new(flood: usize) -> std::io::Result<Self> {
        Ok(Self { thorough: Compressor::new(3)?, quick: Compressor::new(1)?, flood, file: Vec::new() })
    }

    /// The bytes of the segment file; completes `header` with what only now is known.
    pub(crate) fn seal(&mut self, header: &mut Header, plain: &[u8], key: &DataKey) -> &[u8] {
        self.file.resize(HEADER + plain.len(), 0);
        let zstd = if plain.len() > self.flood { &mut self.quick } else { &mut self.thorough };
        let (head, text) = self.file.split_at_mut(HEADER);
        // A text that does not get shorter overflows the room that it is given: it is stored as it is.
        let packed = zstd.compress_to_buffer(plain, text).ok().filter(|length| *length < plain.len());
        if packed.is_none() {
            text.copy_from_slice(plain);
        }
        let length = packed.unwrap_or(plain.len());
        header.packing = if packed.is_some() { Packing::Zstd } else { Packing::Stored };
        header.plain_bytes = plain.len() as u64;
        header.sealed_bytes = (length + TAG) as u64;
        head.copy_from_slice(&header.encode());
        let tag = key.seal(&header.nonce, head, text.split_at_mut(length).0);
        self.file.truncate(HEADER + length);
        self.file.extend_from_slice(&tag);
        &self.file
    }
}

/// Decrypts a whole segment file into its frames' bytes. The error says what is wrong.
pub(crate) fn open(file: &mut [u8], header: &Header, key: &DataKey) -> Result<Bytes, &'static str> {
    let (head, text) = file.split_at_mut_checked(HEADER).ok_or("it is too short")?;
    if header.sealed_bytes != text.len() as u64 || header.plain_bytes > MAX_PLAIN {
        return Err("its length is not what its header says");
    }
    let packed = key
        .open_in_place(header.nonce, head, text)
        .ok_or("it does not decrypt: another key, or it was changed")?;
    let length = usize::try_from(header.plain_bytes).map_err(|_| "it is too long")?;
    let plain = match header.packing {
        Packing::Stored => packed.to_vec(),
        Packing::Zstd => Decompressor::new()
            .and_then(|mut zstd| zstd.decompress(packed, length))
            .map_err(|_| "it does not decompress")?,
    };
    if plain.len() == length {
        Ok(plain.into())
    } else {
        Err("its plaintext is not as long as its header says")
    }
}
