//! Bringing a key with a code in two halves: nobody alone, nobody twice, and nobody learns who exists.

use access::administer::Change;
use access::identity::{Code, FirstFactor, VerifiedIdentity};
use access::model::Enrolment;
use access::ports::Store;
use access::road::{Confirmed, EnrolmentAsked, Entered, Newcomer};
use access::{Refusal, Road};

use crate::bastion::*;
use crate::keys::Key;

const DAY: u64 = 24 * 3600;

/// Both halves of a code, as they are handed out.
#[derive(Clone)]
struct Halves(String, String);

fn code(seed: u8) -> Code {
    let mut next = seed;
    Code::generate(&mut |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(73).wrapping_add(41);
            *byte = next;
        }
    })
}

/// Issues a code to that person.
async fn issue(bastion: &Bastion, name: &str) -> Halves {
    let made = bastion.road.administer("root", &Change::PersonEnrol { name: name.into() }).await.unwrap();
    Halves(made.first_half.unwrap().0.to_string(), made.second_half.unwrap().0.to_string())
}

/// Writes the row alone, as somebody with the database could.
async fn write_code(bastion: &Bastion, name: &str) {
    let person = bastion.store.person(name).await.unwrap().unwrap().id;
    let hash = |half: Code| half.hash([9; 16]).unwrap().to_phc_string().to_string();
    let hash = format!("{} {}", hash(code(1)), hash(code(2)));
    let row = Enrolment { person: person.clone(), hash, expires: bastion.road.now().plus_seconds(DAY) };
    bastion.store.put_enrolment(&person, Some(&row)).await.unwrap();
}

async fn begin(road: &Road, name: &str, halves: &Halves, key: &str) -> Result<Newcomer, Refusal> {
    let asked = EnrolmentAsked { name, first: &halves.0, second: &halves.1 };
    road.begin_enrolment(asked, &Key::of(key).public(), HOME).await
}

fn confirmed(bastion: &Bastion, newcomer: Newcomer) -> Confirmed {
    let code = code_of(bastion, &newcomer);
    newcomer.confirm(&code, bastion.road.now()).unwrap()
}

/// What the newcomer's authenticator shows now.
fn code_of(bastion: &Bastion, newcomer: &Newcomer) -> String {
    let seed = access::identity::totp::Secret::from_base32(&newcomer.seed().1).unwrap();
    seed.code_at(bastion.road.now().seconds()).to_string()
}

/// What a guesser is told and what is on the record of it.
async fn told(bastion: &Bastion, name: &str, halves: &Halves) -> String {
    begin(&bastion.road, name, halves, "brought").await.unwrap_err().to_string()
}

async fn first(bastion: &Bastion, name: &str, key: &str) -> FirstFactor {
    match bastion.road.enter_with_key(name, &Key::of(key).public(), HOME).await.unwrap() {
        Entered::NeedsCode(first) => first,
        Entered::Complete(_) => panic!("no code was asked for"),
    }
}

async fn log_in(bastion: &Bastion, key: &str, code: &str) -> Result<VerifiedIdentity, Refusal> {
    let first = first(bastion, "alice", key).await;
    bastion.road.second_factor(first, code, HOME).await
}

#[tokio::test]
async fn both_halves_enrol_a_key_with_seed_and_recovery_codes_on_the_record() {
    let bastion = Bastion::start().await;
    let halves = issue(&bastion, "alice").await;
    let newcomer = begin(&bastion.road, "alice", &halves, "brought").await.unwrap();
    assert!(bastion.store.key(&Key::of("brought").fingerprint()).await.unwrap().is_none(), "not yet");
    let recovery: Vec<_> = newcomer.recovery_codes().map(|code| code.to_string()).collect();
    assert_eq!(recovery.len(), 10);
    assert!(newcomer.picture().lines().all(|line| line.chars().count() <= 80));
    let seed = access::identity::totp::Secret::from_base32(&newcomer.seed().1).unwrap();
    let before = bastion.count("state");
    let told = bastion.road.finish_enrolment(confirmed(&bastion, newcomer)).await.unwrap();
    assert!(told.contains("alice") && told.contains(&Key::of("brought").fingerprint()), "{told}");
    assert_eq!(bastion.count("state") - before, 13, "key, credentials, code, ten recovery codes");
    bastion.clock.advance(30);
    let code = seed.code_at(bastion.road.now().seconds());
    let _who = log_in(&bastion, "brought", &code).await.unwrap();
}

