//! Who must agree to a change: others of the role that is responsible, or, where there is nobody else, the other two
//! roles together. The policies may ask for more, never for less, and nobody gets round that by suspending people.

use policy::{Clause, Quorum};

use super::{Change, ChangeError, Role};
use crate::error::RoadError;
use crate::model::{Person, PersonKey, Record};
use crate::register;
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

    /// The quorum when nobody at all has the role, and one of the two others asks: the third agrees.
    fn quorum_by(self, third: Self) -> String {
        format!("{}-change-by-{}", self.as_str(), third.as_str())
    }

    /// The quorum of somebody in this role for taking away the last other administrator of a role.
    fn removal(self) -> String {
        format!("removal-agreed-by-{}", self.as_str())
    }

    fn others(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |other| *other != self)
    }

    /// Whose signatures a quorum of that name counts in place of this role's own.
    fn signing(self, name: &str) -> Option<Vec<Self>> {
        if name == self.quorum() {
            return Some(vec![self]);
        }
        if name == self.quorum_without() {
            return Some(self.others().collect());
        }
        self.others().find(|third| name == self.quorum_by(*third)).map(|third| vec![third])
    }
}

/// The quorum of that name, if it is one that changes need. What a file declares for the role counts when it asks for
/// more, whoever signs in the role's place.
pub(crate) fn change_quorum(name: &str, declared: impl Fn(&str) -> Option<Quorum>) -> Option<Quorum> {
    if let Some(role) = Role::ALL.into_iter().find(|role| name == role.removal()) {
        return Some(at_least(name, role));
    }
    let named = |role: Role| role.signing(name).map(|signing| (role, signing));
    let (role, signing) = Role::ALL.into_iter().find_map(named)?;
    let asked = declared(&role.quorum()).unwrap_or_else(|| at_least(name, role));
    Some(signed_by(name, &signing, role, asked))
}

/// One person of the role.
fn at_least(name: &str, role: Role) -> Quorum {
    let clause = Clause { of: role.group().to_owned(), n: 1, other_team: false };
    Quorum {
        name: name.to_owned(),
        clauses: vec![clause],
        expires_seconds: PATIENCE_SECONDS,
        mfa_within_minutes: None,
        hours: None,
        tell: vec![],
    }
}

/// What was asked of a role, asked of those who sign for it: at least as many people, under the same conditions.
fn signed_by(name: &str, signing: &[Role], role: Role, asked: Quorum) -> Quorum {
    let (own, mut clauses): (Vec<_>, Vec<_>) =
        asked.clauses.into_iter().partition(|clause| clause.of == role.group());
    let people = own.iter().fold(0_u8, |sum, clause| sum.saturating_add(clause.n));
    let each = people.div_ceil(u8::try_from(signing.len()).unwrap_or(1).max(1)).max(1);
    let other_team = own.iter().any(|clause| clause.other_team);
    clauses.extend(signing.iter().map(|who| Clause { of: who.group().to_owned(), n: each, other_team }));
    Quorum { name: name.to_owned(), clauses, ..asked }
}

impl Road {
    /// The quorums of which one must agree when that person asks for the change now; none when nobody needs to.
    pub(super) async fn needed(&self, change: &Change, requester: &Person) -> Result<Vec<Quorum>, RoadError> {
        let role = change.role();
        let held = Role::held_in(&requester.groups);
        let responsible = held.contains(&role);
        let names: Vec<_> = if self.is_guarded(change, requester).await? {
            Role::ALL.map(Role::removal).into()
        } else if responsible && change.narrows() {
            return Ok(vec![]);
        } else if responsible || matches!(change, Change::KeyBring { .. }) {
            vec![self.own_quorum(role, requester).await?]
        } else {
            role.others().filter(|third| !held.contains(third)).map(|third| role.quorum_by(third)).collect()
        };
        let policies = self.policies();
        let quorums: Vec<_> = names
            .iter()
            .filter_map(|name| change_quorum(name, |declared| policies.quorum(declared).cloned()))
            .collect();
        match quorums.is_empty() {
            false => Ok(quorums),
            true => Err(RoadError::Inconsistent(format!("no quorum for {}", change.word()))),
        }
    }

    async fn own_quorum(&self, role: Role, requester: &Person) -> Result<String, RoadError> {
        let able = self.able(role).await?;
        Ok(match able.iter().any(|(person, _)| person.id != requester.id) {
            true => role.quorum(),
            false => role.quorum_without(),
        })
    }

