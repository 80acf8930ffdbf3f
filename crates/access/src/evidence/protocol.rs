//! The protocol of an examination: what was checked, in order, up to the first thing that does not fit.

use crate::text::{Language, Line};

/// A sentence of the catalogue with its values.
#[derive(Clone, Debug)]
pub struct Said {
    line: Line,
    values: Vec<(&'static str, String)>,
}

impl Said {
    pub(super) fn new(line: Line, values: &[(&'static str, &str)]) -> Self {
        let values = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { line, values }
    }

    /// In that language.
    pub fn say(&self, language: Language) -> String {
        let values: Vec<_> = self.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.line.say(language, &values)
    }
}

/// Why a file proves nothing.
#[derive(Clone, Debug)]
pub enum Failure {
    /// It is not such a file at all.
    Unreadable(String),
    /// Something in it does not fit.
    Wrong {
        /// What was found to fit before.
        passed: Vec<Said>,
        /// The check that failed.
        check: Said,
        /// What does not fit.
        why: String,
    },
}

/// What a check finds: its result, or what does not fit.
pub(super) type Found<T> = Result<T, String>;

/// Lists checks as they pass.
#[derive(Debug, Default)]
pub(crate) struct Protocol {
    passed: Vec<Said>,
}

impl Protocol {
    /// Enters a check that passed; one that did not ends the examination.
    pub(super) fn enter<T>(
        &mut self,
        line: Line,
        values: &[(&'static str, &str)],
        found: Found<T>,
    ) -> Result<T, Failure> {
        let check = Said::new(line, values);
        match found {
            Ok(found) => {
                self.passed.push(check);
                Ok(found)
            }
            Err(why) => Err(Failure::Wrong { passed: std::mem::take(&mut self.passed), check, why }),
        }
    }

    pub(super) fn into_passed(self) -> Vec<Said> {
        self.passed
    }
}

/// Nothing if it holds, else why not.
pub(super) fn ensure(holds: bool, why: impl FnOnce() -> String) -> Found<()> {
    if holds { Ok(()) } else { Err(why()) }
}
