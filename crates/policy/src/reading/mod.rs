//! What a parsed line does: each program by the table, each wrapper down to what it starts, each redirection.

mod attempt;
mod awk;
mod bounds;
mod paths;
mod secrets;
mod secured;
mod sed;
mod words;

use std::collections::BTreeSet;
use std::rc::Rc;

use attempt::Attempt;
use bounds::{Bounds, MOST_PROGRAMS};
use secured::Change;

use crate::analysis::{Program, Reason};
use crate::shell::{self, Command, Line, Redirect};
use crate::table::{self, Row, Runs, Use};
use crate::{Effect, Obstacle};

/// How many programs may stand inside each other.
const DEEPEST: usize = 8;

/// More directories than this in one line are treated as anywhere.
const MOST_PLACES: usize = 16;

/// What was found so far, in the order of the text.
pub(crate) struct Reading {
    pub(crate) programs: Vec<Program>,
    pub(crate) reasons: Vec<Reason>,
    known: BTreeSet<(usize, Effect, String)>,
    /// Where relative names may start: `~` (wherever the login starts), each `cd`, and `?` for anywhere.
    places: Vec<String>,
    bounds: Rc<Bounds>,
}

/// What a program gets beyond the words that are written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum More {
    Nothing,
    /// Words from standard input, which may be options.
    Words,
    /// Names of files below these, wherever `{}` stands.
    FilesBelow(Rc<[String]>),
}

/// Where a program stands.
#[derive(Clone, Copy)]
struct Within {
    outer: Option<usize>,
    depth: usize,
    /// Its output may be a terminal.
    terminal: bool,
    /// Started by env with what makes less start nothing.
    secure: bool,
}

/// What a program's words are read against.
#[derive(Clone, Copy)]
struct Around<'a> {
    more: &'a More,
    places: &'a [String],
    terminal: bool,
    secure: bool,
    bounds: &'a Bounds,
}

impl Around<'_> {
    /// What using a file does; nothing once the line has named too many, which makes it not understood.
    fn file(&self, by: &str, usage: Use, path: &str) -> Vec<(Effect, String)> {
        let spent = self.places.iter().all(|place| self.bounds.spend(place.len() + path.len()));
        if spent { paths::effects(by, usage, path, self.places) } else { vec![] }
    }
}

/// Adds what keeps programs from starting others; the line is judged and run with it.
pub(crate) fn secure(line: &mut Line) {
    secure_within(line, 0);
}

fn secure_within(line: &mut Line, depth: usize) {
    for command in line.pipelines.iter_mut().flat_map(|(_, commands)| commands) {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        match secured::change(&words) {
            Some(Change::Insert { at, words: added }) => drop(command.words.splice(at..at, added)),
            Some(Change::Text { at }) if depth < DEEPEST => {
                if let Some(text) = command.words.get_mut(at) {
                    secured_text(text, depth + 1).into_iter().for_each(|secured| *text = secured);
                }
            }
            _ => {}
        }
    }
}

/// The text as it is regenerated with what was added; none when nothing was.
fn secured_text(text: &str, depth: usize) -> Option<String> {
    let written = shell::parse(text.as_bytes()).ok()?;
    let mut line = written.clone();
    secure_within(&mut line, depth);
    (line != written).then(|| shell::regenerated(&line).ok())?
}

/// Reads a whole line. One that would take too long to judge is not understood.
pub(crate) fn read(line: &Line) -> Result<Reading, Obstacle> {
    let mut reading = Reading {
        programs: vec![],
        reasons: vec![],
        known: BTreeSet::new(),
        places: vec!["~".into()],
        bounds: Rc::default(),
    };
    reading.line(line, Within { outer: None, depth: 0, terminal: true, secure: false });
    match reading.bounds.crossed() {
        Some(what) => Err(Obstacle::new(what, 0)),
        None => Ok(reading),
    }
}

