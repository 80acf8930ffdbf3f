//! Who must agree to a change: others of the role that is responsible, or, where there is nobody else, the other two
//! roles together. The policies may ask for more, never for less.

use policy::{Clause, Policies, Quorum};

use super::{Change, Role};
use crate::error::RoadError;
use crate::model::Person;
use crate::road::Road;

/// How long a change may wait: over a weekend.
const PATIENCE_SECONDS: u64 = 3 * 24 * 3600;

impl Role {
    /// The quorum that changes of this role need: somebody else of it.
    pub fn quorum(self) -> String {
        format!("{}-change", self.as_str())
    }

    /// The quorum when nobody else has the role: one of each other role.
    fn quorum_without(self) -> String {
        format!("{}-change-by-the-others", self.as_str())
    }
}

/// The quorum of that name, if it is one that changes need. What the file declares counts when it asks for more.
pub(crate) fn change_quorum(policies: &Policies, name: &str) -> Option<Quorum> {
    change_quorum_over(policies.quorum(name), name)
}

/// The same, over what a file declares under that name.
pub(crate) fn change_quorum_over(declared: Option<&Quorum>, name: &str) -> Option<Quorum> {
    let role = Role::ALL.into_iter().find(|role| name == role.quorum() || name == role.quorum_without())?;
    if name == role.quorum_without() {
        let others = Role::ALL.into_iter().filter(|other| *other != role);
        return Some(one_of_each(name, others.map(Role::group)));
    }
    let least = one_of_each(name, [role.group()].into_iter());
    let Some(mut declared) = declared.cloned() else { return Some(least) };
    if !declared.clauses.iter().any(|clause| clause.of == role.group()) {
        declared.clauses.extend(least.clauses);
    }
    Some(declared)
}

fn one_of_each(name: &str, groups: impl Iterator<Item = &'static str>) -> Quorum {
    let clause = |group: &'static str| Clause { of: group.to_owned(), n: 1, other_team: false };
    Quorum {
        name: name.to_owned(),
        clauses: groups.map(clause).collect(),
        expires_seconds: PATIENCE_SECONDS,
        mfa_within_minutes: None,
        hours: None,
        tell: vec![],
    }
}

impl Road {
    /// The name of the quorum that the change needs when that person asks for it now.
    pub(super) async fn needed(&self, change: &Change, requester: &Person) -> Result<Quorum, RoadError> {
        let role = change.role();
        let able = |person: &Person| {
            person.id != requester.id
                && !person.suspended
                && person.expires.is_none_or(|end| self.now() < end)
                && person.groups.contains(role.group())
        };
        let name = match self.store().people().await?.iter().any(able) {
            true => role.quorum(),
            false => role.quorum_without(),
        };
        let missing = || RoadError::Inconsistent(format!("quorum {name}"));
        change_quorum(&self.policies(), &name).ok_or_else(missing)
    }
}
