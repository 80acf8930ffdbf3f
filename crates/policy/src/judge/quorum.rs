//! Quorums: how many distinct persons of which groups must sign, and whether a set of signers is enough.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

use super::error::PolicyError;

const ADVICE: &str =
    "write [quorum.NAME] with clauses = [{ of = \"GROUP\", n = 2 }] and perhaps expires_seconds";
const DEFAULT_EXPIRY: u64 = 30 * 60;
const EXPIRY: std::ops::RangeInclusive<u64> = 60..=7 * 24 * 3600;
const MOST_CLAUSES: usize = 8;
const MOST_SIGNERS: u8 = 20;

/// Several clauses, all of which must be met by persons who are all distinct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// The name that policies use.
    pub name: String,
    /// Joined by AND; at least one.
    pub clauses: Vec<Clause>,
    /// How long a request may wait for this quorum.
    pub expires_seconds: u64,
}

/// `n` distinct persons of one group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// The group.
    pub of: String,
    /// How many persons, at least 1.
    pub n: u8,
}

/// Somebody whose signature was verified, with the groups that they belong to at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The person, whatever key they signed with.
    pub person: String,
    /// Their groups.
    pub groups: BTreeSet<String>,
}

/// What a quorum still lacks, clause by clause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Missing {
    /// Only clauses that lack somebody; never empty.
    pub clauses: Vec<Short>,
}

/// How many more persons of a group are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Short {
    /// The group.
    pub of: String,
    /// How many more.
    pub n: u8,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Short { of, n }) in self.clauses.iter().enumerate() {
            write!(f, "{}{n} more of {of}", if i == 0 { "" } else { " and " })?;
        }
        Ok(())
    }
}

impl Quorum {
    /// Whether distinct `signers`, none of them the `requester`, fill every clause.
    ///
    /// A person who could stand for two clauses stands for one, and for the one that helps most: the clauses' places
    /// and the persons are matched, so the order of signatures never matters.
    pub fn met_by(&self, requester: &str, signers: &[Signer]) -> Result<(), Missing> {
        let people = distinct(requester, signers);
        let places: Vec<&str> = self.places().collect();
        let seated = Matching::of(&places, &people);
        let mut short: BTreeMap<&str, u8> = BTreeMap::new();
        for (place, _) in places.iter().zip(seated.seats).filter(|(_, seat)| seat.is_none()) {
            *short.entry(place).or_default() += 1;
        }
        if short.is_empty() && !places.is_empty() {
            return Ok(());
        }
        Err(Missing { clauses: short.into_iter().map(|(of, n)| Short { of: of.into(), n }).collect() })
    }

    /// One place for each person that is needed, named by its group.
    fn places(&self) -> impl Iterator<Item = &str> {
        self.clauses.iter().flat_map(|c| std::iter::repeat_n(c.of.as_str(), c.n.into()))
    }
}

/// Persons, not signatures: the same person twice is one, with the groups that all their signatures agree on.
fn distinct<'a>(requester: &str, signers: &'a [Signer]) -> Vec<BTreeSet<&'a str>> {
    let mut people: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for signer in signers.iter().filter(|s| s.person != requester) {
        let groups: BTreeSet<&str> = signer.groups.iter().map(String::as_str).collect();
        people
            .entry(&signer.person)
            .and_modify(|known| known.retain(|g| groups.contains(g)))
            .or_insert(groups);
    }
    people.into_values().collect()
}

/// A largest assignment of persons to places (augmenting paths; there are at most a few dozen of either).
struct Matching<'a> {
    places: &'a [&'a str],
    people: &'a [BTreeSet<&'a str>],
    /// For each place, the person who fills it.
    seats: Vec<Option<usize>>,
}

impl<'a> Matching<'a> {
    fn of(places: &'a [&'a str], people: &'a [BTreeSet<&'a str>]) -> Self {
        let mut matching = Matching { places, people, seats: vec![None; places.len()] };
        for person in 0..people.len() {
            matching.seat(person, &mut vec![false; places.len()]);
        }
        matching
    }

    /// Finds a place for `person`, moving others if that helps; `tried` keeps the search finite.
    fn seat(&mut self, person: usize, tried: &mut [bool]) -> bool {
        for place in 0..self.places.len() {
            if tried[place] || !self.people[person].contains(self.places[place]) {
                continue;
            }
            tried[place] = true;
            let free = match self.seats[place] {
                None => true,
                Some(other) => self.seat(other, tried),
            };
            if free {
                self.seats[place] = Some(person);
                return true;
            }
        }
        false
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    quorum: BTreeMap<String, Declared>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    clauses: Vec<Clause>,
    #[serde(default = "default_expiry")]
    expires_seconds: u64,
}

fn default_expiry() -> u64 {
    DEFAULT_EXPIRY
}

/// Reads `quorums.toml`.
pub(crate) fn parse(file: &str, text: &str) -> Result<BTreeMap<String, Quorum>, PolicyError> {
    let read: File = toml::from_str(text).map_err(|e| PolicyError::toml(file, text, &e, ADVICE))?;
    let quorums = read.quorum.into_iter().map(|(name, Declared { clauses, expires_seconds })| {
        let quorum = Quorum { name: name.clone(), clauses, expires_seconds };
        check(&quorum).map_err(|what| {
            PolicyError::new(file, format!("quorum {name:?} {what}"), ADVICE).at(text, text.find(&name))
        })?;
        Ok((name, quorum))
    });
    quorums.collect()
}