#[tokio::test]
async fn the_confirming_code_does_not_work_again() {
    let bastion = Bastion::start().await;
    let halves = issue(&bastion, "alice").await;
    let newcomer = begin(&bastion.road, "alice", &halves, "brought").await.unwrap();
    let code = code_of(&bastion, &newcomer);
    let wrong = newcomer.confirm("000000", bastion.road.now()).unwrap_err();
    let confirmed = wrong.confirm(&code, bastion.road.now()).unwrap();
    bastion.road.finish_enrolment(confirmed).await.unwrap();
    let told = log_in(&bastion, "brought", &code).await.unwrap_err();
    assert_eq!(told.to_string(), "authentication failed");
}

#[tokio::test]
async fn one_half_twice_or_the_halves_exchanged_enrol_nothing() {
    let bastion = Bastion::start().await;
    let Halves(one, two) = issue(&bastion, "alice").await;
    for (first, second) in [(&one, &one), (&two, &two), (&two, &one)] {
        let told = told(&bastion, "alice", &Halves(first.clone(), second.clone())).await;
        assert_eq!(told, "authentication failed");
        bastion.clock.advance(60);
    }
}

#[tokio::test]
async fn a_code_is_for_its_person_alone() {
    let bastion = Bastion::start().await;
    let halves = issue(&bastion, "alice").await;
    assert_eq!(told(&bastion, "bob", &halves).await, "authentication failed");
    assert!(begin(&bastion.road, "alice", &halves, "brought").await.is_ok());
}

#[tokio::test]
async fn the_fifth_wrong_guess_ends_the_code() {
    let bastion = Bastion::start().await;
    let right = issue(&bastion, "alice").await;
    let wrong = Halves(right.0.clone(), code(3).shown().to_string());
    for _ in 0..5 {
        bastion.clock.advance(120);
        assert_eq!(told(&bastion, "alice", &wrong).await, "authentication failed");
    }
    bastion.clock.advance(3600);
    assert_eq!(told(&bastion, "alice", &right).await, "authentication failed");
    let person = bastion.store.person("alice").await.unwrap().unwrap().id;
    assert_eq!(bastion.store.enrolment(&person).await.unwrap(), None);
}

#[tokio::test]
async fn who_exists_is_not_told_by_answers_entries_or_back_off() {
    let bastion = Bastion::start().await;
    issue(&bastion, "alice").await;
    let wrong = Halves(code(3).shown().to_string(), code(4).shown().to_string());
    let mut stories = Vec::new();
    for name in ["alice", "bob", "nobody", "enrol", "No One"] {
        let before = bastion.story().len();
        let mut answers = Vec::new();
        for _ in 0..4 {
            answers.push(told(&bastion, name, &wrong).await);
        }
        stories.push((answers, bastion.story()[before..].to_vec()));
        bastion.clock.advance(3600);
    }
    assert!(stories.windows(2).all(|pair| pair[0] == pair[1]), "{stories:?}");
}

#[tokio::test]
async fn of_two_enrolments_at_once_with_one_code_one_wins() {
    for round in 0..16 {
        let bastion = Bastion::start().await;
        bastion.store.shuffle(round);
        let halves = issue(&bastion, "alice").await;
        let mine = begin(&bastion.road, "alice", &halves, "mine").await.unwrap();
        let thine = begin(&bastion.road, "alice", &halves, "thine").await.unwrap();
        let (mine, thine) = (confirmed(&bastion, mine), confirmed(&bastion, thine));
        let (one, two) =
            tokio::join!(bastion.road.finish_enrolment(mine), bastion.road.finish_enrolment(thine));
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        let mut there = Vec::new();
        for key in ["mine", "thine"] {
            there.push(bastion.store.key(&Key::of(key).fingerprint()).await.unwrap().is_some());
        }
        assert_eq!(there, [one.is_ok(), two.is_ok()]);
    }
}

