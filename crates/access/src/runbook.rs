//! Runbooks: scripts that people approve once, with typed parameters whose values can never be anything but values.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ask::ShellLine;
use crate::blind::sha256_hex;

/// Longest script, in bytes.
pub const MAX_SCRIPT: usize = 16 * 1024;
/// Longest value of a parameter, in bytes.
const MAX_VALUE: usize = 1024;
const MAX_PARAMETERS: usize = 32;

/// A script with what may be filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runbook {
    /// Groups whose members may run it besides its holder.
    pub groups: BTreeSet<String>,
    /// What it is called.
    pub name: String,
    /// What may be filled in, by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// The script, whole.
    pub script: String,
    /// SHA-256 of the script, lower hex.
    pub sha256: String,
}

/// What a value must look like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parameter {
    /// Letters, digits, `.`, `_`, `@`, `:` and `-`, not first.
    Word,
    /// A whole number without a leading zero.
    Number,
    /// An absolute path without `.`, `..` or empty names, of the characters of a word and `/`.
    Path,
    /// One of these, exactly.
    OneOf(BTreeSet<String>),
}

/// Why a runbook, or a run of it, is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunbookError {
    /// Not a name of a runbook or a parameter.
    #[error("{0:?} is no name: lower case letters, digits, '-' and '_', first a letter")]
    Name(String),
    /// A type that there is not.
    #[error("{0:?} is no type: word, number, path, or values like a|b|c")]
    Type(String),
    /// Too long, empty or no text.
    #[error("the script must be text of 1 to {MAX_SCRIPT} bytes")]
    Script,
    /// Too many of them.
    #[error("at most {MAX_PARAMETERS} parameters")]
    TooMany,
    /// Named twice.
    #[error("{0} is given twice")]
    Twice(String),
    /// A word of the line that gives no value.
    #[error("write NAME=VALUE, not {0:?}")]
    NotAValue(String),
    /// A parameter that the script does not have.
    #[error("there is no parameter {0}")]
    Unknown(String),
    /// A parameter without a value.
    #[error("a value for {0} is missing")]
    Missing(String),
    /// A value outside its type.
    #[error("the value of {name} is not {what}")]
    Value {
        /// Which parameter.
        name: String,
        /// What it must be.
        what: String,
    },
}

impl Runbook {
    /// A runbook of that script. Parameters come as their names with the words of their types.
    pub fn new(
        name: &str,
        script: &[u8],
        parameters: &[(String, String)],
        groups: BTreeSet<String>,
    ) -> Result<Self, RunbookError> {
        valid_name(name)?;
        let script = std::str::from_utf8(script).map_err(|_| RunbookError::Script)?.trim_end_matches('\n');
        if script.trim().is_empty() || script.len() > MAX_SCRIPT || script.contains('\0') {
            return Err(RunbookError::Script);
        }
        if parameters.len() > MAX_PARAMETERS {
            return Err(RunbookError::TooMany);
        }
        let mut typed = BTreeMap::new();
        for (name, kind) in parameters {
            valid_variable(name)?;
            if typed.insert(name.clone(), Parameter::parse(kind)?).is_some() {
                return Err(RunbookError::Twice(name.clone()));
            }
        }
        let sha256 = sha256_hex(script.as_bytes());
        Ok(Self { groups, name: name.to_owned(), parameters: typed, script: script.to_owned(), sha256 })
    }

    /// The line that runs it with those values. The script reads them as variables, and nothing in a value is ever read
    /// as anything but a value.
    pub fn with(&self, values: &[String]) -> Result<ShellLine, RunbookError> {
        let mut variables = BTreeMap::new();
        for word in values {
            let pair = word.split_once('=').ok_or_else(|| RunbookError::NotAValue(word.clone()))?;
            let (name, value) = (pair.0.to_owned(), pair.1.to_owned());
            let kind = self.parameters.get(&name).ok_or_else(|| RunbookError::Unknown(name.clone()))?;
            kind.check(&name, &value)?;
            if variables.insert(name.clone(), value).is_some() {
                return Err(RunbookError::Twice(name));
            }
        }
        match self.parameters.keys().find(|name| !variables.contains_key(*name)) {
            Some(name) => Err(RunbookError::Missing(name.clone())),
            None => Ok(ShellLine { text: self.script.clone(), variables, ..ShellLine::default() }),
        }
    }

    /// The line with a value of each type, to see what the script does before anybody has chosen any.
    pub fn example(&self) -> ShellLine {
        let variables = self.parameters.iter().map(|(name, kind)| (name.clone(), kind.example())).collect();
        ShellLine { text: self.script.clone(), variables, ..ShellLine::default() }
    }

    /// Whether the script is the one that was hashed.
    pub fn is_whole(&self) -> bool {
        sha256_hex(self.script.as_bytes()) == self.sha256
    }
}

