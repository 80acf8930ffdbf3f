//! Lines of an input that nobody vouches for: bounded in memory, whatever arrives.

use std::io::{BufRead as _, BufReader, Read, Result};

/// Longest line that is kept; a command of 64 KiB fits, however it is escaped.
pub const LONGEST: usize = 1 << 20;

/// Reads line by line.
pub struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
}

/// One line without its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Its bytes.
    Whole(&'a [u8]),
    /// More than [`LONGEST`] bytes, which were passed over.
    TooLong,
}

impl<R: Read> Lines<R> {
    /// Reads from `input`.
    pub fn of(input: R) -> Self {
        Self { input: BufReader::with_capacity(1 << 16, input), line: Vec::new() }
    }

    /// The next line; none at the end. `before_waiting` is called whenever the input may keep us waiting.
    pub fn next(&mut self, mut before_waiting: impl FnMut() -> Result<()>) -> Result<Option<Line<'_>>> {
        self.line.clear();
        let mut length = 0;
        loop {
            if self.input.buffer().is_empty() {
                before_waiting()?;
            }
            let chunk = match self.input.fill_buf() {
                Err(fault) if fault.kind() == std::io::ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            let (taken, at_end) = (part.len() + usize::from(end.is_some()), chunk.is_empty());
            length += part.len();
            if length <= LONGEST {
                self.line.extend_from_slice(part);
            }
            self.input.consume(taken);
            if at_end && length == 0 {
                return Ok(None);
            }
            if at_end || end.is_some() {
                return Ok(Some(if length > LONGEST { Line::TooLong } else { Line::Whole(&self.line) }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Vec<Option<String>> {
        let mut lines = Lines::of(input);
        let mut all = vec![];
        while let Some(line) = lines.next(|| Ok(())).unwrap() {
            all.push(match line {
                Line::Whole(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
                Line::TooLong => None,
            });
        }
        all
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn every_line_comes_once_and_in_order() {
        assert_eq!(read(b""), []);
        assert_eq!(read(b"a\n\nb"), [some("a"), some(""), some("b")]);
        assert_eq!(read(b"a\n"), [some("a")]);
        assert_eq!(read(b"\n"), [some("")]);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_the_next_one_comes() {
        let whole = "x".repeat(LONGEST);
        let input = format!("a\n{whole}x\nb\n{whole}\n{}", "y".repeat(10 << 20));
        assert_eq!(read(input.as_bytes()), [some("a"), None, some("b"), Some(whole), None]);
    }

    #[test]
    fn whoever_waits_is_told_before_each_wait() {
        let (mut lines, mut told) = (Lines::of(&b"a\nb\n"[..]), 0);
        for _ in 0..3 {
            lines
                .next(|| {
                    told += 1;
                    Ok(())
                })
                .unwrap();
        }
        assert_eq!(told, 2, "once for the two lines that came together, once at the end");
    }
}
