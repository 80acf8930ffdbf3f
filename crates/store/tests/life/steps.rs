//! What happens to requests, drawn at random.

use access::model::Answer;
use proptest::prelude::*;
use proptest::sample::select;

use crate::model::{Model, Standing};
use crate::world::PEOPLE;

/// One thing that somebody does. A request is first drawn as its distance from the newest one.
#[derive(Clone, Debug)]
pub enum Step {
    /// Alice wants to run something, or erin wants access.
    Ask { access: bool },
    /// Somebody signs, whoever it is.
    Answer { request: i64, by: &'static str, answer: Answer },
    /// The waiting session takes its act.
    Claim { request: i64 },
    /// Whoever asked wants it no more.
    GiveUp { request: i64 },
    /// The waiting session asks how it stands.
    Look { request: i64 },
    /// Somebody ends a permit.
    Revoke { request: i64, by: &'static str },
    /// What happens each second.
    Sweep,
    /// The clock jumps, forward or backward.
    Clock { seconds: i64 },
    /// Somebody's membership, key or account changes.
    Person { who: &'static str, standing: Standing },
    /// The policies are replaced.
    Policies,
    /// The process ends and begins again.
    Restart,
}

/// How steps are taken.
#[derive(Clone, Debug)]
pub enum Move {
    One(Step),
    /// All at the same moment: freely, or one effect at a time in an order drawn from that number.
    AtOnce {
        steps: Vec<Step>,
        order: Option<u64>,
    },
    /// The process dies after so many of the step's effects, and begins again.
    Dies {
        after: u8,
        during: Step,
    },
}

pub fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        14 => any_step().prop_map(Move::One),
        4 => (rivals(), order()).prop_map(|(steps, order)| Move::AtOnce { steps, order }),
        3 => (0..12_u8, any_step()).prop_map(|(after, during)| Move::Dies { after, during }),
    ];
    let rest = proptest::collection::vec(one, 4..24);
    // Nothing can happen before somebody asks.
    (any::<bool>(), rest).prop_map(|(access, rest)| [vec![Move::One(Step::Ask { access })], rest].concat())
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => any::<bool>().prop_map(|access| Step::Ask { access }),
        14 => answer(any_request().boxed()),
        4 => any_request().prop_map(|request| Step::Claim { request }),
        1 => any_request().prop_map(|request| Step::GiveUp { request }),
        1 => any_request().prop_map(|request| Step::Look { request }),
        1 => (any_request(), select(&PEOPLE[..])).prop_map(|(request, by)| Step::Revoke { request, by }),
        1 => Just(Step::Sweep),
        2 => select(&[30, 1799, 1800, 1800, 7200, -30, -1800, -7200][..]).prop_map(|seconds| Step::Clock { seconds }),
        3 => (person(), standing()).prop_map(|(who, standing)| Step::Person { who, standing }),
        1 => Just(Step::Policies),
        1 => Just(Step::Restart),
    ]
}

/// Those who decide about the newest request, all at once.
fn rivals() -> impl Strategy<Value = Vec<Step>> {
    let request = || Just(0_i64);
    let rival = prop_oneof![
        6 => answer(request().boxed()),
        3 => request().prop_map(|request| Step::Claim { request }),
        1 => request().prop_map(|request| Step::GiveUp { request }),
        1 => Just(Step::Sweep),
    ];
    // The two last signatures, and whatever.
    let approves = |by| Step::Answer { request: 0, by, answer: Answer::Approve };
    let last = rival.clone().prop_map(move |other| vec![approves("bob"), approves("carol"), other]);
    prop_oneof![2 => proptest::collection::vec(rival, 2..4), 1 => last]
}

fn order() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![1 => Just(None), 3 => any::<u64>().prop_map(Some)]
}

fn answer(request: BoxedStrategy<i64>) -> impl Strategy<Value = Step> {
    let answer = prop_oneof![8 => Just(Answer::Approve), 1 => Just(Answer::Deny)];
    (request, person(), answer).prop_map(|(request, by, answer)| Step::Answer { request, by, answer })
}

/// Mostly those whose signatures can count.
fn person() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => select(&["bob", "carol"][..]), 1 => select(&PEOPLE[..])]
}

fn any_request() -> impl Strategy<Value = i64> {
    prop_oneof![4 => Just(0_i64), 1 => 1..3_i64]
}

/// Mostly as everybody is at first.
fn standing() -> impl Strategy<Value = Standing> {
    (0..6_u8).prop_map(|drawn| Standing { lead: drawn != 0, suspended: drawn == 1, has_key: drawn != 2 })
}

impl Step {
    /// The step with the request's number; none when there is nothing to take it on.
    pub fn on(&self, model: &Model) -> Option<Step> {
        let mut step = self.clone();
        let request = match &mut step {
            Step::Answer { request, .. }
            | Step::Claim { request }
            | Step::GiveUp { request }
            | Step::Look { request }
            | Step::Revoke { request, .. } => request,
            Step::Person { who, standing } => return (model.people[who] != *standing).then_some(step),
            _ => return Some(step),
        };
        let (number, found) = model.requests.iter().rev().nth(usize::try_from(*request).unwrap())?;
        *request = *number;
        let makes_sense = match step {
            Step::Claim { .. } | Step::Look { .. } => found.attended,
            Step::GiveUp { .. } => found.attended || !found.is_act(),
            Step::Revoke { .. } => found.seen.permit.is_some(),
            _ => true,
        };
        makes_sense.then_some(step)
    }
}
