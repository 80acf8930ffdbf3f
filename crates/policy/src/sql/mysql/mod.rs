//! MySQL and MariaDB: a strict lexis of our own, a parser that others wrote, and a walk over what both agree on.
//!
//! Texts are read as with the default `sql_mode`: a double quote begins a string. What another mode would divide into
//! other tokens is refused.

mod calls;
mod expressions;
mod functions;
mod lexis;
mod modes;
mod query;
mod reserved;
mod show;
mod statements;
mod writes;

use sqlparser::ast::Statement as Tree;
use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::Parser;

use super::catalogue::Catalogue;
use super::findings::Findings;
use super::masked::Piece;
use super::script::{Script, Statement};
use lexis::{Kind, Token};
use statements::Reader;

/// Reads every statement of a text; one without any is not understood.
pub(super) fn analyse(text: &str, catalogue: &Catalogue) -> Script {
    let tokens = match lexis::tokens(text) {
        Ok(tokens) => tokens,
        Err(obstacle) => return Script::refused(obstacle),
    };
    let parts = tokens.split(|token| token.text == ";").filter(|part| !part.is_empty());
    let statements: Result<Vec<Statement>, String> =
        parts.map(|part| statement(text, part, catalogue)).collect();
    match statements {
        Ok(none) if none.is_empty() => Script::refused("no statement"),
        Ok(statements) => Script::of(text, statements),
        Err(obstacle) => Script::refused(&obstacle),
    }
}

fn statement(text: &str, tokens: &[Token], catalogue: &Catalogue) -> Result<Statement, String> {
    let mut reader = Reader::new(Findings::new(catalogue));
    reader.statement(&agreed(tokens)?);
    reader.found.of_session = is_of_session(tokens, &reader.found);
    let ends = tokens.first().zip(tokens.last()).and_then(|(first, last)| text.get(first.start..last.end()));
    reader.found.into_statement(ends.unwrap_or(text))
}

/// Whether lexis and parser agree on every statement of it.
pub(super) fn is_read(text: &str) -> bool {
    let of_each = |tokens: &[Token]| tokens.is_empty() || agreed(tokens).is_ok();
    lexis::tokens(text).is_ok_and(|tokens| tokens.split(|token| token.text == ";").all(of_each))
}

/// What of a text may be shown to whoever may not see its values. None if servers divide it in different ways.
pub(super) fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let pieces = lexis::tokens(text).ok()?.into_iter().map(|token| match token.kind {
        Kind::Text | Kind::Number => Piece::Value,
        // It looks like a string to whoever knows PostgreSQL.
        Kind::Word if token.text.contains('$') => Piece::Value,
        Kind::Word | Kind::Name | Kind::Symbol => Piece::Shown(token.text),
    });
    Some(pieces.collect())
}

/// Functions that tell what their session did last.
const OF_SESSION: [&str; 7] =
    ["connection_id", "found_rows", "is_used_lock", "last_insert_id", "lastval", "row_count", "uuid_short"];

/// Whether it reads variables, or what its session did last.
fn is_of_session(tokens: &[Token], found: &Findings) -> bool {
    let is_variable =
        |token: &Token| matches!(token.kind, Kind::Word | Kind::Symbol) && token.text.contains('@');
    let is_its_own = |name: &String| OF_SESSION.iter().any(|known| name.eq_ignore_ascii_case(known));
    tokens.iter().any(is_variable) || found.functions.iter().any(is_its_own)
}

/// The tree of one statement, if the parser saw every token of it and no other.
fn agreed(tokens: &[Token]) -> Result<Tree, String> {
    lexis::bounded(tokens)?;
    let canonical = lexis::canonical(tokens);
    let mut trees = Parser::parse_sql(&MySqlDialect {}, &canonical).map_err(|fault| fault.to_string())?;
    let (Some(tree), true) = (trees.pop(), trees.is_empty()) else {
        return Err("no single statement".into());
    };
    let shown = tree.to_string();
    let seen = lexis::tokens(&shown).map_err(str::to_owned)?;
    if significant(&seen).eq(significant(tokens)) {
        Ok(tree)
    } else {
        Err("words that the parser passes over".into())
    }
}

/// Tokens without those that a statement may have or leave out without meaning something else.
fn significant<'t>(tokens: &'t [Token<'t>]) -> impl Iterator<Item = String> + 't {
    const NOISE: [&str; 6] = ["AS", "INNER", "OUTER", "ASC", "INTO", "FROM"];
    let noise =
        |token: &&Token| token.kind == Kind::Word && NOISE.contains(&token.text.to_uppercase().as_str());
    tokens.iter().filter(move |token| !noise(token)).map(|token| match token.kind {
        Kind::Text => "''".into(),
        Kind::Word => token.text.to_uppercase(),
        Kind::Symbol if token.text == "!=" => "<>".into(),
        Kind::Name | Kind::Number | Kind::Symbol => token.text.into(),
    })
}
