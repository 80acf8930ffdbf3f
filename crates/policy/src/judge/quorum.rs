//! Quorums: how many distinct persons of which groups must sign, and whether a set of signers is enough.

mod emergencies;
mod file;
mod hours;
mod matching;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

pub use emergencies::Emergencies;
pub use file::role_of;
pub(crate) use file::{QuorumFile, parse};
pub use hours::Hours;
use matching::Matching;

const DEFAULT_EXPIRY: u64 = 30 * 60;

/// Several clauses, all of which must be met by persons who are all distinct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// The name that policies use.
    pub name: String,
    /// Joined by AND; at least one.
    pub clauses: Vec<Clause>,
    /// How long a request may wait for this quorum.
    pub expires_seconds: u64,
    /// How old an approver's second factor may be when they sign; none is any age.
    pub mfa_within_minutes: Option<u32>,
    /// When signatures count; none is always.
    pub hours: Option<Hours>,
    /// The receivers of notices who are told of its requests, in the place of all.
    pub tell: Vec<String>,
}

/// `n` distinct persons of one group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// The group.
    pub of: String,
    /// How many persons, at least 1.
    pub n: u8,
    /// Whether they must be known to work in another team than the requester.
    #[serde(default)]
    pub other_team: bool,
}

/// Who asks, as far as quorums look at them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requester {
    /// The person.
    pub person: String,
    /// The team that they are known to work in.
    pub team: Option<String>,
}

/// Somebody whose signature was verified, with what is known of them and of the moment at which they signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The person, whatever key they signed with.
    pub person: String,
    /// Their groups.
    pub groups: BTreeSet<String>,
    /// The team that they are known to work in.
    pub team: Option<String>,
    /// Seconds since their second factor when they signed; none when that is not known.
    pub mfa_age_seconds: Option<u64>,
    /// Minute of the day in the configured zone when they signed.
    pub minute_of_day: u16,
    /// Day of the week when they signed, 1 is Monday.
    pub weekday: u8,
}

/// What a quorum still lacks, clause by clause, and whose signatures do not count for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Missing {
    /// Only clauses that lack somebody; empty when the quorum has no clauses at all.
    pub clauses: Vec<Short>,
    /// Signers who belong to a group that lacks somebody, and do not count.
    pub aside: Vec<Aside>,
}

/// How many more persons of a group are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Short {
    /// The group.
    pub of: String,
    /// How many more.
    pub n: u8,
    /// Whether they must be of another team than the requester.
    pub other_team: bool,
}

/// A signer who does not count, though the group is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Whose signature.
    pub person: String,
    /// Why not.
    pub why: Unfit,
}

/// Why a member's signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfit {
    /// They work in the requester's team, or one of the two teams is not known.
    Team,
    /// They signed at a time at which signatures do not count.
    Hours,
    /// Their second factor was too old when they signed.
    SecondFactor,
}

impl Clause {
    /// `n` persons of that group, of any team.
    pub fn of(group: &str, n: u8) -> Self {
        Clause { of: group.to_owned(), n, other_team: false }
    }
}

impl Quorum {
    /// A quorum with no conditions but its clauses.
    pub fn of(name: &str, clauses: Vec<Clause>) -> Self {
        Quorum {
            name: name.to_owned(),
            clauses,
            expires_seconds: DEFAULT_EXPIRY,
            mfa_within_minutes: None,
            hours: None,
            tell: vec![],
        }
    }

