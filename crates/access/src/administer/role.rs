//! The three roles of administrators. They exclude each other, and none of them can do everything.

use std::collections::BTreeSet;

/// Who is responsible for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Targets, and accounts on them.
    System,
    /// People, groups, keys, policies and quorums.
    Security,
    /// Retention, legal holds, looking at recordings.
    Audit,
}

impl Role {
    /// All three.
    pub const ALL: [Self; 3] = [Self::System, Self::Security, Self::Audit];

    /// The reserved group whose members have the role.
    pub fn group(self) -> &'static str {
        match self {
            Self::System => "system-administrators",
            Self::Security => "security-administrators",
            Self::Audit => "audit-administrators",
        }
    }

    /// The word in commands and sentences.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Security => "security",
            Self::Audit => "audit",
        }
    }

    /// The roles that somebody in those groups has; more than one is never admitted.
    pub fn held_in(groups: &BTreeSet<String>) -> Vec<Self> {
        Self::ALL.into_iter().filter(|role| groups.contains(role.group())).collect()
    }
}
