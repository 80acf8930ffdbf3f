//! Whom and what a request is about, to pick its entries out of the whole ledger.

use std::collections::BTreeSet;

use super::gather_permit::Uses;
use crate::blind::sha256_hex;
use crate::entry::{Entry, Event};
use crate::error::RoadError;
use crate::model::{Decision, Permit, Request};

/// The identifiers under which entries can concern a request.
#[derive(Clone)]
pub(super) struct Cast {
    request: Option<i64>,
    uses: Uses,
    people: BTreeSet<String>,
    keys: BTreeSet<String>,
}

impl Cast {
    pub(super) fn of(request: &Request, decisions: &[Decision], mut uses: Uses) -> Self {
        uses.sessions.extend(request.session.map(|session| session.to_string()));
        let signers = decisions.iter().map(|decision| decision.person.0.clone());
        Self {
            request: Some(request.id.0),
            uses,
            people: signers.chain([request.requester.0.clone()]).collect(),
            keys: decisions.iter().map(|decision| decision.fingerprint.clone()).collect(),
        }
    }

    pub(super) fn of_permit(permit: &Permit, uses: Uses) -> Self {
        let people = [permit.holder.0.clone()].into();
        Self { request: None, uses, people, keys: BTreeSet::new() }
    }

    /// Whether an entry may be part of the story.
    pub(super) fn concerns(&self, event: &Event) -> bool {
        match event {
            Event::Login { person, .. } => self.people.contains(person),
            Event::SessionOpen { session, .. }
            | Event::Segment { session, .. }
            | Event::SessionClose { session, .. } => self.uses.sessions.contains(session),
            Event::Decision { session, request, .. } => {
                self.uses.sessions.contains(session) || self.asked(*request)
            }
            Event::Permit { permit, .. }
            | Event::PermitEnd { permit, .. }
            | Event::EmergencyReviewed { permit, .. } => self.uses.permit == Some(*permit),
            Event::ReplayViewed { permit, .. } => permit.is_some() && self.uses.permit == *permit,
            Event::Request { request, .. }
            | Event::Approval { request, .. }
            | Event::Grant { request, .. }
            | Event::RequestEnd { request, .. } => self.asked(Some(*request)),
            Event::Key { fingerprint, .. } => self.keys.contains(fingerprint),
            Event::State { of, id, request, .. } => self.asked(*request) || self.knows(of, id),
            _ => false,
        }
    }

    fn asked(&self, request: Option<i64>) -> bool {
        request.is_some() && request == self.request
    }

    fn knows(&self, kind: &str, id: &str) -> bool {
        match kind {
            // Who used, ended or reviewed it is only known from those entries.
            "person" | "policies" => true,
            "key" => self.keys.contains(id),
            "permit" => self.uses.permit.is_some_and(|permit| permit.to_string() == id),
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
