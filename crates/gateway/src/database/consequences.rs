//! What an allowed text does to the protocol's own state: names of prepared statements, COPY, settings.

use access::policy::sql::{Control, Script, Statement};
use bytes::Bytes;
use wire::postgres::{Consequences, NameChange};

/// The commands whose names are looked up when they are bound, not when they run.
const PLANNED: [&str; 6] = ["select", "insert", "update", "delete", "merge", "values"];

/// What the statements of that text do when they succeed.
pub(crate) fn consequences(script: &Script) -> Consequences {
    if script.obstacle().is_some() {
        return Consequences::unknown();
    }
    let statements = script.statements();
    Consequences {
        names: statements
            .iter()
            .enumerate()
            .filter_map(|(place, one)| Some((place, name_change(one)?)))
            .collect(),
        copies: statements.iter().any(|one| one.control == Control::CopyIn),
        settings: statements.iter().any(|one| one.shifts || changes_settings(one)),
        late: !statements.iter().all(is_planned),
    }
}

fn name_change(statement: &Statement) -> Option<NameChange> {
    let bytes = |name: &String| Bytes::copy_from_slice(name.as_bytes());
    match &statement.control {
        // The text behind AS is not told: whoever executes it is asked about something unknown.
        Control::Prepare(_) => Some(NameChange::Anything),
        Control::Deallocate(Some(name)) => Some(NameChange::Deallocate(bytes(name))),
        Control::Deallocate(None) | Control::DiscardAll => Some(NameChange::DeallocateAll),
        _ => None,
    }
}

/// The end of a transaction may take a setting back.
fn changes_settings(statement: &Statement) -> bool {
    matches!(
        statement.control,
        Control::Set { .. } | Control::DiscardAll | Control::Commit | Control::Rollback
    )
}

fn is_planned(statement: &Statement) -> bool {
    let word = statement.text.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next();
    word.is_some_and(|word| PLANNED.iter().any(|planned| planned.eq_ignore_ascii_case(word)))
}