fn check(quorum: &Quorum) -> Result<(), String> {
    let places: usize = quorum.clauses.iter().map(|c| usize::from(c.n)).sum();
    if quorum.clauses.is_empty() || quorum.clauses.len() > MOST_CLAUSES {
        return Err(format!("has {} clauses, not 1 to {MOST_CLAUSES}", quorum.clauses.len()));
    }
    if quorum.clauses.iter().any(|c| c.n == 0 || c.of.is_empty()) {
        return Err("has a clause without a group or with n = 0".into());
    }
    if places > usize::from(MOST_SIGNERS) {
        return Err(format!("needs {places} persons, more than {MOST_SIGNERS}"));
    }
    if !EXPIRY.contains(&quorum.expires_seconds) {
        return Err(format!(
            "expires after {} s, not {} to {}",
            quorum.expires_seconds,
            EXPIRY.start(),
            EXPIRY.end()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quorum(clauses: &[(&str, u8)]) -> Quorum {
        let clauses = clauses.iter().map(|(of, n)| Clause { of: (*of).into(), n: *n }).collect();
        Quorum { name: "q".into(), clauses, expires_seconds: 60 }
    }

    fn signers(people: &[(&str, &[&str])]) -> Vec<Signer> {
        let signer = |(person, groups): &(&str, &[&str])| Signer {
            person: (*person).into(),
            groups: groups.iter().map(|g| (*g).into()).collect(),
        };
        people.iter().map(signer).collect()
    }

    fn missing(q: &Quorum, requester: &str, people: &[(&str, &[&str])]) -> String {
        q.met_by(requester, &signers(people)).unwrap_err().to_string()
    }

    #[test]
    fn two_members_fill_two_places_and_one_does_not() {
        let q = quorum(&[("dba-leads", 2)]);
        assert_eq!(missing(&q, "alice", &[]), "2 more of dba-leads");
        assert_eq!(missing(&q, "alice", &[("bob", &["dba-leads"])]), "1 more of dba-leads");
        assert_eq!(
            q.met_by("alice", &signers(&[("bob", &["dba-leads"]), ("carol", &["dba-leads"])])),
            Ok(())
        );
    }

    #[test]
    fn the_requester_never_counts() {
        let q = quorum(&[("dba-leads", 2)]);
        let two: [(&str, &[&str]); 2] = [("bob", &["dba-leads"]), ("carol", &["dba-leads"])];
        assert_eq!(missing(&q, "bob", &two), "1 more of dba-leads");
    }

    #[test]
    fn the_same_person_twice_counts_once() {
        let q = quorum(&[("dba-leads", 2)]);
        assert_eq!(
            missing(&q, "a", &[("bob", &["dba-leads"]), ("bob", &["dba-leads"])]),
            "1 more of dba-leads"
        );
    }

    #[test]
    fn one_person_in_two_groups_fills_one_clause() {
        let q = quorum(&[("dba-leads", 1), ("security", 1)]);
        assert_eq!(missing(&q, "a", &[("bob", &["dba-leads", "security"])]), "1 more of security");
    }

    #[test]
    fn the_order_of_signatures_never_matters() {
        let q = quorum(&[("dba-leads", 1), ("security", 1)]);
        let both: (&str, &[&str]) = ("both", &["dba-leads", "security"]);
        let lead: (&str, &[&str]) = ("lead", &["dba-leads"]);
        assert_eq!(q.met_by("a", &signers(&[both, lead])), Ok(()));
        assert_eq!(q.met_by("a", &signers(&[lead, both])), Ok(()));
    }

    #[test]
    fn a_chain_of_moves_finds_the_only_seating() {
        let q = quorum(&[("a", 1), ("b", 1), ("c", 1)]);
        let chain: [(&str, &[&str]); 3] = [("p", &["a", "b"]), ("q", &["b", "c"]), ("r", &["a"])];
        assert_eq!(q.met_by("x", &signers(&chain)), Ok(()));
        assert_eq!(missing(&q, "x", &[("p", &["a", "b"]), ("q", &["a", "b"]), ("r", &["a"])]), "1 more of c");
    }

    #[test]
    fn two_clauses_of_the_same_group_need_the_sum() {
        let q = quorum(&[("a", 1), ("a", 1)]);
        assert_eq!(missing(&q, "x", &[("p", &["a"])]), "1 more of a");
    }

    #[test]
    fn groups_that_a_second_signature_no_longer_shows_do_not_count() {
        let q = quorum(&[("a", 1)]);
        assert_eq!(missing(&q, "x", &[("p", &["a"]), ("p", &[])]), "1 more of a");
    }

    #[test]
    fn a_quorum_of_nobody_is_never_met() {
        assert!(quorum(&[]).met_by("x", &signers(&[("p", &["a"])])).is_err());
    }

    #[test]
    fn the_file_is_refused_where_it_is_wrong() {
        for (text, part) in [
            ("[quorum.q]\nclauses = []", "q.toml:1: quorum \"q\" has 0 clauses"),
            ("[quorum.q]\nclauses = [{ of = \"a\", n = 0 }]", "n = 0"),
            ("[quorum.q]\nclauses = [{ of = \"a\", n = 1, m = 2 }]", "q.toml:2: unknown field"),
            ("[quorum.q]\nclauses = [{ of = \"a\", n = 1 }]\nexpires_seconds = 1", "expires after 1 s"),
            ("[quorum.q]\nclauses = [{ of = \"a\", n = 21 }]", "more than 20"),
            ("[quorum.q]\nclause = []", "q.toml:2: unknown field"),
        ] {
            let error = parse("q.toml", text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn an_expiry_left_out_is_half_an_hour() {
        let read = parse("q.toml", "[quorum.q]\nclauses = [{ of = \"a\", n = 1 }]").unwrap();
        assert_eq!(read["q"].expires_seconds, 1800);
    }
}
