//! Which characters are drawn as themselves; everything that could hide, reorder or imitate is drawn escaped.

use unicode_width::UnicodeWidthChar as _;

/// A grapheme as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drawn {
    /// Printable characters only.
    pub text: String,
    /// Columns that it takes.
    pub width: usize,
    /// It is not what stands in the line, but its code points.
    pub escaped: bool,
}

/// How a grapheme is drawn: itself when everybody sees it as it is, otherwise `<U+202E>`.
pub(crate) fn drawn(grapheme: &str) -> Drawn {
    if grapheme.chars().all(is_plain) {
        let width = grapheme.chars().filter_map(|c| c.width()).sum();
        return Drawn { text: grapheme.to_owned(), width, escaped: false };
    }
    let text: String = grapheme.chars().map(escape).collect();
    Drawn { width: text.len(), text, escaped: true }
}

/// A whole text in which nothing hides, for names and messages: it is read, not submitted, so any punctuation will do.
pub(crate) fn legible(text: &str) -> String {
    text.chars().map(|c| if is_plain(c) || is_mark(c) { c.to_string() } else { escape(c) }).collect()
}

/// Columns that a plain text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().filter_map(|c| c.width()).sum()
}

fn escape(c: char) -> String {
    if is_plain(c) { c.to_string() } else { format!("<U+{:04X}>", u32::from(c)) }
}

/// ASCII, letters and digits that are written from left to right and have a width, and the punctuation of Chinese and
/// Japanese names.
pub(crate) fn is_plain(c: char) -> bool {
    match c {
        ' '..='~' => true,
        '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' => false, // Hangul fillers: letters that show nothing
        '\u{3001}' | '\u{3002}' | '\u{300A}'..='\u{3011}' | '\u{FF08}' | '\u{FF09}' | '\u{FF0C}' => true,
        _ => !c.is_ascii() && c.is_alphanumeric() && !is_right_to_left(c) && c.width().unwrap_or(0) > 0,
    }
}

/// Signs and punctuation of any script that take room and are drawn.
fn is_mark(c: char) -> bool {
    let blank = c.is_whitespace()
        || matches!(c, '\u{AD}' | '\u{115F}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}');
    !c.is_ascii() && !c.is_control() && !blank && !is_right_to_left(c) && c.width().unwrap_or(0) > 0
}

/// The blocks of scripts that a terminal may reorder.
fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}'
        | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_sees_is_drawn_as_it_is() {
        for (text, columns) in [("a", 1), (" ", 1), ("é", 1), ("数", 2), ("（", 2), ("Ж", 1)] {
            let drawn = drawn(text);
            assert_eq!((drawn.text.as_str(), drawn.width, drawn.escaped), (text, columns, false));
        }
    }

    #[test]
    fn what_hides_reorders_or_acts_is_drawn_by_its_number() {
        for hidden in [
            '\u{0}',
            '\u{7}',
            '\t',
            '\u{1b}',
            '\u{7f}',
            '\u{9b}',
            '\u{a0}',
            '\u{ad}',
            '\u{200b}',
            '\u{200d}',
            '\u{202e}',
            '\u{2066}',
            '\u{2028}',
            '\u{3000}',
            '\u{3164}',
            '\u{feff}',
            '\u{fffd}',
            '\u{e0041}',
            '\u{301}',
            '\u{5d0}',
            '\u{627}',
        ] {
            let drawn = drawn(&hidden.to_string());
            assert!(drawn.escaped, "{hidden:?}");
            assert_eq!(drawn.text, format!("<U+{:04X}>", u32::from(hidden)));
            assert_eq!(drawn.width, drawn.text.len());
        }
    }

    #[test]
    fn sentences_of_both_languages_are_left_as_they_are() {
        for text in ["已拒绝：本 shell 没有别名；“…”。", "a – b … ‘c’"] {
            assert_eq!(legible(text), text);
        }
        for hidden in ["\u{202e}", "\u{200b}", "\u{ad}", "\u{a0}", "\u{3164}", "\u{9b}", "\u{feff}"] {
            assert!(legible(hidden).starts_with("<U+"), "{hidden:?}");
        }
    }

    #[test]
    fn a_mark_on_a_letter_is_escaped_with_its_letter_in_sight() {
        assert_eq!(drawn("e\u{301}").text, "e<U+0301>");
    }
}
