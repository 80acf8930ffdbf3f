//! Rulings: what the policies say to facts, asked again with each quorum that could change it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cedar::{Answer, Asker};
use super::facts::Facts;
use super::quorum::Quorum;
use super::slice::Slice;
use super::verdict::Rule;

/// A verdict without the names of those who asked, so that it holds for everybody with equal facts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    Allow(Rules),
    Hold(Rules, Vec<Quorum>),
    Deny(Rules, Why),
}

type Rules = Vec<Arc<Rule>>;

/// Why it is denied.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// No permit applies.
    Unpermitted,
    Said(String),
}

impl Ruling {
    pub(super) fn refused(reason: String) -> Ruling {
        Ruling::Deny(vec![], Why::Said(reason))
    }
}

/// Who is asked, and what the answers may name.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    pub(super) asker: &'a Asker,
    pub(super) rules: &'a BTreeMap<String, Arc<Rule>>,
    pub(super) quorums: &'a BTreeMap<String, Quorum>,
    pub(super) slice: &'a Slice,
}

impl Bench<'_> {
    /// Default deny, a forbid wins, an error denies.
    pub(super) fn rule(&self, facts: &Facts) -> Ruling {
        self.try_rule(facts).unwrap_or_else(Ruling::refused)
    }

    fn try_rule(&self, facts: &Facts) -> Result<Ruling, String> {
        let asked = self.asker.prepare(facts)?;
        let ask = |quorums: &BTreeSet<String>| self.asker.ask(&self.slice.set, &asked, quorums);
        let answer = ask(&facts.quorums)?;
        if answer.allowed {
            return Ok(Ruling::Allow(self.named(&answer)));
        }
        self.hold_or_deny(&facts.quorums, &answer, ask)
    }

    /// Asks again with each quorum in turn, and says what the answers mean together.
    fn hold_or_deny(
        &self,
        met: &BTreeSet<String>,
        denied: &Answer,
        ask: impl Fn(&BTreeSet<String>) -> Result<Answer, String>,
    ) -> Result<Ruling, String> {
        let missing: Vec<&Quorum> = self.quorums.values().filter(|q| self.could_help(met, q)).collect();
        let mut helpful = vec![];
        let mut permits = BTreeSet::new();
        for &quorum in &missing {
            let answer = ask(&with(met, [quorum]))?;
            if answer.allowed {
                permits.extend(self.named(&answer));
                helpful.push(quorum.clone());
            }
        }
        let rules = self.named(denied);
        if helpful.is_empty() {
            let last = ask(&with(met, missing))?;
            let why = if last.allowed {
                Why::Said(TOGETHER.into())
            } else {
                because(&self.standing(denied, &last))
            };
            return Ok(Ruling::Deny(rules, why));
        }
        let rules = if rules.is_empty() { permits.into_iter().collect() } else { rules };
        Ok(Ruling::Hold(rules, helpful))
    }

    /// The forbids that stand whatever is signed, those that are never lifted first. None when what is missing then is a
    /// permit.
    fn standing(&self, denied: &Answer, last: &Answer) -> Rules {
        let stands = |rule: &Arc<Rule>| denied.ids.contains(&rule.id);
        let mut rules = self.named(last);
        if rules.iter().any(stands) {
            rules.retain(stands);
        }
        rules.sort_by_key(|rule| !rule.never);
        rules
    }

    fn could_help(&self, met: &BTreeSet<String>, quorum: &Quorum) -> bool {
        !met.contains(&quorum.name) && self.slice.sight.tells_quorum(&quorum.name)
    }

    fn named(&self, answer: &Answer) -> Rules {
        answer.ids.iter().filter_map(|id| self.rules.get(id)).cloned().collect()
    }
}

const TOGETHER: &str = "no single quorum allows this; several together would, so declare one that joins them";

fn because(rules: &[Arc<Rule>]) -> Why {
    match rules.first() {
        Some(rule) if rule.description.is_empty() => Why::Said(format!("forbidden by {}", rule.id)),
        Some(rule) => Why::Said(format!("{} ({})", rule.description, rule.id)),
        None => Why::Unpermitted,
    }
}

fn with<'a>(met: &BTreeSet<String>, more: impl IntoIterator<Item = &'a Quorum>) -> BTreeSet<String> {
    met.iter().chain(more.into_iter().map(|quorum| &quorum.name)).cloned().collect()
}
