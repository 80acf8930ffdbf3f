//! What SQL statements do: text in, statements with effects, tables, columns and functions out.
//!
//! Everything is an allow-list. A statement, an expression, a function or a setting that is not listed makes the statement
//! `unknown`; so does a text that is too long, nested too deeply, or refused by the server's own grammar.

mod catalogue;
mod findings;
mod masked;
mod mysql;
mod name;
mod postgres;
mod scope;
mod script;

pub use catalogue::{Catalogue, Meaning};
pub use masked::{masked, masked_part};
pub use name::{Kind, Name, Named};
pub use postgres::{knows_function, replication_command};
pub use script::{
    Columns, Control, Dialect, NoSuchDialect, Removed, RemovedKind, Script, Statement, SyntaxError, TableUse,
};

/// The longest text that is read.
pub const LONGEST_TEXT: usize = 256 * 1024;

/// Reads a text as the server would, with what is known of its catalogue. Never fails: what is not understood has the
/// effect `unknown`.
pub fn analyse(dialect: Dialect, text: &[u8], catalogue: &Catalogue) -> Script {
    if text.len() > LONGEST_TEXT {
        return Script::refused(&format!("longer than {LONGEST_TEXT} bytes"));
    }
    if text.contains(&0) {
        return Script::refused("a byte of value 0");
    }
    match (std::str::from_utf8(text), dialect) {
        (Err(_), _) => Script::refused("bytes that are not UTF-8"),
        (Ok(text), Dialect::Postgres) => postgres::analyse(text, catalogue),
        (Ok(text), Dialect::MySql) => mysql::analyse(text, catalogue),
    }
}
