//! Sessions that somebody opened under a permit, or in which a runbook ran: what was judged in them, and their recordings.

use std::collections::BTreeSet;

use super::people::People;
use super::permit::Begun;
use super::protocol::{Found, ensure};
use super::session::{Recorded, recorded};
use super::shelf::{Placed, Shelf};
use crate::entry::Event;
use crate::model::PermitKind;

/// One session.
pub(super) struct Visit {
    pub(super) at: i64,
    pub(super) session: String,
    pub(super) who: String,
    pub(super) target: String,
    pub(super) account: String,
    pub(super) done: Vec<Done>,
    pub(super) recorded: Recorded,
}

/// One act in it.
pub(super) struct Done {
    pub(super) at: i64,
    pub(super) act: String,
    pub(super) effects: BTreeSet<String>,
    pub(super) verdict: String,
    pub(super) request: Option<i64>,
}

/// All sessions in which the permit was used, each where and when its terms allow.
pub(super) fn visits(begun: &Begun, people: &mut People, shelf: &mut Shelf<'_>) -> Found<Vec<Visit>> {
    let opened = shelf.all(|entry| matches!(entry.event, Event::SessionOpen { .. }));
    opened.into_iter().map(|entry| visit(entry, begun, people, shelf)).collect()
}

fn visit(entry: Placed, begun: &Begun, people: &mut People, shelf: &mut Shelf<'_>) -> Found<Visit> {
    let Placed { index, at, event } = entry;
    let Event::SessionOpen { session, person, target, account, permits, .. } = event else {
        return Err("this is no session".to_owned());
    };
    let here = shelf
        .all(|entry| matches!(&entry.event, Event::Decision { session: whose, .. } if *whose == session));
    let carried = permits.contains(&begun.number) && person == begun.holder && begun.runs(index, at);
    let ran = |entry: &Placed| {
        matches!(entry.event, Event::Decision { permit, .. } if permit == Some(begun.number))
            && begun.runs(entry.index, entry.at)
    };
    let within = match begun.kind {
        PermitKind::Runbook => !here.is_empty() && here.iter().all(ran),
        PermitKind::Access | PermitKind::Emergency => carried,
        PermitKind::Replay => false,
    };
    ensure(within && begun.is_for(&target, &account), || {
        format!("entry {index} opens a session that the permit does not cover")
    })?;
    ensure(here.iter().all(|entry| entry.index > index), || format!("session {session} opens too late"))?;
    let who = people.shown(&person, index, shelf)?;
    let last = here.last().map_or(index, |entry| entry.index);
    let recorded = recorded(&session, index, last, shelf)?;
    let done = here.into_iter().filter_map(done).collect();
    Ok(Visit { at, session, who, target, account, done, recorded })
}

fn done(entry: Placed) -> Option<Done> {
    let Event::Decision { act, effects, verdict, request, .. } = entry.event else { return None };
    Some(Done { at: entry.at, act, effects, verdict, request })
}
