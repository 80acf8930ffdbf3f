//! The one spelling of a value: RFC 8785.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// RFC 8785 text of a value whose numbers are integers and whose keys are ASCII.
pub fn canonical(value: &impl Serialize) -> String {
    sorted(serde_json::to_value(value).unwrap_or_default()).to_string()
}

/// The same value with the keys of every object in order, whatever order its map type keeps.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(fields) => {
            let fields: BTreeMap<_, _> =
                fields.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(fields.into_iter().collect())
        }
        plain => plain,
    }
}