#[tokio::test]
async fn a_code_ends_with_its_day_its_person_and_its_use() {
    let bastion = Bastion::start().await;
    let halves = issue(&bastion, "alice").await;
    let late = begin(&bastion.road, "alice", &halves, "brought").await.unwrap();
    let late = confirmed(&bastion, late);
    bastion.clock.advance(DAY);
    assert_eq!(told(&bastion, "alice", &halves).await, "authentication failed");
    let refused = bastion.road.finish_enrolment(late).await.unwrap_err().to_string();
    assert!(refused.contains("cannot be used any more"), "{refused}");

    let halves = issue(&bastion, "bob").await;
    let ready = begin(&bastion.road, "bob", &halves, "brought").await.unwrap();
    let ready = confirmed(&bastion, ready);
    bastion.suspend("bob").await;
    assert_eq!(told(&bastion, "bob", &halves).await, "authentication failed");
    assert!(bastion.road.finish_enrolment(ready).await.is_err());

    let halves = issue(&bastion, "carol").await;
    let newcomer = begin(&bastion.road, "carol", &halves, "brought").await.unwrap();
    bastion.road.finish_enrolment(confirmed(&bastion, newcomer)).await.unwrap();
    assert_eq!(told(&bastion, "carol", &halves).await, "authentication failed");
}

#[tokio::test]
async fn another_persons_key_is_not_enrolled_and_the_code_stays_good() {
    let bastion = Bastion::start().await;
    let halves = issue(&bastion, "alice").await;
    let newcomer = begin(&bastion.road, "alice", &halves, "bob").await.unwrap();
    let told = bastion.road.finish_enrolment(confirmed(&bastion, newcomer)).await.unwrap_err().to_string();
    assert!(told.contains("enrolled already"), "{told}");
    assert!(begin(&bastion.road, "alice", &halves, "brought").await.is_ok());
}

#[tokio::test]
async fn a_code_that_somebody_wrote_into_the_database_is_none() {
    let bastion = Bastion::start().await;
    write_code(&bastion, "alice").await;
    let halves = Halves(code(1).shown().to_string(), code(2).shown().to_string());
    assert_eq!(told(&bastion, "alice", &halves).await, "authentication failed");
}

#[tokio::test]
async fn a_recovery_code_stands_for_one_code_once_and_is_not_remembered() {
    let bastion = Bastion::start().await;
    let halves = issue(&bastion, "alice").await;
    let newcomer = begin(&bastion.road, "alice", &halves, "brought").await.unwrap();
    let recovery: Vec<_> = newcomer.recovery_codes().map(|code| code.to_string()).collect();
    bastion.road.finish_enrolment(confirmed(&bastion, newcomer)).await.unwrap();
    let who = log_in(&bastion, "brought", &recovery[4].to_lowercase()).await.unwrap();
    assert!(who.how().ends_with("+ recovery code"), "{}", who.how());
    assert!(
        log_in(&bastion, "brought", &recovery[4]).await.is_err(),
        "it is used, and nothing is remembered"
    );
    bastion.clock.advance(60);
    let _again = log_in(&bastion, "brought", &recovery[5]).await.unwrap();
}

#[tokio::test]
async fn a_recovery_code_that_somebody_wrote_into_the_database_is_none() {
    let bastion = Bastion::start().await;
    let person = bastion.store.person("alice").await.unwrap().unwrap().id;
    let hash = code(7).hash([9; 16]).unwrap().to_phc_string().to_string();
    bastion.store.put_recovery(&person, &[hash]).await.unwrap();
    assert!(log_in(&bastion, "alice", &code(7).shown()).await.is_err());
}

#[tokio::test]
async fn another_code_replaces_the_one_before() {
    let bastion = Bastion::start().await;
    let old = issue(&bastion, "alice").await;
    let new = issue(&bastion, "alice").await;
    assert_eq!(told(&bastion, "alice", &old).await, "authentication failed");
    let newcomer = begin(&bastion.road, "alice", &new, "brought").await.unwrap();
    bastion.road.finish_enrolment(confirmed(&bastion, newcomer)).await.unwrap();
    issue(&bastion, "alice").await;
}

#[tokio::test]
async fn a_used_recovery_code_that_somebody_writes_back_is_none() {
    let bastion = Bastion::start().await;
    let halves = issue(&bastion, "alice").await;
    let newcomer = begin(&bastion.road, "alice", &halves, "brought").await.unwrap();
    let recovery: Vec<_> = newcomer.recovery_codes().map(|code| code.to_string()).collect();
    bastion.road.finish_enrolment(confirmed(&bastion, newcomer)).await.unwrap();
    let person = bastion.store.person("alice").await.unwrap().unwrap().id;
    let all = bastion.store.recovery(&person).await.unwrap();
    let _who = log_in(&bastion, "brought", &recovery[0]).await.unwrap();
    bastion.store.put_recovery(&person, &all).await.unwrap();
    assert!(log_in(&bastion, "brought", &recovery[0]).await.is_err());
}
