//! Two parsers that others wrote: beyond the strict literal subset both must see in a text what we see.
//!
//! Each tree is told as the same flat list of parts: how commands are joined and nested, every word as it was typed,
//! every redirection. Three equal lists mean that no parser takes for data what another takes for a command. Our own
//! parser reads first and bounds length, depth and number, since both libraries descend as deep as a text leads them.

mod brush;
mod ours;
mod rable;

use std::panic::catch_unwind;

use super::Obstacle;
use super::script::Script;

/// One part of a text, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// A keyword, an operator or the end of a simple command.
    Sign(&'static str),
    /// A loop over words, by its variable.
    For(String),
    /// A word of a command, as it was typed.
    Word(String),
    Assignment(String),
    /// The stream, the operator, and the file as it was typed or the other stream.
    Redirect(u8, &'static str, String),
    /// A here-document.
    Document(String),
    /// What a word without expansions means once quotes are removed; only some of the parsers say it.
    Meaning(String),
}

/// What an oracle does not translate.
struct Untold;

type Parts = Result<Vec<Part>, Untold>;

/// Whether both oracles see the script in the text.
pub(super) fn agree(text: &[u8], script: &Script) -> Result<(), Obstacle> {
    let Ok(text) = std::str::from_utf8(text) else {
        return Err(Obstacle::new("bytes that are not UTF-8", 0));
    };
    let ours = ours::parts(text, script);
    let typed: Vec<Part> = ours.iter().filter(|part| !matches!(part, Part::Meaning(_))).cloned().collect();
    for (name, told, seen) in
        [("brush", brush::parts as fn(&str) -> Parts, &ours), ("rable", rable::parts, &typed)]
    {
        // The bounds are the defence; this is for what nobody has foreseen.
        match catch_unwind(|| told(text)) {
            Ok(Ok(parts)) if parts == *seen => {}
            _ => return Err(Obstacle::new(format!("what another parser ({name}) reads in another way"), 0)),
        }
    }
    Ok(())
}
