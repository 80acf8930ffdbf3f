//! A command on its way, with all its packets.

use bytes::{Bytes, BytesMut};

use super::packet::Packet;
use crate::Error;

/// What a waiting message costs beside its bytes.
const OVERHEAD: usize = 64;

/// A command with all its packets.
#[derive(Debug, Default)]
pub(super) struct Pending {
    packets: Vec<Packet>,
}

impl Pending {
    pub(super) fn add(&mut self, packet: &Packet) -> Result<(), Error> {
        if packet.sequence() != self.behind() {
            return Err(Error::Malformed("packet number"));
        }
        self.packets.push(packet.clone());
        Ok(())
    }

    pub(super) fn is_complete(&self) -> bool {
        self.packets.last().is_some_and(|packet| !packet.is_open())
    }

    pub(super) fn is_goodbye(&self) -> bool {
        matches!(&self.packets[..], [only] if only.payload() == [1])
    }

    /// The number behind its last packet.
    pub(super) fn behind(&self) -> u8 {
        self.packets.last().map_or(0, |packet| packet.sequence().wrapping_add(1))
    }

    pub(super) fn payload(&self) -> Bytes {
        match &self.packets[..] {
            [only] => only.share(only.payload()),
            several => several.iter().fold(BytesMut::new(), appended).freeze(),
        }
    }

    /// What it costs to keep it.
    pub(super) fn size(&self) -> usize {
        self.packets.iter().map(cost).sum()
    }

    pub(super) fn into_packets(self) -> impl Iterator<Item = Bytes> {
        self.packets.into_iter().map(|packet| packet.raw().clone())
    }
}

pub(super) fn cost(packet: &Packet) -> usize {
    packet.raw().len() + OVERHEAD
}

fn appended(mut whole: BytesMut, packet: &Packet) -> BytesMut {
    whole.extend_from_slice(packet.payload());
    whole
}
