//! One row of the table: a program's options and operands, and what they make it do.
//!
//! A program may have several rows; a command line has the effects of the first one that it fits entirely. So a row
//! that claims little lists only the options with which the claim holds.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::options::Given;
use crate::Effect;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) names: Vec<String>,
    /// What it does, to follow its name in a sentence.
    pub(crate) does: String,
    /// What it does whatever the options and operands that the row allows.
    #[serde(default)]
    pub(crate) effects: BTreeSet<Effect>,
    /// Options that change nothing: `-abc` are three flags, `-n=` and `--name=` take a value, `-n[=]` may,
    /// and `-n==` takes one but stands alone.
    #[serde(default)]
    pub(super) options: String,
    /// Options whose value is a file that is read, extended, replaced or removed.
    #[serde(default)]
    pub(super) uses: BTreeMap<Use, String>,
    /// Options that do more than the row says, by what they do.
    #[serde(default)]
    pub(crate) also: BTreeMap<Effect, String>,
    /// The row is for lines with an option out of each of these, which are listed elsewhere too.
    #[serde(default)]
    pub(super) requires: Vec<String>,
    /// Options whose value is a sed script.
    #[serde(default)]
    pub(super) scripts: String,
    /// Options whose value is given to a shell.
    #[serde(default)]
    pub(super) texts: String,
    /// Options whose value is statements for a PostgreSQL server.
    #[serde(default)]
    pub(super) statements: String,
    /// Options with which everything below a named directory is used too; `*` when it always is.
    #[serde(default)]
    pub(super) recursive: String,
    /// Options that take a command up to `;` or `+`.
    #[serde(default)]
    pub(crate) executes: Vec<String>,
    /// The row is for lines whose operands begin with one of these, such as `status` or `addr show`. `*` stands for any
    /// word without a slash, `list-*` for any word that begins so.
    #[serde(default)]
    pub(crate) verbs: Vec<String>,
    /// The only options that may stand before the verb, where others mean something else there; empty when any may.
    #[serde(default)]
    before_verb: Vec<String>,
    /// What the first operands are; after `verbs`.
    #[serde(default)]
    pub(crate) operands: Vec<Role>,
    /// What the operands after those are; without it there may be none.
    pub(crate) rest: Option<Role>,
    /// What the last operand is, when there are at least two.
    pub(crate) last: Option<Role>,
    #[serde(default)]
    pub(crate) style: Style,
    /// Options end at the first operand.
    #[serde(default)]
    pub(crate) options_first: bool,
    /// The command that it starts stands after `--`, and options may stand anywhere before.
    #[serde(default)]
    pub(crate) after_dashes: bool,
    /// `-5` is an option.
    #[serde(default)]
    pub(crate) number: bool,
    /// No option can make it do more than `effects`, but for those in `also`.
    #[serde(default)]
    pub(crate) any_options: bool,
    /// With `any_options`: the verb stands first, before all options.
    #[serde(default)]
    anchored: bool,
    /// Options are as in `options`, but one that is not listed could not do more either (for xargs).
    #[serde(default)]
    pub(crate) complete: bool,
    #[serde(default)]
    pub(crate) stdin: Stdin,
    /// How operands become another command.
    pub(crate) runs: Option<Runs>,
    /// The only programs that it may start, where it holds others of the same names; empty when it may start any.
    #[serde(default)]
    pub(crate) starts: Vec<String>,
    /// Without an operand it does something else than start a program.
    #[serde(default)]
    pub(crate) needs_command: bool,
    /// It starts a pager on a terminal, from which commands can be started, unless this option is given.
    pub(crate) pager: Option<String>,
    /// Words that stand directly after the name. They are put there before the line is judged: with them the program
    /// starts no other.
    #[serde(default)]
    pub(crate) adds: Vec<String>,
    /// The row is for starts by `env LESSSECURE=1`, which is put there before the line is judged.
    #[serde(default)]
    pub(crate) secure: bool,
    /// Names with a colon are on other hosts.
    #[serde(default)]
    pub(crate) hosts: bool,
    /// Names with a colon are repositories on other hosts, but for `::`, which leads to a part of one.
    #[serde(default)]
    pub(crate) repositories: bool,
    /// Operands may begin with `NAME=value`.
    #[serde(default)]
    pub(crate) assignments: bool,
    /// Options that make the words of the inner command unknown in part, by their placeholder.
    #[serde(default)]
    pub(super) replaces: String,
    /// The row is for lines none of whose words holds one of these, in small or capital letters.
    #[serde(default)]
    pub(crate) never: Vec<String>,
    /// In an added file: the rows take the place of those that are shipped for their names.
    #[serde(default)]
    pub(super) instead_of_shipped: bool,
    #[serde(skip)]
    pub(crate) grammar: BTreeMap<String, Listed>,
    #[serde(skip)]
    pub(crate) required: Vec<BTreeSet<String>>,
}

