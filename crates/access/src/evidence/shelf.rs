//! The entries and records of a story, each of which is taken exactly once: what is missing, doubled or left over does
//! not fit.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use super::protocol::{Found, ensure};
use super::{Kept, Leaf, Story};
use crate::blind::sha256_hex;
use crate::entry::{Entry, Event, canonical};

/// An entry with its place in the ledger.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) index: u64,
    pub(super) at: i64,
    pub(super) event: Event,
}

/// What has not been taken yet.
pub(super) struct Shelf<'s> {
    entries: Vec<Placed>,
    records: Vec<&'s Kept>,
}

impl<'s> Shelf<'s> {
    pub(super) fn of(story: &'s Story) -> Found<Self> {
        let entries = story.entries.iter().map(placed).collect::<Found<Vec<_>>>()?;
        let indices: BTreeSet<_> = entries.iter().map(|entry| entry.index).collect();
        let in_order = entries.iter().map(|entry| entry.index).eq(indices);
        ensure(in_order, || "the entries are not in order".to_owned())?;
        let sorted = story.records.is_sorted_by(|one, next| (&one.kind, &one.id) < (&next.kind, &next.id));
        ensure(sorted, || "the records are not in order".to_owned())?;
        Ok(Self { entries, records: story.records.iter().collect() })
    }

    /// The one entry that is wanted.
    pub(super) fn one(&mut self, what: &str, wanted: impl Fn(&Placed) -> bool) -> Found<Placed> {
        let mut found = self.all(wanted);
        match (found.pop(), found.is_empty()) {
            (Some(entry), true) => Ok(entry),
            (Some(_), false) => Err(format!("there is more than one entry of {what}")),
            (None, _) => Err(format!("there is no entry of {what}")),
        }
    }

    /// Whether such an entry is there.
    pub(super) fn has(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.entries.iter().any(|entry| wanted(&entry.event))
    }

    /// All entries that are wanted, in order.
    pub(super) fn all(&mut self, wanted: impl Fn(&Placed) -> bool) -> Vec<Placed> {
        let (found, left) = std::mem::take(&mut self.entries).into_iter().partition(|entry| wanted(entry));
        self.entries = left;
        found
    }

    /// The record of that row as the ledger last had it before entry `before`.
    pub(super) fn vouched<T: DeserializeOwned>(&mut self, kind: &str, id: &str, before: u64) -> Found<T> {
        let what = format!("{kind} {id}");
        let state = self.one(&what, |entry| {
            entry.index < before
                && matches!(&entry.event, Event::State { of, id: whose, .. } if of == kind && whose == id)
        })?;
        let position = self.records.iter().position(|record| record.kind == kind && record.id == id);
        let record = position.map(|position| self.records.remove(position));
        let record = record.ok_or_else(|| format!("there is no record of {what}"))?;
        let digest = sha256_hex(canonical(&record.content).as_bytes());
        let vouches = matches!(&state.event, Event::State { after: Some(after), .. } if *after == digest);
        ensure(vouches, || format!("entry {} does not vouch for this record of {what}", state.index))?;
        serde_json::from_value(record.content.clone())
            .map_err(|fault| format!("the record of {what}: {fault}"))
    }

    /// Refuses what nobody took.
    pub(super) fn nothing_left(&self) -> Found<()> {
        let entry = self.entries.first().map(|entry| format!("entry {}", entry.index));
        let record =
            self.records.first().map(|record| format!("the record of {} {}", record.kind, record.id));
        entry.or(record).map_or(Ok(()), |what| Err(format!("{what} has nothing to do with it")))
    }
}

/// Reads an entry, which must be one that the ledger could hold.
fn placed(leaf: &Leaf) -> Found<Placed> {
    let entry = Entry::decode(canonical(&leaf.entry).as_bytes());
    let entry = entry.map_err(|fault| format!("entry {}: {fault}", leaf.index))?;
    Ok(Placed { index: leaf.index, at: entry.at, event: entry.event })
}
