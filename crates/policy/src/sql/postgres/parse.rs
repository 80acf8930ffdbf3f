//! Text to tree: the grammar is that of the server, bounded and one text at a time.

use std::panic::catch_unwind;
use std::sync::{Mutex, PoisonError};

use pg_query::protobuf::{RawStmt, Token};
use pg_query::{Error, ParserOptions};

use crate::sql::catalogue::Catalogue;

/// The parser turns standard error of the whole process aside while it works, and back afterwards. Two at once would
/// leave it turned aside.
static PARSING: Mutex<()> = Mutex::new(());

/// First version that reads `1_000` and `0x1F` as numbers.
const NEWER_NUMBERS: u32 = 160_000;

/// How many copies of how many bytes the tree of one text may hold.
const MOST_COPIED: usize = 8 << 20;

/// Characters of operators, of which slash and star also begin a comment inside another. After each operator the scanner
/// looks at the rest of their run again.
const OPERATORS: &[u8] = b"~!@#^&|`?+-*/%<>=";

/// The longest run of them that is read.
const LONGEST_RUN: usize = 1024;

/// The statements of a text, or why there are none. The text holds no zero bytes.
///
/// The grammar itself does not recurse; the tree that it hands over is refused beyond 100 messages inside each other, so
/// the walk does not run out of stack either.
pub(super) fn parse(text: &str, catalogue: &Catalogue) -> Result<Vec<RawStmt>, String> {
    if copies(text) > MOST_COPIED {
        return Err("assignments that multiply each other".into());
    }
    if has_long_run(text) {
        return Err(format!("more than {LONGEST_RUN} operators in a row"));
    }
    if !catalogue.is_at_least(NEWER_NUMBERS) && has_newer_numbers(text) {
        return Err("a number that servers before version 16 do not read".into());
    }
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

/// In `SET (a, b, …) = …` the tree holds the right side once for each column. At most as many columns as commas before
/// the sign, at most as long as the text.
fn copies(text: &str) -> usize {
    if !text.to_ascii_lowercase().contains("set") {
        return 0;
    }
    let is_commented = text.contains("--") || text.contains("/*");
    let assigns =
        |at: &usize| is_commented || text.get(..*at).is_some_and(|before| before.trim_end().ends_with(')'));
    let last = text.rmatch_indices('=').map(|(at, _)| at).find(assigns);
    let columns = last.and_then(|at| text.get(..at)).map_or(0, |before| before.matches(',').count());
    columns * text.len()
}

fn has_long_run(text: &str) -> bool {
    let mut runs = text.as_bytes().split(|byte| !OPERATORS.contains(byte));
    runs.any(|run| run.len() > LONGEST_RUN)
}

/// Whether a number in the text has underscores or another base than ten.
fn has_newer_numbers(text: &str) -> bool {
    let bytes = text.as_bytes();
    let suspicious =
        |pair: &[u8]| matches!(pair, [b'0'..=b'9', b'_' | b'x' | b'X' | b'o' | b'O' | b'b' | b'B']);
    if !bytes.windows(2).any(suspicious) {
        return false;
    }
    let guard = PARSING.lock().unwrap_or_else(PoisonError::into_inner);
    let scanned = pg_query::scan(text);
    drop(guard);
    let Ok(scanned) = scanned else { return true };
    scanned
        .tokens
        .iter()
        .filter(|token| [Token::Iconst as i32, Token::Fconst as i32].contains(&token.token))
        .any(|token| {
            let range = usize::try_from(token.start).unwrap_or_default()
                ..usize::try_from(token.end).unwrap_or_default();
            text.get(range).is_none_or(|number| number.contains(['_', 'x', 'X', 'o', 'O', 'b', 'B']))
        })
}
