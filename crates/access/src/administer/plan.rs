//! A change worked out: which rows it makes of which, before anything is entered or written.

use super::Changed;
use super::row::Row;
use crate::entry::Event;
use crate::model::{PersonId, Record};
use crate::road::StateChange;

/// What a change comes to, given how things are.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Identifier of the person, or name of the target: what the entry `admin` names.
    pub(super) subject: String,
    /// Entries beside `admin` and `state`.
    pub(super) events: Vec<Event>,
    /// The rows, as they were and as they will be.
    pub(super) rows: Vec<(Option<Row>, Option<Row>)>,
    /// Rows that must stay what they are until it is made.
    pub(super) rests_on: Vec<Record>,
    /// Whose remembered codes no longer count.
    pub(super) forgets: Option<PersonId>,
    /// A new verification seed, sealed; the last step of the old one means nothing for it.
    pub(super) seed: Option<(PersonId, Vec<u8>)>,
    /// What is answered once.
    pub(super) changed: Changed,
}

impl Plan {
    /// A plan for that subject in which nothing changes yet.
    pub(super) fn of(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), ..Self::default() }
    }

    /// One more row.
    pub(super) fn row(mut self, before: Option<Row>, after: Option<Row>) -> Self {
        self.rows.push((before, after));
        self
    }

    /// One more entry.
    pub(super) fn event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// The person has to give a code again.
    pub(super) fn forgetting(mut self, person: &PersonId) -> Self {
        self.forgets = Some(person.clone());
        self
    }

    /// What the ledger will say of the rows: only records that become others.
    pub(super) fn states(&self) -> Vec<StateChange> {
        let states = self.rows.iter().flat_map(|(before, after)| {
            let old = before.as_ref().map(Row::records).unwrap_or_default();
            match after {
                Some(row) => {
                    let new = row.records().into_iter().filter(|record| !old.contains(record));
                    new.map(StateChange::Put).collect::<Vec<_>>()
                }
                None => before.iter().flat_map(gone).collect(),
            }
        });
        states.collect()
    }

    /// What the rows are now, to be claimed before they are changed. Nobody else may change them meanwhile.
    pub(super) fn claims(&self) -> Vec<Record> {
        let rows = self.rows.iter().filter_map(|(before, _)| before.as_ref()).flat_map(Row::records);
        rows.chain(self.rests_on.iter().cloned()).collect()
    }

    /// The rows that there are not yet, to be claimed too.
    pub(super) fn claims_new(&self) -> Vec<Record> {
        let new =
            self.rows.iter().filter(|(before, _)| before.is_none()).filter_map(|(_, after)| after.as_ref());
        // A new code replaces whatever was there; of two that are made at once, the ledger's last is the one that counts.
        new.filter(|row| !matches!(row, Row::Enrolment(..))).flat_map(Row::records).collect()
    }
}

fn gone(row: &Row) -> Vec<StateChange> {
    row.records().into_iter().map(|record| StateChange::Gone(row.kind(), record.id)).collect()
}
