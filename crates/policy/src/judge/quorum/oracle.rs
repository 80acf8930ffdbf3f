//! The matching against an oracle that tries every seating there is.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

const GROUPS: [&str; 3] = ["a", "b", "c"];

fn team() -> impl Strategy<Value = Option<String>> {
    select(vec![None, Some("x".to_owned()), Some("y".to_owned())])
}

fn quorum() -> impl Strategy<Value = Quorum> {
    let clause = (select(&GROUPS[..]), 1..3_u8, any::<bool>());
    let clause = clause.prop_map(|(of, n, other_team)| Clause { other_team, ..Clause::of(of, n) });
    let hours = select(vec![None, Some(Hours { from: 480, to: 1200, weekdays: (1..=5).collect() })]);
    (vec(clause, 0..4), select(vec![None, Some(10)]), hours).prop_map(
        |(clauses, mfa_within_minutes, hours)| Quorum {
            mfa_within_minutes,
            hours,
            ..Quorum::of("q", clauses)
        },
    )
}

fn signer() -> impl Strategy<Value = Signer> {
    let who = (select(vec!["p", "q", "r", "s", "t", "u"]), subsequence(&GROUPS[..], 0..=3), team());
    let when =
        (select(vec![None, Some(0), Some(600), Some(601)]), select(vec![479, 480, 1199, 1200]), 1..8_u8);
    (who, when).prop_map(|((person, groups, team), (mfa_age_seconds, minute_of_day, weekday))| Signer {
        person: person.to_owned(),
        groups: groups.into_iter().map(str::to_owned).collect(),
        team,
        mfa_age_seconds,
        minute_of_day,
        weekday,
    })
}

fn requester() -> impl Strategy<Value = Requester> {
    (select(vec!["p", "z"]), team()).prop_map(|(person, team)| Requester { person: person.to_owned(), team })
}

/// The rules once more, said as plainly as can be: may all of this person's signatures stand for the clause?
fn may_stand(quorum: &Quorum, requester: &Requester, clause: &Clause, theirs: &[&Signer]) -> bool {
    theirs.iter().all(|it| {
        let elsewhere = it.team.is_some() && requester.team.is_some() && it.team != requester.team;
        let in_time = (480..1200).contains(&it.minute_of_day) && it.weekday <= 5;
        let fresh = matches!(it.mfa_age_seconds, Some(0..=600));
        it.person != requester.person
            && it.groups.contains(&clause.of)
            && (elsewhere || !clause.other_team)
            && (in_time || quorum.hours.is_none())
            && (fresh || quorum.mfa_within_minutes.is_none())
    })
}

/// The most places that persons who are not taken yet can fill: each place is left empty, or taken by each in turn.
fn most(
    places: &[&Clause],
    taken: &mut Vec<String>,
    all: &[Signer],
    fits: &dyn Fn(&Clause, &str) -> bool,
) -> usize {
    let Some((place, rest)) = places.split_first() else { return 0 };
    let mut best = most(rest, taken, all, fits);
    for Signer { person, .. } in all {
        if !taken.contains(person) && fits(place, person) {
            taken.push(person.clone());
            best = best.max(1 + most(rest, taken, all, fits));
            taken.pop();
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn it_is_met_when_some_seating_fills_every_place(
        quorum in quorum(),
        requester in requester(),
        signers in vec(signer(), 0..6),
    ) {
        let places: Vec<&Clause> =
            quorum.clauses.iter().flat_map(|clause| std::iter::repeat_n(clause, clause.n.into())).collect();
        let fits = |clause: &Clause, person: &str| {
            let theirs: Vec<&Signer> = signers.iter().filter(|it| it.person == person).collect();
            may_stand(&quorum, &requester, clause, &theirs)
        };
        let filled = most(&places, &mut vec![], &signers, &fits);
        let expected = filled == places.len() && !places.is_empty();
        let found = quorum.met_by(&requester, &signers);
        prop_assert_eq!(found.is_ok(), expected);
        if let Err(missing) = found {
            let lacking: usize = missing.clauses.iter().map(|short| usize::from(short.n)).sum();
            prop_assert_eq!(lacking, places.len() - filled);
        }
    }

    #[test]
    fn the_order_of_signatures_and_of_clauses_never_matters(
        quorum in quorum(),
        requester in requester(),
        (signers, shuffled) in vec(signer(), 0..6).prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let reversed = Quorum { clauses: quorum.clauses.iter().rev().cloned().collect(), ..quorum.clone() };
        let met = quorum.met_by(&requester, &signers).is_ok();
        prop_assert_eq!(quorum.met_by(&requester, &shuffled).is_ok(), met);
        prop_assert_eq!(reversed.met_by(&requester, &shuffled).is_ok(), met);
    }
}
