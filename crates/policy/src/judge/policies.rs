//! Policies: read and checked once, then asked.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{PolicySet, Schema};

use super::act::Act;
use super::area::{self, Areas, Touched};
use super::cedar::{self, Answer};
use super::error::PolicyError;
use super::question::{Level, Question};
use super::quorum::{self, Quorum};
use super::sources::{self, Collected, Declared, Sources};
use super::verdict::{Allowed, Held, Rule, Verdict};
use crate::Touch;

/// A checked set of policies with its schema and quorums.
#[derive(Debug)]
pub struct Policies {
    version: String,
    schema: Schema,
    set: PolicySet,
    rules: BTreeMap<String, Rule>,
    quorums: BTreeMap<String, Quorum>,
    areas: Areas,
}

impl Policies {
    /// Reads and checks everything: syntax, types (strictly), ids, and that each quorum that a policy names exists.
    pub fn parse(sources: &Sources) -> Result<Policies, PolicyError> {
        let schema = sources::schema(&sources.schema)?;
        let quorums = quorum::parse(&sources.quorums.0, &sources.quorums.1)?;
        let areas = area::parse(&sources.areas.0, &sources.areas.1)?;
        let mut all = Collected::default();
        for (file, text) in &sources.policies {
            all.read(file, text, Declared { quorums: &quorums, areas: &areas })?;
        }
        all.validate(&schema)?;
        let version = sources::version(sources);
        Ok(Policies { version, schema, set: all.set, rules: all.rules, quorums, areas })
    }

    /// `sha256:` and the hash of all sources in hex; the order of files does not matter.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The quorum of that name.
    pub fn quorum(&self, name: &str) -> Option<&Quorum> {
        self.quorums.get(name)
    }

    /// Every declared quorum, by name.
    pub fn quorums(&self) -> impl Iterator<Item = &Quorum> {
        self.quorums.values()
    }

    /// The declared areas that one path reaches, by name; to look at a path reaches none.
    pub fn areas_of(&self, touch: &Touch) -> BTreeSet<&str> {
        let Touched { mut reads, writes, removes, .. } = self.areas.touched(std::slice::from_ref(touch));
        reads.extend(writes);
        reads.extend(removes);
        reads
    }

    /// Answers a question: default deny, a forbid wins, an error denies.
    pub fn judge(&self, q: &Question) -> Verdict {
        if let Some(reason) = never(q) {
            return Verdict::denied(vec![], reason);
        }
        match self.ask(q, &q.quorums) {
            Err(reason) => Verdict::denied(vec![], reason),
            Ok(answer) if answer.allowed => Verdict::Allow(Allowed { rules: self.named(&answer) }),
            Ok(answer) => self.hold_or_deny(q, &answer),
        }
    }

    /// Asks again with each quorum in turn, and says what the answers mean together.
    fn hold_or_deny(&self, q: &Question, denied: &Answer) -> Verdict {
        let mut quorums = vec![];
        let mut permits = BTreeSet::new();
        for quorum in self.quorums.values().filter(|quorum| !q.quorums.contains(&quorum.name)) {
            match self.ask(q, &with(&q.quorums, [&quorum.name])) {
                Err(reason) => return Verdict::denied(vec![], reason),
                Ok(answer) if answer.allowed => {
                    permits.extend(self.named(&answer));
                    quorums.push(quorum.clone());
                }
                Ok(_) => {}
            }
        }
        let rules = self.named(denied);
        match quorums.is_empty() {
            true => Verdict::denied(rules, self.why(q, denied)),
            false if rules.is_empty() => {
                Verdict::Hold(Held { rules: permits.into_iter().collect(), quorums })
            }
            false => Verdict::Hold(Held { rules, quorums }),
        }
    }

    fn why(&self, q: &Question, denied: &Answer) -> String {
        let together = self.ask(q, &with(&q.quorums, self.quorums.keys()));
        if together.is_ok_and(|answer| answer.allowed) {
            return "no single quorum allows this; several together would, so declare one that joins them"
                .into();
        }
        match self.named(denied).first() {
            Some(rule) if rule.description.is_empty() => format!("forbidden by {}", rule.id),
            Some(rule) => format!("{} ({})", rule.description, rule.id),
            None => format!("nothing permits {} to {} {}", q.person, q.act, q.target.name),
        }
    }

    /// An error in any policy refuses: a forbid that could not be evaluated must not vanish.
    fn ask(&self, q: &Question, quorums: &BTreeSet<String>) -> Result<Answer, String> {
        let answer = cedar::ask(&self.schema, &self.set, &self.areas, q, quorums)
            .map_err(|e| format!("the question does not fit the policy schema: {e}"))?;
        match answer.errors.first() {
            Some(error) => Err(format!("a policy could not be evaluated: {error}")),
            None => Ok(answer),
        }
    }

    fn named(&self, answer: &Answer) -> Vec<Rule> {
        answer.ids.iter().filter_map(|id| self.rules.get(id)).cloned().collect()
    }
}

/// What no policy may allow, whatever it says.
fn never(q: &Question) -> Option<&'static str> {
    if q.target.level == Level::Recorded {
        return None;
    }
    if !q.understood {
        return Some("the command was not understood, so nothing can be said about what it does");
    }
    (q.effects.is_empty() && (q.act == Act::Exec || q.act.is_on_files()))
        .then_some("nothing is known about what the command does")
}

fn with<'a>(met: &'a BTreeSet<String>, more: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    met.iter().chain(more).cloned().collect()
}
