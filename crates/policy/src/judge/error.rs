//! Why policies were refused: which file, which line, what is wrong and what to do.

use std::ops::Range;

/// Policies that cannot be used, with everything that is wrong; the gateway keeps the ones it has, or does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(PolicyError::to_string).collect::<Vec<_>>().join("\n"))]
pub struct PolicyErrors(Vec<PolicyError>);

impl PolicyErrors {
    /// Each of them; at least one.
    pub fn iter(&self) -> impl Iterator<Item = &PolicyError> {
        self.0.iter()
    }

    pub(crate) fn unless_none(faults: Vec<PolicyError>) -> Result<(), PolicyErrors> {
        if faults.is_empty() { Ok(()) } else { Err(PolicyErrors(faults)) }
    }
}

impl From<PolicyError> for PolicyErrors {
    fn from(fault: PolicyError) -> Self {
        PolicyErrors(vec![fault])
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {what}; {advice}", line.map(|n| format!(":{n}")).unwrap_or_default())]
pub struct PolicyError {
    /// The name of the source, as given in [`crate::Sources`].
    pub file: String,
    /// The line, counted from 1, when one is to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub advice: String,
}

impl PolicyError {
    pub(crate) fn new(file: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        PolicyError { file: file.into(), line: None, what: what.into(), advice: advice.into() }
    }

    /// Adds the line on which byte `at` of `text` lies.
    pub(crate) fn at(mut self, text: &str, at: Option<usize>) -> Self {
        self.line = at.and_then(|at| text.get(..at)).map(|before| before.matches('\n').count() + 1);
        self
    }

    pub(crate) fn toml(file: &str, text: &str, error: &toml::de::Error, advice: &str) -> Self {
        let at = error.span().map(|Range { start, .. }| start);
        PolicyError::new(file, error.message(), advice).at(text, at)
    }

    /// Cedar's parse, schema and validation errors all point into their source in the same way.
    pub(crate) fn cedar(
        file: &str,
        text: &str,
        error: &(dyn miette::Diagnostic + 'static),
        advice: &str,
    ) -> Self {
        let at = error.labels().and_then(|mut labels| labels.next()).map(|label| label.offset());
        let advice = error.help().map_or_else(|| advice.to_owned(), |help| help.to_string());
        PolicyError::new(file, error.to_string(), advice).at(text, at)
    }
}
