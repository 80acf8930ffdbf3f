//! Text to tree: the grammar is that of the server, bounded and one text at a time.

use std::panic::catch_unwind;
use std::sync::{Mutex, PoisonError};

use pg_query::protobuf::RawStmt;
use pg_query::{Error, ParserOptions};

/// The parser turns standard error of the whole process aside while it works, and back afterwards. Two at once would
/// leave it turned aside.
static PARSING: Mutex<()> = Mutex::new(());

/// The statements of a text, or why there are none. The text holds no zero bytes.
///
/// The grammar itself does not recurse; the tree that it hands over is refused beyond 100 messages inside each other, so
/// the walk does not run out of stack either.
pub(super) fn parse(text: &str) -> Result<Vec<RawStmt>, String> {
    let guard = PARSING.lock().unwrap_or_else(PoisonError::into_inner);
    let parsed = catch_unwind(|| pg_query::parse(text, ParserOptions::DISABLE_ESCAPE_STRING_WARNING));
    drop(guard);
    match parsed {
        Ok(Ok(result)) => Ok(result.protobuf.stmts),
        Ok(Err(Error::Parse(message))) => Err(format!("not SQL that the server accepts: {message}")),
        Ok(Err(Error::Decode(_))) => Err("nested too deeply".into()),
        Ok(Err(fault)) => Err(format!("the parser failed: {fault}")),
        Err(_) => Err("the parser failed".into()),
    }
}
