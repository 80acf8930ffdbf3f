//! What a PostgreSQL client asks for, as the road takes it.

use std::sync::Arc;

use access::SqlStatement;
use wire::postgres::{ActKind, Parameter};

use super::texts::Texts;

/// The statement; the name of what is none, and never allowed.
pub(crate) async fn statement(texts: Arc<Texts>, kind: ActKind) -> Result<SqlStatement, &'static str> {
    let (text, parameters) = match kind {
        ActKind::Query(text) => (text, Vec::new()),
        ActKind::Bind { statement: Some(prepared), parameters, .. } => (prepared.text.clone(), parameters),
        ActKind::Bind { statement: None, .. } => return Err("statement that nobody has seen"),
        ActKind::FunctionCall { .. } => return Err("function call"),
    };
    let parameters = parameters.iter().map(shown).collect();
    Ok(SqlStatement { text: text.to_vec(), parameters, script: texts.read(&text) })
}

/// As people read it: text as it is, anything else in hex.
fn shown(parameter: &Parameter) -> Option<String> {
    let value = parameter.value.as_deref()?;
    Some(match std::str::from_utf8(value) {
        Ok(text) if !parameter.is_binary => text.to_owned(),
        _ => value.iter().fold("\\x".to_owned(), |hex, byte| hex + &format!("{byte:02x}")),
    })
}
