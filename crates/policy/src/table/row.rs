//! One row of the table: a program's options and operands, and what they make it do.
//!
//! A program may have several rows; a command line has the effects of the first one that it fits entirely. So a row
//! that claims little lists only the options with which the claim holds.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::Effect;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    program: Vec<Row>,
}

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
    options: String,
    /// Options whose value is a file that is read, extended, replaced or removed.
    #[serde(default)]
    uses: BTreeMap<Use, String>,
    /// Options that do more than the row says, by what they do.
    #[serde(default)]
    pub(crate) also: BTreeMap<Effect, String>,
    /// The row is for lines with an option out of each of these, which are listed elsewhere too.
    #[serde(default)]
    requires: Vec<String>,
    /// Options whose value is a sed script.
    #[serde(default)]
    scripts: String,
    /// Options that take a command up to `;` or `+`.
    #[serde(default)]
    pub(crate) executes: Vec<String>,
    /// The row is for lines whose operands begin with one of these, such as `status` or `addr show`.
    #[serde(default)]
    pub(crate) verbs: Vec<String>,
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
    /// `-5` is an option.
    #[serde(default)]
    pub(crate) number: bool,
    /// No option can make it do more than `effects`, but for those in `also`.
    #[serde(default)]
    pub(crate) any_options: bool,
    /// Options are as in `options`, but one that is not listed could not do more either (for xargs).
    #[serde(default)]
    pub(crate) complete: bool,
    #[serde(default)]
    pub(crate) stdin: Stdin,
    /// How operands become another command.
    pub(crate) runs: Option<Runs>,
    /// Without an operand it does something else than start a program.
    #[serde(default)]
    pub(crate) needs_command: bool,
    /// It starts a pager on a terminal, from which commands can be started, unless this option is given.
    pub(crate) pager: Option<String>,
    /// Names with a colon are repositories on other hosts.
    #[serde(default)]
    pub(crate) repositories: bool,
    /// Operands may begin with `NAME=value`.
    #[serde(default)]
    pub(crate) assignments: bool,
    /// Options that make the words of the inner command unknown in part, by their placeholder.
    #[serde(default)]
    replaces: String,
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
    Placeholder,
    Executes,
}

/// Reads one file of the table and checks each row.
pub(super) fn read(text: &str) -> Result<Vec<Row>, String> {
    let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
    let (rows, errors): (Vec<_>, Vec<_>) =
        file.program.into_iter().map(Row::prepared).partition(Result::is_ok);
    let errors: Vec<String> = errors.into_iter().filter_map(Result::err).collect();
    if errors.is_empty() { Ok(rows.into_iter().flatten().collect()) } else { Err(errors.join("\n")) }
}

impl Row {
    fn prepared(mut self) -> Result<Row, String> {
        self.list(&self.options.clone(), Means::Nothing)?;
        self.list(&self.scripts.clone(), Means::Script)?;
        self.list(&self.replaces.clone(), Means::Placeholder)?;
        self.list(&self.executes.join(" "), Means::Executes)?;
        for (usage, options) in self.uses.clone() {
            self.list(&options, Means::File(usage))?;
        }
        for (effect, options) in self.also.clone() {
            self.list(&options, Means::Effect(effect))?;
        }
        self.options_first |= self.runs.is_some_and(|runs| runs != Runs::Directory);
        self.required =
            self.requires.iter().map(|any| any.split_whitespace().map(str::to_owned).collect()).collect();
        self.checked()
    }

    fn checked(self) -> Result<Row, String> {
        let name = self.names.first().ok_or("a row without a name")?;
        if let Some(option) = self.required.iter().flatten().find(|o| !self.grammar.contains_key(*o)) {
            return Err(format!("{name}: {option} is required and not listed"));
        }
        if self.effects.is_empty() || self.does.is_empty() {
            return Err(format!("{name}: no effect, or no word about it"));
        }
        if self.any_options && self.grammar.values().any(|listed| !matches!(listed.means, Means::Effect(_))) {
            return Err(format!("{name}: any options, and some listed that do no more"));
        }
        Ok(self)
    }

    fn list(&mut self, specs: &str, means: Means) -> Result<(), String> {
        for spec in specs.split_whitespace() {
            let (name, value) = valued(spec);
            let names = self.spelt(name);
            if names.len() > 1 && value != Value::None {
                return Err(format!("{}: {spec} bundles options that take values", self.names.join(",")));
            }
            for name in names {
                if self.grammar.insert(name.clone(), Listed { value, means }).is_some() {
                    return Err(format!("{}: {name} is listed twice", self.names.join(",")));
                }
            }
        }
        Ok(())
    }

    /// `-abc` stands for `-a`, `-b` and `-c` where options are bundled.
    fn spelt(&self, name: &str) -> Vec<String> {
        let bundles = matches!(self.style, Style::Getopt | Style::Dashless) && !name.starts_with("--");
        match name.strip_prefix('-') {
            Some(letters) if bundles => letters.chars().map(|c| format!("-{c}")).collect(),
            _ => vec![name.to_owned()],
        }
    }
}

fn valued(spec: &str) -> (&str, Value) {
    let marks = [("[=]", Value::Attached), ("==", Value::Apart), ("=", Value::Required)];
    let marked = marks.iter().find_map(|(mark, value)| Some((spec.strip_suffix(mark)?, *value)));
    marked.unwrap_or((spec, Value::None))
}