/// How a program reads its words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Style {
    /// As getopt_long: `-abc`, `-n5`, `--name=value`, options after operands.
    #[default]
    Getopt,
    /// Each option is one word, its value the next.
    Words,
    /// `key=value`, as dd.
    Keys,
    /// As getopt, but the first word may leave out its dash, as tar.
    Dashless,
}

/// What a file is used for. To look is to see that it is there, not what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Use {
    Looks,
    Reads,
    Creates,
    Extends,
    Replaces,
    Removes,
}

/// What an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    Looks,
    Reads,
    Creates,
    Extends,
    Replaces,
    Removes,
    /// Text without consequences.
    Data,
    /// A test or its argument, without what a shell's built-in version would evaluate.
    Plain,
    /// A whole number or a comparison of numbers.
    Arithmetic,
    /// A printf format that only prints.
    Format,
    /// Begins with `+`.
    Plus,
    /// Digits, perhaps with a fraction and a unit.
    Number,
    /// A sed script.
    Script,
    /// An awk program.
    Awk,
    /// A plain name: no path, no option.
    Name,
    /// The name of an account, or the dash that asks for a login.
    Login,
    /// The address of a service on the machine itself.
    Local,
    /// A service or process; to stop one that logs is to tamper with the log.
    Service,
    /// As `service`; with a slash it is a file that says which commands to start.
    Unit,
    /// A file whose owner, mode or label changes, or the new value of these.
    Owned,
}

/// What arrives on standard input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stdin {
    /// Data, or nothing.
    #[default]
    Data,
    /// Commands.
    Commands,
}

/// How operands become another command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Runs {
    /// The remaining words are its words.
    Words,
    /// As `words`, with more words from standard input.
    MoreWords,
    /// The remaining words, joined by blanks, are given to a shell.
    Joined,
    /// The first remaining word is given to a shell.
    Text,
    /// As `words`, but after `-c` the next word is given to a shell.
    WordsOrText,
    /// It changes the directory for what follows.
    Directory,
}

/// An option as the row lists it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) value: Value,
    pub(crate) means: Means,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    None,
    Attached,
    Required,
    /// As `Required`, but neither attached nor in a bundle.
    Apart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    Nothing,
    Effect(Effect),
    File(Use),
    Script,
    Text,
    Statements,
    Placeholder,
    Executes,
}

impl Row {
    /// Whether a directory that is named stands for everything below it too.
    pub(crate) fn descends(&self, given: &[Given]) -> bool {
        let recursive = || self.recursive.split_whitespace();
        recursive().any(|option| option == "*") || given.iter().any(|g| recursive().any(|o| o == g.name))
    }

    /// Whether an option means something else here, before the verb.
    pub(crate) fn is_misplaced(&self, word: &str, operands: &[&str]) -> bool {
        let allowed = self.before_verb.is_empty() || self.before_verb.iter().any(|option| option == word);
        !allowed && operands.is_empty() && word.starts_with('-')
    }

    /// Whether a word holds what no word of the line may hold.
    pub(crate) fn excludes(&self, word: &str) -> bool {
        !self.never.is_empty() && {
            let word = word.to_lowercase();
            self.never.iter().any(|part| word.contains(part))
        }
    }
}

/// Which verb a line is about.
impl Row {
    /// How many operands the verb takes; none when the row has verbs and the operands begin with none of them.
    pub(crate) fn verb(&self, operands: &[&str]) -> Option<usize> {
        if self.verbs.is_empty() {
            return Some(0);
        }
        if self.any_options {
            return self.verbs.iter().any(|verb| is_within(verb, operands, self.anchored)).then_some(0);
        }
        let lengths = self.verbs.iter().filter_map(|verb| {
            let words: Vec<&str> = verb.split(' ').collect();
            operands.get(..words.len()).filter(|first| begins(&words, first)).map(<[_]>::len)
        });
        lengths.max()
    }
}

/// Where options are not told from operands, a verb may stand anywhere, unless it must stand first.
fn is_within(verb: &str, words: &[&str], anchored: bool) -> bool {
    let verb: Vec<&str> = verb.split(' ').collect();
    let places = if anchored { 1 } else { words.len() };
    words.windows(verb.len()).take(places).any(|window| begins(&verb, window))
}

/// Whether each word is the verb's own, or one that its pattern stands for.
fn begins(verb: &[&str], words: &[&str]) -> bool {
    verb.iter().zip(words).all(|(verb, word)| match verb.strip_suffix('*') {
        Some("") => !word.starts_with('-') && !word.contains('/'),
        Some(start) => word.starts_with(start),
        None => verb == word,
    })
}
