//! The protocol of an examination: what was checked, in order, up to the first thing that does not fit.

use policy::Quorum;

use crate::impact::Impact;
use crate::statement::visible;
use crate::text::{Language, Line, quorums};

/// A sentence of the catalogue with its values.
#[derive(Clone, Debug)]
pub struct Said {
    line: Line,
    values: Vec<(&'static str, String)>,
    /// What `{clauses}` stands for, which differs by language.
    quorum: Option<Quorum>,
    /// What `{impact}` stands for, which does too.
    impact: Option<Impact>,
}

impl Said {
    /// A sentence with those values.
    pub fn new(line: Line, values: &[(&'static str, &str)]) -> Self {
        let values = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { line, values, quorum: None, impact: None }
    }

    /// With the clauses of that quorum.
    pub(super) fn with_clauses(self, quorum: Option<&Quorum>) -> Self {
        let mut quorum = quorum.cloned();
        for clause in quorum.iter_mut().flat_map(|quorum| &mut quorum.clauses) {
            clause.of = visible(&clause.of);
        }
        Self { quorum, ..self }
    }

    /// Telling that impact.
    pub(super) fn with_impact(self, impact: Impact) -> Self {
        Self { impact: Some(impact), ..self }
    }

    /// In that language.
    pub fn say(&self, language: Language) -> String {
        let clauses = self.quorum.as_ref().map(|quorum| quorums::clauses(language, quorum));
        let clauses = clauses.iter().map(|clauses| ("clauses", clauses.as_str()));
        let impact = self.impact.as_ref().map(|impact| impact.told(language).join("; "));
        let impact = impact.iter().map(|impact| ("impact", impact.as_str()));
        let values = self.values.iter().map(|(name, value)| (*name, value.as_str()));
        self.line.say(language, &values.chain(clauses).chain(impact).collect::<Vec<_>>())
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
        check: Box<Said>,
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
            Err(why) => {
                Err(Failure::Wrong { passed: std::mem::take(&mut self.passed), check: check.into(), why })
            }
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
