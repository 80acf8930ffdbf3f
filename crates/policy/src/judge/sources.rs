//! The texts that policies are made of: read, checked, hashed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use sha2::{Digest, Sha256};

use super::act::Act;
use super::annotations::{self, Complaint};
use super::area::Areas;
use super::cedar::Asker;
use super::error::{PolicyError, PolicyErrors};
use super::facts::Facts;
use super::question::{Destination, FileFacts, Level, Question, TargetFacts};
use super::quorum::Quorum;
use super::sight::Sight;
use super::verdict::Rule;
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
    /// `areas.toml`, as (name, text); an empty text declares none.
    pub areas: (String, String),
    /// Every `commands/*.toml`, as (name, text): rows that the operator adds to the command table.
    pub commands: Vec<(String, String)>,
}

impl Sources {
    /// The sources out of files by their names in a folder of policies, as a ledger keeps them. Files that belong to no
    /// policies are left out.
    pub fn from_files(files: &BTreeMap<String, String>) -> Self {
        let named = |name: &str| (name.to_owned(), files.get(name).cloned().unwrap_or_default());
        let all = |belongs: fn(&str) -> bool| {
            let chosen = files.iter().filter(|(name, _)| belongs(name));
            chosen.map(|(name, text)| (name.clone(), text.clone())).collect()
        };
        Self {
            policies: all(|name| name.ends_with(".cedar")),
            schema: named("schema.cedarschema"),
            quorums: named("quorums.toml"),
            areas: named("areas.toml"),
            commands: all(|name| name.starts_with("commands/") && name.ends_with(".toml")),
        }
    }

    /// The same by their names.
    pub fn files(&self) -> BTreeMap<String, String> {
        let single = [&self.schema, &self.quorums, &self.areas];
        let all = self.policies.iter().chain(&self.commands).chain(single);
        all.filter(|(_, text)| !text.is_empty()).cloned().collect()
    }

    /// `sha256:` and the hash of all sources, whether or not this program could still judge by them.
    pub fn version(&self) -> String {
        version(self)
    }

    /// The quorums that they declare, by name.
    pub fn quorums(&self) -> Result<BTreeMap<String, Quorum>, PolicyError> {
        Ok(super::quorum::parse(&self.quorums.0, &self.quorums.1)?.quorums)
    }
}

pub(super) const SCHEMA_ADVICE: &str = "start from the shipped schema.cedarschema";
const POLICY_ADVICE: &str = "correct the policy; docs/policy.md shows how one is written";

/// Reads the schema, and checks that every fact of a question has its place there.
pub(super) fn schema((file, text): &(String, String)) -> Result<Asker, PolicyError> {
    let (schema, _warnings) =
        Schema::from_cedarschema_str(text).map_err(|e| PolicyError::cedar(file, text, &e, SCHEMA_ADVICE))?;
    let misfit =
        |what: String| PolicyError::new(file, format!("does not fit this version: {what}"), SCHEMA_ADVICE);
    let asker = Asker::new(schema).map_err(misfit)?;
    for act in Act::ALL {
        let facts = Facts::seen(&Sight::everything(), &sample(act), &Areas::default());
        let asked = asker.prepare(&facts).map_err(misfit)?;
        asker.ask(&PolicySet::new(), &asked, &facts.quorums).map_err(misfit)?;
    }
    Ok(asker)
}

/// A question that uses every fact, to learn whether a schema knows them all.
pub(super) fn sample(act: Act) -> Question {
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
        touched: vec![],
        tables: vec![],
        counted: false,
        file: act.is_on_files().then(FileFacts::default),
        destination: act.leads_somewhere().then(Destination::default),
        source: std::net::Ipv4Addr::LOCALHOST.into(),
        mfa_age_seconds: 0,
        minute_of_day: 0,
        weekday: 1,
        granted: false,
        emergency: false,
        device_bound: false,
        duration_seconds: 0,
        quorums: BTreeSet::new(),
    }
}

/// The policies of all files.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) set: PolicySet,
    pub(super) rules: BTreeMap<String, Arc<Rule>>,
    /// The text of the file that each policy came from.
    texts: BTreeMap<String, String>,
}

impl Collected {
    /// Reads the policies of every file, and checks their types once all can be read.
    pub(super) fn read(
        sources: &Sources,
        declared: Declared,
        schema: &Schema,
    ) -> Result<Collected, PolicyErrors> {
        let mut all = Collected::default();
        let mut faults = vec![];
        for (file, text) in &sources.policies {
            faults.append(&mut all.add_file(file, text, declared));
        }
        if faults.is_empty() {
            faults = all.misfits(schema);
        }
        PolicyErrors::unless_none(faults).map(|()| all)
    }

