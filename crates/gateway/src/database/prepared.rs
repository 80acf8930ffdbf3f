//! Which texts run when a statement says EXECUTE: those that the session has seen prepared, or that the text itself prepares.

use std::collections::{BTreeMap, BTreeSet};

use access::policy::Effect;
use access::policy::sql::{Control, Kind, Script, Statement};
use wire::postgres::{Prepared, Session, Unsettled};

use super::consequences::is_planned;
use super::statement::own_types;
use super::texts::Texts;

/// Texts by the names that a text executes. A name of which it is not certain what it stands for is not among them.
pub(crate) type Behind = BTreeMap<String, String>;

/// The longest name that SQL is followed by; the server cuts at 63 bytes of its own encoding.
const LONGEST_NAME: usize = 60;

/// What the names stand for when the text runs.
///
/// # Errors
///
/// It depends on answers of the server's that have not come.
pub(crate) fn behind(script: &Script, texts: &Texts, session: &Session) -> Result<Behind, Unsettled> {
    let (mut behind, mut unclear) = (Behind::new(), BTreeSet::new());
    for (place, statement) in script.statements().iter().enumerate() {
        let earlier = script.statements().get(..place).unwrap_or_default();
        for name in executed(statement) {
            let text = match made_by(earlier, name) {
                Some(made) => made,
                None => seen(name, texts, session)?,
            };
            match text {
                Some(text) if behind.get(name).is_none_or(|other| *other == text) => {
                    behind.insert(name.to_owned(), text);
                }
                _ => drop(unclear.insert(name.to_owned())),
            }
        }
    }
    behind.retain(|name, _| !unclear.contains(name));
    Ok(behind)
}

/// Without the names that are executed behind something unknown: code that nobody has read may prepare them again.
/// `read` is the same text, with what its names stand for.
pub(crate) fn certain(script: &Script, read: &Script, behind: &Behind) -> Behind {
    let is_unknown = |statement: &Statement| statement.effects.contains(&Effect::Unknown);
    let first = read.statements().iter().position(is_unknown);
    let later = first.and_then(|first| script.statements().get(first + 1..)).unwrap_or_default();
    let doubtful: BTreeSet<&str> = later.iter().flat_map(executed).collect();
    let kept = behind.iter().filter(|(name, _)| !doubtful.contains(name.as_str()));
    kept.map(|(name, text)| (name.clone(), text.clone())).collect()
}

/// Whether the server takes a name in SQL for the same as its analysis does: letters beyond ASCII may be folded, and cut,
/// by its own encoding.
pub(crate) fn is_followed(name: &str) -> bool {
    name.is_ascii() && name.len() <= LONGEST_NAME
}

/// The names that a statement executes, however deep inside.
fn executed(statement: &Statement) -> impl Iterator<Item = &str> {
    let prepared = statement.resolve.iter().filter(|named| named.kind == Kind::Prepared);
    prepared.map(|named| named.name.name.as_str())
}

/// What earlier statements of the same text have made of the name, if they have touched it.
fn made_by(earlier: &[Statement], name: &str) -> Option<Option<String>> {
    earlier.iter().rev().find_map(|statement| match &statement.control {
        Control::Prepare(made) if made == name => Some(is_followed(name).then(|| statement.text.clone())),
        Control::Deallocate(Some(gone)) if gone == name => Some(None),
        Control::Deallocate(None) | Control::DiscardAll => Some(None),
        _ => None,
    })
}

/// What the session has seen prepared under the name.
fn seen(name: &str, texts: &Texts, session: &Session) -> Result<Option<String>, Unsettled> {
    let prepared = session.prepared(name.as_bytes())?;
    let readable = prepared.filter(|prepared| is_followed(name) && is_query(prepared, texts));
    Ok(readable.and_then(|prepared| String::from_utf8(prepared.text.to_vec()).ok()))
}

/// SQL prepares nothing but queries and writes. EXECUTE also runs what else the protocol has prepared, and with it whatever
/// that does to the session.
fn is_query(prepared: &Prepared, texts: &Texts) -> bool {
    let is_one = || matches!(texts.read(&prepared.text).statements(), [one] if is_planned(one));
    prepared.by_sql || (own_types(prepared).next().is_none() && is_one())
}
