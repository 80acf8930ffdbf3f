//! Who is in which groups and what the targets are, where no gateway tells: a `facts.toml`, or the node's state.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use access::policy::Level;
use anyhow::{Context as _, Result, anyhow, bail};
use serde::{Deserialize, Deserializer};

use crate::state::{StatePlace, open_store};

/// The file of facts, in the folder of the cases or of the policies.
pub const FILE: &str = "facts.toml";

/// People and targets by name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// People.
    #[serde(default)]
    pub people: BTreeMap<String, PersonFacts>,
    /// Targets.
    #[serde(default)]
    pub targets: BTreeMap<String, TargetFacts>,
}

/// What policies see of a person.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonFacts {
    /// The groups.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// Can neither enter nor sign.
    #[serde(default)]
    pub suspended: bool,
}

/// What policies see of a target besides its name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetFacts {
    /// What is enforced there.
    #[serde(deserialize_with = "level")]
    pub level: Level,
    /// The labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

fn level<'de, D: Deserializer<'de>>(value: D) -> Result<Level, D::Error> {
    String::deserialize(value)?.parse().map_err(serde::de::Error::custom)
}

impl Facts {
    /// Reads a file of facts.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).map_err(|fault| anyhow!("{}: {fault}", path.display()))
    }

    /// The facts that lie beside policies, in their folder or in `cases` below it; none is as if they were empty.
    pub fn beside(policies: &Path) -> Result<Self> {
        let places = [policies.join(FILE), policies.join("cases").join(FILE)];
        places.iter().find(|path| path.exists()).map_or_else(|| Ok(Self::default()), |path| Self::read(path))
    }

    /// What the node's state says, as the gateway would read it now.
    pub async fn of_state(place: &StatePlace) -> Result<Self> {
        let store = open_store(place).await?;
        let people = store.people().await?.into_iter();
        let targets = store.targets().await?.into_iter();
        Ok(Self {
            people: people
                .map(|p| (p.name, PersonFacts { groups: p.groups, suspended: p.suspended }))
                .collect(),
            targets: targets.map(|t| (t.name, TargetFacts { level: t.level, labels: t.labels })).collect(),
        })
    }

    /// These, and what `more` knows besides.
    pub fn or(mut self, more: Self) -> Self {
        for (name, person) in more.people {
            self.people.entry(name).or_insert(person);
        }
        for (name, target) in more.targets {
            self.targets.entry(name).or_insert(target);
        }
        self
    }

    /// The person of that name, who may enter.
    pub fn person(&self, name: &str) -> Result<&PersonFacts> {
        match self.people.get(name) {
            Some(person) if person.suspended => bail!("{name} is suspended, so nothing is asked for {name}"),
            Some(person) => Ok(person),
            None => bail!("there is no person {name}; {}", known(&self.people)),
        }
    }

    /// The target of that name.
    pub fn target(&self, name: &str) -> Result<&TargetFacts> {
        self.targets.get(name).ok_or_else(|| anyhow!("there is no target {name}; {}", known(&self.targets)))
    }

    /// Who of a group could sign, besides the one who asks.
    pub fn signers<'a>(&'a self, group: &'a str, requester: &'a str) -> impl Iterator<Item = &'a str> {
        let can = move |(name, person): &(&String, &PersonFacts)| {
            name.as_str() != requester && !person.suspended && person.groups.contains(group)
        };
        self.people.iter().filter(can).map(|(name, _)| name.as_str())
    }
}

fn known<T>(names: &BTreeMap<String, T>) -> String {
    const MOST: usize = 12;
    let shown: Vec<&str> = names.keys().take(MOST).map(String::as_str).collect();
    let more = if names.len() > MOST { ", …" } else { "" };
    match shown.is_empty() {
        true => "no state and no facts.toml name any, so give --group, --level and --label, or --facts FILE"
            .into(),
        false => format!("known are {}{more}", shown.join(", ")),
    }
}