    /// Whether distinct `signers`, none of them the `requester`, fill every clause.
    ///
    /// A person who could stand for two clauses stands for one, and for the one that helps most: the clauses' places
    /// and the persons are matched, so the order of signatures never matters.
    pub fn met_by(&self, requester: &Requester, signers: &[Signer]) -> Result<(), Missing> {
        let people = distinct(requester, signers);
        let places: Vec<usize> = self.places().collect();
        let counts = |person: &[&Signer], clause: &Clause| self.unfit(requester, person, clause).is_none();
        let fits = |person: usize, place: usize| {
            let (person, clause) =
                (people.get(person), places.get(place).and_then(|at| self.clauses.get(*at)));
            person.zip(clause).is_some_and(|(person, clause)| is_of(person, clause) && counts(person, clause))
        };
        let empty: Vec<usize> = Matching::of(people.len(), places.len(), fits).empty_places().collect();
        if empty.is_empty() && !places.is_empty() {
            return Ok(());
        }
        let short: Vec<&Clause> =
            empty.iter().filter_map(|place| self.clauses.get(*places.get(*place)?)).collect();
        Err(Missing { aside: self.aside(requester, &people, &short), clauses: counted(&short) })
    }

    /// One place for each person that is needed, as the number of its clause.
    fn places(&self) -> impl Iterator<Item = usize> {
        self.clauses.iter().enumerate().flat_map(|(at, clause)| std::iter::repeat_n(at, clause.n.into()))
    }

    /// Why a person with these signatures does not count for a clause. What is not known does not count.
    fn unfit(&self, requester: &Requester, person: &[&Signer], clause: &Clause) -> Option<Unfit> {
        let is_elsewhere = |signer: &Signer| {
            signer.team.as_ref().zip(requester.team.as_ref()).is_some_and(|(theirs, own)| theirs != own)
        };
        let is_in_time = |signer: &Signer| {
            self.hours.as_ref().is_none_or(|hours| hours.hold(signer.minute_of_day, signer.weekday))
        };
        let is_fresh = |signer: &Signer| {
            let within =
                |minutes: u32| signer.mfa_age_seconds.is_some_and(|age| age <= u64::from(minutes) * 60);
            self.mfa_within_minutes.is_none_or(within)
        };
        match () {
            () if clause.other_team && !person.iter().all(|signer| is_elsewhere(signer)) => Some(Unfit::Team),
            () if !person.iter().all(|signer| is_in_time(signer)) => Some(Unfit::Hours),
            () if !person.iter().all(|signer| is_fresh(signer)) => Some(Unfit::SecondFactor),
            () => None,
        }
    }

    /// Who would help, but does not count.
    fn aside(&self, requester: &Requester, people: &[Vec<&Signer>], short: &[&Clause]) -> Vec<Aside> {
        let why = |person: &[&Signer]| {
            let theirs = short.iter().filter(|clause| is_of(person, clause));
            theirs.filter_map(|clause| self.unfit(requester, person, clause)).min()
        };
        let aside =
            |person: &Vec<&Signer>| Some(Aside { person: person.first()?.person.clone(), why: why(person)? });
        people.iter().filter_map(aside).collect()
    }
}

/// Whether all signatures of a person agree that they belong to the clause's group.
fn is_of(person: &[&Signer], clause: &Clause) -> bool {
    person.iter().all(|signer| signer.groups.contains(&clause.of))
}

/// Persons, not signatures: the same person twice is one.
fn distinct<'a>(requester: &Requester, signers: &'a [Signer]) -> Vec<Vec<&'a Signer>> {
    let mut people: BTreeMap<&str, Vec<&Signer>> = BTreeMap::new();
    for signer in signers.iter().filter(|signer| signer.person != requester.person) {
        people.entry(&signer.person).or_default().push(signer);
    }
    people.into_values().collect()
}

/// One line for all empty places of equal clauses.
fn counted(empty: &[&Clause]) -> Vec<Short> {
    let mut lines: BTreeMap<(&str, bool), u8> = BTreeMap::new();
    for clause in empty {
        *lines.entry((&clause.of, clause.other_team)).or_default() += 1;
    }
    lines.into_iter().map(|((of, other_team), n)| Short { of: of.to_owned(), n, other_team }).collect()
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Short { of, n, other_team }) in self.clauses.iter().enumerate() {
            let team = if *other_team { " of another team" } else { "" };
            write!(f, "{}{n} more of {of}{team}", if i == 0 { "" } else { " and " })?;
        }
        Ok(())
    }
}
