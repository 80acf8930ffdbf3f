//! The text between the marks of a bracketed paste.

/// What ends a paste.
const END: &[u8] = b"\x1b[201~";

/// Longest paste that is kept, in bytes: what one line may hold.
const LONGEST: usize = 64 * 1024;

/// A paste that is arriving.
#[derive(Debug, Default)]
pub(crate) struct Paste {
    bytes: Vec<u8>,
    too_long: bool,
}

impl Paste {
    /// Takes one byte; `true` once the mark of the end is complete.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        self.bytes.push(byte);
        if self.bytes.ends_with(END) {
            return true;
        }
        if self.bytes.len() > LONGEST + END.len() {
            // Only what could still become the mark is kept.
            self.too_long = true;
            self.bytes.drain(..LONGEST);
        }
        false
    }

    /// The text with `\n` for every line end, without the last ones; nothing if it was too long. Bytes that are not
    /// UTF-8 become U+FFFD, which is drawn as such and never understood.
    pub(crate) fn finish(mut self) -> Option<String> {
        self.bytes.truncate(self.bytes.len().saturating_sub(END.len()));
        let text = String::from_utf8_lossy(&self.bytes).replace("\r\n", "\n").replace('\r', "\n");
        (!self.too_long).then(|| text.trim_end_matches('\n').to_owned())
    }
}
