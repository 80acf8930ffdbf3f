//! The texts that policies are made of: read, checked, hashed.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use sha2::{Digest, Sha256};

use super::act::Act;
use super::area::Areas;
use super::cedar;
use super::error::PolicyError;
use super::question::{Destination, FileFacts, Level, Question, TargetFacts};
use super::quorum::Quorum;
use super::verdict::{Obligations, Rule};
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
}

const SCHEMA_ADVICE: &str = "start from the shipped schema.cedarschema";
const POLICY_ADVICE: &str = "correct the policy; docs/policy.md shows how one is written";

/// Reads the schema, and checks that every fact of a question has its place there.
pub(super) fn schema((file, text): &(String, String)) -> Result<Schema, PolicyError> {
    let (schema, _warnings) =
        Schema::from_cedarschema_str(text).map_err(|e| PolicyError::cedar(file, text, &e, SCHEMA_ADVICE))?;
    match Act::ALL.into_iter().find_map(|act| {
        let asked = sample(act);
        cedar::ask(&schema, &PolicySet::new(), &Areas::default(), &asked, &BTreeSet::new()).err()
    }) {
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
        touched: vec![],
        file: act.is_on_files().then(FileFacts::default),
        destination: act.leads_somewhere().then(Destination::default),
        source: std::net::Ipv4Addr::LOCALHOST.into(),
        mfa_age_seconds: 0,
        minute_of_day: 0,
        weekday: 1,
        quorums: BTreeSet::new(),
    }
}

/// The policies of all files so far.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) set: PolicySet,
    pub(super) rules: BTreeMap<String, Rule>,
    /// The text of the file that each policy came from.
    texts: BTreeMap<String, String>,
}

impl Collected {
    /// Adds the policies of one file.
    pub(super) fn read(&mut self, file: &str, text: &str, declared: Declared) -> Result<(), PolicyError> {
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
            self.add(file, text, policy, declared)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        file: &str,
        text: &str,
        policy: &Policy,
        declared: Declared,
    ) -> Result<(), PolicyError> {
        let place = text.find(&policy.to_string());
        let complain = |what: String, advice: &str| Err(PolicyError::new(file, what, advice).at(text, place));
        let Some(id) = policy.annotation("id").filter(|id| !id.is_empty()) else {
            return complain("a policy has no @id".into(), "write @id(\"name\") above it");
        };
        if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
            return complain(format!("the id {id:?} is not plain"), "use letters, digits, '.', '_' and '-'");
        }
        if let Some(other) = self.rules.get(id) {
            return complain(
                format!("the id {id:?} is taken by {}", other.file),
                "give each policy its own @id",
            );
        }
        if let Some((kind, name)) = declared.unknown(policy) {
            return complain(
                format!("{id:?} names the {kind} {name:?}, which is not declared"),
                &format!("declare it in {kind}s.toml"),
            );
        }
        let obligations = match obligations(policy) {
            Ok(obligations) => obligations,
            Err((what, advice)) => return complain(format!("{id:?}: {what}"), advice),
        };
        let description = policy.annotation("description").unwrap_or_default().into();
        self.rules.insert(id.into(), Rule { id: id.into(), file: file.into(), description, obligations });
        self.texts.insert(id.into(), text.into());
        self.set
            .add(policy.new_id(PolicyId::new(id)))
            .map_err(|e| PolicyError::new(file, e.to_string(), POLICY_ADVICE))
    }

    /// Strict types, so that a misspelt effect or attribute is an error here and not a rule that never applies.
    pub(super) fn validate(&self, schema: &Schema) -> Result<(), PolicyError> {
        let result = Validator::new(schema.clone()).validate(&self.set, ValidationMode::Strict);
        if let Some(error) = result.validation_errors().next() {
            return Err(self.complaint(error.policy_id(), error));
        }
        // A warning says that a policy never applies, or does not show as what it is.
        match result.validation_warnings().next() {
            Some(warning) => Err(self.complaint(warning.policy_id(), warning)),
            None => Ok(()),
        }
    }

    fn complaint(&self, id: &PolicyId, error: &(dyn miette::Diagnostic + 'static)) -> PolicyError {
        let id: &str = id.as_ref();
        let file = self.rules.get(id).map_or("", |rule| &rule.file);
        let text = self.texts.get(id).map_or("", String::as_str);
        PolicyError::cedar(file, text, error, POLICY_ADVICE)
    }
}

/// What policies may name because it is declared beside them.
#[derive(Clone, Copy)]
pub(super) struct Declared<'a> {
    pub(super) quorums: &'a BTreeMap<String, Quorum>,
    pub(super) areas: &'a Areas,
}

impl Declared<'_> {
    /// The first quorum or area of a policy that is not declared.
    fn unknown(&self, policy: &Policy) -> Option<(&'static str, String)> {
        policy.entity_literals().into_iter().find_map(|uid| {
            let name = uid.id().unescaped();
            match uid.type_name().to_string().as_str() {
                "Quorum" if !self.quorums.contains_key(name) => Some(("quorum", name.to_owned())),
                "Area" if !self.areas.declares(name) => Some(("area", name.to_owned())),
                _ => None,
            }
        })
    }
}

/// Reads the annotations; one that is not known would be an obligation that nobody sees to.
fn obligations(policy: &Policy) -> Result<Obligations, (String, &'static str)> {
    let mut found = Obligations::default();
    for (name, value) in policy.annotations() {
        match name {
            "id" | "description" => {}
            "max_bytes" => {
                let bytes = value.parse().map_err(|_| {
                    (format!("@max_bytes({value:?}) is no number of bytes"), "write digits only")
                })?;
                found.max_bytes = Some(bytes);
            }
            "keep_copy" if value == "yes" => found.keep_copy = true,
            "keep_copy" => return Err((format!("@keep_copy({value:?})"), "write @keep_copy(\"yes\")")),
            other => {
                let advice = "the annotations are @id, @description, @max_bytes and @keep_copy";
                return Err((format!("@{other} means nothing"), advice));
            }
        }
    }
    if found != Obligations::default() && policy.effect() == cedar_policy::Effect::Forbid {
        return Err(("a forbid has obligations".into(), "write them on permits"));
    }
    Ok(found)
}

/// Names and texts with their lengths, so that no two different sets hash alike.
pub(super) fn version(sources: &Sources) -> String {
    let mut files: Vec<_> = sources.policies.iter().collect();
    files.sort();
    let mut hash = Sha256::new_with_prefix("countersign policies v2\n");
    for (name, text) in [&sources.schema, &sources.quorums, &sources.areas].into_iter().chain(files) {
        for part in [name, text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
