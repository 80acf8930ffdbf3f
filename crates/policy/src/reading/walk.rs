//! From commands to programs: loops once for each word, substitutions before the command that uses them.

use super::marks::{Mark, as_one_word};
use super::places::Place;
use super::{More, Reading, Within, outputs, unnamed};
use crate::shell::{Body, Command, Piece, Redirect, Script, Word, shown_output};
use crate::table::{Runs, Use};

impl Reading<'_> {
    pub(super) fn script(&mut self, script: &Script, within: Within) {
        for (_, pipeline) in &script.pipelines {
            let first = self.programs.len();
            for (i, command) in pipeline.commands.iter().enumerate() {
                if !self.may_start() {
                    return;
                }
                let last = i + 1 == pipeline.commands.len();
                let terminal = within.terminal && last && !command.redirects.iter().any(|r| r.stream() == 1);
                let named = match pipeline.commands.get(..i).unwrap_or_default() {
                    [] => within.named,
                    before => self.are_names(before, first),
                };
                let named = named && !takes_other_input(command);
                self.command(command, Within { terminal, named, ..within });
            }
        }
    }

    /// Whether the commands before it in its pipeline, whose programs begin at `first`, only find names of files.
    fn are_names(&self, before: &[Command], first: usize) -> bool {
        let plain =
            |command: &Command| matches!(command.body, Body::Simple(_)) && !takes_other_input(command);
        before.iter().all(plain) && unnamed::are_names(self.prints.get(first..).unwrap_or_default())
    }

    fn command(&mut self, command: &Command, within: Within) {
        let first = self.programs.len();
        match &command.body {
            Body::Simple(simple) => {
                let words = self.words(&simple.words, within);
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let program = self.program(&words, &More::Nothing, within);
                return self.redirects(command, program);
            }
            Body::Subshell(script) => self.apart(script, within),
            Body::For { name, words, body } => self.bounded_loop(name, words, body, within),
            Body::Loop { condition, body, .. } => {
                self.prepare_loop(&[condition, body]);
                self.script(condition, within);
                self.script(body, within);
            }
            body => body.scripts().into_iter().for_each(|script| self.script(script, within)),
        }
        if first < self.programs.len() {
            self.redirects(command, first);
        }
    }

    fn redirects(&mut self, command: &Command, program: usize) {
        for redirect in &command.redirects {
            let (usage, file) = match redirect {
                Redirect::Input(file) => (Use::Reads, file),
                Redirect::Output { append: true, file, .. } => (Use::Extends, file),
                Redirect::Output { append: false, file, .. } => (Use::Replaces, file),
                Redirect::Merge { .. } | Redirect::Document { .. } => continue,
            };
            let file = self.marked(file);
            self.redirect(usage, &file, program);
        }
    }

    /// In a process of its own, so that a `cd` inside ends with it.
    fn apart(&mut self, script: &Script, within: Within) {
        let places = self.places.clone();
        self.script(script, within);
        self.places = places;
    }

    /// Each word in turn is what the variable holds; after the loop nothing is known of it.
    fn bounded_loop(&mut self, name: &str, words: &[Word], body: &Script, within: Within) {
        let words = self.words(words, within);
        self.prepare_loop(&[body]);
        let known = !self.read_by_input.contains(name);
        for word in words {
            if !self.may_start() {
                break;
            }
            let value = as_one_word(&word, &mut self.marks);
            if known {
                self.values.insert(name.to_owned(), value);
            }
            self.script(body, within);
        }
        self.values.remove(name);
    }

    /// A loop that changes directory starts its next turn anywhere.
    fn prepare_loop(&mut self, scripts: &[&Script]) {
        let table = self.table;
        let mut changes = false;
        for script in scripts {
            script.each_command(&mut |command| {
                let Body::Simple(simple) = &command.body else { return };
                let names = simple.words.iter().filter_map(Word::literal);
                changes |=
                    names.flat_map(|name| table.rows(name)).any(|row| row.runs == Some(Runs::Directory));
            });
        }
        if changes {
            self.places = vec![Place::at("?")];
        }
    }

    fn words(&mut self, words: &[Word], within: Within) -> Vec<String> {
        for word in words {
            for piece in &word.pieces {
                if let Piece::Output { script, .. } = piece {
                    self.apart(script, Within { terminal: false, ..within });
                }
            }
        }
        words.iter().map(|word| self.marked(word)).collect()
    }

    /// The word with a mark for everything that only the shell will know.
    fn marked(&mut self, word: &Word) -> String {
        let mut marked = String::new();
        for (i, piece) in word.pieces.iter().enumerate() {
            let (mark, typed) = match piece {
                Piece::Literal(text) => {
                    marked.push_str(text);
                    continue;
                }
                Piece::Variable { name, .. } => match self.values.get(name) {
                    Some(value) => {
                        marked.push_str(value);
                        continue;
                    }
                    None if name == "HOME" && is_directory(word, i) => (Mark::Home, "$HOME".into()),
                    None => (Mark::Anything, format!("${name}")),
                },
                Piece::Pattern(pattern) => (Mark::Names, pattern.clone()),
                Piece::Home(user) if user.is_empty() => (Mark::Home, "~".into()),
                Piece::Home(user) => (Mark::Elsewhere, format!("~{user}")),
                Piece::Status => (Mark::Name, "$?".into()),
                Piece::Output { script, .. } if outputs::is_name(script) => {
                    (Mark::Name, shown_output(script))
                }
                Piece::Output { script, quoted: true, .. } => (Mark::Anything, shown_output(script)),
                Piece::Output { script, quoted: false, .. } => (Mark::Words, shown_output(script)),
            };
            marked.push(self.marks.add(mark, &typed));
        }
        marked
    }
}

fn takes_other_input(command: &Command) -> bool {
    command.redirects.iter().any(|redirect| redirect.stream() == 0)
}

/// Whether a piece is the beginning of a path, with a slash or nothing after it.
fn is_directory(word: &Word, piece: usize) -> bool {
    let after = match word.pieces.get(piece + 1) {
        None => true,
        Some(Piece::Literal(text)) => text.starts_with('/'),
        Some(_) => false,
    };
    piece == 0 && after
}
