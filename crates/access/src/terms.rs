//! Terms: what a request for something that lasts asks for, and what the permit that follows from it permits. They are
//! kept and signed as canonical JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::entry::canonical;
use crate::model::Target;
use crate::runbook::Runbook;

/// What exactly is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The login on the targets; none where it does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// How it was asked: policies are asked again with this whenever it is used.
    pub asked: Asked,
    /// The targets in the scope when it was asked, with their labels. Others that come later are judged by themselves.
    pub covers: BTreeMap<String, BTreeMap<String, String>>,
    /// For how long.
    pub duration_seconds: u64,
    /// Assurance level that each target must have; none where it does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Why, in the words of who asks.
    pub reason: String,
    /// The script, its parameters and who may run it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<Runbook>,
    /// Where.
    pub scope: Scope,
    /// The session whose recording may be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The ticket that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// How somebody was here when they asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// When, seconds since the epoch.
    pub at: u64,
    /// Whether their key is bound to a device.
    pub device_bound: bool,
    /// Seconds since their last second factor.
    pub mfa_age_seconds: u64,
    /// Where they came from.
    pub source: IpAddr,
}

/// One target, or every target that has all of those labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Exactly that one.
    Target(String),
    /// Those that have each of these labels with this value.
    Labels(BTreeMap<String, String>),
}

impl Scope {
    /// Whether the target is in it. Names and labels are compared whole.
    pub fn covers(&self, target: &Target) -> bool {
        match self {
            Self::Target(name) => *name == target.name,
            Self::Labels(labels) => {
                let has = |(name, value): (&String, &String)| target.labels.get(name) == Some(value);
                !labels.is_empty() && labels.iter().all(has)
            }
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Target(name) => f.write_str(name),
            Self::Labels(labels) => {
                let pairs: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
                f.write_str(&pairs.join(", "))
            }
        }
    }
}

impl Terms {
    /// The terms in canonical JSON.
    pub fn to_text(&self) -> String {
        canonical(self)
    }

    /// Reads terms; none unless they are exactly as [`Self::to_text`] writes them.
    pub fn read(text: &str) -> Option<Self> {
        let terms: Self = serde_json::from_str(text).ok()?;
        (terms.to_text() == text).then_some(terms)
    }

    /// Whether they fit that account on that target, as it is now.
    pub fn fit(&self, target: &Target, account: &str) -> bool {
        self.fit_target(target) && self.account.as_ref().is_none_or(|login| login == account)
    }

    /// Whether they fit that target, as it is now.
    pub fn fit_target(&self, target: &Target) -> bool {
        let level = self.level.as_deref();
        self.scope.covers(target) && level.is_none_or(|level| level == target.level.as_str())
    }

    /// The groups whose members may use it besides its holder.
    pub fn groups(&self) -> BTreeSet<String> {
        self.runbook.as_ref().map(|runbook| runbook.groups.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(labels: &[(&str, &str)]) -> Target {
        Target {
            name: "db-1".into(),
            host: "h".into(),
            port: 22,
            labels: labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            level: policy::Level::CommandGated,
            service: crate::model::Service::Ssh { host_key: String::new() },
        }
    }

    fn scope(labels: &[(&str, &str)]) -> Scope {
        Scope::Labels(labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    #[test]
    fn a_scope_takes_names_and_labels_whole() {
        let db = target(&[("env", "prod"), ("tier", "core-data")]);
        assert!(scope(&[("env", "prod")]).covers(&db) && Scope::Target("db-1".into()).covers(&db));
        for wrong in [&[("env", "pro")][..], &[("env", "prod"), ("tier", "core")], &[("en", "prod")], &[]] {
            assert!(!scope(wrong).covers(&db), "{wrong:?}");
        }
        for name in ["db-", "db-10", "DB-1", "db-%", ""] {
            assert!(!Scope::Target(name.into()).covers(&db), "{name}");
        }
    }
}
