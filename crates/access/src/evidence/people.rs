//! The people of a story beside those who asked and signed, by their records at the moment of what they did.

use std::collections::BTreeMap;

use super::answers::Answered;
use super::protocol::{Found, ensure};
use super::request::PersonThen;
use super::shelf::Shelf;
use super::story::person;

/// Identifiers, and how each is shown.
pub(super) struct People(BTreeMap<String, String>);

impl People {
    /// Whoever's records have been taken already.
    pub(super) fn of(asker: &PersonThen, answers: &[Answered]) -> Self {
        let all = answers.iter().map(|answer| &answer.person).chain([asker]);
        Self(all.map(|known| (known.id.clone(), person(known))).collect())
    }

    /// How somebody is shown who did something in entry `index`.
    pub(super) fn shown(&mut self, id: &str, index: u64, shelf: &mut Shelf<'_>) -> Found<String> {
        if let Some(shown) = self.0.get(id) {
            return Ok(shown.clone());
        }
        let then: PersonThen = shelf.vouched("person", id, index)?;
        ensure(then.id == id, || format!("the record of person {id} is somebody else's"))?;
        let shown = person(&then);
        self.0.insert(id.to_owned(), shown.clone());
        Ok(shown)
    }
}
