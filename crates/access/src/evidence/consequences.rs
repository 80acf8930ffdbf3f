//! What a granted request brought about: a permit with exactly the terms that were signed and all that it was used for,
//! or rows that changed.

use serde_json::Value;

use super::Story;
use super::ending::Ending;
use super::people::People;
use super::permit::{Permitted, begun, permitted};
use super::protocol::{Found, ensure};
use super::request::{Asked, Requester};
use super::rows::{Altered, altered};
use super::shelf::Shelf;
use crate::entry::Event;
use crate::model::RequestKind;

/// What followed.
pub(super) enum Brought {
    /// An act that ran in its session.
    Nothing,
    /// Rows with another content from then on.
    Rows(Vec<Altered>),
    /// A permit.
    Permit(Box<Permitted>),
}

/// Everything that follows from the grant.
pub(super) fn brought(
    asked: &Asked<'_>,
    requester: &Requester,
    ending: &Ending,
    story: &Story,
    people: &mut People,
    shelf: &mut Shelf<'_>,
) -> Found<Brought> {
    match asked.kind {
        RequestKind::Action => {
            ensure(story.changes.is_empty(), || "an act changes no row".to_owned())?;
            Ok(Brought::Nothing)
        }
        RequestKind::Change => rows(asked, ending, story, shelf).map(Brought::Rows),
        RequestKind::Access | RequestKind::Runbook | RequestKind::Replay => {
            let begun = begun(asked.act.get("terms").unwrap_or(&Value::Null), shelf)?;
            let follows = begun.request == Some(asked.number)
                && begun.kind.as_str() == asked.kind.as_str()
                && begun.holder == requester.person.id
                && begun.index > ending.index();
            ensure(follows, || format!("entry {} is a permit for something else", begun.index))?;
            Ok(Brought::Permit(Box::new(permitted(begun, story, people, shelf)?)))
        }
    }
}

fn rows(asked: &Asked<'_>, ending: &Ending, story: &Story, shelf: &mut Shelf<'_>) -> Found<Vec<Altered>> {
    let granted = ending.index();
    let states = shelf.all(|entry| {
        entry.index > granted
            && matches!(entry.event, Event::State { request: Some(number), .. } if number == asked.number)
    });
    ensure(!states.is_empty(), || "nothing has changed".to_owned())?;
    altered(states, &story.changes)
}
