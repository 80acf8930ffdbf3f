//! One field of a form: a line that is edited like any other, without history, search or continuation.

use super::buffer::Buffer;
use super::editor::{deletion, movement};
use super::keys::{Decoder, Key};

/// Longest field, in bytes.
const LONGEST: usize = 1024;

/// What a packet led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// The line may have changed.
    More,
    /// Enter: this is the field. It stays in the buffer's drawing until the next key.
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D on an empty line.
    End,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    decoder: Decoder,
    buffer: Buffer,
}

impl Entry {
    /// The line as it stands.
    pub(crate) fn text(&self) -> &str {
        self.buffer.text()
    }

    /// Byte offset of the cursor.
    pub(crate) fn cursor(&self) -> usize {
        self.buffer.cursor()
    }

    pub(crate) fn forget(&mut self) {
        self.buffer.take();
    }

    /// Takes a packet; keys after the one that ends the line are dropped.
    pub(crate) fn feed(&mut self, packet: &[u8]) -> Typed {
        for key in self.decoder.keys(packet) {
            match self.key(key) {
                Typed::More => {}
                ended => return ended,
            }
        }
        Typed::More
    }

    fn key(&mut self, key: Key) -> Typed {
        match key {
            Key::Char(c) => self.insert(&c.to_string()),
            // A field has one line: what is pasted over several becomes one.
            Key::Break => self.insert(" "),
            Key::Pasted(text) => self.insert(&text.replace('\n', " ")),
            Key::Enter => return Typed::Line(self.buffer.take()),
            Key::Interrupt => {
                self.forget();
                return Typed::Interrupt;
            }
            Key::EndOfInput if self.text().is_empty() => return Typed::End,
            key => {
                let _ = movement(&mut self.buffer, &key) || deletion(&mut self.buffer, &key);
            }
        }
        Typed::More
    }

    fn insert(&mut self, text: &str) {
        if self.text().len() + text.len() <= LONGEST {
            self.buffer.insert(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_edited_and_taken() {
        let mut entry = Entry::default();
        assert_eq!(entry.feed("it's 磁盘".as_bytes()), Typed::More, "a quote opens nothing");
        assert_eq!(entry.feed(b"\x7fx\x1b[D\x1b[D"), Typed::More);
        assert_eq!((entry.text(), entry.cursor()), ("it's 磁x", 5));
        assert_eq!(entry.feed(b"\r"), Typed::Line("it's 磁x".into()));
        assert_eq!(entry.text(), "");
    }

    #[test]
    fn a_field_is_one_line_of_bounded_length() {
        let mut entry = Entry::default();
        entry.feed(b"\x1b[200~a\nb\x1b[201~");
        assert_eq!(entry.text(), "a b");
        entry.feed("x".repeat(LONGEST).as_bytes());
        assert!(entry.text().len() <= LONGEST);
        assert_eq!(entry.feed(b"\x03"), Typed::Interrupt);
        assert_eq!(entry.feed(b"\x04"), Typed::End);
    }
}
