//! Changes of rows that matter: the content is kept, the ledger says what it is from now on, and only then is the row
//! written. A crash in between is mended from the kept content at the next start.

use super::Road;
use crate::entry::Event;
use crate::error::RoadError;
use crate::model::{Record, RequestId};
use crate::register::Register;

/// A row that changes.
#[derive(Clone, Debug)]
pub(crate) enum StateChange {
    /// Has that content from now on.
    Put(Record),
    /// Is gone from now on: its kind and its identifier.
    Gone(&'static str, String),
}

impl Road {
    /// Enters `events` and then what the rows are from now on, all in one commit; durable on return. Returns the index
    /// of the first entry. The caller writes the rows.
    pub(crate) async fn enter_state(
        &self,
        mut events: Vec<Event>,
        changes: Vec<StateChange>,
        request: Option<RequestId>,
    ) -> Result<u64, RoadError> {
        for change in &changes {
            if let StateChange::Put(record) = change {
                self.store().keep_record(record).await?;
            }
        }
        events.extend(changes.iter().map(|change| self.state_event(change, request)));
        // From its return on the ledger explains the new rows and no longer the old ones.
        self.note_all(events).await
    }

    /// The rows of those changes are written: from here on only the ledger's last word on them counts. Called for kinds
    /// whose writing is not seen by the store that shows only what is explained.
    pub(super) fn rows_are_written(&self, changes: &[StateChange]) {
        for change in changes {
            match change {
                StateChange::Put(record) => self.register().settle(&record.kind, &record.id),
                StateChange::Gone(kind, id) => self.register().settle(kind, id),
            }
        }
    }

    fn state_event(&self, change: &StateChange, request: Option<RequestId>) -> Event {
        let (of, id, after) = match change {
            StateChange::Put(record) => (record.kind.clone(), record.id.clone(), Some(record.digest.clone())),
            StateChange::Gone(kind, id) => ((*kind).to_owned(), id.clone(), None),
        };
        let before = self.register().digest(&of, &id);
        Event::State { of, id, before, after, request: request.map(|request| request.0) }
    }

    /// What the ledger says of rows.
    pub fn register(&self) -> &Register {
        &self.0.parts.register
    }
}
