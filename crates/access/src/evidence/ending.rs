//! How the request ended: granted to distinct others, or ended without anything having run.

use std::collections::BTreeSet;

use super::answers::Answered;
use super::protocol::{Found, ensure};
use super::request::{Asked, Requester};
use super::shelf::{Placed, Shelf};
use crate::entry::Event;
use crate::model::{Answer, RequestKind, RequestState};

/// The end of a request.
pub(super) enum Ending {
    /// A quorum was met, and consumed.
    Granted { index: u64, at: i64, quorum: String, approvers: Vec<String> },
    /// Nothing came of it.
    Over { index: u64, at: i64, state: RequestState },
}

impl Ending {
    pub(super) fn index(&self) -> u64 {
        match self {
            Self::Granted { index, .. } | Self::Over { index, .. } => *index,
        }
    }

    pub(super) fn at(&self) -> i64 {
        match self {
            Self::Granted { at, .. } | Self::Over { at, .. } => *at,
        }
    }

    /// Whether that person's answer is one of those that it was granted on.
    pub(super) fn counts(&self, person: &str) -> bool {
        matches!(self, Self::Granted { approvers, .. } if approvers.iter().any(|id| id == person))
    }
}

/// The one entry that ends the request.
pub(super) fn ending(asked: &Asked<'_>, shelf: &mut Shelf<'_>) -> Found<Ending> {
    let Placed { index, at, event } = shelf.one("the request's end", |entry| {
        matches!(entry.event, Event::Grant { .. } | Event::RequestEnd { .. })
    })?;
    ensure(asked.index < index, || format!("entry {index} is before the request"))?;
    match event {
        Event::Grant { request, session, digest, quorum, approvers } => {
            let anywhere = asked.kind == RequestKind::Action && asked.session.is_none();
            ensure(request == asked.number && (anywhere || session == asked.session), || {
                format!("entry {index} grants another request")
            })?;
            ensure(digest == asked.digest, || format!("entry {index} grants another act"))?;
            ensure(at < asked.expires, || format!("entry {index} is later than the request's time"))?;
            Ok(Ending::Granted { index, at, quorum, approvers })
        }
        Event::RequestEnd { request, state } if request == asked.number => {
            let state = RequestState::parse(&state).filter(|state| is_end(*state));
            let state = state.ok_or_else(|| format!("entry {index} has no such end"))?;
            Ok(Ending::Over { index, at, state })
        }
        _ => Err(format!("entry {index} ends another request")),
    }
}

fn is_end(state: RequestState) -> bool {
    !matches!(state, RequestState::Waiting | RequestState::Used)
}

/// The answers on which it was granted: one of each approver that the grant names, all distinct, none the requester's.
pub(super) fn counted<'a>(
    approvers: &[String],
    requester: &Requester,
    answers: &'a [Answered],
) -> Found<Vec<&'a Answered>> {
    let distinct: BTreeSet<_> = approvers.iter().collect();
    let others = distinct.len() == approvers.len() && !distinct.contains(&requester.person.id);
    ensure(others && !approvers.is_empty(), || "the approvers are not distinct others".to_owned())?;
    ensure(answers.iter().all(|answer| answer.approval.answer == Answer::Approve), || {
        "somebody refused".to_owned()
    })?;
    let of = |id: &String| {
        let theirs: Vec<_> = answers.iter().filter(|answer| answer.person.id == *id).collect();
        match theirs.as_slice() {
            [answer] => Ok(*answer),
            _ => Err(format!("there is not one answer of {id}")),
        }
    };
    approvers.iter().map(of).collect()
}

/// A no of which only the entry is there: its writer was cut off before the row, or had said yes in the same moment.
pub(super) struct BareNo {
    pub(super) at: i64,
    pub(super) person: String,
    pub(super) key: String,
}

/// Whether what ended it without a grant is in the answers, the entries and the times.
pub(super) fn borne_out(
    (index, at, state): (u64, i64, RequestState),
    asked: &Asked<'_>,
    requester: &Requester,
    answers: &[Answered],
    shelf: &mut Shelf<'_>,
) -> Found<Option<BareNo>> {
    let refused = answers.iter().any(|answer| answer.approval.answer == Answer::Deny);
    match state {
        RequestState::Denied if !refused => bare_no(index, asked, requester, shelf).map(Some),
        RequestState::Expired => {
            ensure(at >= asked.expires, || "its time was not over".to_owned()).map(|()| None)
        }
        _ => Ok(None),
    }
}

fn bare_no(end: u64, asked: &Asked<'_>, requester: &Requester, shelf: &mut Shelf<'_>) -> Found<BareNo> {
    let Placed { index, at, event } = shelf.one("a no", |entry| is_no(&entry.event, asked.number))?;
    let Event::Approval { person, key, .. } = event else { return Err("this is no answer".to_owned()) };
    ensure(asked.index < index && index < end && at < asked.expires, || {
        format!("entry {index} does not lie between the request and its end")
    })?;
    ensure(person != requester.person.id, || "the requester answered their own request".to_owned())?;
    Ok(BareNo { at, person, key })
}

/// Whether somebody says no to that request.
pub(super) fn is_no(event: &Event, number: i64) -> bool {
    matches!(event, Event::Approval { request, answer, .. }
        if *request == number && *answer == Answer::Deny.as_str())
}
