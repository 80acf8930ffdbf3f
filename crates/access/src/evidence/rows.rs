//! Rows that changed: what each was before and after, as the ledger's hashes bear out. Of secrets only that they changed.

use serde_json::Value;

use super::Changed;
use super::protocol::{Found, ensure};
use super::shelf::Placed;
use crate::blind::sha256_hex;
use crate::entry::{Event, canonical};
use crate::statement::visible;

/// Kinds of rows whose content nobody is shown.
const SECRET: [&str; 4] = ["account", "credentials", "enrolment", "recovery"];

/// Whether the content of such rows is left out.
pub(super) fn is_secret(kind: &str) -> bool {
    SECRET.contains(&kind)
}

/// A row that is another from then on.
pub(super) struct Altered {
    pub(super) at: i64,
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

/// The `state` entries with their contents, one for each, in order.
pub(super) fn altered(entries: Vec<Placed>, changes: &[Changed]) -> Found<Vec<Altered>> {
    ensure(entries.len() == changes.len(), || {
        format!("there are {} changes of rows, and {} of them have entries", changes.len(), entries.len())
    })?;
    entries.into_iter().zip(changes).map(|(entry, change)| one(entry, change)).collect()
}

fn one(Placed { index, at, event }: Placed, change: &Changed) -> Found<Altered> {
    let Event::State { of: kind, id, before, after, .. } = event else {
        return Err("this is no row".to_owned());
    };
    for (content, digest) in [(&change.before, &before), (&change.after, &after)] {
        let shown = content.as_ref().map(|content| sha256_hex(canonical(content).as_bytes()));
        let fits = if is_secret(&kind) { shown.is_none() } else { shown == *digest };
        ensure(fits, || format!("entry {index} does not vouch for this content of {kind} {id}"))?;
    }
    Ok(Altered { at, kind, id, before: change.before.clone(), after: change.after.clone() })
}

impl Altered {
    /// `groups: ["ops"] → ["dba-leads"]`, field by field; nothing for what is secret.
    pub(super) fn difference(&self) -> String {
        let fields =
            |row: &Option<Value>| row.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        let (before, after) = (fields(&self.before), fields(&self.after));
        let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let differs = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
        let shown = |value: Option<&Value>| value.map_or("-".to_owned(), |value| visible(&value.to_string()));
        let differences = differs.map(|name| {
            format!("{}: {} → {}", visible(name), shown(before.get(name)), shown(after.get(name)))
        });
        differences.collect::<Vec<_>>().join("; ")
    }
}
