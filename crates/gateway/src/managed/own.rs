//! The shell's own words: what it does itself, and what it refuses with a sentence.

use access::text::{self, Line};

use super::split::{self, Unsplit, Word};
use super::state::State;

/// One of the shell's own words with its operands.
#[derive(Clone, Debug)]
pub(crate) enum Own {
    /// Another directory.
    Cd(Cd),
    /// `export NAME[=value]…`; without names the variables are listed.
    Export(Vec<(String, Option<String>)>),
    Unset(Vec<String>),
    /// A new mask, or the one in force is shown.
    Umask(Option<u32>),
    /// `NAME=value…`
    Assign(Vec<(String, String)>),
    Exit(Option<u8>),
    Help,
    Why,
    Request,
    History,
    /// `run FILE`
    Run(String),
    /// Not in this shell; the sentence says what to do instead.
    Refused(&'static Line),
    /// Wrong operands; how it is written.
    Usage(&'static str),
    /// It names a variable that this shell does not know.
    Unknown(String),
}

/// Where `cd` leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cd {
    Home,
    Previous,
    To(String),
    /// Below the home directory.
    BelowHome(String),
}

impl Own {
    /// Whether it changes what later steps of the same line start from.
    fn is_a_step(&self) -> bool {
        matches!(self, Self::Cd(_) | Self::Export(_) | Self::Unset(_) | Self::Umask(_) | Self::Assign(_))
    }
}

/// The shell's own words, for completion.
pub(crate) const WORDS: [&str; 10] =
    ["cd", "exit", "export", "help", "history", "request", "run", "umask", "unset", "why"];

/// A line that is the shell's own; none for a line that programs are started by.
pub(crate) fn own(text: &str, state: &State) -> Option<Own> {
    if let Some(refused) = refused(text) {
        return Some(Own::Refused(refused));
    }
    match split::words(text, state) {
        Ok(words) => read(&words),
        Err(Unsplit::Unknown(name)) if begins_with_own(text) => Some(Own::Unknown(name)),
        Err(_) => None,
    }
}

/// A step at the beginning of a line that changes the shell's state, and the rest of the line.
///
/// `cd X && …` and `cd X; …` are both carried out only as far as they succeed.
pub(crate) fn first_step<'a>(text: &'a str, state: &State) -> Option<(Own, &'a str, &'a str)> {
    let (head, rest) = split::step(text)?;
    let own = own(head, state).filter(Own::is_a_step)?;
    (!rest.is_empty()).then_some((own, head, rest))
}

fn begins_with_own(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    WORDS.contains(&word) || word.split_once('=').is_some_and(|(name, _)| split::is_name(name))
}

/// What would outlive the line, or hide what runs.
fn refused(text: &str) -> Option<&'static Line> {
    let text = text.trim();
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    match first {
        "alias" | "unalias" => return Some(&text::SHELL_NO_ALIAS),
        "source" | "." => return Some(&text::SHELL_NO_SOURCE),
        "eval" => return Some(&text::SHELL_NO_EVAL),
        "fg" | "bg" | "jobs" | "disown" | "suspend" | "coproc" => return Some(&text::SHELL_NO_JOBS),
        "function" => return Some(&text::SHELL_NO_FUNCTION),
        _ => {}
    }
    let at = split::operator(text)?;
    let (head, tail) = text.split_at_checked(at)?;
    let defines = tail.strip_prefix('(').is_some_and(|tail| tail.trim_start().starts_with(')'));
    if defines && split::is_name(head.trim()) {
        return Some(&text::SHELL_NO_FUNCTION);
    }
    backgrounded(text).then_some(&text::SHELL_NO_JOBS)
}

/// Whether a single `&` ends a command outside quotes.
fn backgrounded(text: &str) -> bool {
    let mut rest = text;
    while let Some((at, tail)) = split::operator(rest).and_then(|at| Some((at, rest.get(at..)?))) {
        let length = match tail.as_bytes() {
            [b'&', b'&', ..] | [b'>', b'&', ..] | [b'<', b'&', ..] | [b'|', b'&', ..] => 2,
            [b'&', b'>', ..] => 2,
            [b'&', ..] => return true,
            _ => 1,
        };
        rest = rest.get(at + length..).unwrap_or_default();
    }
    false
}

fn read(words: &[Word]) -> Option<Own> {
    let (first, operands) = words.split_first()?;
    if first.assignment().is_some() {
        return assignments(words);
    }
    if !first.bare {
        return None;
    }
    Some(match first.text.as_str() {
        "cd" => cd(operands),
        "export" => export(operands),
        "unset" => unset(operands),
        "umask" => umask(operands),
        "exit" | "logout" => exit(operands),
        "help" if operands.is_empty() => Own::Help,
        "why" => Own::Why,
        "request" => Own::Request,
        "history" => Own::History,
        "run" => match operands {
            [file] => Own::Run(file.text.clone()),
            _ => Own::Usage("run FILE"),
        },
        _ => return None,
    })
}

/// All of them, or it is a program with variables of its own.
fn assignments(words: &[Word]) -> Option<Own> {
    let pairs = words.iter().map(|word| word.assignment().map(|(n, v)| (n.to_owned(), v.to_owned())));
    pairs.collect::<Option<Vec<_>>>().map(Own::Assign)
}

fn cd(operands: &[Word]) -> Own {
    let operands = match operands {
        [first, rest @ ..] if first.text == "--" && first.bare => rest,
        all => all,
    };
    Own::Cd(match operands {
        [] => Cd::Home,
        [to] if to.text == "-" && to.bare => Cd::Previous,
        [to] if to.tilde => match to.text.trim_start_matches('~').trim_start_matches('/') {
            "" => Cd::Home,
            below => Cd::BelowHome(below.to_owned()),
        },
        [to] if !to.text.is_empty() => Cd::To(to.text.clone()),
        _ => return Own::Usage("cd [DIRECTORY | -]"),
    })
}

fn export(operands: &[Word]) -> Own {
    let binding = |word: &Word| match word.assignment() {
        Some((name, value)) => Some((name.to_owned(), Some(value.to_owned()))),
        None => split::is_name(&word.text).then(|| (word.text.clone(), None)),
    };
    let bindings = operands.iter().map(binding).collect::<Option<Vec<_>>>();
    bindings.map_or(Own::Usage("export NAME=VALUE"), Own::Export)
}

fn unset(operands: &[Word]) -> Own {
    let names: Vec<_> = operands.iter().map(|word| word.text.clone()).collect();
    match names.iter().all(|name| split::is_name(name)) {
        true => Own::Unset(names),
        false => Own::Usage("unset NAME"),
    }
}

fn umask(operands: &[Word]) -> Own {
    let mask = |text: &str| u32::from_str_radix(text, 8).ok().filter(|mask| *mask <= 0o777);
    match operands {
        [] => Own::Umask(None),
        [word] => mask(&word.text).map_or(Own::Usage("umask [OCTAL]"), |mask| Own::Umask(Some(mask))),
        _ => Own::Usage("umask [OCTAL]"),
    }
}

fn exit(operands: &[Word]) -> Own {
    match operands {
        [] => Own::Exit(None),
        [word] => word.text.parse().map_or(Own::Usage("exit [0-255]"), |status| Own::Exit(Some(status))),
        _ => Own::Usage("exit [0-255]"),
    }
}
