//! Which characters a command line may hold at all, even in quotes: those that everybody sees as they are.

use super::Obstacle;

/// Longest command line, in bytes, as typed and as regenerated.
pub(super) const LONGEST: usize = 64 * 1024;

/// The text as UTF-8 of visible characters, or where it is not.
pub(super) fn legible(text: &[u8]) -> Result<&str, Obstacle> {
    if text.len() > LONGEST {
        return Err(Obstacle::new(format!("more than {LONGEST} bytes"), LONGEST));
    }
    let text =
        std::str::from_utf8(text).map_err(|e| Obstacle::new("bytes that are not UTF-8", e.valid_up_to()))?;
    match text.char_indices().find(|(_, c)| !is_visible(*c)) {
        Some((at, c)) => Err(Obstacle::new(name(c), at)),
        None => Ok(text),
    }
}

/// ASCII, letters and digits of any script, and the punctuation of Chinese and Japanese file names. Everything else
/// may be invisible, may change the order of what is shown, or may change with a font.
fn is_visible(c: char) -> bool {
    match c {
        // Between words, line breaks and tabs separate; inside quotes they are refused.
        ' '..='~' | '\n' | '\t' => true,
        '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' => false, // Hangul fillers: letters that show nothing
        '\u{3001}' | '\u{3002}' | '\u{300A}'..='\u{3011}' | '\u{FF08}' | '\u{FF09}' | '\u{FF0C}' => true,
        _ => !c.is_ascii() && c.is_alphanumeric(),
    }
}

fn name(c: char) -> String {
    match c {
        '\r' => "a carriage return".into(),
        '\0' => "a NUL byte".into(),
        c if c.is_control() => format!("a control character (U+{:04X})", u32::from(c)),
        c => format!("a character that may not show as what it is (U+{:04X})", u32::from(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_show_is_refused_with_its_place() {
        for (text, place) in [
            ("ls\rid", 2),
            ("a\0", 1),
            ("\u{1b}[A", 0),
            ("a\u{7f}", 1),
            ("a\u{9b}", 1),
            ("a\u{202e}b", 1),
            ("a\u{200b}b", 1),
            ("a\u{2066}b", 1),
            ("a\u{a0}b", 1),
            ("a\u{3000}b", 1),
            ("a\u{feff}", 1),
            ("a\u{ad}", 1),
            ("a\u{3164}b", 1),
            ("a\u{301}", 1),
            ("a\u{fe0f}", 1),
            ("a\u{e0041}", 1),
            ("a\u{2028}b", 1),
            ("a\u{ff0f}b", 1),
        ] {
            assert_eq!(legible(text.as_bytes()).unwrap_err().at, Some(place), "{text:?}");
        }
    }

    #[test]
    fn letters_of_any_script_are_legible() {
        assert!(legible("cat 数据库（一）.txt größe".as_bytes()).is_ok());
    }

    #[test]
    fn bytes_that_are_not_utf8_and_long_texts_are_refused() {
        assert_eq!(legible(b"ab\xff").unwrap_err().at, Some(2));
        assert!(legible(&[b'a'; LONGEST]).is_ok());
        assert!(legible(&[b'a'; LONGEST + 1]).is_err());
    }
}
