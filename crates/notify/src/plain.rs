//! Text that came from people, made harmless for every channel: what hides or moves is written out.

/// Text in which no character hides, moves others or ends the line; everything else stays, so that applying it twice
/// changes nothing.
pub fn plain(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        match hides(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
        shown
    })
}

/// Control characters, separators of lines, and what Unicode renders as nothing or as a change of direction.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Writes the character out that begins each `opening`, which some channels would take for a mention.
pub fn defuse(text: &str, opening: &str) -> String {
    let (first, rest) = opening.split_at(opening.chars().next().map_or(0, char::len_utf8));
    let escaped: String = first.chars().flat_map(char::escape_unicode).collect();
    let lower = text.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in lower.match_indices(opening) {
        shown.push_str(&text[from..at]);
        shown.push_str(&escaped);
        shown.push_str(&text[at + first.len()..at + first.len() + rest.len()]);
        from = at + opening.len();
    }
    shown.push_str(&text[from..]);
    shown
}

/// The first characters of a text that fit into so many bytes, and how many characters are left out.
pub fn cut(text: &str, bytes: usize) -> (&str, usize) {
    let end = text.floor_char_boundary(bytes);
    let (kept, left) = text.split_at(end);
    (kept, left.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides_and_nothing_else_changes() {
        assert_eq!(plain("rm -rf 数据，备份。 é"), "rm -rf 数据，备份。 é");
        assert_eq!(
            plain("a\r\nBcc: x\t\u{202e}b\u{200b}\0"),
            "a\\u{d}\\u{a}Bcc: x\\u{9}\\u{202e}b\\u{200b}\\u{0}"
        );
        let once = plain("\u{feff}x\u{2028}");
        assert_eq!(plain(&once), once);
    }

    #[test]
    fn a_mention_is_written_out_in_any_case() {
        assert_eq!(defuse("x <at user_id=\"all\"> <AT>", "<at"), "x \\u{3c}at user_id=\"all\"> \\u{3c}AT>");
        assert_eq!(defuse("sort <in", "<at"), "sort <in");
        assert_eq!(defuse("<@all><<@b", "<@"), "\\u{3c}@all><\\u{3c}@b");
    }

    #[test]
    fn a_cut_falls_between_characters() {
        assert_eq!(cut("数据库", 4), ("数", 2));
        assert_eq!(cut("abc", 3), ("abc", 0));
    }
}
