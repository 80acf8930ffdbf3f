//! Waiting bytes that no longer fit in memory: an unlinked temporary file of fixed slots, sealed with a key that
//! exists only in this process, so that what people type never lies on a disk in clear.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use bytes::BytesMut;

use super::spool::CHUNK;

const TAG: usize = 16;
const SLOT: u64 = (CHUNK + TAG) as u64;

/// Where a chunk lies, and the nonce it was sealed with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    slot: u32,
    nonce: u64,
    length: usize,
}

impl Place {
    /// Length of the chunk in clear.
    pub(crate) fn length(&self) -> usize {
        self.length
    }
}

/// The file, with a list of the slots that are free again.
pub(crate) struct Spill {
    file: File,
    key: LessSafeKey,
    nonce: u64,
    slots: u32,
    free: Vec<u32>,
}

impl Spill {
    /// Creates the file in `folder`; it has no name and vanishes with this value.
    pub(crate) fn create(folder: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(folder)?;
        let mut secret = [0; 16];
        rand::fill(&mut secret).map_err(|_| io::Error::other("no randomness"))?;
        let key = UnboundKey::new(&AES_128_GCM, &secret).map_err(|_| io::Error::other("no key"))?;
        Ok(Self { file, key: LessSafeKey::new(key), nonce: 0, slots: 0, free: Vec::new() })
    }

    /// Seals and writes a chunk of at most [`CHUNK`] bytes.
    pub(crate) fn store(&mut self, mut chunk: BytesMut) -> io::Result<Place> {
        let place = Place { slot: self.take_slot(), nonce: self.nonce, length: chunk.len() };
        self.nonce += 1;
        self.key
            .seal_in_place_append_tag(nonce(place), Aad::empty(), &mut chunk)
            .map_err(|_| io::Error::other("sealing failed"))?;
        self.file.write_all_at(&chunk, u64::from(place.slot) * SLOT)?;
        Ok(place)
    }

    /// Reads a chunk back and frees its slot.
    pub(crate) fn load(&mut self, place: Place) -> io::Result<BytesMut> {
        let mut chunk = BytesMut::zeroed(place.length + TAG);
        self.file.read_exact_at(&mut chunk, u64::from(place.slot) * SLOT)?;
        let opened = self.key.open_in_place(nonce(place), Aad::empty(), &mut chunk);
        opened.map_err(|_| io::Error::other("the spool file was changed"))?;
        chunk.truncate(place.length);
        self.free.push(place.slot);
        Ok(chunk)
    }

    /// Frees a chunk's slot unread.
    pub(crate) fn forget(&mut self, place: Place) {
        self.free.push(place.slot);
    }

    #[cfg(test)]
    pub(crate) fn slots(&self) -> u32 {
        self.slots
    }

    fn take_slot(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.slots += 1;
            self.slots - 1
        })
    }
}

/// Every chunk has its own number, so no nonce is used twice with this key.
fn nonce(place: Place) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[..8].copy_from_slice(&place.nonce.to_le_bytes());
    Nonce::assume_unique_for_key(bytes)
}
