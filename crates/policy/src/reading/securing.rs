//! Puts into a script what keeps its programs from starting others; the script is judged and run with it.

use super::DEEPEST;
use super::marks::SOMETHING;
use super::secured::{Change, change};
use crate::Table;
use crate::shell::{self, Piece, Script, Simple, Word};

/// Adds what [`change`] says to each command, and to the texts that commands give to a shell.
pub(crate) fn secure(script: &mut Script, table: &Table) {
    secure_within(script, table, 0);
}

fn secure_within(script: &mut Script, table: &Table, depth: usize) {
    script.each_simple(&mut |simple| {
        let words: Vec<String> = simple.words.iter().map(outline).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match change(&words, table) {
            Some(Change::Insert { at, words: added }) if at <= simple.words.len() => {
                simple.words.splice(at..at, added.into_iter().map(Word::of));
            }
            Some(Change::Text { at }) if depth < DEEPEST => secure_text(simple, at, table, depth + 1),
            _ => {}
        }
    });
}

/// The word with something in the place of every expansion.
fn outline(word: &Word) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        _ => SOMETHING.into(),
    };
    word.pieces.iter().map(text).collect()
}

/// The text as it is regenerated with what was added, if anything was.
fn secure_text(simple: &mut Simple, at: usize, table: &Table, depth: usize) {
    let Some(word) = simple.words.get_mut(at) else { return };
    let Some(written) = word.literal().and_then(|text| shell::parse_strict(text.as_bytes()).ok()) else {
        return;
    };
    let mut secured = written.clone();
    secure_within(&mut secured, table, depth);
    if secured != written {
        shell::regenerated(&secured).into_iter().for_each(|text| *word = Word::of(text));
    }
}
