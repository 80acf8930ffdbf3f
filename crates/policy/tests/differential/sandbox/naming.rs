//! Whether what was started is what the analysis had named.

use policy::{Analysis, Effect, Program};

use super::Argv;

/// What was started without having been named. A text that is said to start what nobody sees may start anything.
pub fn unnamed<'a>(analysis: &Analysis, started: &'a [Argv]) -> Option<&'a Argv> {
    if says_anything_may_start(analysis) {
        return None;
    }
    started.iter().find(|argv| {
        !is_stand_in(analysis, argv) && !(0..analysis.programs().len()).any(|index| is(analysis, index, argv))
    })
}

/// Programs that a wrapper starts by itself, to do what the analysis says of the wrapper: xargs without a command only
/// prints, and flock and watch give their text, which is analysed, to a shell.
fn is_stand_in(analysis: &Analysis, argv: &Argv) -> bool {
    let has = |wrapper: &str| analysis.program_names().contains(wrapper);
    match argv.iter().map(|word| base(word)).collect::<Vec<_>>()[..] {
        ["echo", ..] => has("xargs"),
        ["sh", "-c", _] => has("flock"),
        _ => false,
    }
}

/// Whether it is said that more may start: by a program that can start others, or by one that the shell runs itself,
/// which may evaluate its words, in a use that is said not to be known.
pub fn says_anything_may_start(analysis: &Analysis) -> bool {
    const BUILTINS: [&str; 5] = ["test", "printf", "exit", "cd", "kill"];
    let is_builtin = |index: usize| {
        let name = analysis.programs().get(index).and_then(|program| program.argv.first());
        name.is_some_and(|name| BUILTINS.contains(&name.as_str()))
    };
    analysis.effects().contains(&Effect::ShellEscape)
        || analysis
            .reasons()
            .iter()
            .any(|reason| reason.effect == Effect::Unknown && reason.program.is_some_and(is_builtin))
}

fn is(analysis: &Analysis, index: usize, argv: &Argv) -> bool {
    let Some(program) = analysis.programs().get(index) else { return false };
    let (Some(named), Some(started)) = (program.argv.first(), argv.first()) else { return false };
    let around = around(analysis, program);
    let rest = (program.argv.get(1..).unwrap_or_default(), argv.get(1..).unwrap_or_default());
    // What a wrapper adds comes last.
    let reading = Reading { more: around.contains(&"xargs") || around.contains(&"find") };
    base(named) == base(started) && reading.expands(rest.0, rest.1)
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The names of the wrappers around a program.
fn around<'a>(analysis: &'a Analysis, program: &Program) -> Vec<&'a str> {
    let mut names = Vec::new();
    let mut within = program.within;
    while let Some(outer) = within.and_then(|index| analysis.programs().get(index)) {
        names.extend(outer.argv.first().map(|name| base(name)));
        within = outer.within;
    }
    names
}

/// What the words of a program may become.
#[derive(Clone, Copy)]
struct Reading {
    /// More words may follow.
    more: bool,
}

impl Reading {
    /// Each word as named, or as many as a pattern, a variable or a placeholder becomes: options too where the analysis
    /// has counted every option of the program, which cannot be seen from here.
    fn expands(self, named: &[String], started: &[String]) -> bool {
        match (named.split_first(), started.split_first()) {
            (None, None) => true,
            (None, Some(_)) => self.more,
            (Some((word, named)), Some((first, rest))) if word == first && self.expands(named, rest) => true,
            (Some((word, left)), _) if is_open(word) => {
                let taken = started.split_first().is_some_and(|(_, rest)| self.expands(named, rest));
                self.expands(left, started) || taken
            }
            _ => false,
        }
    }
}

/// Whether a word is one that a shell or a wrapper might make something else of.
fn is_open(word: &str) -> bool {
    word.contains(['*', '?', '[', '~', '$', '`']) || word.contains("{}")
}
