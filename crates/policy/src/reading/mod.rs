//! What a parsed line does: each program by the table, each wrapper down to what it starts, each redirection.

mod attempt;
mod awk;
mod bounds;
mod expansions;
mod marks;
mod outputs;
mod paths;
mod places;
mod secrets;
mod secured;
mod securing;
mod sed;
mod unnamed;
mod walk;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use attempt::Attempt;
use bounds::{Bounds, MOST_PROGRAMS};
use marks::Marks;
use places::{Place, anywhere};
use unnamed::Prints;

pub(crate) use securing::secure;

use crate::analysis::{Program, Reason};
use crate::shell::{self, Body, Script, Word};
use crate::table::{Row, Runs, Use};
use crate::{Effect, How, Obstacle, Surroundings, Table, Touch};

/// How many programs may stand inside each other.
const DEEPEST: usize = 8;

/// More directories than this in one line are treated as anywhere.
const MOST_PLACES: usize = 16;

/// What was found so far, in the order of the text.
pub(crate) struct Reading<'a> {
    table: &'a Table,
    pub(crate) programs: Vec<Program>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) touched: BTreeSet<Touch>,
    known: BTreeSet<(usize, Effect, String)>,
    /// Where relative names may start: where the line starts, and each `cd`.
    places: Vec<Place>,
    /// What the variables of the loops around hold.
    values: BTreeMap<String, String>,
    /// Variables that some `read` of the line fills.
    read_by_input: BTreeSet<String>,
    marks: Marks,
    bounds: Rc<Bounds>,
    /// What each program prints, as far as the next one takes names from it.
    prints: Vec<Prints>,
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
    /// Its input is names of files that hold no secrets.
    named: bool,
}

/// What a program's words are read against.
#[derive(Clone, Copy)]
struct Around<'a> {
    table: &'a Table,
    more: &'a More,
    places: &'a [Place],
    terminal: bool,
    secure: bool,
    named: bool,
    bounds: &'a Bounds,
}

impl Around<'_> {
    /// What using a file does; nothing once the line has named too many, which makes it not understood.
    fn file(&self, by: &str, usage: Use, path: &str) -> Vec<(Effect, String)> {
        let spent = self.places.iter().all(|place| self.bounds.spend(place.len() + path.len()));
        if spent { paths::effects(by, usage, path, self.places) } else { vec![] }
    }

    /// Which paths that touches, asked after [`Around::file`].
    fn touches(&self, usage: Use, path: &str, below: bool) -> Vec<Touch> {
        match self.bounds.crossed() {
            None => places::touches(usage, path, below, self.places),
            Some(_) => vec![],
        }
    }
}

/// Reads a whole line. One that would take too long to judge is not understood.
pub(crate) fn read<'a>(script: &Script, surroundings: &'a Surroundings) -> Result<Reading<'a>, Obstacle> {
    let mut reading = Reading {
        table: &surroundings.table,
        programs: vec![],
        reasons: vec![],
        touched: BTreeSet::new(),
        known: BTreeSet::new(),
        places: vec![Place::start(surroundings.directory.as_deref())],
        values: BTreeMap::new(),
        read_by_input: read_by_input(script),
        marks: Marks::default(),
        bounds: Rc::default(),
        prints: vec![],
    };
    reading.script(script, Within { outer: None, depth: 0, terminal: true, secure: false, named: false });
    match reading.bounds.crossed() {
        Some(what) => Err(Obstacle::new(what, 0)),
        None => Ok(reading),
    }
}

/// Every word after `read`.
fn read_by_input(script: &Script) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    script.each_command(&mut |command| {
        let Body::Simple(simple) = &command.body else { return };
        let mut words = simple.words.iter().filter_map(Word::literal).map(str::to_owned);
        if words.any(|word| word == "read") {
            names.extend(words);
        }
    });
    names
}

