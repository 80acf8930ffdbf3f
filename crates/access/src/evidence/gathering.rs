//! The parts of a story, picked out of the ledger and out of what was kept of rows.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cast::{Entries, missing, states};
use super::rows::is_secret;
use super::{Changed, Kept, Leaf, Story};
use crate::entry::{Entry, Event};
use crate::error::RoadError;
use crate::road::Road;

/// A story that is being put together.
pub(super) struct Gathering<'r> {
    pub(super) road: &'r Road,
    pub(super) entries: Entries,
    pub(super) chosen: BTreeSet<u64>,
    pub(super) records: Vec<Kept>,
    pub(super) changes: Vec<Changed>,
}

impl<'r> Gathering<'r> {
    pub(super) fn new(road: &'r Road, entries: Entries) -> Self {
        Self { road, entries, chosen: BTreeSet::new(), records: Vec::new(), changes: Vec::new() }
    }

    /// The last entry before `bound` that is wanted.
    pub(super) fn choose(
        &mut self,
        what: &str,
        bound: u64,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<u64, RoadError> {
        let index = self.entries.last(what, bound, wanted)?;
        self.chosen.insert(index);
        Ok(index)
    }

    /// Every entry from `from` on that is wanted.
    pub(super) fn choose_all(&mut self, from: u64, wanted: impl Fn(&Event) -> bool) -> Vec<u64> {
        let all = self.entries.all(from, wanted);
        self.chosen.extend(&all);
        all
    }

    /// The row as the ledger last had it before `bound`.
    pub(super) async fn vouched(&mut self, kind: &str, id: &str, bound: u64) -> Result<(), RoadError> {
        let what = format!("the state of {kind} {id}");
        let state = self.choose(&what, bound, |event| states(event, kind, id))?;
        let content = self.content(state).await?.ok_or_else(|| missing(&what))?;
        self.records.push(Kept { content, id: id.to_owned(), kind: kind.to_owned() });
        Ok(())
    }

    /// Somebody's record before they did what entry `index` says, unless another one is here.
    pub(super) async fn person(&mut self, id: &str, index: u64) -> Result<(), RoadError> {
        match self.records.iter().any(|record| record.kind == "person" && record.id == id) {
            true => Ok(()),
            false => self.vouched("person", id, index).await,
        }
    }

    /// The content that a `state` entry vouches for, as it was kept.
    pub(super) async fn content(&self, state: u64) -> Result<Option<Value>, RoadError> {
        match self.entries.event(state) {
            Some(Event::State { of, id, after: Some(digest), .. }) => self.kept(of, id, digest).await,
            _ => Ok(None),
        }
    }

    async fn kept(&self, kind: &str, id: &str, digest: &str) -> Result<Option<Value>, RoadError> {
        let record = self.road.store().record(kind, id, digest).await?;
        Ok(record.and_then(|record| serde_json::from_str(&record.content).ok()))
    }

    /// What rows became, entry by entry.
    pub(super) async fn changed(&mut self, states: &[u64]) -> Result<(), RoadError> {
        for index in states {
            let Some(Event::State { of, id, before, after, .. }) = self.entries.event(*index).cloned() else {
                continue;
            };
            let mut contents = [None, None];
            for (content, digest) in contents.iter_mut().zip([before, after]) {
                if let Some(digest) = digest.filter(|_| !is_secret(&of)) {
                    *content = self.kept(&of, &id, &digest).await?;
                }
            }
            let [before, after] = contents;
            self.changes.push(Changed { after, before });
        }
        Ok(())
    }

    /// The story, when everything is there but what was asked for and how it was answered.
    pub(super) fn story(mut self, act: Value, answers: Vec<super::SignedAnswer>) -> Story {
        self.records.sort_by(|one, other| (&one.kind, &one.id).cmp(&(&other.kind, &other.id)));
        let chosen = self.entries.0.iter().filter(|(index, _)| self.chosen.contains(index));
        let entries = chosen.map(|(index, entry)| leaf(*index, entry)).collect();
        Story { act, answers, changes: self.changes, entries, records: self.records }
    }
}

pub(super) fn leaf(index: u64, entry: &Entry) -> Leaf {
    Leaf { entry: serde_json::to_value(entry).unwrap_or_default(), index }
}
