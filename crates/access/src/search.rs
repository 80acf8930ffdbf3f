//! Statements of a recording, found by their shape: what is compared and what is shown has no values in it.

use std::mem::replace;

use policy::sql::{Dialect, LONGEST_TEXT, masked, masked_part};
use recording::{Frame, RecordingError, SessionEvent};

use crate::model::Timestamp;

/// Characters of a statement that are shown.
const SHOWN: usize = 500;

/// What is looked for, and how the statements of one server are read.
#[derive(Clone, Debug)]
pub struct Shape {
    dialect: Dialect,
    wanted: String,
    /// The words in it: they are in the text itself too.
    words: Vec<String>,
}

/// A statement that has the shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// When it was sent.
    pub at: Timestamp,
    /// Its number in the session.
    pub act: u64,
    /// What became of it: `allow`, `hold` or `deny`.
    pub verdict: String,
    /// The beginning of the statement, with `?` for each value.
    pub text: String,
}

/// A text that is being put together.
struct Whole {
    channel: u32,
    /// Under which it was prepared, if it was.
    name: Option<String>,
    found: Found,
}

impl Shape {
    /// Statements with that part in them, whatever the values, capitals and blanks.
    pub fn new(dialect: Dialect, part: &str) -> Self {
        // What cannot be divided is compared as it is; there is no value in what it is compared with.
        let wanted = masked_part(dialect, part).unwrap_or_else(|| part.to_owned()).to_ascii_lowercase();
        let words = wanted.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        Self { dialect, words: words.map(str::to_owned).collect(), wanted }
    }

    /// The first statements of a recording that have it, and at most that many. Also those that were executed by the name of
    /// what was prepared.
    pub fn find(
        &self,
        frames: impl Iterator<Item = Result<Frame, RecordingError>>,
        most: usize,
    ) -> Result<Vec<Found>, RecordingError> {
        let (mut all, mut open) = (Vec::new(), None);
        for frame in frames {
            let frame = frame?;
            let Some(whole) = frame.event().and_then(|event| put(&mut open, &frame, event)) else { continue };
            all.extend(self.shown(whole));
            if all.len() >= most {
                return Ok(all);
            }
        }
        all.extend(open.and_then(|whole| self.shown(whole)));
        Ok(all)
    }

    /// The statement as it may be shown, if it has the shape.
    fn shown(&self, whole: Whole) -> Option<Found> {
        let found = whole.found;
        let lower = found.text.to_ascii_lowercase();
        if !self.words.iter().all(|word| lower.contains(word)) {
            return None;
        }
        let text = masked(self.dialect, &found.text);
        text.to_ascii_lowercase().contains(&self.wanted).then(|| Found { text: beginning(&text), ..found })
    }
}
/// Puts an event to the text that it belongs to. Returns a text that is whole with it.
fn put(open: &mut Option<Whole>, frame: &Frame, event: SessionEvent) -> Option<Whole> {
    let at = Timestamp(i64::try_from(frame.at_us).unwrap_or(i64::MAX));
    let begun = |act, name, verdict, text| {
        Some(Whole { channel: frame.channel, name, found: Found { at, act, verdict, text } })
    };
    let (act, name, text) = match event {
        SessionEvent::Statement { act, text, verdict, .. } => {
            return replace(open, begun(act, None, verdict, text));
        }
        SessionEvent::StatementMore { act, text, .. } => (act, None, text),
        SessionEvent::StatementBehind { act, name, text } => (act, Some(name), text),
        _ => return None,
    };
    match open {
        Some(whole) if whole.is_of(frame.channel, act, name.as_ref()) => whole.goes_on(&text),
        Some(whole) if name.is_some() => {
            let verdict = whole.found.verdict.clone();
            return replace(open, begun(act, name, verdict, text));
        }
        _ => {}
    }
    None
}

impl Whole {
    fn is_of(&self, channel: u32, act: u64, name: Option<&String>) -> bool {
        (self.channel, self.found.act, self.name.as_ref()) == (channel, act, name)
    }

    /// What is longer than anything that can be read need not be kept.
    fn goes_on(&mut self, text: &str) {
        if self.found.text.len() <= LONGEST_TEXT {
            self.found.text += text;
        }
    }
}

fn beginning(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} …", text.split_at(end).0),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use recording::{Direction, SessionId};

    use super::*;

    fn statement(act: u64, text: &str) -> SessionEvent {
        let (text, verdict) = (text.to_owned(), "allow".to_owned());
        SessionEvent::Statement { act, text, parameters: vec![], verdict, runs_as: String::new() }
    }

    fn find(part: &str, events: &[SessionEvent]) -> Vec<(u64, String)> {
        let frame = |event| Ok(Frame::of_event(SessionId([1; 16]), 1, 7, Direction::Gateway, event));
        let found = Shape::new(Dialect::Postgres, part).find(events.iter().map(frame), 9).expect("readable");
        found.into_iter().map(|found| (found.act, found.text)).collect()
    }

    #[test]
    fn a_statement_is_found_by_its_shape_and_shown_without_values() {
        let events = [
            statement(1, "SELECT 1"),
            statement(2, "DELETE FROM people WHERE name='s3cret' AND "),
            SessionEvent::StatementMore { act: 2, text: "id = 7".to_owned(), parameters: vec![] },
            statement(3, "EXECUTE p"),
            SessionEvent::StatementBehind {
                act: 3,
                name: "p".to_owned(),
                text: "DELETE from people".to_owned(),
            },
        ];
        let both = [
            (2, "DELETE FROM people WHERE name = ? AND id = ?".to_owned()),
            (3, "DELETE from people".to_owned()),
        ];
        assert_eq!(find("delete  from PEOPLE", &events), both);
        assert_eq!(find("people where name = 'anything'", &events), both[..1]);
        assert_eq!(find("s3cret", &events), []);
        assert_eq!(find("'s3cret", &events), []);
    }

    #[test]
    fn what_is_too_long_to_be_read_shows_nothing() {
        let piece = format!("'{}', ", "s3cret".repeat(20_000));
        let more = |act| SessionEvent::StatementMore { act, text: piece.clone(), parameters: vec![] };
        let events = [statement(1, "SELECT "), more(1), more(1), more(1), statement(2, "SELECT 2")];
        assert_eq!(find("?", &events), [(1, "SELECT ?".to_owned()), (2, "SELECT ?".to_owned())]);
        assert_eq!(find("s3cret", &events), []);
    }

    #[test]
    fn a_text_in_pieces_is_divided_as_a_whole() {
        let piece = |text: &str| SessionEvent::StatementBehind {
            act: 1,
            name: "p".to_owned(),
            text: text.to_owned(),
        };
        let events = [statement(1, "EXECUTE p"), piece("SELECT a FROM t WHERE b = 'x"), piece("y s3cret'")];
        assert_eq!(find("a from t", &events), [(1, "SELECT a FROM t WHERE b = ?".to_owned())]);
        assert_eq!(find("s3cret", &events), []);
    }

    #[test]
    fn no_more_are_found_than_were_asked_for() {
        let events: Vec<_> = (1..20).map(|act| statement(act, "SELECT 1")).collect();
        assert_eq!(find("select", &events).len(), 9);
    }

    #[test]
    fn only_the_beginning_of_a_long_statement_is_shown() {
        let text = format!("SELECT {} a", "ä, ".repeat(300));
        let found = find("select", &[statement(1, &text)]);
        assert_eq!(found[0].1.chars().count(), SHOWN + 2);
    }
}
