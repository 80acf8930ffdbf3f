//! Shows text from outside in an error message: ASCII only and short, so that it cannot act on a terminal.

use std::fmt;

/// Characters of foreign text that an error repeats at most.
const SHOWN: usize = 48;

/// Foreign text, displayed in quotes with everything but printable ASCII escaped.
#[derive(Clone, PartialEq, Eq)]
pub struct Quoted(String);

impl Quoted {
    /// Keeps the beginning of `text`.
    pub(crate) fn text(text: &str) -> Self {
        Self::bytes(text.as_bytes())
    }

    /// Keeps the beginning of `bytes`, which need not be UTF-8.
    pub(crate) fn bytes(bytes: &[u8]) -> Self {
        let shown: String = bytes.iter().take(SHOWN).map(|b| b.escape_ascii().to_string()).collect();
        let cut = if bytes.len() > SHOWN { "…" } else { "" };
        Self(format!("'{shown}'{cut}"))
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_bidi_characters_are_escaped() {
        assert_eq!(Quoted::text("a\u{1b}[2J\u{202e}").to_string(), r"'a\x1b[2J\xe2\x80\xae'");
    }

    #[test]
    fn long_text_is_cut() {
        let quoted = Quoted::text(&"x".repeat(5_000)).to_string();
        assert_eq!(quoted, format!("'{}'…", "x".repeat(SHOWN)));
    }
}
