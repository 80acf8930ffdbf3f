//! What a person would meet: the verdict over an act and over what must be allowed before it.

use access::Rehearsal;
use access::policy::{Act, Analysis, Level, Obligations, Quorum, Rule, Verdict};
use access::text::{Language, quorums};
use serde::Deserialize;

/// The three verdicts by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// It may go ahead.
    Allow,
    /// It waits for a quorum.
    Hold,
    /// It does not happen.
    Deny,
}

impl Word {
    /// The name in cases and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Hold => "hold",
            Self::Deny => "deny",
        }
    }
}

/// What comes of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict.
    pub word: Word,
    /// The policies that decided.
    pub rules: Vec<Rule>,
    /// For a hold, the quorums each of which would allow it.
    pub quorums: Vec<Quorum>,
    /// Why, in one sentence.
    pub reason: String,
    /// What is asked for in return.
    pub obligations: Obligations,
}

impl Outcome {
    /// What the first of these that is not allowed says, or the last.
    pub fn of<'a>(steps: impl IntoIterator<Item = &'a Rehearsal>) -> Self {
        let mut last = None;
        for step in steps {
            last = Some(step);
            if !step.is_allowed() {
                break;
            }
        }
        last.map_or_else(|| Self::denied("nothing was asked"), Self::of_one)
    }

    /// What the policies said to one act.
    pub fn of_one(step: &Rehearsal) -> Self {
        let rules = step.verdict.rules().to_vec();
        match &step.verdict {
            Verdict::Allow(allowed) => Self {
                word: Word::Allow,
                reason: descriptions(&rules),
                obligations: allowed.obligations(),
                ..Self::with(rules)
            },
            // The road opens a session at once or not at all.
            Verdict::Hold(_) if step.act() == Act::Connect => Self {
                reason: "a session is never held, only allowed or refused".into(),
                ..Self::with(rules)
            },
            Verdict::Hold(held) => {
                let needs: Vec<_> = held.quorums.iter().map(needs).collect();
                let reason = format!("{}; allowed by {}", descriptions(&rules), needs.join(" or by "));
                Self { word: Word::Hold, quorums: held.quorums.clone(), reason, ..Self::with(rules) }
            }
            Verdict::Deny(denied) => {
                let gated = step.question.target.level != Level::Recorded;
                let obstacle = step.analysis.as_ref().and_then(Analysis::obstacle).filter(|_| gated);
                let reason = obstacle
                    .map_or_else(|| denied.reason.clone(), |obstacle| format!("not understood: {obstacle}"));
                Self { reason, ..Self::with(rules) }
            }
        }
    }

    /// A refusal that no policy had to decide.
    pub fn denied(reason: &str) -> Self {
        Self { reason: reason.to_owned(), ..Self::with(vec![]) }
    }

    fn with(rules: Vec<Rule>) -> Self {
        Self {
            word: Word::Deny,
            rules,
            quorums: vec![],
            reason: String::new(),
            obligations: Obligations::default(),
        }
    }

    /// The deciding policies by id; `default` when there is none.
    pub fn rule(&self) -> String {
        let ids: Vec<&str> = self.rules.iter().map(|rule| rule.id.as_str()).collect();
        if ids.is_empty() { "default".into() } else { ids.join(", ") }
    }
}

/// `two-dba-leads (2 of dba-leads)`.
pub fn needs(quorum: &Quorum) -> String {
    let clauses = quorums::clauses(Language::English, quorum);
    format!("{} ({clauses})", quorum.name)
}

fn descriptions(rules: &[Rule]) -> String {
    let said =
        |rule: &Rule| if rule.description.is_empty() { rule.id.clone() } else { rule.description.clone() };
    rules.iter().map(said).collect::<Vec<_>>().join("; ")
}