impl Reading<'_> {
    /// Whether the line may hold another program.
    fn may_start(&self) -> bool {
        if self.programs.len() >= MOST_PROGRAMS {
            self.bounds.too_many_programs();
        }
        self.bounds.crossed().is_none()
    }

    fn redirect(&mut self, usage: Use, file: &str, program: usize) {
        let places = self.places.clone();
        let bounds = Rc::clone(&self.bounds);
        let around = Around {
            table: self.table,
            more: &More::Nothing,
            places: &places,
            terminal: false,
            secure: false,
            named: false,
            bounds: &bounds,
        };
        for (effect, because) in around.file("a redirection", usage, file) {
            self.note(effect, because, program);
        }
        self.touched.extend(around.touches(usage, file, false));
    }

    /// Reads one program start; returns its place in the list.
    fn program(&mut self, words: &[&str], more: &More, within: Within) -> usize {
        let index = self.programs.len();
        let argv: Vec<String> = words.iter().map(|word| self.marks.shown(word)).collect();
        self.bounds.spend_words(argv.iter().map(String::len).sum());
        self.programs.push(Program { argv, within: within.outer });
        self.prints.push(unnamed::printed(words, &self.places));
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
        if marks::is_open_name(name) {
            self.note(Effect::ShellEscape, "what is started is named by an expansion".into(), index);
        }
        let rows = self.table.rows(name);
        if rows.is_empty() {
            self.touched.insert(anywhere(How::Removes));
            return self.note(Effect::Unknown, format!("{} is not in the command table", shown(name)), index);
        }
        let places = self.places.clone();
        let bounds = Rc::clone(&self.bounds);
        let around = Around {
            table: self.table,
            more,
            places: &places,
            terminal: inside.terminal,
            secure: inside.secure,
            named: inside.named,
            bounds: &bounds,
        };
        let certain = words.iter().all(|word| marks::is_certain(word));
        if !certain && rows.iter().any(|row| Attempt::may_be_another(row, words)) {
            self.any_of(name, rows, index);
        }
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
        self.touched.extend(attempt.touched.iter().cloned());
        for executed in &attempt.executed {
            if !self.may_start() {
                return;
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
                Within { secure, named: inside.named && attempt.keeps_names(), ..inside },
            );
        }
    }

    /// No row explains all words: everything that any of them saw, and that it is not known.
    fn take_all(&mut self, name: &str, attempts: &[Attempt], more: &More, inside: Within, index: usize) {
        let strange = attempts.iter().find_map(|a| a.strange()).unwrap_or_else(|| "this use".into());
        let because = format!("the command table does not know {strange} of {}", shown(name));
        self.note(Effect::Unknown, because, index);
        self.touched.insert(anywhere(How::Removes));
        for attempt in attempts {
            match attempt.row.runs {
                Some(Runs::Directory) => self.places.push(Place::at("?")),
                Some(_) => self.note(Effect::ShellEscape, format!("{name} starts something"), index),
                None => self.take(attempt, more, inside, index),
            }
        }
    }

    /// What a wrapper starts.
    fn inner(&mut self, name: &str, runs: Runs, words: &[&str], more: &More, inside: Within) {
        match (runs, words) {
            (Runs::Directory, []) => self.places.push(Place::at("~")),
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
        match shell::parse_strict(text.as_bytes()) {
            Ok(script) => self.script(&script, inside),
            Err(obstacle) => {
                self.note(Effect::ShellEscape, format!("{name} runs a text that holds {obstacle}"), index);
            }
        }
    }

    /// After a `cd` relative names may start there, or where they did before if it failed.
    fn change_place(&mut self, to: &str) {
        if to == "-" || marks::is_wide(to) || marks::spreads(to) {
            return self.places.push(Place::at("?"));
        }
        let places: Vec<Place> = self.places.iter().map(|from| Place::at(&from.joined(to))).collect();
        self.places.extend(places);
        self.places.sort();
        self.places.dedup();
        if self.places.len() > MOST_PLACES {
            self.places = vec![Place::at("?")];
        }
    }

    fn note(&mut self, effect: Effect, because: String, program: usize) {
        let because = shown_reason(&self.marks.shown(&because));
        if self.known.insert((program, effect, because.clone())) {
            self.reasons.push(Reason { effect, because, program: Some(program) });
        }
    }
}

/// Whether find puts file names into this word.
fn placed_by_input(word: &str, more: &More) -> bool {
    matches!(more, More::FilesBelow(_)) && word.contains("{}")
}

/// A reason with its expansions as they were typed: never longer than a few lines.
fn shown_reason(because: &str) -> String {
    const LONGEST: usize = 300;
    match because.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", because.get(..end).unwrap_or_default()),
        None => because.into(),
    }
}

/// A word as reasons show it: never longer than a line.
fn shown(word: &str) -> String {
    const WIDEST: usize = 100;
    match word.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}...", &word[..end]),
        None => word.into(),
    }
}
