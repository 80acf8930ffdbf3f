//! Text to tree: the grammar is that of the server, bounded and one text at a time.

use std::ops::Range;
use std::panic::catch_unwind;
use std::sync::{Mutex, PoisonError};

use pg_query::protobuf::{KeywordKind, RawStmt, ScanToken, Token};
use pg_query::{Error, ParserOptions};

use crate::sql::catalogue::Catalogue;
use crate::sql::masked::{Piece, VALUE};

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

/// Why a text was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// The grammar does not have it, and says this.
    Misspelt(String),
    /// It is not asked, or its answer is not believed.
    Refused(String),
}

/// The statements of a text, or why there are none. The text holds no zero bytes.
///
/// The grammar itself does not recurse; the tree that it hands over is refused beyond 100 messages inside each other, so
/// the walk does not run out of stack either.
pub(super) fn parse(text: &str, catalogue: &Catalogue) -> Result<Vec<RawStmt>, Unread> {
    if copies(text) > MOST_COPIED {
        return refused("assignments that multiply each other");
    }
    if has_long_run(text) {
        return refused(&format!("more than {LONGEST_RUN} operators in a row"));
    }
    if !catalogue.is_at_least(NEWER_NUMBERS) && has_newer_numbers(text) {
        return refused("a number that servers before version 16 do not read");
    }
    grammar(text)
}

fn refused<T>(why: &str) -> Result<T, Unread> {
    Err(Unread::Refused(why.to_owned()))
}

/// What the grammar makes of a text.
pub(super) fn grammar(text: &str) -> Result<Vec<RawStmt>, Unread> {
    let guard = PARSING.lock().unwrap_or_else(PoisonError::into_inner);
    let parsed = catch_unwind(|| pg_query::parse(text, ParserOptions::DISABLE_ESCAPE_STRING_WARNING));
    drop(guard);
    match parsed {
        Ok(Ok(result)) => Ok(result.protobuf.stmts),
        Ok(Err(Error::Parse(message))) => Err(Unread::Misspelt(message)),
        Ok(Err(Error::Decode(_))) => refused("nested too deeply"),
        Ok(Err(fault)) => refused(&format!("the parser failed: {fault}")),
        Err(_) => refused("the parser failed"),
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
    let Some(tokens) = tokens(text) else { return true };
    tokens.iter().filter(|token| [Token::Iconst as i32, Token::Fconst as i32].contains(&token.token)).any(
        |token| {
            let number = text.get(range(token));
            number.is_none_or(|number| number.contains(['_', 'x', 'X', 'o', 'O', 'b', 'B']))
        },
    )
}

/// The words of a text, as far as the scanner can divide it.
pub(super) fn tokens(text: &str) -> Option<Vec<ScanToken>> {
    let guard = PARSING.lock().unwrap_or_else(PoisonError::into_inner);
    let scanned = pg_query::scan(text);
    drop(guard);
    Some(scanned.ok()?.tokens)
}

/// Where a word stands in its text.
pub(super) fn range(token: &ScanToken) -> Range<usize> {
    usize::try_from(token.start).unwrap_or_default()..usize::try_from(token.end).unwrap_or_default()
}

/// Whether the grammar has it.
pub(in crate::sql) fn is_read(text: &str) -> bool {
    !text.contains('\0') && copies(text) <= MOST_COPIED && !has_long_run(text) && grammar(text).is_ok()
}

/// What of a text may be shown to whoever may not see its values. None if the scanner cannot divide it.
pub(in crate::sql) fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    if has_long_run(text) {
        return None;
    }
    let comments = [Token::SqlComment as i32, Token::CComment as i32];
    let mut pieces = vec![];
    for token in tokens(text)?.iter().filter(|token| !comments.contains(&token.token)) {
        let shown = text.get(range(token))?;
        match shown.strip_suffix(VALUE).filter(|sign| is_sign(shown) && !sign.is_empty()) {
            Some(sign) => pieces.extend([Piece::Shown(sign), Piece::Value]),
            // The prefix is a token of its own, which says NCHAR.
            None if token.token == Token::Nchar as i32 && shown.len() == 1 => {}
            None if is_shown(token, shown) => pieces.push(Piece::Shown(shown)),
            None => pieces.push(Piece::Value),
        }
    }
    Some(pieces)
}

/// Names, words of the grammar and signs are shown; whatever else there is is a value, or the place of one.
fn is_shown(token: &ScanToken, text: &str) -> bool {
    let is_word = token.keyword_kind != KeywordKind::NoKeyword as i32;
    is_word || [Token::Ident as i32, Token::Uident as i32].contains(&token.token) || is_sign(text)
}

fn is_sign(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_punctuation() && !matches!(c, '\'' | '"' | '$'))
}
