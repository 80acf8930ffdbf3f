//! The line editor: packets of bytes in, edits and outcomes out. It draws nothing and starts nothing.

use super::buffer::Buffer;
use super::continuation;
use super::keys::{Decoder, Key};
use super::search::Search;

/// What a packet led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The line, the cursor or the search changed.
    Edited,
    /// A key did nothing.
    Bell,
    /// Enter on a whole line: this is what was shown.
    Submit(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D on an empty line.
    End,
    /// Tab.
    Complete,
    /// Ctrl-L.
    Clear,
    /// Ctrl-Z.
    Suspend,
    /// A paste is longer than a line may be.
    TooLong,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Editor {
    decoder: Decoder,
    buffer: Buffer,
    /// Place in the history that is shown, with the line that was left for it.
    recalled: Option<(usize, String)>,
    search: Option<Search>,
}

impl Editor {
    /// The line as it stands.
    pub(crate) fn text(&self) -> &str {
        self.buffer.text()
    }

    /// Byte offset of the cursor.
    pub(crate) fn cursor(&self) -> usize {
        self.buffer.cursor()
    }

    /// What is searched for in the history, while it is.
    pub(crate) fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// Puts a completion in place of the bytes before the cursor that begin at `from`.
    pub(crate) fn complete(&mut self, from: usize, text: &str) -> bool {
        self.buffer.complete(from, text)
    }

    /// Takes a packet. Neighbours of the same kind are one edit.
    pub(crate) fn feed(&mut self, packet: &[u8], history: &[String]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let mut typed = String::new();
        for key in self.decoder.keys(packet) {
            match key {
                Key::Char(c) => typed.push(c),
                Key::Break => typed.push('\n'),
                key => {
                    self.typed(&mut typed, history, &mut outcomes);
                    let outcome = self.key(key, history);
                    push(&mut outcomes, outcome);
                }
            }
        }
        self.typed(&mut typed, history, &mut outcomes);
        outcomes
    }

    fn typed(&mut self, typed: &mut String, history: &[String], outcomes: &mut Vec<Outcome>) {
        let text = std::mem::take(typed);
        if !text.is_empty() {
            let outcome = self.insert(&text, history);
            push(outcomes, outcome);
        }
    }

    fn insert(&mut self, text: &str, history: &[String]) -> Outcome {
        match &mut self.search {
            Some(search) => search.extend(text, history),
            None if !self.buffer.insert(text) => return Outcome::TooLong,
            None => {}
        }
        Outcome::Edited
    }

    fn key(&mut self, key: Key, history: &[String]) -> Outcome {
        if self.search.is_some() {
            return self.searching(key, history);
        }
        match key {
            Key::Enter => self.enter(),
            Key::Pasted(text) => self.insert(&text, history),
            Key::PasteTooLong => Outcome::TooLong,
            Key::Up => self.recall(history, true),
            Key::Down => self.recall(history, false),
            Key::Search => {
                self.search = Some(Search::default());
                Outcome::Edited
            }
            Key::Interrupt => {
                self.forget();
                Outcome::Interrupt
            }
            Key::EndOfInput if self.text().is_empty() => Outcome::End,
            Key::Tab => Outcome::Complete,
            Key::Clear => Outcome::Clear,
            Key::Suspend => Outcome::Suspend,
            edit => self.edit(&edit),
        }
    }

    fn edit(&mut self, key: &Key) -> Outcome {
        let buffer = &mut self.buffer;
        let done = match key {
            Key::Yank => buffer.yank(),
            Key::Undo => buffer.undo(),
            key => movement(buffer, key) || deletion(buffer, key),
        };
        if done { Outcome::Edited } else { Outcome::Bell }
    }

    /// A line that is not whole goes on; nothing else is submitted than what is shown.
    fn enter(&mut self) -> Outcome {
        if continuation::open(self.text()).is_some() {
            self.buffer.end_of_all();
            return if self.buffer.insert("\n") { Outcome::Edited } else { Outcome::TooLong };
        }
        self.recalled = None;
        Outcome::Submit(self.buffer.take())
    }

    fn forget(&mut self) {
        self.recalled = None;
        self.search = None;
        self.buffer.take();
    }

    fn recall(&mut self, history: &[String], back: bool) -> Outcome {
        let (place, draft) = match self.recalled.take() {
            Some(recalled) => recalled,
            None => (history.len(), self.text().to_owned()),
        };
        let next = if back { place.checked_sub(1) } else { place.checked_add(1) };
        let line = next.and_then(|next| Some((next, history.get(next)?.clone())));
        match line {
            Some((next, line)) => {
                self.buffer.set(line);
                self.recalled = Some((next, draft));
            }
            None if !back && place < history.len() => self.buffer.set(draft),
            None => {
                self.recalled = (place < history.len()).then_some((place, draft));
                return Outcome::Bell;
            }
        }
        Outcome::Edited
    }

    /// Enter takes what was found into the line, where it is shown; only the next Enter submits it.
    fn searching(&mut self, key: Key, history: &[String]) -> Outcome {
        let Some(mut search) = self.search.take() else { return Outcome::Bell };
        match key {
            Key::Search => search.older(history),
            Key::Backspace => search.shorten(history),
            Key::Interrupt => {
                self.forget();
                return Outcome::Interrupt;
            }
            Key::Abort => return Outcome::Edited,
            Key::Nothing | Key::Suspend | Key::EndOfInput => {}
            _ => {
                if let Some(found) = search.found(history) {
                    self.buffer.set(found.to_owned());
                }
                return Outcome::Edited;
            }
        }
        self.search = Some(search);
        Outcome::Edited
    }
}

fn push(outcomes: &mut Vec<Outcome>, outcome: Outcome) {
    let again = matches!(outcome, Outcome::Edited | Outcome::Bell) && outcomes.last() == Some(&outcome);
    if !again {
        outcomes.push(outcome);
    }
}

pub(super) fn movement(buffer: &mut Buffer, key: &Key) -> bool {
    match key {
        Key::Left => buffer.left(),
        Key::Right => buffer.right(),
        Key::Home => buffer.home(),
        Key::End => buffer.end(),
        Key::WordLeft => buffer.word_left(),
        Key::WordRight => buffer.word_right(),
        _ => return false,
    }
    true
}

pub(super) fn deletion(buffer: &mut Buffer, key: &Key) -> bool {
    match key {
        Key::Backspace => buffer.backspace(),
        Key::Delete | Key::EndOfInput => buffer.delete(),
        Key::KillToEnd => buffer.kill_to_end(),
        Key::KillToStart => buffer.kill_to_start(),
        Key::KillWordBack => buffer.kill_word_back(),
        Key::KillWord => buffer.kill_word(),
        Key::Transpose => buffer.transpose(),
        _ => return false,
    }
    true
}
