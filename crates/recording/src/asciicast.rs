//! Export of one channel as asciicast v2. It is lossy: text only, and stderr is not apart from stdout.

use std::io::Write;
use std::mem;

use serde_json::json;

use crate::error::RecordingError;
use crate::event::SessionEvent;
use crate::frame::{Direction, Frame, Kind};
use crate::screen::{Elapsed, OneChannel, is_output};

/// What an export contains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CastOptions {
    /// The channel; `None` takes the first that has a terminal or shows something.
    pub channel: Option<u32>,
    /// Whether what the client typed is exported too, as "i" events: it may contain passwords.
    pub input: bool,
}

/// Writes a recording's terminal as asciicast v2; returns how many events.
pub fn asciicast(
    frames: impl Iterator<Item = Result<Frame, RecordingError>>,
    options: CastOptions,
    out: &mut dyn Write,
) -> Result<u64, RecordingError> {
    let mut cast = Cast {
        out,
        input: options.input,
        elapsed: Elapsed::default(),
        shown: Text::default(),
        typed: Text::default(),
        events: 0,
    };
    let mut begun = false;
    for frame in OneChannel::new(frames, options.channel) {
        let frame = frame?;
        if !begun && (is_output(&frame) || is_pty(&frame)) {
            begun = true;
            cast.header(&frame)?;
        }
        if begun {
            cast.frame(&frame)?;
        }
    }
    cast.finish(begun)
}

fn is_pty(frame: &Frame) -> bool {
    matches!(frame.event(), Some(SessionEvent::Pty { .. }))
}

struct Cast<'o> {
    out: &'o mut dyn Write,
    input: bool,
    elapsed: Elapsed,
    shown: Text,
    typed: Text,
    events: u64,
}

impl Cast<'_> {
    fn header(&mut self, first: &Frame) -> Result<(), RecordingError> {
        let (term, width, height) = match first.event() {
            Some(SessionEvent::Pty { term, columns, rows, .. }) => (term, columns, rows),
            _ => ("dumb".into(), 80, 24),
        };
        let seconds = first.at_us / 1_000_000;
        self.elapsed.at(first.at_us);
        self.line(&json!({"version": 2, "width": width, "height": height, "timestamp": seconds, "env": {"TERM": term}}))
    }

    fn frame(&mut self, frame: &Frame) -> Result<(), RecordingError> {
        let at = self.elapsed.at(frame.at_us);
        if is_output(frame) {
            let text = self.shown.push(&frame.bytes);
            return self.event(at, "o", &text);
        }
        if self.input && frame.kind == Kind::Data && frame.direction == Direction::ToTarget {
            let text = self.typed.push(&frame.bytes);
            return self.event(at, "i", &text);
        }
        if let Some(SessionEvent::WindowChange { columns, rows, .. }) = frame.event() {
            return self.event(at, "r", &format!("{columns}x{rows}"));
        }
        Ok(())
    }

    fn event(&mut self, at_us: u64, code: &str, text: &str) -> Result<(), RecordingError> {
        if text.is_empty() {
            return Ok(());
        }
        self.events += 1;
        self.line(&json!([at_us as f64 / 1e6, code, text]))
    }

    fn line(&mut self, value: &serde_json::Value) -> Result<(), RecordingError> {
        writeln!(self.out, "{value}").map_err(RecordingError::Output)
    }

    fn finish(mut self, begun: bool) -> Result<u64, RecordingError> {
        let (shown, typed, at) = (self.shown.rest(), self.typed.rest(), self.elapsed.at(0));
        if begun {
            self.event(at, "o", &shown)?;
            self.event(at, "i", &typed)?;
        }
        Ok(self.events)
    }
}

/// Bytes into text: a character may be split between frames; what is not UTF-8 becomes U+FFFD.
#[derive(Default)]
struct Text {
    incomplete: Vec<u8>,
}

impl Text {
    fn push(&mut self, bytes: &[u8]) -> String {
        let mut all = mem::take(&mut self.incomplete);
        all.extend_from_slice(bytes);
        let tail = incomplete_tail(&all);
        self.incomplete = all.split_off(all.len() - tail);
        String::from_utf8_lossy(&all).into_owned()
    }

    fn rest(&mut self) -> String {
        String::from_utf8_lossy(&mem::take(&mut self.incomplete)).into_owned()
    }
}

/// How many bytes at the end begin a character that may be completed by what follows.
fn incomplete_tail(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().last().map_or(0, |chunk| {
        let tail = chunk.invalid();
        // Only an end that lacks bytes can become valid; at most three bytes do so, and a chunk says it at its end.
        let lacking = std::str::from_utf8(tail).err().is_some_and(|error| error.error_len().is_none());
        if lacking { tail.len() } else { 0 }
    })
}
