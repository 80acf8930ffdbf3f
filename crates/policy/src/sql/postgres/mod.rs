//! PostgreSQL: the server's own grammar, and a walk over its tree that knows every node or says so.
//!
//! Strings are read as with `standard_conforming_strings = on` and `client_encoding = UTF8`; a statement that would
//! change either is `unknown`.

mod access;
mod alter;
mod create;
mod drop;
mod expression;
mod from;
mod functions;
mod json;
mod misspelt;
mod movement;
mod nodes;
mod parse;
mod query;
mod reader;
mod replication;
mod rows;
mod session;
mod settings;
mod statement;
mod upkeep;
mod write;

use pg_query::protobuf::RawStmt;

pub use functions::knows_function;
pub(super) use parse::{is_read, pieces};
pub use replication::replication_command;

use super::catalogue::Catalogue;
use super::findings::Findings;
use super::script::{Script, Statement, SyntaxError};
use misspelt::position;
use parse::Unread;
use reader::Reader;

/// Reads every statement of a text. A text without any does nothing, and the server says so.
pub(super) fn analyse(text: &str, catalogue: &Catalogue) -> Script {
    let tree = match parse::parse(text, catalogue) {
        Ok(tree) => tree,
        Err(Unread::Misspelt(message)) => {
            let position = position(text, &message);
            return Script::misspelt(SyntaxError { message, position });
        }
        Err(Unread::Refused(obstacle)) => return Script::refused(&obstacle),
    };
    let statements: Result<_, String> = tree.iter().map(|raw| statement(text, raw, catalogue)).collect();
    match statements {
        Ok(statements) => Script::of(text, statements),
        Err(obstacle) => Script::refused(&obstacle),
    }
}

fn statement(text: &str, raw: &RawStmt, catalogue: &Catalogue) -> Result<Statement, String> {
    let mut reader = Reader::new(Findings::new(catalogue));
    match nodes::inner(&raw.stmt) {
        Some(node) => reader.statement(node),
        None => reader.found.unknown("a statement without content"),
    }
    reader.found.beside();
    reader.found.into_statement(slice(text, raw))
}

/// The text of a statement; the parser leaves the length out for the last one.
fn slice<'t>(text: &'t str, raw: &RawStmt) -> &'t str {
    let start = usize::try_from(raw.stmt_location).unwrap_or_default();
    let rest = text.get(start..).unwrap_or(text);
    let length = usize::try_from(raw.stmt_len).unwrap_or_default();
    let whole = if length == 0 { rest } else { rest.get(..length).unwrap_or(rest) };
    whole.trim()
}
