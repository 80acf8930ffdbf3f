//! A permit and its life: how it began, who used it and where, what ended it, and who closed the review of an emergency.

use serde_json::{Value, json};

use super::Story;
use super::people::People;
use super::protocol::{Found, ensure};
use super::request::{PersonThen, Requester, says};
use super::rows::altered;
use super::shelf::{Placed, Shelf};
use super::visits::{Visit, visits};
use crate::blind::sha256_hex;
use crate::entry::{Event, canonical};
use crate::model::PermitKind;
use crate::terms::{Scope, Terms};

/// How it began.
pub(super) struct Begun {
    pub(super) index: u64,
    pub(super) at: i64,
    pub(super) number: i64,
    pub(super) kind: PermitKind,
    pub(super) request: Option<i64>,
    pub(super) holder: String,
    pub(super) terms: Terms,
    pub(super) until: i64,
    /// The entry that ends it.
    ended: Option<u64>,
}

/// What became of it.
pub(super) struct Permitted {
    pub(super) begun: Begun,
    pub(super) visits: Vec<Visit>,
    /// When its holder looked at the recording.
    pub(super) views: Vec<i64>,
    pub(super) ended: Option<Ended>,
    /// When, and by whom its review was closed.
    pub(super) reviewed: Option<(i64, String)>,
}

/// Its end.
pub(super) struct Ended {
    pub(super) at: i64,
    pub(super) why: String,
    pub(super) by: Option<String>,
}

impl Begun {
    /// Whether it was in force at that entry.
    pub(super) fn runs(&self, index: u64, at: i64) -> bool {
        self.index < index && at < self.until && self.ended.is_none_or(|ended| index < ended)
    }

    /// Whether its terms name this place.
    pub(super) fn is_for(&self, target: &str, account: &str) -> bool {
        let there = match &self.terms.scope {
            Scope::Target(name) => name == target,
            // Targets that got these labels later are covered too; which ones had them is in no entry.
            Scope::Labels(_) => true,
        };
        there && self.terms.account.as_ref().is_none_or(|login| login == account)
    }
}

/// The permit that began, whose terms are those given.
pub(super) fn begun(terms: &Value, shelf: &mut Shelf<'_>) -> Found<Begun> {
    let entry = shelf.one("the permit", |entry| matches!(entry.event, Event::Permit { .. }))?;
    let Placed { index, at, event } = entry;
    let Event::Permit { permit: number, permits, request, holder, terms: digest, until } = event else {
        return Err("this is no permit".to_owned());
    };
    let text = canonical(terms);
    ensure(sha256_hex(text.as_bytes()) == digest, || {
        format!("entry {index} is a permit for something else")
    })?;
    let kind =
        PermitKind::parse(&permits).ok_or_else(|| format!("entry {index} permits something unknown"))?;
    let terms = Terms::read(&text).ok_or_else(|| "the terms cannot be read".to_owned())?;
    let whole = kind != PermitKind::Runbook || terms.runbook.as_ref().is_some_and(|script| script.is_whole());
    ensure(whole, || "the script is not the one whose hash was signed".to_owned())?;
    Ok(Begun { index, at, number, kind, request, holder, terms, until, ended: None })
}

/// Everything that names the permit, each within its time and its terms.
pub(super) fn permitted(
    mut begun: Begun,
    story: &Story,
    people: &mut People,
    shelf: &mut Shelf<'_>,
) -> Found<Permitted> {
    let number = begun.number;
    let ends = shelf.all(|entry| matches!(entry.event, Event::PermitEnd { permit, .. } if permit == number));
    let reviews =
        shelf.all(|entry| matches!(entry.event, Event::EmergencyReviewed { permit, .. } if permit == number));
    begun.ended = only(&ends, "end")?.map(|entry| entry.index);
    only(&reviews, "review")?;
    rows(&begun, &ends, &reviews, story, shelf)?;
    let visits = visits(&begun, people, shelf)?;
    let views = views(&begun, shelf)?;
    let ended = ends.into_iter().next().map(|entry| ended(entry, &begun, people, shelf)).transpose()?;
    let reviewed =
        reviews.into_iter().next().map(|entry| reviewed(entry, &begun, people, shelf)).transpose()?;
    Ok(Permitted { begun, visits, views, ended, reviewed })
}

fn only<'e>(entries: &'e [Placed], what: &str) -> Found<Option<&'e Placed>> {
    ensure(entries.len() < 2, || format!("the permit has more than one {what}"))?;
    Ok(entries.first())
}

