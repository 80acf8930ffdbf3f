//! One thing that happened in a session: raw bytes with time, channel, direction and kind.

use std::fmt;

use bytes::Bytes;

use crate::event::SessionEvent;
use crate::session::SessionId;

/// The largest payload of one frame, in bytes; several times the largest SSH packet.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Direction {
    /// From the client towards the target.
    ToTarget = 1,
    /// From the target towards the client.
    ToClient = 2,
    /// Noted by the gateway itself.
    Gateway = 3,
}

impl Direction {
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        [Self::ToTarget, Self::ToClient, Self::Gateway].into_iter().find(|d| *d as u8 == byte)
    }
}

/// What a frame's payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Raw bytes of the channel.
    Data = 1,
    /// Raw bytes of standard error (SSH extended data 1).
    Stderr = 2,
    /// A channel request; the payload is a [`SessionEvent`] as JSON.
    Request = 3,
    /// The answer to a request; the payload is a [`SessionEvent`] as JSON, or empty for a plain success.
    Reply = 4,
    /// No more data in this direction; no payload.
    Eof = 5,
    /// How the program ended; the payload is a [`SessionEvent`] as JSON.
    ExitStatus = 6,
    /// Which signal ended the program; the payload is a [`SessionEvent`] as JSON.
    ExitSignal = 7,
    /// The channel is closed in this direction; no payload.
    Close = 8,
    /// A channel was opened; the payload is the channel type in UTF-8.
    Open = 9,
    /// Text that the gateway itself printed to the client.
    Notice = 10,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Data,
        Self::Stderr,
        Self::Request,
        Self::Reply,
        Self::Eof,
        Self::ExitStatus,
        Self::ExitSignal,
        Self::Close,
        Self::Open,
        Self::Notice,
    ];

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// One event of a session, as it is recorded and as it is read again.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// Whose event it is.
    pub session: SessionId,
    /// The gateway's number of the channel; 0 for what concerns the whole session is the caller's convention.
    pub channel: u32,
    /// When, unix µs.
    pub at_us: u64,
    /// Which way.
    pub direction: Direction,
    /// What the payload is.
    pub kind: Kind,
    /// The payload: raw, at most [`MAX_PAYLOAD`] bytes. Cloning it does not copy.
    pub bytes: Bytes,
}

impl Frame {
    /// A frame that carries `event`; its kind follows from the event.
    #[must_use]
    pub fn of_event(
        session: SessionId,
        channel: u32,
        at_us: u64,
        direction: Direction,
        event: &SessionEvent,
    ) -> Self {
        Self { session, channel, at_us, direction, kind: event.kind(), bytes: event.to_json() }
    }

    /// The event in the payload; `None` for raw bytes, and for a payload that is not a [`SessionEvent`].
    #[must_use]
    pub fn event(&self) -> Option<SessionEvent> {
        match self.kind {
            Kind::Request | Kind::Reply | Kind::ExitStatus | Kind::ExitSignal => {
                SessionEvent::from_json(&self.bytes)
            }
            _ => None,
        }
    }
}

/// Without the payload: it may hold passwords.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, channel, at_us, direction, kind, bytes } = self;
        let length = bytes.len();
        write!(f, "Frame({session} channel {channel} at {at_us} {direction:?} {kind:?}, {length} bytes)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recorded_is_not_in_debug_output() {
        let bytes = Bytes::from_static(b"hunter2");
        let session = SessionId([1; 16]);
        let frame =
            Frame { session, channel: 1, at_us: 2, direction: Direction::ToTarget, kind: Kind::Data, bytes };
        assert!(!format!("{frame:?}").contains("hunter2"));
    }

    #[test]
    fn every_kind_and_direction_is_found_by_its_byte_and_no_other_byte_is() {
        let kinds = (0..=u8::MAX).filter_map(Kind::from_byte).map(|kind| kind as u8);
        assert!(kinds.eq(1..=10));
        let directions = (0..=u8::MAX).filter_map(Direction::from_byte).map(|direction| direction as u8);
        assert!(directions.eq(1..=3));
    }
}
