//! A file of the table to rows: every option is listed once, and what a row claims can be told.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::row::{Listed, Means, Row, Runs, Style, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    program: Vec<Row>,
}

/// Why a file of the table cannot be used.
#[derive(Debug)]
pub(super) enum Unusable {
    /// It is no TOML, or holds something that is no part of a row.
    Toml(toml::de::Error),
    /// What is wrong with its rows, one on a line.
    Rows(String),
}

/// Reads one file of the table and checks each row.
pub(super) fn read(text: &str) -> Result<Vec<Row>, Unusable> {
    let file: File = toml::from_str(text).map_err(Unusable::Toml)?;
    let (rows, errors): (Vec<_>, Vec<_>) =
        file.program.into_iter().map(Row::prepared).partition(Result::is_ok);
    let errors: Vec<String> = errors.into_iter().filter_map(Result::err).collect();
    match errors.is_empty() {
        true => Ok(rows.into_iter().flatten().collect()),
        false => Err(Unusable::Rows(errors.join("\n"))),
    }
}

impl Row {
    fn prepared(mut self) -> Result<Row, String> {
        self.list(&self.options.clone(), Means::Nothing)?;
        self.list(&self.scripts.clone(), Means::Script)?;
        self.list(&self.texts.clone(), Means::Text)?;
        self.list(&self.statements.clone(), Means::Statements)?;
        self.list(&self.replaces.clone(), Means::Placeholder)?;
        self.list(&self.executes.join(" "), Means::Executes)?;
        for (usage, options) in self.uses.clone() {
            self.list(&options, Means::File(usage))?;
        }
        for (effect, options) in self.also.clone() {
            self.list(&options, Means::Effect(effect))?;
        }
        self.options_first |= self.runs.is_some_and(|runs| runs != Runs::Directory) && !self.after_dashes;
        self.required =
            self.requires.iter().map(|any| any.split_whitespace().map(str::to_owned).collect()).collect();
        self.checked()
    }

    fn checked(self) -> Result<Row, String> {
        let names = self.names.join(",");
        if let Some(name) = self.names.iter().find(|name| !is_program_name(name)) {
            return Err(format!("{names}: {name:?} is no program's name, which has no slash and no blank"));
        }
        let lacks = [
            (self.names.is_empty(), "names"),
            (self.effects.is_empty(), "effects"),
            (self.does.is_empty(), "does"),
        ];
        if let Some((_, field)) = lacks.iter().find(|(lacks, _)| *lacks) {
            return Err(format!("{names}: a row needs {field}"));
        }
        if let Some(option) = self.mentioned().into_iter().find(|o| !self.grammar.contains_key(o)) {
            return Err(format!("{names}: {option} is mentioned and not listed among the options"));
        }
        if self.any_options && self.grammar.values().any(|listed| !matches!(listed.means, Means::Effect(_))) {
            return Err(format!("{names}: any_options, yet some are listed that do no more"));
        }
        Ok(self)
    }

    /// The options that the row speaks of in `requires` and `recursive`.
    fn mentioned(&self) -> BTreeSet<String> {
        let recursive =
            self.recursive.split_whitespace().filter(|option| *option != "*" && !self.any_options);
        self.required.iter().flatten().cloned().chain(recursive.map(str::to_owned)).collect()
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

/// A quoted word can name a program that a shell would otherwise take for something else, so nearly all are allowed.
fn is_program_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b'/')
}