impl Parameter {
    fn parse(kind: &str) -> Result<Self, RunbookError> {
        match kind {
            "word" => Ok(Self::Word),
            "number" => Ok(Self::Number),
            "path" => Ok(Self::Path),
            values => {
                let all: BTreeSet<_> = values.split('|').map(str::to_owned).collect();
                let plain = |value: &String| is_word(value) || is_number(value);
                match values.contains('|') && all.iter().all(plain) {
                    true => Ok(Self::OneOf(all)),
                    false => Err(RunbookError::Type(kind.to_owned())),
                }
            }
        }
    }

    fn check(&self, name: &str, value: &str) -> Result<(), RunbookError> {
        let fits = match self {
            Self::Word => is_word(value),
            Self::Number => is_number(value),
            Self::Path => is_path(value),
            Self::OneOf(values) => values.contains(value),
        };
        match fits && value.len() <= MAX_VALUE {
            true => Ok(()),
            false => Err(RunbookError::Value { name: name.to_owned(), what: self.to_string() }),
        }
    }

    fn example(&self) -> String {
        match self {
            Self::Word => "word".to_owned(),
            Self::Number => "1".to_owned(),
            Self::Path => "/example".to_owned(),
            Self::OneOf(values) => values.iter().next().cloned().unwrap_or_default(),
        }
    }
}

impl std::fmt::Display for Parameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word => f.write_str("a word"),
            Self::Number => f.write_str("a number"),
            Self::Path => f.write_str("a path from the root"),
            Self::OneOf(values) => {
                write!(f, "one of {}", values.iter().cloned().collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// A name that can be a variable of the shell, and none that means something to it.
fn valid_variable(name: &str) -> Result<(), RunbookError> {
    match name.contains('-') {
        true => Err(RunbookError::Name(name.to_owned())),
        false => valid_name(name),
    }
}

fn valid_name(name: &str) -> Result<(), RunbookError> {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    match first && name.len() <= 64 && name.chars().all(plain) {
        true => Ok(()),
        false => Err(RunbookError::Name(name.to_owned())),
    }
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '@' | ':' | '-')
}

fn is_word(value: &str) -> bool {
    !value.is_empty() && !value.starts_with('-') && value.chars().all(in_word)
}

fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let plain = !digits.is_empty() && digits.len() <= 18 && digits.chars().all(|c| c.is_ascii_digit());
    plain && (digits == "0" || !digits.starts_with('0'))
}

fn is_path(value: &str) -> bool {
    let name = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(in_word);
    value.strip_prefix('/').is_some_and(|rest| rest.split('/').all(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(kind: &str) -> Runbook {
        let parameters = [("x".to_owned(), kind.to_owned())];
        Runbook::new("vacuum", b"echo \"$x\"\n", &parameters, BTreeSet::new()).unwrap()
    }

    fn takes(kind: &str, value: &str) -> bool {
        one(kind).with(&[format!("x={value}")]).is_ok()
    }

    #[test]
    fn values_outside_their_type_are_refused() {
        for (kind, good) in [("word", "db-1.eu"), ("number", "-12"), ("path", "/srv/a.b/c"), ("a|b", "b")] {
            assert!(takes(kind, good), "{kind} {good}");
        }
        for (kind, bad) in [
            ("word", ""),
            ("word", "-rf"),
            ("word", "a b"),
            ("word", "$(id)"),
            ("word", "a'b"),
            ("word", "a\nb"),
            ("word", "ａ"),
            ("number", "1e3"),
            ("number", "007"),
            ("number", "1;id"),
            ("number", "-"),
            ("path", "srv"),
            ("path", "/"),
            ("path", "/srv/../etc"),
            ("path", "/srv//etc"),
            ("path", "/srv/*"),
            ("path", "~/x"),
            ("a|b", "a|b"),
            ("a|b", ""),
        ] {
            assert!(!takes(kind, bad), "{kind} {bad:?}");
        }
    }

    #[test]
    fn every_parameter_has_exactly_one_value() {
        let runbook = one("word");
        let values = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(runbook.with(&[]), Err(RunbookError::Missing("x".into())));
        assert_eq!(runbook.with(&values(&["x=a", "x=b"])), Err(RunbookError::Twice("x".into())));
        assert_eq!(runbook.with(&values(&["x=a", "y=b"])), Err(RunbookError::Unknown("y".into())));
        assert_eq!(runbook.with(&values(&["a"])), Err(RunbookError::NotAValue("a".into())));
    }

    #[test]
    fn names_and_types_that_could_mean_anything_else_are_refused() {
        for (name, kind) in [
            ("PATH", "word"),
            ("a-b", "word"),
            ("a b", "word"),
            ("x", "string"),
            ("x", "a|$(id)"),
            ("x", "a"),
        ] {
            let parameters = [(name.to_owned(), kind.to_owned())];
            assert!(Runbook::new("r", b"ls", &parameters, BTreeSet::new()).is_err(), "{name}:{kind}");
        }
        assert!(Runbook::new("r", b"\xff", &[], BTreeSet::new()).is_err());
        assert!(Runbook::new("r", b"  \n", &[], BTreeSet::new()).is_err());
    }
}
