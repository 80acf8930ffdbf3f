//! What a granted request brought about: a permit with exactly the terms that were signed, or rows that changed.

use serde_json::Value;

use super::ending::Ending;
use super::protocol::{Found, ensure};
use super::request::{Asked, Requester};
use super::shelf::{Placed, Shelf};
use crate::blind::sha256_hex;
use crate::entry::{Event, canonical};
use crate::model::RequestKind;

/// One thing that followed.
pub(super) enum Brought {
    /// A permit began.
    Permit { at: i64, number: i64, kind: String, until: i64 },
    /// A row has another content from then on; none when it is gone.
    Row { at: i64, kind: String, id: String, after: Option<String> },
}

/// Everything that names the request after it was granted.
pub(super) fn brought(
    asked: &Asked<'_>,
    requester: &Requester,
    ending: &Ending,
    shelf: &mut Shelf<'_>,
) -> Found<Vec<Brought>> {
    let granted = ending.index();
    let permits = shelf.all(|entry| entry.index > granted && matches!(entry.event, Event::Permit { .. }));
    let rows = shelf.all(|entry| {
        entry.index > granted
            && matches!(entry.event, Event::State { request: Some(number), .. } if number == asked.number)
    });
    let (wanted, needed) = match asked.kind {
        RequestKind::Action => (0, 0),
        RequestKind::Change => (0, 1),
        RequestKind::Access | RequestKind::Runbook | RequestKind::Replay => (1, 1),
    };
    ensure(permits.len() == wanted, || format!("there are {} permits", permits.len()))?;
    ensure(rows.len() >= needed, || "nothing has changed".to_owned())?;
    let permits = permits.into_iter().map(|entry| permit(entry, asked, requester));
    permits.chain(rows.into_iter().map(row)).collect()
}

/// The permit is the requester's, and for what was signed.
fn permit(entry: Placed, asked: &Asked<'_>, requester: &Requester) -> Found<Brought> {
    let Placed { index, at, event } = entry;
    let Event::Permit { permit, permits, request, holder, terms, until } = event else {
        return Err("this is no permit".to_owned());
    };
    let signed = sha256_hex(canonical(asked.act.get("terms").unwrap_or(&Value::Null)).as_bytes());
    let follows = request == Some(asked.number)
        && permits == asked.kind.as_str()
        && holder == requester.person.id
        && terms == signed;
    ensure(follows, || format!("entry {index} is a permit for something else"))?;
    Ok(Brought::Permit { at, number: permit, kind: permits, until })
}

fn row(entry: Placed) -> Found<Brought> {
    match entry.event {
        Event::State { of, id, after, .. } => Ok(Brought::Row { at: entry.at, kind: of, id, after }),
        _ => Err("this is no row".to_owned()),
    }
}