/// The permit's row: as it began, and once more for its end and for its review.
fn rows(
    begun: &Begun,
    ends: &[Placed],
    reviews: &[Placed],
    story: &Story,
    shelf: &mut Shelf<'_>,
) -> Found<()> {
    let id = begun.number.to_string();
    let states = shelf.all(
        |entry| matches!(&entry.event, Event::State { of, id: whose, .. } if of == "permit" && *whose == id),
    );
    let follows: Vec<_> =
        [begun.index].into_iter().chain(ends.iter().chain(reviews).map(|e| e.index)).collect();
    ensure(states.len() == follows.len(), || "the permit's row does not follow its entries".to_owned())?;
    let after = states.iter().zip(&follows).all(|(state, entry)| state.index > *entry);
    ensure(after, || "the permit's row does not follow its entries".to_owned())?;
    let rows = altered(states, &story.changes)?;
    let base = json!({
        "holder": begun.holder, "kind": begun.kind.as_str(), "permit": begun.number,
        "request": begun.request, "terms": canonical(&begun.terms), "until": begun.until,
    });
    for row in &rows {
        says(row.after.as_ref().unwrap_or(&Value::Null), &base)?;
    }
    let last = rows.last().and_then(|row| row.after.as_ref()).unwrap_or(&Value::Null);
    let why = last.pointer("/ended/why").and_then(Value::as_str);
    let told = ends.first().and_then(|entry| match &entry.event {
        Event::PermitEnd { why, .. } => Some(why.as_str()),
        _ => None,
    });
    ensure(why == told, || "the permit's row has another end".to_owned())?;
    let by = reviews.first().and_then(|entry| match &entry.event {
        Event::EmergencyReviewed { by, .. } => Some(by.as_str()),
        _ => None,
    });
    let reviewed = last.get("reviewed").and_then(Value::as_str);
    ensure(reviewed == by, || "the permit's row has another review".to_owned())
}

fn views(begun: &Begun, shelf: &mut Shelf<'_>) -> Found<Vec<i64>> {
    let number = begun.number;
    let views = shelf
        .all(|entry| matches!(entry.event, Event::ReplayViewed { permit: Some(by), .. } if by == number));
    let view = |entry: Placed| {
        let fits = matches!(&entry.event, Event::ReplayViewed { session, person, .. }
            if person.as_ref() == Some(&begun.holder) && begun.terms.session.as_ref() == Some(session));
        ensure(fits && begun.kind == PermitKind::Replay && begun.runs(entry.index, entry.at), || {
            format!("entry {} is a look that the permit does not cover", entry.index)
        })?;
        Ok(entry.at)
    };
    views.into_iter().map(view).collect()
}

fn ended(entry: Placed, begun: &Begun, people: &mut People, shelf: &mut Shelf<'_>) -> Found<Ended> {
    let Placed { index, at, event } = entry;
    let Event::PermitEnd { why, by, .. } = event else { return Err("this is no end".to_owned()) };
    let in_time = index > begun.index && (why != "lapsed" || at >= begun.until);
    ensure(in_time, || format!("entry {index} ends the permit before its time"))?;
    let by = by.map(|id| people.shown(&id, index, shelf)).transpose()?;
    Ok(Ended { at, why, by })
}

fn reviewed(
    entry: Placed,
    begun: &Begun,
    people: &mut People,
    shelf: &mut Shelf<'_>,
) -> Found<(i64, String)> {
    let Placed { index, at, event } = entry;
    let Event::EmergencyReviewed { by, .. } = event else { return Err("this is no review".to_owned()) };
    let over = at >= begun.until || begun.ended.is_some_and(|ended| ended < index);
    ensure(begun.kind == PermitKind::Emergency && by != begun.holder && over, || {
        format!("entry {index} is no review by somebody else, after the emergency")
    })?;
    Ok((at, people.shown(&by, index, shelf)?))
}

/// Who holds a permit that no request led to, by their record then, and how they had come in.
pub(super) fn holder(begun: &Begun, shelf: &mut Shelf<'_>) -> Found<Requester> {
    ensure(begun.request.is_none(), || "a request led to this permit, and is not here".to_owned())?;
    let id = &begun.holder;
    let person: PersonThen = shelf.vouched("person", id, begun.index)?;
    ensure(person.id == *id, || format!("the record of person {id} is somebody else's"))?;
    ensure(!person.suspended && person.expires.is_none_or(|end| begun.at < end), || {
        format!("{} was suspended, or their account was over", person.name)
    })?;
    let login = shelf.one("the holder's login", |entry| {
        entry.index < begun.index && matches!(&entry.event, Event::Login { person, .. } if person == id)
    })?;
    let Event::Login { how, .. } = login.event else { return Err("this is no login".to_owned()) };
    Ok(Requester { person, how, came: login.at })
}
