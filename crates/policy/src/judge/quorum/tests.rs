//! Who counts towards a quorum, case by case.

use super::*;

fn quorum(clauses: &[(&str, u8)]) -> Quorum {
    Quorum::of("q", clauses.iter().map(|(of, n)| Clause::of(of, *n)).collect())
}

fn requester(person: &str) -> Requester {
    Requester { person: person.into(), team: Some("payments".into()) }
}

fn signer(person: &str, groups: &[&str]) -> Signer {
    Signer {
        person: person.into(),
        groups: groups.iter().map(|group| (*group).into()).collect(),
        team: Some("storage".into()),
        mfa_age_seconds: Some(60),
        minute_of_day: 600,
        weekday: 1,
    }
}

fn signers(people: &[(&str, &[&str])]) -> Vec<Signer> {
    people.iter().map(|(person, groups)| signer(person, groups)).collect()
}

fn missing(q: &Quorum, asks: &str, people: &[(&str, &[&str])]) -> String {
    q.met_by(&requester(asks), &signers(people)).unwrap_err().to_string()
}

#[test]
fn two_members_fill_two_places_and_one_does_not() {
    let q = quorum(&[("dba-leads", 2)]);
    assert_eq!(missing(&q, "alice", &[]), "2 more of dba-leads");
    assert_eq!(missing(&q, "alice", &[("bob", &["dba-leads"])]), "1 more of dba-leads");
    assert_eq!(
        q.met_by(&requester("alice"), &signers(&[("bob", &["dba-leads"]), ("carol", &["dba-leads"])])),
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
    assert_eq!(missing(&q, "a", &[("bob", &["dba-leads"]), ("bob", &["dba-leads"])]), "1 more of dba-leads");
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
    assert_eq!(q.met_by(&requester("a"), &signers(&[both, lead])), Ok(()));
    assert_eq!(q.met_by(&requester("a"), &signers(&[lead, both])), Ok(()));
}

#[test]
fn a_chain_of_moves_finds_the_only_seating() {
    let q = quorum(&[("a", 1), ("b", 1), ("c", 1)]);
    let chain: [(&str, &[&str]); 3] = [("p", &["a", "b"]), ("q", &["b", "c"]), ("r", &["a"])];
    assert_eq!(q.met_by(&requester("x"), &signers(&chain)), Ok(()));
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
    assert!(quorum(&[]).met_by(&requester("x"), &signers(&[("p", &["a"])])).is_err());
}

/// A quorum of two leads of other teams, with a recent second factor, in office hours.
fn strict() -> Quorum {
    Quorum {
        clauses: vec![Clause { other_team: true, ..Clause::of("leads", 2) }],
        mfa_within_minutes: Some(15),
        hours: Some(Hours { from: 480, to: 1200, weekdays: (1..=5).collect() }),
        ..quorum(&[])
    }
}

/// What becomes of it when the second of two leads is changed so.
fn with_second(change: impl FnOnce(&mut Signer)) -> Result<(), Missing> {
    let mut second = signer("carol", &["leads"]);
    change(&mut second);
    strict().met_by(&requester("alice"), &[signer("bob", &["leads"]), second])
}

fn aside(why: Unfit) -> Result<(), Missing> {
    let short = Short { of: "leads".into(), n: 1, other_team: true };
    Err(Missing { clauses: vec![short], aside: vec![Aside { person: "carol".into(), why }] })
}

#[test]
fn whoever_fits_every_condition_counts() {
    assert_eq!(with_second(|_| ()), Ok(()));
    assert_eq!(with_second(|it| it.mfa_age_seconds = Some(900)), Ok(()));
}

#[test]
fn the_requesters_team_and_an_unknown_one_do_not_count() {
    assert_eq!(with_second(|it| it.team = Some("payments".into())), aside(Unfit::Team));
    assert_eq!(with_second(|it| it.team = None), aside(Unfit::Team));
    let unknown = Requester { team: None, ..requester("alice") };
    let both = signers(&[("bob", &["leads"]), ("carol", &["leads"])]);
    assert_eq!(strict().met_by(&unknown, &both).unwrap_err().aside.len(), 2);
}

#[test]
fn a_signature_outside_the_hours_does_not_count() {
    assert_eq!(with_second(|it| it.minute_of_day = 479), aside(Unfit::Hours));
    assert_eq!(with_second(|it| it.minute_of_day = 1200), aside(Unfit::Hours));
    assert_eq!(with_second(|it| it.weekday = 7), aside(Unfit::Hours));
}

#[test]
fn an_old_or_unknown_second_factor_does_not_count() {
    assert_eq!(with_second(|it| it.mfa_age_seconds = Some(901)), aside(Unfit::SecondFactor));
    assert_eq!(with_second(|it| it.mfa_age_seconds = None), aside(Unfit::SecondFactor));
}

#[test]
fn two_signatures_of_one_person_count_as_the_weaker_one() {
    let late = Signer { minute_of_day: 1300, ..signer("carol", &["leads"]) };
    let people = [signer("bob", &["leads"]), signer("carol", &["leads"]), late];
    assert_eq!(strict().met_by(&requester("alice"), &people), aside(Unfit::Hours));
}

#[test]
fn who_could_not_help_is_not_named() {
    let missing = with_second(|it| (it.groups, it.team) = (["others".into()].into(), None)).unwrap_err();
    assert_eq!(missing.aside, []);
    assert_eq!(missing.to_string(), "1 more of leads of another team");
}

#[test]
fn a_clause_that_asks_for_another_team_leaves_its_own_to_the_other_clause() {
    let mixed = Quorum {
        clauses: vec![Clause::of("leads", 1), Clause { other_team: true, ..Clause::of("leads", 1) }],
        ..quorum(&[])
    };
    let near = Signer { team: Some("payments".into()), ..signer("near", &["leads"]) };
    let far = signer("far", &["leads"]);
    for people in [[near.clone(), far.clone()], [far, near.clone()]] {
        assert_eq!(mixed.met_by(&requester("alice"), &people), Ok(()));
    }
    let two_near = [near.clone(), Signer { person: "nearer".into(), ..near }];
    assert!(mixed.met_by(&requester("alice"), &two_near).is_err());
}
