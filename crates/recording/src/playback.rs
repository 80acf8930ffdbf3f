//! Replay of one channel in a terminal: what to show, and how long to wait before it.

use std::time::Duration;

use bytes::Bytes;

use crate::error::RecordingError;
use crate::event::SessionEvent;
use crate::frame::Frame;
use crate::screen::{Elapsed, OneChannel, is_output};

/// How a recording is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlayOptions {
    /// The channel; `None` takes the first that has a terminal or shows something.
    pub channel: Option<u32>,
    /// How many times faster than it happened; above 0. Not a number, 0 and less count as 1.
    pub speed: f64,
    /// What happened before this time since the first frame is shown at once.
    pub from: Duration,
    /// The longest wait, before `speed` is applied.
    pub longest_pause: Option<Duration>,
}

impl Default for PlayOptions {
    fn default() -> Self {
        Self { channel: None, speed: 1.0, from: Duration::ZERO, longest_pause: None }
    }
}

/// One thing to do in a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// How long to wait before it.
    pub delay: Duration,
    /// What to do.
    pub action: Action,
}

/// What a replay shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Bytes for the terminal, raw: whoever plays them in a terminal of his own lets the target's bytes control it.
    Show(Bytes),
    /// The recorded window had this size from here on, in characters.
    Resize {
        /// Its width.
        columns: u32,
        /// Its height.
        rows: u32,
    },
}

/// Turns frames into steps. It does not sleep; whoever plays does.
pub struct Playback<I> {
    frames: OneChannel<I>,
    options: PlayOptions,
    elapsed: Elapsed,
    shown_us: u64,
}

/// Plays a recording's frames, such as those of a [`crate::Reader`].
pub fn play<I: Iterator<Item = Result<Frame, RecordingError>>>(
    frames: I,
    options: PlayOptions,
) -> Playback<I> {
    let frames = OneChannel::new(frames, options.channel);
    Playback { frames, options, elapsed: Elapsed::default(), shown_us: 0 }
}

impl<I> Playback<I> {
    /// The wait before something at `at_us` since the start.
    fn delay(&mut self, at_us: u64) -> Duration {
        let begin = self.shown_us.max(u64::try_from(self.options.from.as_micros()).unwrap_or(u64::MAX));
        self.shown_us = at_us;
        let pause = Duration::from_micros(at_us.saturating_sub(begin));
        let pause = self.options.longest_pause.map_or(pause, |longest| pause.min(longest));
        let speed = if self.options.speed > 0.0 { self.options.speed } else { 1.0 };
        Duration::try_from_secs_f64(pause.as_secs_f64() / speed).unwrap_or(pause)
    }
}

impl<I: Iterator<Item = Result<Frame, RecordingError>>> Iterator for Playback<I> {
    type Item = Result<Step, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let frame = match self.frames.next()? {
                Ok(frame) => frame,
                Err(error) => return Some(Err(error)),
            };
            let at_us = self.elapsed.at(frame.at_us);
            if let Some(action) = action(frame) {
                return Some(Ok(Step { delay: self.delay(at_us), action }));
            }
        }
    }
}

fn action(frame: Frame) -> Option<Action> {
    if is_output(&frame) {
        return Some(Action::Show(frame.bytes));
    }
    match frame.event()? {
        SessionEvent::Pty { columns, rows, .. } | SessionEvent::WindowChange { columns, rows, .. } => {
            Some(Action::Resize { columns, rows })
        }
        _ => None,
    }
}
