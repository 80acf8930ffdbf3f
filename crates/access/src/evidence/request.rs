//! What was asked, by whom, where, and why it had to wait.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Story;
use super::protocol::{Found, ensure};
use super::shelf::{Placed, Shelf};
use crate::blind::sha256_hex;
use crate::entry::{Event, canonical};
use crate::model::{RequestKind, Timestamp};
use crate::statement::{ANY_SESSION, rfc3339};

/// The request, as the ledger and the act have it.
pub(super) struct Asked<'s> {
    pub(super) number: i64,
    pub(super) index: u64,
    pub(super) at: i64,
    pub(super) kind: RequestKind,
    pub(super) session: Option<String>,
    pub(super) digest: String,
    pub(super) quorums: Vec<String>,
    pub(super) expires: i64,
    pub(super) act: &'s Value,
    named: Option<String>,
}

/// A person's record, as the ledger had it at one moment.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PersonThen {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) groups: BTreeSet<String>,
    pub(super) team: Option<String>,
    pub(super) suspended: bool,
    pub(super) expires: Option<i64>,
}

/// Where an action would run.
pub(super) struct Place {
    pub(super) index: u64,
    pub(super) person: String,
}

/// Who asked, and how they had come in.
pub(super) struct Requester {
    pub(super) person: PersonThen,
    pub(super) how: String,
    pub(super) came: i64,
}

/// The entry `request`, and the act that it binds.
pub(super) fn asked<'s>(story: &'s Story, shelf: &mut Shelf<'_>) -> Found<Asked<'s>> {
    let entry = shelf.one("the request", |entry| matches!(entry.event, Event::Request { .. }))?;
    let Placed { index, at, event } = entry;
    let Event::Request { request, session, asks, requester, digest, quorums, expires } = event else {
        return Err("this is no request".to_owned());
    };
    let act = &story.act;
    ensure(sha256_hex(canonical(act).as_bytes()) == digest, || {
        format!("the act is not the one whose digest is in entry {index}")
    })?;
    let binds = json!({
        "expires": rfc3339(Timestamp(expires)),
        "quorums": quorums,
        "request": request,
    });
    says(act, &binds)?;
    let kind = asks.as_deref().map_or(Some(RequestKind::Action), RequestKind::parse);
    let kind = kind.ok_or_else(|| format!("entry {index} asks for something unknown"))?;
    match asks.as_deref() {
        None => ensure(session.is_some(), || "the action has no session".to_owned())?,
        Some(_) => ensure(session.is_none(), || "only actions have a session".to_owned())?,
    }
    match (&session, kind) {
        (None, RequestKind::Action) => says(act, &json!({"session": ANY_SESSION}))?,
        _ => ensure(act.get("asks").and_then(Value::as_str) == asks.as_deref(), || {
            "the act asks for something else".to_owned()
        })?,
    }
    Ok(Asked { number: request, index, at, kind, session, digest, quorums, expires, act, named: requester })
}

/// The session of an action, opened by the requester before it was judged.
pub(super) fn place(asked: &Asked<'_>, shelf: &mut Shelf<'_>) -> Found<Option<Place>> {
    let Some(wanted) = &asked.session else { return Ok(None) };
    let opened =
        shelf.one("the session's opening", |entry| matches!(entry.event, Event::SessionOpen { .. }))?;
    let Event::SessionOpen { session, person, target, account, .. } = opened.event else {
        return Err("this is no session".to_owned());
    };
    ensure(session == *wanted && opened.index < asked.index, || {
        format!("entry {} opens another session", opened.index)
    })?;
    says(asked.act, &json!({"account": account, "session": session, "target": target}))?;
    Ok(Some(Place { index: opened.index, person }))
}

/// The decision that held an action: the same act in the same place, and which rules held it.
pub(super) fn held(asked: &Asked<'_>, place: &Place, shelf: &mut Shelf<'_>) -> Found<Vec<String>> {
    let entry =
        shelf.one("the decision that held it", |entry| matches!(entry.event, Event::Decision { .. }))?;
    let Event::Decision { session, channel, act, effects, verdict, rules, policy, request, .. } = entry.event
    else {
        return Err("this is no decision".to_owned());
    };
    let same = Some(&session) == asked.session.as_ref() && request == Some(asked.number) && verdict == "hold";
    let between = place.index < entry.index && entry.index < asked.index;
    ensure(same && between, || format!("entry {} is of something else", entry.index))?;
    says(asked.act, &json!({"act": act, "channel": channel, "effects": effects, "policy": policy}))?;
    Ok(rules)
}

/// Who asked: the person of the session or of the request, under the name that the act has.
pub(super) fn requester(asked: &Asked<'_>, place: Option<&Place>, shelf: &mut Shelf<'_>) -> Found<Requester> {
    let id = match (place, &asked.named) {
        (Some(place), None) => &place.person,
        (None, Some(id)) => id,
        _ => return Err("either a session or the request names who asks".to_owned()),
    };
    let person: PersonThen = shelf.vouched("person", id, asked.index)?;
    ensure(person.id == *id, || format!("the record of person {id} is somebody else's"))?;
    says(asked.act, &json!({"requester": person.name}))?;
    let before = place.map_or(asked.index, |place| place.index);
    let login = shelf.one("the requester's login", |entry| {
        entry.index < before && matches!(&entry.event, Event::Login { person, .. } if person == id)
    })?;
    let Event::Login { how, .. } = login.event else { return Err("this is no login".to_owned()) };
    Ok(Requester { person, how, came: login.at })
}

/// Whether the act has exactly those values in those fields.
pub(super) fn says(act: &Value, wanted: &Value) -> Found<()> {
    for (field, value) in wanted.as_object().into_iter().flatten() {
        ensure(act.get(field) == Some(value), || format!("the act's {field} is not {value}"))?;
    }
    Ok(())
}

/// A text of the act; empty if there is none.
pub(super) fn text_of<'a>(act: &'a Value, field: &str) -> &'a str {
    act.get(field).and_then(Value::as_str).unwrap_or_default()
}
