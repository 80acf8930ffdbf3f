//! What of a recording was to be seen on one terminal: the output of one channel, in order and in time.

use crate::error::RecordingError;
use crate::event::SessionEvent;
use crate::frame::{Direction, Frame, Kind};

/// Whether these bytes were shown to the client.
pub(crate) fn is_output(frame: &Frame) -> bool {
    match frame.kind {
        Kind::Data | Kind::Stderr => frame.direction == Direction::ToClient,
        Kind::Notice => true,
        _ => false,
    }
}

/// Passes on one channel's frames: the given one's, or the first one's that asks for a terminal or shows something.
pub(crate) struct OneChannel<I> {
    frames: I,
    channel: Option<u32>,
}

impl<I> OneChannel<I> {
    pub(crate) fn new(frames: I, channel: Option<u32>) -> Self {
        Self { frames, channel }
    }
}

impl<I: Iterator<Item = Result<Frame, RecordingError>>> Iterator for OneChannel<I> {
    type Item = Result<Frame, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let frame = match self.frames.next()? {
                Ok(frame) => frame,
                Err(error) => return Some(Err(error)),
            };
            if self.channel.is_none() && begins_a_screen(&frame) {
                self.channel = Some(frame.channel);
            }
            if self.channel == Some(frame.channel) {
                return Some(Ok(frame));
            }
        }
    }
}

fn begins_a_screen(frame: &Frame) -> bool {
    is_output(frame) || matches!(frame.event(), Some(SessionEvent::Pty { .. }))
}

/// Time since the first frame in µs; a clock that steps back does not make it go back.
#[derive(Default)]
pub(crate) struct Elapsed {
    start_us: Option<u64>,
    elapsed_us: u64,
}

impl Elapsed {
    pub(crate) fn at(&mut self, at_us: u64) -> u64 {
        let start = *self.start_us.get_or_insert(at_us);
        self.elapsed_us = self.elapsed_us.max(at_us.saturating_sub(start));
        self.elapsed_us
    }
}