impl Reading {
    fn line(&mut self, line: &Line, within: Within) {
        for (_, commands) in &line.pipelines {
            for (i, command) in commands.iter().enumerate() {
                if self.programs.len() >= MOST_PROGRAMS {
                    return self.bounds.too_many_programs();
                }
                let last = i + 1 == commands.len();
                let terminal = within.terminal && last && !command.redirects.iter().any(|r| r.stream() == 1);
                self.command(command, Within { terminal, ..within });
            }
        }
    }

    fn command(&mut self, command: &Command, within: Within) {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        let program = self.program(&words, &More::Nothing, within);
        for redirect in &command.redirects {
            self.redirect(redirect, program);
        }
    }

    fn redirect(&mut self, redirect: &Redirect, program: usize) {
        let (usage, file) = match redirect {
            Redirect::Input(file) => (Use::Reads, file),
            Redirect::Output { append: true, file, .. } => (Use::Extends, file),
            Redirect::Output { append: false, file, .. } => (Use::Replaces, file),
            Redirect::Merge { .. } => return,
        };
        let places = self.places.clone();
        let bounds = Rc::clone(&self.bounds);
        let around =
            Around { more: &More::Nothing, places: &places, terminal: false, secure: false, bounds: &bounds };
        for (effect, because) in around.file("a redirection", usage, file) {
            self.note(effect, because, program);
        }
    }

    /// Reads one program start; returns its place in the list.
    fn program(&mut self, words: &[&str], more: &More, within: Within) -> usize {
        let index = self.programs.len();
        let argv = words.iter().map(|w| (*w).to_owned()).collect();
        self.programs.push(Program { argv, within: within.outer });
        let inside = Within { outer: Some(index), depth: within.depth + 1, ..within };
        match words {
            [name, ..] if placed_by_input(name, more) => {
                self.note(Effect::ShellEscape, "what is started is named by the input".into(), index);
            }
            _ if within.depth > DEEPEST => {
                self.note(
                    Effect::ShellEscape,
                    format!("more than {DEEPEST} programs inside each other"),
                    index,
                );
            }
            [name, rest @ ..] => self.known(name, rest, more, inside, index),
            [] => self.note(Effect::Unknown, "a wrapper without a command".into(), index),
        }
        index
    }

    fn known(&mut self, name: &str, words: &[&str], more: &More, inside: Within, index: usize) {
        let rows = table::rows(name);
        if rows.is_empty() {
            return self.note(Effect::Unknown, format!("{} is not in the command table", shown(name)), index);
        }
        let places = self.places.clone();
        let bounds = Rc::clone(&self.bounds);
        let around = Around {
            more,
            places: &places,
            terminal: inside.terminal,
            secure: inside.secure,
            bounds: &bounds,
        };
        let mut attempts = vec![];
        for attempt in rows.iter().filter_map(|row| Attempt::of(row, name, words, around)) {
            if attempt.fits() {
                if *more == More::Words && rows.len() > 1 {
                    self.any_of(name, rows, index);
                }
                return self.take(&attempt, more, inside, index);
            }
            attempts.push(attempt);
        }
        if *more == More::Words && (rows.len() > 1 || attempts.is_empty()) {
            self.any_of(name, rows, index);
        }
        self.take_all(name, &attempts, more, inside, index);
    }

    /// The input may turn this use of the program into any other.
    fn any_of(&mut self, name: &str, rows: &[Row], index: usize) {
        for effect in rows.iter().flat_map(|row| row.effects.iter().chain(row.also.keys())) {
            self.note(*effect, format!("{name} with words from its input"), index);
        }
    }

