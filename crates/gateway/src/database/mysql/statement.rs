//! What a client asks for, as the road takes it: statements, and commands that are statements by another name.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::SqlStatement;
use access::policy::sql::{Catalogue, Dialect, Script, analyse};
use wire::mysql::{ActKind, Kind, Value};

use crate::database::statement::shown as text;

/// The statement, to run where `place` tells of it; the name of what is none, and never allowed.
pub(super) fn statement(
    kind: &ActKind,
    place: impl Fn(&Script, &[Kind]) -> Option<String>,
) -> Result<SqlStatement, &'static str> {
    let (text, parameters, kinds) = match kind {
        ActKind::Query(text) => (text.to_vec(), Vec::new(), [].as_slice()),
        ActKind::Execute(prepared, values, kinds) => {
            (prepared.text.to_vec(), values.iter().map(shown).collect(), kinds.as_slice())
        }
        ActKind::Use(name) => ([b"USE ", &*quoted(name)].concat(), Vec::new(), [].as_slice()),
        ActKind::Columns(table) => {
            let name = table.split(|byte| *byte == 0).next().unwrap_or_default();
            ([b"SHOW COLUMNS FROM ", &*quoted(name)].concat(), Vec::new(), [].as_slice())
        }
        // It would take back what the gateway has set about texts.
        ActKind::Reset => return Err("reset of the connection"),
        ActKind::Statistics => (b"SHOW STATUS".to_vec(), Vec::new(), [].as_slice()),
    };
    let script = Arc::new(analyse(Dialect::MySql, &text, &Catalogue::unasked()));
    let behind = BTreeMap::new();
    let place = place(&script, kinds);
    Ok(SqlStatement { text, parameters, script, behind, countable: false, runs_as: None, place })
}

/// A name that can be nothing else.
fn quoted(name: &[u8]) -> Vec<u8> {
    let inner = name.iter().flat_map(|byte| if *byte == b'`' { vec![b'`'; 2] } else { vec![*byte] });
    std::iter::once(b'`').chain(inner).chain(std::iter::once(b'`')).collect()
}

/// As people read it.
fn shown(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Int(number) => number.to_string(),
        Value::Unsigned(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Moment(_, bytes) => text(bytes, true),
        Value::Bytes(bytes) | Value::Long(bytes) => text(bytes, false),
    })
}
