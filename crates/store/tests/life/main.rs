//! Whole lives of requests, drawn at random, on the real road over the real databases: people race for the last signature
//! and for the claim, the clock jumps, members and policies change, and processes die between any two of their effects.
//! Each step must end as the reference says ([`model`]), and rows and ledger must agree.
//!
//! `LIVES` asks for more lives than the few that run by default. A life that fails tells its number and its diary;
//! `LIFE=number` leads that one again. Only where steps met freely, and not in a drawn order, may it go another way.

#![expect(clippy::unwrap_used, reason = "clippy knows tests, but not the functions that tests share")]

mod acting;
mod diary;
mod edits;
mod model;
mod mortal;
mod seen;
mod steps;
mod world;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Mutex;

use access::model::{Answer, RequestState};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use testkit::sample::NOW;

use crate::diary::Diary;
use crate::model::{Fate, Model, Seen};
use crate::steps::{Move, Step, moves};
use crate::world::{PEOPLE, Place, World};

#[test]
fn requests_live_on_sqlite_as_the_reference_says() {
    lives(24, |folder| Place::File(folder.join("state.db")));
}

#[test]
fn requests_live_on_postgres_as_the_reference_says() {
    lives(24, |_| Place::Server(testkit::postgres().fresh()));
}

fn lives(default: u64, place: impl Fn(&Path) -> Place) {
    let asked = |name| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let numbers = match asked("LIFE") {
        Some(number) => number..=number,
        None => {
            // Every run leads other lives.
            let first = RandomState::new().hash_one(0) >> 1;
            first..=first + asked("LIVES").unwrap_or(default) - 1
        }
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for number in numbers {
        let diary = Mutex::default();
        let outcome = runner(number).run(&moves(), |moves| {
            runtime.block_on(live(World::new(&place), &moves, &diary));
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!(
                "LIFE={number}: {failure}\nThe last that failed like this went:\n{}",
                diary.lock().unwrap()
            );
        }
    }
}

/// Draws the life of that number.
fn runner(number: u64) -> TestRunner {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    let config = Config { failure_persistence: None, max_shrink_iters: 60, ..Config::with_cases(1) };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

async fn live(world: impl Future<Output = World>, moves: &[Move], keep: &Mutex<String>) {
    let (mut world, mut model) = (world.await, Model::new(NOW, &PEOPLE));
    let mut diary = Diary::of(world.ledger.clone(), keep);
    for (turn, next) in moves.iter().enumerate() {
        diary.turn(turn, next);
        match next {
            Move::One(step) => one(&mut world, &mut model, step, turn).await,
            Move::AtOnce { steps, order } => at_once(&mut world, &mut model, steps, *order).await,
            Move::Dies { after, during } => dies(&mut world, &mut model, *after, during).await,
        }
        world.is_sound().await;
    }
}

async fn one(world: &mut World, model: &mut Model, step: &Step, turn: usize) {
    let Some(step) = step.on(model) else { return };
    let told = world.take(&step, turn).await;
    assert_eq!(told, model.take(&step, world.newest().await), "{step:?}");
    assert_eq!(world.seen().await, model.seen(), "{step:?}");
}

/// However they met, it must have come out as in one of their orders.
async fn at_once(world: &mut World, model: &mut Model, steps: &[Step], order: Option<u64>) {
    let steps: Vec<_> = steps.iter().filter_map(|step| step.on(model)).collect();
    let told = world.take_at_once(&steps, order).await;
    let seen = world.seen().await;
    let orders = orders(&steps).into_iter().map(|order| {
        let mut model = model.clone();
        for step in &order {
            model.take(step, 0);
        }
        fates(&model.seen())
    });
    let orders: Vec<_> = orders.collect();
    assert!(orders.contains(&fates(&seen)), "{steps:?}: {seen:?} is none of {orders:?}");
    for (step, told) in steps.iter().zip(told) {
        if let (Step::Answer { request, by, answer }, true) = (step, told) {
            let seen = &seen[request];
            let counts = match answer {
                Answer::Approve => seen.answers.get(by) == Some(answer),
                // Also against the same person's yes, whose row may be there first.
                Answer::Deny => seen.fate() == Fate::Over,
            };
            assert!(counts, "{by} is told that it counts: {seen:?}");
        }
    }
    model.adopt(seen, |request| world.pending.contains_key(&request));
}

/// After a death it is as before the step or as after it, and nothing is in between but an end without an entry.
async fn dies(world: &mut World, model: &mut Model, after: u8, during: &Step) {
    let Some(step) = during.on(model) else { return };
    world.deaths += 1;
    world.life.ends_after(after);
    let _nobody_is_told = world.take(&step, 0).await;
    world.restart().await;
    let newest = world.newest().await;
    let next = if model.requests.contains_key(&newest) { newest + 1 } else { newest };
    let mut done = model.clone();
    done.take(&step, next);
    adopt_circumstances(world, model, &mut done).await;
    let mut undone = Model { requests: done.requests.clone(), ..model.clone() };
    undone.requests.extend(model.requests.clone());
    undone.restart();
    done.restart();
    let seen = world.seen().await;
    for (number, seen) in &seen {
        let (undone, done) = (&undone.requests[number].seen, &done.requests[number].seen);
        let lost = done.fate() == Fate::Started && seen.state == RequestState::Used;
        let known = [undone.fate(), done.fate()].contains(&seen.fate()) || lost;
        let answered = [&undone.answers, &done.answers].contains(&&seen.answers);
        assert!(known && answered, "{step:?}: {seen:?} is neither {undone:?} nor {done:?}");
    }
    done.adopt(seen, |_| false);
    *model = done;
}

/// People and policies are as they were, or as they were to be.
async fn adopt_circumstances(world: &World, model: &mut Model, done: &mut Model) {
    for who in PEOPLE {
        let (standing, either) = (world.standing(who).await, [model.people[who], done.people[who]]);
        assert!(either.iter().any(|one| one.lead == standing.lead), "{who}: {standing:?}");
        assert!(either.iter().any(|one| one.suspended == standing.suspended), "{who}: {standing:?}");
        assert!(either.iter().any(|one| one.has_key == standing.has_key), "{who}: {standing:?}");
        done.people.insert(who, standing);
    }
    assert!([model.policies, done.policies].contains(&world.policies_in_force()));
    done.policies = world.policies_in_force();
    model.people = done.people.clone();
    (model.policies, model.now) = (done.policies, done.now);
}

/// The steps in every order.
fn orders(steps: &[Step]) -> Vec<Vec<Step>> {
    if steps.is_empty() {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for first in 0..steps.len() {
        let mut rest = steps.to_vec();
        let first = rest.remove(first);
        all.extend(orders(&rest).into_iter().map(|rest| [vec![first.clone()], rest].concat()));
    }
    all
}

fn fates(seen: &BTreeMap<i64, Seen>) -> Vec<Fate> {
    seen.values().map(Seen::fate).collect()
}
