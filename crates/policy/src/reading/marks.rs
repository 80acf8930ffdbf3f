//! Words of which the shell will supply a part: a character of private use, which no line may hold, stands for the part.
//!
//! So a word stays a text: the table's grammar takes it apart as any other, and what compares it with a known text finds
//! it different. Only what asks about paths, first characters or the number of words needs to know the marks.

/// What the shell puts in the place of an expansion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Any text at all, as part of one word.
    Anything,
    /// Any number of words of any text.
    Words,
    /// A part of one name: no slash, and no dash at the beginning of a word.
    Name,
    /// A pattern: as `Name`, but the word becomes one for each file that fits.
    Names,
    /// The login directory.
    Home,
    /// Another account's home: a directory that is not known.
    Elsewhere,
}

const MARKS: [Mark; 6] = [Mark::Anything, Mark::Words, Mark::Name, Mark::Names, Mark::Home, Mark::Elsewhere];

/// The characters of the first plane for private use.
const FIRST: u32 = 0xF_0000;
const LAST: u32 = 0xF_FFFD;

/// Any text, where nobody asks how it was typed.
pub(super) const SOMETHING: &str = "\u{F0000}";

/// The kind of mark that a character is.
pub(super) fn mark(c: char) -> Option<Mark> {
    let c = u32::from(c);
    (FIRST..=LAST).contains(&c).then(|| MARKS[(c - FIRST) as usize % MARKS.len()])
}

/// Whether the shell leaves the word as it is.
pub(super) fn is_certain(word: &str) -> bool {
    !may_hold_marks(word) || !word.chars().any(|c| mark(c).is_some())
}

/// Asked of every word: each mark begins with this byte in UTF-8, and hardly anything else does.
fn may_hold_marks(word: &str) -> bool {
    word.as_bytes().contains(&0xF3)
}

/// Whether the shell will change the word beyond putting the login directory first.
pub(super) fn is_open_name(word: &str) -> bool {
    !is_certain(word.trim_start_matches(|c| mark(c) == Some(Mark::Home)))
}

/// Whether any text may stand somewhere in the word, slashes included.
pub(super) fn is_wide(word: &str) -> bool {
    has(word, &[Mark::Anything, Mark::Words, Mark::Elsewhere])
}

/// Whether the word may begin with a dash, or be no word at all.
pub(super) fn may_be_option(word: &str) -> bool {
    word.chars().next().and_then(mark).is_some_and(|first| matches!(first, Mark::Anything | Mark::Words))
        || may_be_none(word)
}

/// Whether the word may become several words, or none.
pub(super) fn spreads(word: &str) -> bool {
    has(word, &[Mark::Words, Mark::Names])
}

pub(super) fn may_be_none(word: &str) -> bool {
    has(word, &[Mark::Words])
}

fn has(word: &str, marks: &[Mark]) -> bool {
    may_hold_marks(word) && word.chars().filter_map(mark).any(|found| marks.contains(&found))
}

/// The expansions of a line, to show them as they were typed.
#[derive(Default)]
pub(super) struct Marks {
    typed: Vec<String>,
}

impl Marks {
    /// A character for an expansion. Where there are too many, the last ones are shown as `…`.
    pub(super) fn add(&mut self, mark: Mark, typed: &str) -> char {
        const MOST: usize = (LAST - FIRST) as usize / MARKS.len() - 1;
        if self.typed.len() < MOST {
            self.typed.push(typed.to_owned());
        } else if self.typed.len() == MOST {
            self.typed.push("…".into());
        }
        let kind = MARKS.iter().position(|known| *known == mark).unwrap_or_default();
        let code = (self.typed.len() - 1) * MARKS.len() + kind;
        u32::try_from(code).ok().and_then(|code| char::from_u32(FIRST + code)).unwrap_or(char::MAX)
    }

    /// The text with every expansion as it was typed.
    pub(super) fn shown(&self, text: &str) -> String {
        if !may_hold_marks(text) {
            return text.to_owned();
        }
        let mut shown = String::with_capacity(text.len());
        for c in text.chars() {
            match mark(c) {
                Some(_) => shown.push_str(self.typed(c)),
                None => shown.push(c),
            }
        }
        shown
    }

    fn typed(&self, c: char) -> &str {
        let index = (u32::from(c) - FIRST) as usize / MARKS.len();
        self.typed.get(index).map_or("…", String::as_str)
    }
}

/// A value as a loop variable holds it: one word.
pub(super) fn as_one_word(word: &str, marks: &mut Marks) -> String {
    let single = |c: char| match mark(c) {
        Some(Mark::Words) => Some(Mark::Anything),
        Some(Mark::Names) => Some(Mark::Name),
        _ => None,
    };
    let mut one = String::with_capacity(word.len());
    for c in word.chars() {
        match single(c) {
            Some(kind) => {
                let typed = marks.typed(c).to_owned();
                one.push(marks.add(kind, &typed));
            }
            None => one.push(c),
        }
    }
    one
}

/// Whether a name of a path may turn out to be this one.
pub(super) fn may_be(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split(|c| mark(c).is_some());
    let Some(rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    let mut rest = rest;
    for part in middle {
        match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether a name may turn out to begin so.
pub(super) fn may_begin(pattern: &str, start: &str) -> bool {
    let (literal, open) = match pattern.find(|c| mark(c).is_some()) {
        Some(end) => (pattern.get(..end).unwrap_or_default(), true),
        None => (pattern, false),
    };
    literal.starts_with(start) || open && start.starts_with(literal)
}

/// Whether a name may turn out to end so.
pub(super) fn may_end(pattern: &str, end: &str) -> bool {
    let (literal, open) = match pattern.rfind(|c| mark(c).is_some()) {
        Some(at) => (pattern.get(at..).unwrap_or_default().trim_start_matches(|c| mark(c).is_some()), true),
        None => (pattern, false),
    };
    literal.ends_with(end) || open && end.ends_with(literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_known_by_its_kind_and_shown_as_it_was_typed() {
        let mut marks = Marks::default();
        let word: String = MARKS.iter().map(|kind| marks.add(*kind, &format!("<{kind:?}>"))).collect();
        assert!(word.chars().filter_map(mark).eq(MARKS));
        assert_eq!(marks.shown(&word), "<Anything><Words><Name><Names><Home><Elsewhere>");
        assert!(is_certain("/x-~$*") && !is_certain(&word));
    }

    #[test]
    fn more_expansions_than_characters_keep_their_kind() {
        let mut marks = Marks::default();
        let last = (0..20_000).map(|_| marks.add(Mark::Words, "x")).last();
        assert_eq!(last.and_then(mark), Some(Mark::Words));
    }

    #[test]
    fn a_pattern_may_be_each_name_that_fits() {
        let mut marks = Marks::default();
        let star = marks.add(Mark::Names, "*");
        for (pattern, name, fits) in [
            ("*", "shadow", true),
            ("sh*w", "shadow", true),
            ("*a*w", "shadow", true),
            ("shadow*", "shadow", true),
            ("*.conf", "shadow", false),
            ("s*x*w", "shadow", false),
            ("shadow", "shadow", true),
            ("shad", "shadow", false),
        ] {
            assert_eq!(may_be(&pattern.replace('*', &star.to_string()), name), fits, "{pattern}");
        }
        let pattern = format!("id{star}.key");
        assert!(may_begin(&pattern, "id_") && may_begin(&pattern, "i") && !may_begin(&pattern, "x"));
        assert!(may_end(&pattern, ".key") && may_end(&pattern, "a.key") && !may_end(&pattern, ".pub"));
    }
}