    /// Whether the person may stand in for the role that is responsible: it has nobody left, or they ask to suspend
    /// the only one it has. Only who decides about people can be stuck like that.
    pub(super) async fn stands_in(&self, person: &Person, change: &Change) -> Result<bool, RoadError> {
        if change.role() != Role::Security || Role::held_in(&person.groups).is_empty() {
            return Ok(false);
        }
        Ok(match self.able(Role::Security).await?.as_slice() {
            [] => true,
            [(only, _)] => matches!(change, Change::PersonSuspend { name } if *name == only.name),
            _ => false,
        })
    }

    /// Whether the change would leave a role without anybody, or with nobody but the person who asks for it: then one
    /// administrator alone could lock everybody out for good.
    async fn is_guarded(&self, change: &Change, requester: &Person) -> Result<bool, RoadError> {
        let Some((role, removed)) = self.removed(change).await? else { return Ok(false) };
        let stays = |(person, _): &(Person, PersonKey)| person.id != removed.id && person.id != requester.id;
        Ok(!self.able(role).await?.iter().any(stays))
    }

    /// The administrator whom the change takes away, with the role.
    async fn removed(&self, change: &Change) -> Result<Option<(Role, Person)>, RoadError> {
        let (Change::PersonSuspend { name } | Change::KeyRemove { name, .. }) = change else {
            return Ok(None);
        };
        let Some(person) = self.store().person(name).await? else { return Ok(None) };
        let lost = match change {
            Change::KeyRemove { fingerprint, .. } => {
                self.live_keys(&person).await?.iter().all(|key| key.fingerprint == *fingerprint)
            }
            _ => true,
        };
        let role = Role::held_in(&person.groups).first().copied();
        Ok(role.filter(|_| lost).map(|role| (role, person)))
    }

    /// What must stay as it is while the change is made without anybody's agreement: another administrator of the role,
    /// and a key of theirs. Two who are taken away at once would otherwise each be taken for the one who stays.
    pub(super) async fn rests_on(
        &self,
        change: &Change,
        requester: &Person,
    ) -> Result<Vec<Record>, ChangeError> {
        let Some((role, removed)) = self.removed(change).await? else { return Ok(vec![]) };
        let able = self.able(role).await?;
        let stays = able.iter().find(|(person, _)| person.id != removed.id && person.id != requester.id);
        let (person, key) = stays.ok_or(ChangeError::Meanwhile)?;
        Ok(vec![register::person(person), register::key(key)])
    }

    /// Everybody who can act in that role now, with a key that they can sign with.
    async fn able(&self, role: Role) -> Result<Vec<(Person, PersonKey)>, RoadError> {
        let mut able = Vec::new();
        for person in self.store().people().await? {
            if person.groups.contains(role.group()) && self.is_active(&person) {
                able.extend(self.live_keys(&person).await?.into_iter().next().map(|key| (person, key)));
            }
        }
        Ok(able)
    }

    async fn live_keys(&self, person: &Person) -> Result<Vec<PersonKey>, RoadError> {
        let mut keys = self.store().keys(&person.id).await?;
        keys.retain(|key| key.expires.is_none_or(|end| self.now() < end));
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(n: u8) -> impl Fn(&str) -> Option<Quorum> {
        move |name| {
            let mut quorum = at_least(name, Role::Security);
            quorum.clauses = vec![Clause { of: "security-administrators".into(), n, other_team: true }];
            quorum.mfa_within_minutes = Some(15);
            (name == "security-change").then_some(quorum)
        }
    }

    fn people(name: &str, n: u8) -> u8 {
        change_quorum(name, declared(n)).unwrap().clauses.iter().map(|clause| clause.n).sum()
    }

    #[test]
    fn no_way_round_the_role_needs_fewer_people_or_less_of_them() {
        for n in 0..7 {
            for name in ["security-change", "security-change-by-the-others", "security-change-by-audit"] {
                assert!(people(name, n) >= n.max(1), "{name} of {n}");
                let quorum = change_quorum(name, declared(n)).unwrap();
                assert!(quorum.mfa_within_minutes == Some(15), "{name}");
                assert!(n == 0 || quorum.clauses.iter().all(|clause| clause.other_team), "{name}");
            }
        }
    }

    #[test]
    fn what_a_file_calls_by_another_of_these_names_is_not_asked() {
        let weaker =
            |name: &str| Some(Quorum { name: name.into(), clauses: vec![], ..at_least("x", Role::Audit) });
        for name in ["security-change", "security-change-by-the-others", "audit-change-by-system"] {
            assert!(!change_quorum(name, weaker).unwrap().clauses.is_empty(), "{name}");
        }
        assert_eq!(change_quorum("removal-agreed-by-audit", weaker).unwrap().clauses[0].n, 1);
        assert!(change_quorum("two-dba-leads", weaker).is_none());
        assert!(change_quorum("security-change-by-security", weaker).is_none());
    }
}