    fn take(&mut self, attempt: &Attempt, more: &More, inside: Within, index: usize) {
        for (effect, because) in &attempt.found {
            self.note(*effect, because.clone(), index);
        }
        for executed in &attempt.executed {
            if self.programs.len() >= MOST_PROGRAMS {
                return self.bounds.too_many_programs();
            }
            let below = More::FilesBelow(Rc::clone(&executed.below));
            self.inner(attempt.name, Runs::Words, &executed.words, &below, inside);
        }
        for text in &attempt.texts {
            self.text(attempt.name, text, more, Within { secure: false, ..inside });
        }
        if let Some(runs) = attempt.row.runs {
            // sudo starts with an environment of its own.
            let secure = attempt.secures && attempt.name == "env";
            self.inner(
                attempt.name,
                runs,
                &attempt.remaining,
                &attempt.passes_on(more),
                Within { secure, ..inside },
            );
        }
    }

    /// No row explains all words: everything that any of them saw, and that it is not known.
    fn take_all(&mut self, name: &str, attempts: &[Attempt], more: &More, inside: Within, index: usize) {
        let strange = attempts.iter().find_map(|a| a.strange()).unwrap_or_else(|| "this use".into());
        let because = format!("the command table does not know {strange} of {}", shown(name));
        self.note(Effect::Unknown, because, index);
        for attempt in attempts {
            match attempt.row.runs {
                Some(Runs::Directory) => self.places.push("?".into()),
                Some(_) => self.note(Effect::ShellEscape, format!("{name} starts something"), index),
                None => self.take(attempt, more, inside, index),
            }
        }
    }

    /// What a wrapper starts.
    fn inner(&mut self, name: &str, runs: Runs, words: &[&str], more: &More, inside: Within) {
        match (runs, words) {
            (_, []) => {}
            (Runs::Directory, [place, ..]) => self.change_place(place),
            (Runs::WordsOrText, ["-c" | "--command", text, ..]) => self.text(name, text, more, inside),
            (Runs::Words | Runs::MoreWords | Runs::WordsOrText, _) => {
                self.program(words, more, inside);
            }
            (Runs::Joined, _) => self.text(name, &words.join(" "), more, inside),
            (Runs::Text, [text, ..]) => self.text(name, text, more, inside),
        }
    }

    /// A text that a wrapper gives to a shell as it is: understood in the same subset, or able to start anything.
    fn text(&mut self, name: &str, text: &str, more: &More, inside: Within) {
        let index = inside.outer.unwrap_or_default();
        if *more == More::Words || placed_by_input(text, more) {
            return self.note(
                Effect::ShellEscape,
                format!("{name} runs a text that the input changes"),
                index,
            );
        }
        if inside.depth > DEEPEST {
            return self.note(
                Effect::ShellEscape,
                format!("more than {DEEPEST} programs inside each other"),
                index,
            );
        }
        if text.starts_with(['-', '+']) {
            // A shell takes this for an option, and the next word for the text.
            return self.note(
                Effect::ShellEscape,
                format!("{name} runs a text that begins as an option"),
                index,
            );
        }
        match shell::parse(text.as_bytes()) {
            Ok(line) => self.line(&line, inside),
            Err(obstacle) => {
                self.note(Effect::ShellEscape, format!("{name} runs a text that holds {obstacle}"), index);
            }
        }
    }

    /// After a `cd` relative names may start there, or where they did before if it failed.
    fn change_place(&mut self, to: &str) {
        let places: Vec<String> = self.places.iter().map(|from| paths::joined(from, to)).collect();
        self.places.extend(places);
        self.places.sort();
        self.places.dedup();
        if self.places.len() > MOST_PLACES {
            self.places = vec!["?".into()];
        }
    }

    fn note(&mut self, effect: Effect, because: String, program: usize) {
        if self.known.insert((program, effect, because.clone())) {
            self.reasons.push(Reason { effect, because, program: Some(program) });
        }
    }
}

/// Whether find puts file names into this word.
fn placed_by_input(word: &str, more: &More) -> bool {
    matches!(more, More::FilesBelow(_)) && word.contains("{}")
}

/// A word as reasons show it: never longer than a line.
fn shown(word: &str) -> String {
    const WIDEST: usize = 100;
    match word.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}...", &word[..end]),
        None => word.into(),
    }
}
