//! The answer to a question: allow, hold for a quorum, or deny, each with the rules that decided.

use super::quorum::Quorum;

/// A policy that took part in a decision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// The policy's `@id`, unique over all files.
    pub id: String,
    /// The file that the policy stands in.
    pub file: String,
    /// The policy's `@description`, for people; empty when there is none.
    pub description: String,
    /// `@never("yes")`: a forbid that no quorum and no emergency lifts.
    pub never: bool,
    /// What a permit asks for in return.
    pub obligations: Obligations,
}

/// What must be seen to while an allowed action runs; with several permits, the strictest of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Obligations {
    /// `@max_bytes("N")`: how many bytes of a file may cross.
    pub max_bytes: Option<u64>,
    /// `@max_rows("N")`: how many rows a statement may change that is [`crate::Question::counted`].
    pub max_rows: Option<u64>,
    /// `@keep_copy("yes")`: the transferred content stays in the recording.
    pub keep_copy: bool,
}

impl Obligations {
    fn and(self, other: Obligations) -> Obligations {
        Obligations {
            max_bytes: self.max_bytes.into_iter().chain(other.max_bytes).min(),
            max_rows: self.max_rows.into_iter().chain(other.max_rows).min(),
            keep_copy: self.keep_copy || other.keep_copy,
        }
    }
}

/// What may happen now. Only [`crate::Policies::judge`] makes one.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may go ahead.
    Allow(Allowed),
    /// It may go ahead once one of the named quorums is met.
    Hold(Held),
    /// It may not happen, and no single quorum changes that.
    Deny(Denied),
}

/// The permits that allowed.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The permits that applied, by id.
    pub rules: Vec<Rule>,
}

impl Allowed {
    /// What all of its permits ask for together.
    pub fn obligations(&self) -> Obligations {
        self.rules.iter().map(|rule| rule.obligations).fold(Obligations::default(), Obligations::and)
    }
}

/// What stands in the way, and who can lift it.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The forbids that applied; when there were none, the permits that would apply after a quorum.
    pub rules: Vec<Rule>,
    /// The quorums each of which alone would allow it, by name; never empty.
    pub quorums: Vec<Quorum>,
}

/// Why it is refused.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The forbids that applied; empty when nothing permits it, or when the question itself was refused.
    pub rules: Vec<Rule>,
    /// One sentence for the person who asked.
    pub reason: String,
}

impl Verdict {
    /// The policies that decided, by id.
    pub fn rules(&self) -> &[Rule] {
        match self {
            Verdict::Allow(Allowed { rules }) => rules,
            Verdict::Hold(Held { rules, .. }) => rules,
            Verdict::Deny(Denied { rules, .. }) => rules,
        }
    }

    pub(crate) fn denied(rules: Vec<Rule>, reason: impl Into<String>) -> Verdict {
        Verdict::Deny(Denied { rules, reason: reason.into() })
    }
}
