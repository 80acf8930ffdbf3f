//! Whom and what a request is about, to pick its entries out of the whole ledger.

use std::collections::BTreeSet;

use crate::blind::sha256_hex;
use crate::entry::{Entry, Event};
use crate::error::RoadError;
use crate::model::{Decision, Request};

/// The identifiers under which entries can concern a request.
#[derive(Clone)]
pub(super) struct Cast {
    request: i64,
    session: Option<String>,
    people: BTreeSet<String>,
    keys: BTreeSet<String>,
}

impl Cast {
    pub(super) fn of(request: &Request, decisions: &[Decision]) -> Self {
        let signers = decisions.iter().map(|decision| decision.person.0.clone());
        Self {
            request: request.id.0,
            session: request.session.map(|session| session.to_string()),
            people: signers.chain([request.requester.0.clone()]).collect(),
            keys: decisions.iter().map(|decision| decision.fingerprint.clone()).collect(),
        }
    }

    /// Whether an entry may be part of the story.
    pub(super) fn concerns(&self, event: &Event) -> bool {
        match event {
            Event::Login { person, .. } => self.people.contains(person),
            Event::SessionOpen { session, .. }
            | Event::Segment { session, .. }
            | Event::SessionClose { session, .. } => self.session.as_ref() == Some(session),
            Event::Decision { request, .. } | Event::Permit { request, .. } => *request == Some(self.request),
            Event::Request { request, .. }
            | Event::Approval { request, .. }
            | Event::Grant { request, .. }
            | Event::RequestEnd { request, .. } => *request == self.request,
            Event::Key { fingerprint, .. } => self.keys.contains(fingerprint),
            Event::State { of, id, request, .. } => *request == Some(self.request) || self.knows(of, id),
            _ => false,
        }
    }

    fn knows(&self, kind: &str, id: &str) -> bool {
        match kind {
            "person" => self.people.contains(id),
            "key" => self.keys.contains(id),
            "policies" => true,
            _ => false,
        }
    }
}

/// Entries with their indices, in order.
pub(super) struct Entries(pub(super) Vec<(u64, Entry)>);

impl Entries {
    /// The last entry before `bound` that is wanted.
    pub(super) fn last(
        &self,
        what: &str,
        bound: u64,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<u64, RoadError> {
        let before = self.0.iter().take_while(|(index, _)| *index < bound);
        let found = before.filter(|(_, entry)| wanted(&entry.event)).last();
        found.map(|(index, _)| *index).ok_or_else(|| missing(what))
    }

    /// Every entry from `from` on that is wanted.
    pub(super) fn all(&self, from: u64, wanted: impl Fn(&Event) -> bool) -> Vec<u64> {
        let after = self.0.iter().filter(|(index, entry)| *index >= from && wanted(&entry.event));
        after.map(|(index, _)| *index).collect()
    }

    /// The entry that entered this signature.
    pub(super) fn approval(&self, decision: &Decision) -> Result<u64, RoadError> {
        let signed = sha256_hex(decision.signature.as_bytes());
        self.last("an answer", u64::MAX, |event| {
            matches!(event, Event::Approval { person, signature, .. }
                if *person == decision.person.0 && *signature == signed)
        })
    }

    pub(super) fn event(&self, index: u64) -> Option<&Event> {
        let found = self.0.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        self.0.get(found).map(|(_, entry)| &entry.event)
    }
}

/// Whether the entry is about what a row must contain.
pub(super) fn states(event: &Event, kind: &str, row: &str) -> bool {
    matches!(event, Event::State { of, id, .. } if of == kind && id == row)
}

pub(super) fn missing(what: &str) -> RoadError {
    RoadError::Inconsistent(format!("evidence: the ledger has no entry of {what}"))
}
