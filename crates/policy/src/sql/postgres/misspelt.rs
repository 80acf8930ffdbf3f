//! Where a text leaves the grammar. The parser only names the word; in a text with several such words it is the first
//! behind which the beginning of the text fails in the same way.

use super::parse::{Unread, grammar, range, tokens};

/// In a longer text, a word that occurs more than once is not looked for.
const LONGEST_SEARCHED: usize = 16 << 10;

/// The place that the message speaks of, in characters from 1.
pub(super) fn position(text: &str, message: &str) -> Option<usize> {
    if message.ends_with("at end of input") {
        return Some(text.chars().count() + 1);
    }
    let word = message.split_once(" at or near \"")?.1.strip_suffix('"')?;
    let start = place(text, word, message)?;
    Some(text.get(..start)?.chars().count() + 1)
}

fn place(text: &str, word: &str, message: &str) -> Option<usize> {
    // What the scanner could not divide goes on to the end: a string or a comment without one.
    let Some(tokens) = tokens(text) else { return text.len().checked_sub(word.len()) };
    let places: Vec<_> =
        tokens.iter().map(range).filter(|place| text.get(place.clone()) == Some(word)).collect();
    match places.as_slice() {
        [only] => Some(only.start),
        _ if text.len() > LONGEST_SEARCHED => None,
        several => {
            let fails = |beginning: &str| grammar(beginning) == Err(Unread::Misspelt(message.to_owned()));
            let first = several.partition_point(|place| !text.get(..place.end).is_some_and(fails));
            several.get(first).map(|place| place.start)
        }
    }
}