    fn add_file(&mut self, file: &str, text: &str, declared: Declared) -> Vec<PolicyError> {
        let parsed = match text.parse::<PolicySet>() {
            Ok(parsed) => parsed,
            Err(faults) => {
                return faults.iter().map(|e| PolicyError::cedar(file, text, e, POLICY_ADVICE)).collect();
            }
        };
        if parsed.templates().next().is_some() {
            let what = "a template (?principal, ?resource) never applies";
            let fault = PolicyError::new(file, what, "name the group, person or target");
            return vec![fault.at(text, text.find('?'))];
        }
        let added = parsed.policies().map(|policy| {
            let place = text.find(&policy.to_string());
            self.add(file, text, policy, declared).map_err(|fault| fault.at(text, place))
        });
        added.filter_map(Result::err).collect()
    }

    fn add(
        &mut self,
        file: &str,
        text: &str,
        policy: &Policy,
        declared: Declared,
    ) -> Result<(), PolicyError> {
        let complain = |(what, advice): Complaint| PolicyError::new(file, what, advice);
        let id = annotations::id(policy).map_err(complain)?;
        if let Some(other) = self.rules.get(id) {
            let what = format!("the id {id:?} is taken by {}", other.file);
            return Err(PolicyError::new(file, what, "give each policy its own @id"));
        }
        declared
            .check(policy)
            .map_err(|(what, advice)| PolicyError::new(file, format!("{id:?} {what}"), advice))?;
        let obligations = annotations::obligations(policy)
            .map_err(|(what, advice)| PolicyError::new(file, format!("{id:?}: {what}"), advice))?;
        let never = annotations::never(policy)
            .map_err(|(what, advice)| PolicyError::new(file, format!("{id:?}: {what}"), advice))?;
        let description = policy.annotation("description").unwrap_or_default().into();
        let rule = Rule { id: id.into(), file: file.into(), description, never, obligations };
        self.rules.insert(id.into(), Arc::new(rule));
        self.texts.insert(id.into(), text.into());
        self.set
            .add(policy.new_id(PolicyId::new(id)))
            .map_err(|e| PolicyError::new(file, e.to_string(), POLICY_ADVICE))
    }

    /// Strict types, so that a misspelt effect or attribute is an error here and not a rule that never applies. A
    /// warning says that a policy never applies, or does not show as what it is.
    fn misfits(&self, schema: &Schema) -> Vec<PolicyError> {
        let result = Validator::new(schema.clone()).validate(&self.set, ValidationMode::Strict);
        let errors = result.validation_errors().map(|error| self.misfit(error.policy_id(), error));
        let warnings = result.validation_warnings().map(|warning| self.misfit(warning.policy_id(), warning));
        // Cedar repeats a mistake for each action that the policy speaks of.
        let mut places = BTreeMap::new();
        for (place, fault) in errors.chain(warnings) {
            places.entry((fault.file.clone(), fault.line, place)).or_insert(fault);
        }
        places.into_values().collect()
    }

    /// The mistake, and the byte where it begins.
    fn misfit(
        &self,
        id: &PolicyId,
        error: &(dyn miette::Diagnostic + 'static),
    ) -> (Option<usize>, PolicyError) {
        let id: &str = id.as_ref();
        let file = self.rules.get(id).map_or("", |rule| &rule.file);
        let text = self.texts.get(id).map_or("", String::as_str);
        let place = error.labels().and_then(|mut labels| labels.next()).map(|label| label.offset());
        (place, PolicyError::cedar(file, text, error, POLICY_ADVICE))
    }
}

/// What policies may name because it is declared beside them.
#[derive(Clone, Copy)]
pub(super) struct Declared<'a> {
    pub(super) quorums: &'a BTreeMap<String, Quorum>,
    pub(super) areas: &'a Areas,
}

impl Declared<'_> {
    /// Refuses a quorum or area that is not declared.
    fn check(&self, policy: &Policy) -> Result<(), (String, String)> {
        for uid in policy.entity_literals() {
            let name = uid.id().unescaped();
            let kind = match uid.type_name().to_string().as_str() {
                "Quorum" if !self.quorums.contains_key(name) => "quorum",
                "Area" if !self.areas.declares(name) => "area",
                _ => continue,
            };
            let what = format!("names the {kind} {name:?}, which is not declared");
            return Err((what, format!("declare it in {kind}s.toml")));
        }
        Ok(())
    }
}

/// Names and texts with their lengths, each kind with its number, so that no two different sets hash alike.
pub(super) fn version(sources: &Sources) -> String {
    let mut hash = Sha256::new_with_prefix("countersign policies v3\n");
    for text in [&sources.schema, &sources.quorums, &sources.areas] {
        add(&mut hash, text);
    }
    for kind in [&sources.policies, &sources.commands] {
        let mut files: Vec<_> = kind.iter().collect();
        files.sort();
        hash.update((files.len() as u64).to_be_bytes());
        files.into_iter().for_each(|file| add(&mut hash, file));
    }
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn add(hash: &mut Sha256, (name, text): &(String, String)) {
    for part in [name, text] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
}
