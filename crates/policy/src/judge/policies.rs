//! Policies: read and checked once, then asked.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use sha2::{Digest, Sha256};

use super::cedar::{self, Answer};
use super::error::PolicyError;
use super::question::{Act, Level, Question, TargetFacts};
use super::quorum::{self, Quorum};
use super::verdict::{Allowed, Held, Rule, Verdict};
use crate::Effect;

/// The texts that policies are made of, each with the name that errors and rules show.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Every `*.cedar` file, as (name, text).
    pub policies: Vec<(String, String)>,
    /// `schema.cedarschema`, as (name, text).
    pub schema: (String, String),
    /// `quorums.toml`, as (name, text).
    pub quorums: (String, String),
}

/// A checked set of policies with its schema and quorums.
#[derive(Debug)]
pub struct Policies {
    version: String,
    schema: Schema,
    set: PolicySet,
    rules: BTreeMap<String, Rule>,
    quorums: BTreeMap<String, Quorum>,
}

impl Policies {
    /// Reads and checks everything: syntax, types (strictly), ids, and that each quorum that a policy names exists.
    pub fn parse(sources: &Sources) -> Result<Policies, PolicyError> {
        let schema = schema(&sources.schema)?;
        let quorums = quorum::parse(&sources.quorums.0, &sources.quorums.1)?;
        let mut all = Collected::default();
        for (file, text) in &sources.policies {
            all.read(file, text, &quorums)?;
        }
        all.validate(&schema)?;
        let version = version(sources);
        Ok(Policies { version, schema, set: all.set, rules: all.rules, quorums })
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
        let answer = cedar::ask(&self.schema, &self.set, q, quorums)
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
    (q.act == Act::Exec && q.effects.is_empty()).then_some("nothing is known about what the command does")
}

fn with<'a>(met: &'a BTreeSet<String>, more: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    met.iter().chain(more).cloned().collect()
}

const SCHEMA_ADVICE: &str = "start from the shipped schema.cedarschema";
const POLICY_ADVICE: &str = "correct the policy; docs/policy.md shows how one is written";

fn schema((file, text): &(String, String)) -> Result<Schema, PolicyError> {
    let (schema, _warnings) =
        Schema::from_cedarschema_str(text).map_err(|e| PolicyError::cedar(file, text, &e, SCHEMA_ADVICE))?;
    match Act::ALL
        .into_iter()
        .find_map(|act| cedar::ask(&schema, &PolicySet::new(), &sample(act), &BTreeSet::new()).err())
    {
        Some(what) => {
            Err(PolicyError::new(file, format!("does not fit this version: {what}"), SCHEMA_ADVICE))
        }
        None => Ok(schema),
    }
}

/// A question that uses every fact, to learn whether a schema knows them all.
fn sample(act: Act) -> Question {
    Question {
        person: "somebody".into(),
        groups: ["somegroup".into()].into(),
        act,
        target: TargetFacts {
            name: "target".into(),
            level: Level::Recorded,
            labels: [("a".into(), "b".into())].into(),
        },
        account: "root".into(),
        effects: Effect::ALL.into(),
        programs: ["true".into()].into(),
        understood: true,
        source: std::net::Ipv4Addr::LOCALHOST.into(),
        mfa_age_seconds: 0,
        minute_of_day: 0,
        weekday: 1,
        quorums: BTreeSet::new(),
    }
}

#[derive(Default)]
struct Collected {
    set: PolicySet,
    rules: BTreeMap<String, Rule>,
    /// The text of the file that each policy came from.
    texts: BTreeMap<String, String>,
}

impl Collected {
    fn read(
        &mut self,
        file: &str,
        text: &str,
        quorums: &BTreeMap<String, Quorum>,
    ) -> Result<(), PolicyError> {
        let parsed: PolicySet = text
            .parse()
            .map_err(|e: cedar_policy::ParseErrors| PolicyError::cedar(file, text, &e, POLICY_ADVICE))?;
        if parsed.templates().next().is_some() {
            let what = "a template (?principal, ?resource) never applies";
            return Err(
                PolicyError::new(file, what, "name the group, person or target").at(text, text.find('?'))
            );
        }
        for policy in parsed.policies() {
            self.add(file, text, policy, quorums)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        file: &str,
        text: &str,
        policy: &Policy,
        quorums: &BTreeMap<String, Quorum>,
    ) -> Result<(), PolicyError> {
        let id = policy.annotation("id").filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| {
            PolicyError::new(
                file,
                "a policy has no @id",
                format!("write @id(\"name\") above: {}", first_line(policy)),
            )
        })?;
        let place = text.find(&format!("\"{id}\""));
        let complain = |what: String, advice: &str| Err(PolicyError::new(file, what, advice).at(text, place));
        if let Some(other) = self.rules.get(id) {
            return complain(
                format!("the id {id:?} is taken by {}", other.file),
                "give each policy its own @id",
            );
        }
        if let Some(name) = unknown_quorum(policy, quorums) {
            return complain(
                format!("{id:?} names the quorum {name:?}, which is not declared"),
                "declare it in quorums.toml",
            );
        }
        let description = policy.annotation("description").unwrap_or_default().into();
        self.rules.insert(id.into(), Rule { id: id.into(), file: file.into(), description });
        self.texts.insert(id.into(), text.into());
        self.set
            .add(policy.new_id(PolicyId::new(id)))
            .map_err(|e| PolicyError::new(file, e.to_string(), POLICY_ADVICE))
    }

    /// Strict types, so that a misspelt effect or attribute is an error here and not a rule that never applies.
    fn validate(&self, schema: &Schema) -> Result<(), PolicyError> {
        let result = Validator::new(schema.clone()).validate(&self.set, ValidationMode::Strict);
        let Some(error) = result.validation_errors().next() else { return Ok(()) };
        let id = error.policy_id().to_string();
        let file = self.rules.get(&id).map_or("", |rule| &rule.file);
        let text = self.texts.get(&id).map_or("", String::as_str);
        Err(PolicyError::cedar(file, text, error, POLICY_ADVICE))
    }
}

fn unknown_quorum(policy: &Policy, quorums: &BTreeMap<String, Quorum>) -> Option<String> {
    let named = policy.entity_literals().into_iter().filter(|uid| uid.type_name().to_string() == "Quorum");
    named.map(|uid| uid.id().unescaped().to_owned()).find(|name| !quorums.contains_key(name))
}

fn first_line(policy: &Policy) -> String {
    policy.to_string().lines().next().unwrap_or_default().into()
}

/// Names and texts with their lengths, so that no two different sets hash alike.
fn version(sources: &Sources) -> String {
    let mut files: Vec<_> = sources.policies.iter().collect();
    files.sort();
    let mut hash = Sha256::new_with_prefix("countersign policies v1\n");
    for (name, text) in [&sources.schema, &sources.quorums].into_iter().chain(files) {
        for part in [name, text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
