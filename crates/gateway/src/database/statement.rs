//! What a PostgreSQL client asks for, as the road takes it.

use std::sync::Arc;

use access::SqlStatement;
use aws_lc_rs::digest::{SHA256, digest};
use wire::postgres::{ActKind, Parameter};

use super::texts::Texts;

/// Longest value that is shown whole, and how much is shown of a longer one, in bytes.
const LONGEST: usize = 32 << 10;
const BEGINNING: usize = 64;

/// The statement; the name of what is none, and never allowed.
pub(crate) async fn statement(texts: Arc<Texts>, kind: ActKind) -> Result<SqlStatement, &'static str> {
    let (text, parameters) = match kind {
        ActKind::Query(text) => (text, Vec::new()),
        ActKind::Bind { statement: Some(prepared), parameters, .. } => (prepared.text.clone(), parameters),
        ActKind::Bind { statement: None, .. } => return Err("statement that nobody has seen"),
        ActKind::FunctionCall { .. } => return Err("function call"),
    };
    let told = |one: &Parameter| one.value.as_deref().map(|value| shown(value, one.is_binary));
    let parameters = parameters.iter().map(told).collect();
    Ok(SqlStatement { text: text.to_vec(), parameters, script: texts.read(&text), countable: false })
}

/// As people read it: text as it is, anything else in hex, and of what is long its beginning and digest.
pub(crate) fn shown(value: &[u8], is_binary: bool) -> String {
    if value.len() <= LONGEST {
        return written(value, is_binary);
    }
    let digest: String = hex(digest(&SHA256, value).as_ref());
    let beginning = written(value.get(..BEGINNING).unwrap_or_default(), is_binary);
    format!("{beginning}… ({} bytes, SHA-256 {digest})", value.len())
}

fn written(value: &[u8], is_binary: bool) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if !is_binary => text.to_owned(),
        Err(fault) if !is_binary && fault.error_len().is_none() => {
            String::from_utf8_lossy(value).into_owned()
        }
        _ => format!("\\x{}", hex(value)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
