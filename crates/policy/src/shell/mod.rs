//! The strict literal subset of shell: what is understood, and the text that runs for it.

mod characters;
mod grammar;
mod lexer;
mod render;

use std::fmt;

pub(crate) use grammar::{Command, Line, Redirect, parse};
pub(crate) use render::regenerated;

/// The first thing in a text that is outside the subset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// What it is, such as `a variable ($HOME)`.
    pub what: String,
    /// Where it starts, in bytes from 0.
    pub at: usize,
}

impl Obstacle {
    pub(crate) fn new(what: impl Into<String>, at: usize) -> Self {
        Obstacle { what: what.into(), at }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}
