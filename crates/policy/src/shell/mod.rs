//! The shell language as far as it is understood, and the text that runs for it.

mod characters;
mod compound;
mod grammar;
mod known;
mod lexer;
mod names;
mod oracles;
mod redirects;
mod render;
mod script;
mod word;

use std::fmt;

pub use render::quoted;
pub(crate) use render::{regenerated, shown_output};
pub(crate) use script::{Body, Command, Piece, Redirect, Script, Simple, Word};

use crate::Surroundings;

/// The first thing in a text that is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// What it is, such as `a background command (&)`, and often what to write instead.
    pub what: String,
    /// Where it starts, in bytes from 0; none when it is the text as a whole.
    pub at: Option<usize>,
}

impl Obstacle {
    pub(crate) fn new(what: impl Into<String>, at: usize) -> Self {
        Obstacle { what: what.into(), at: Some(at) }
    }

    pub(crate) fn of_whole(what: impl Into<String>) -> Self {
        Obstacle { what: what.into(), at: None }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{} at byte {at}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// Reads a text. Beyond the strict literal subset, two parsers that others wrote must see the same commands in it.
pub(crate) fn parse(text: &[u8], surroundings: &Surroundings) -> Result<Script, Obstacle> {
    let script = grammar::parsed(text)?;
    if is_strict(text, &script) {
        return Ok(script);
    }
    oracles::agree(text, &script)?;
    known::substituted(script, surroundings)
}

/// Reads a text that a shell gets as it is: only the strict literal subset is read alike by all of them.
pub(crate) fn parse_strict(text: &[u8]) -> Result<Script, Obstacle> {
    let script = grammar::parsed(text)?;
    match is_strict(text, &script) {
        true => Ok(script),
        false => Err(Obstacle::new("more than literal words", 0)),
    }
}

/// Line breaks, tabs and comments leave no trace in the script.
fn is_strict(text: &[u8], script: &Script) -> bool {
    script.is_literal() && !text.iter().any(|b| matches!(b, b'\n' | b'\t' | b'#'))
}
