//! What an allowed text does to the protocol's own state: names of prepared statements, COPY, settings.

use access::policy::Effect;
use access::policy::sql::{Control, Script, Statement};
use bytes::Bytes;
use wire::postgres::{Consequences, NameChange};

use super::prepared::is_followed;

/// The commands whose names are looked up when they are bound, not when they run.
const PLANNED: [&str; 7] = ["select", "insert", "update", "delete", "merge", "values", "with"];

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
        any_name: statements.iter().any(changes_any_name),
    }
}

fn name_change(statement: &Statement) -> Option<NameChange> {
    match &statement.control {
        // The whole statement is kept: the types that it declares are part of what it does.
        Control::Prepare(name) => {
            // What runs something when it is prepared still says so.
            let is_repeatable = statement.effects == [Effect::Read].into();
            Some(NameChange::prepare(name.as_bytes(), statement.text.as_bytes(), is_repeatable))
        }
        Control::Deallocate(Some(name)) => {
            Some(NameChange::Deallocate(Bytes::copy_from_slice(name.as_bytes())))
        }
        Control::Deallocate(None) | Control::DiscardAll => Some(NameChange::DeallocateAll),
        _ => None,
    }
}

/// Code that nobody has read may prepare and forget; so does a name of which only the server knows what it comes to.
fn changes_any_name(statement: &Statement) -> bool {
    let is_lost = match &statement.control {
        Control::Prepare(name) | Control::Deallocate(Some(name)) => !is_followed(name),
        _ => false,
    };
    is_lost || statement.effects.contains(&Effect::Unknown)
}

/// The end of a transaction may take a setting back.
fn changes_settings(statement: &Statement) -> bool {
    matches!(
        statement.control,
        Control::Set { .. }
            | Control::DiscardAll
            | Control::Commit
            | Control::Rollback
            | Control::RollbackTo(_)
    )
}

pub(crate) fn is_planned(statement: &Statement) -> bool {
    let word = statement.text.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next();
    word.is_some_and(|word| PLANNED.iter().any(|planned| planned.eq_ignore_ascii_case(word)))
}
