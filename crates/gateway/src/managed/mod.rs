//! The managed shell without its wires: keys, editing, drawing, and the words that the shell understands itself.
//!
//! Nothing here knows SSH or a runtime. Whatever a terminal sends goes through [`Editor`]; whatever a person submits
//! was drawn by [`Screen`] before.

mod buffer;
mod characters;
mod completion;
mod continuation;
mod editor;
mod entry;
mod history;
mod keys;
mod own;
mod paste;
mod prompt;
mod quoting;
mod screen;
mod search;
mod split;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use buffer::LONGEST;
pub(crate) use characters::{is_plain, legible, width};
pub(crate) use completion::{Choice, Name, What, choose, entries, wanted};
pub(crate) use continuation::{is_open, joined, pieces};
pub(crate) use editor::{Editor, Outcome};
pub(crate) use entry::{Entry, Typed};
pub(crate) use history::{Histories, Lines, add, copy};
pub(crate) use own::{Cd, Own, WORDS as OWN_WORDS, first_step, own};
pub(crate) use prompt::Place;
pub(crate) use quoting::quoted;
pub(crate) use screen::{Screen, Styled};
pub(crate) use state::{State, Unkept};
