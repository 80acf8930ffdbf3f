//! Getting in: two factors, codes that work once, one answer for everybody else, and guesses that run out.

use std::collections::BTreeSet;
use std::net::IpAddr;

use access::administer::{Change, Secret};
use access::identity::FirstFactor;
use access::road::Entered;
use access::{Refusal, Road};

use crate::bastion::*;
use crate::keys::Key;

const PASSWORD: &str = "correct horse";

fn elsewhere() -> IpAddr {
    "198.51.100.9".parse().unwrap()
}

async fn with_password(name: &str) -> Bastion {
    let bastion = Bastion::start().await;
    let password = Secret(PASSWORD.to_owned().into());
    bastion.change(Change::PersonPassword { name: name.into(), password }).await;
    bastion
}

async fn add_key(bastion: &Bastion, name: &str, key: &str) {
    bastion.change(Change::KeyAdd { name: name.into(), key: Key::of(key).line() }).await;
}

/// The first factor of a login that still needs a code.
async fn first(road: &Road, name: &str, key: &str, source: IpAddr) -> FirstFactor {
    match road.enter_with_key(name, &Key::of(key).public(), source).await.unwrap() {
        Entered::NeedsCode(first) => first,
        Entered::Complete(who) => panic!("no code was asked for: {who:?}"),
    }
}

async fn needs_code(bastion: &Bastion, key: &str, source: IpAddr) -> bool {
    let entered = bastion.road.enter_with_key("alice", &Key::of(key).public(), source).await.unwrap();
    matches!(entered, Entered::NeedsCode(_))
}

async fn type_password(road: &Road, name: &str, typed: &str) -> Result<Entered, Refusal> {
    road.enter_with_password(name, typed, HOME).await
}

#[tokio::test]
async fn a_password_and_a_code_let_in_and_neither_does_alone() {
    let bastion = with_password("alice").await;
    let Entered::NeedsCode(first) = type_password(&bastion.road, "alice", PASSWORD).await.unwrap() else {
        panic!("no code was asked for")
    };
    assert_eq!(bastion.count("login"), 0);
    let who = bastion.road.second_factor(first, &bastion.code("alice"), HOME).await.unwrap();
    assert_eq!(who.how(), "password + totp");
    assert_eq!(bastion.story().last().unwrap(), "login");
}

#[tokio::test]
async fn a_code_works_once() {
    let bastion = Bastion::start().await;
    add_key(&bastion, "alice", "alice's second").await;
    let earlier = bastion.code("alice");
    bastion.clock.advance(30);
    let code = bastion.code("alice");
    let one = first(&bastion.road, "alice", "alice", HOME).await;
    let _who = bastion.road.second_factor(one, &code, HOME).await.unwrap();
    for used in [code, earlier] {
        let two = first(&bastion.road, "alice", "alice's second", HOME).await;
        let told = bastion.road.second_factor(two, &used, HOME).await.unwrap_err();
        assert_eq!(told.to_string(), "authentication failed");
    }
    bastion.clock.advance(30);
    let two = first(&bastion.road, "alice", "alice's second", HOME).await;
    let _who = bastion.road.second_factor(two, &bastion.code("alice"), HOME).await.unwrap();
}

#[tokio::test]
async fn a_code_works_once_across_connections_at_once() {
    for _ in 0..20 {
        let bastion = Bastion::start().await;
        let code = bastion.code("alice");
        let mut firsts = Vec::new();
        for _ in 0..3 {
            firsts.push(first(&bastion.road, "alice", "alice", HOME).await);
        }
        let tries: Vec<_> = firsts
            .into_iter()
            .map(|one| {
                let (road, code) = (bastion.road.clone(), code.clone());
                tokio::spawn(async move { road.second_factor(one, &code, HOME).await.is_ok() })
            })
            .collect();
        let mut entered = 0;
        for attempt in tries {
            entered += usize::from(attempt.await.unwrap());
        }
        assert_eq!((entered, bastion.count("login")), (1, 1));
    }
}

#[tokio::test]
async fn a_code_is_remembered_for_that_key_address_and_time_only() {
    let bastion = Bastion::start().await;
    add_key(&bastion, "alice", "alice's second").await;
    let _who = bastion.enter("alice").await;
    assert!(!needs_code(&bastion, "alice", HOME).await);
    assert!(!needs_code(&bastion, "alice", "::ffff:192.0.2.7".parse().unwrap()).await, "the same address");
    assert!(needs_code(&bastion, "alice's second", HOME).await);
    assert!(needs_code(&bastion, "alice", elsewhere()).await);
    bastion.clock.advance(8 * 3600 - 1);
    assert!(!needs_code(&bastion, "alice", HOME).await);
    bastion.clock.advance(1);
    assert!(needs_code(&bastion, "alice", HOME).await);
}

#[tokio::test]
async fn entering_with_a_remembered_code_does_not_prolong_it() {
    let bastion = Bastion::start().await;
    let _who = bastion.enter("alice").await;
    bastion.clock.advance(5 * 3600);
    let who = bastion.enter("alice").await;
    assert!(who.how().ends_with("(remembered)"));
    bastion.clock.advance(3 * 3600);
    assert!(needs_code(&bastion, "alice", HOME).await);
}

#[tokio::test]
async fn a_remembered_code_is_forgotten_with_what_it_stood_on() {
    let resume = Change::PersonResume { name: "alice".into() };
    let suspend = Change::PersonSuspend { name: "alice".into() };
    let remove = Change::KeyRemove { name: "alice".into(), fingerprint: Key::of("alice").fingerprint() };
    let enrol = Change::KeyAdd { name: "alice".into(), key: Key::of("alice").line() };
    let seed = Change::PersonTotp { name: "alice".into() };
    let password = Secret(PASSWORD.to_owned().into());
    let password = Change::PersonPassword { name: "alice".into(), password };
    for changes in [vec![suspend, resume], vec![remove, enrol], vec![seed], vec![password]] {
        let bastion = Bastion::start().await;
        let _who = bastion.enter("alice").await;
        for change in changes {
            bastion.change(change).await;
        }
        assert!(needs_code(&bastion, "alice", HOME).await);
    }
}

#[tokio::test]
async fn everybody_who_does_not_belong_gets_the_same_answer() {
    let bastion = with_password("alice").await;
    let password = Secret(PASSWORD.to_owned().into());
    bastion.change(Change::PersonPassword { name: "carol".into(), password }).await;
    bastion.suspend("carol").await;
    let mut told = BTreeSet::new();
    let long = "x".repeat(100_000);
    for (name, key) in [
        ("nobody", "alice"),
        ("alice", "stranger"),
        ("alice", "bob"),
        ("carol", "carol"),
        ("", "alice"),
        ("ALICE", "alice"),
        ("alice\n", "alice"),
        ("alice'--", "alice"),
        (&*long, "alice"),
    ] {
        let refused = bastion.road.enter_with_key(name, &Key::of(key).public(), HOME).await.unwrap_err();
        told.insert(format!("{refused:?}"));
        assert!(!bastion.road.knows_key(name, &Key::of(key).public()).await);
    }
    for (name, typed) in [
        ("nobody", PASSWORD),
        ("alice", "wrong"),
        ("alice", ""),
        ("bob", PASSWORD),
        ("carol", PASSWORD),
        ("carol", "wrong"),
        ("dave", &*long),
    ] {
        told.insert(format!("{:?}", type_password(&bastion.road, name, typed).await.unwrap_err()));
    }
    for code in ["000000", "", "1", "abcdef"] {
        let one = first(&bastion.road, "alice", "alice", HOME).await;
        told.insert(format!("{:?}", bastion.road.second_factor(one, code, HOME).await.unwrap_err()));
        bastion.clock.advance(60);
    }
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(bastion.count("login"), 0);
    assert_eq!(bastion.count("login-refused"), 20);
}

#[tokio::test]
async fn a_suspended_person_does_not_pass_a_code_that_was_asked_for_before() {
    let bastion = Bastion::start().await;
    let one = first(&bastion.road, "alice", "alice", HOME).await;
    bastion.suspend("alice").await;
    let _told = bastion.road.second_factor(one, &bastion.code("alice"), HOME).await.unwrap_err();
    assert_eq!(bastion.count("login"), 0);
}

#[tokio::test]
async fn a_key_revoked_between_the_factors_lets_nobody_in() {
    let bastion = Bastion::start().await;
    let one = first(&bastion.road, "alice", "alice", HOME).await;
    bastion.revoke("alice", "alice").await;
    let _told = bastion.road.second_factor(one, &bastion.code("alice"), HOME).await.unwrap_err();
    assert_eq!(bastion.count("login"), 0);
}

#[tokio::test]
async fn after_three_wrong_passwords_each_further_try_waits() {
    let bastion = with_password("alice").await;
    for _ in 0..3 {
        let _told = type_password(&bastion.road, "alice", "wrong").await.unwrap_err();
    }
    let _told = type_password(&bastion.road, "alice", PASSWORD).await.unwrap_err();
    assert_eq!(bastion.count("login-refused"), 3, "what is not tried is not entered");
    bastion.clock.advance(1);
    let _entered = type_password(&bastion.road, "alice", PASSWORD).await.unwrap();
    let _told = type_password(&bastion.road, "alice", "wrong").await.unwrap_err();
    let _entered = type_password(&bastion.road, "alice", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn ten_wrong_passwords_lock_the_password_and_not_the_key() {
    let bastion = with_password("alice").await;
    for _ in 0..10 {
        let _told = type_password(&bastion.road, "alice", "wrong").await.unwrap_err();
        bastion.clock.advance(64);
    }
    assert_eq!((bastion.count("login-refused"), bastion.count("lockout")), (10, 1));
    let _told = type_password(&bastion.road, "alice", PASSWORD).await.unwrap_err();
    let _who = bastion.enter("alice").await;
    let _session = bastion.session("alice", "web-1").await;
    bastion.clock.advance(900);
    let _entered = type_password(&bastion.road, "alice", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_name_that_nobody_has_is_locked_the_same_way() {
    let bastion = Bastion::start().await;
    for _ in 0..10 {
        let _told = type_password(&bastion.road, "nobody", "wrong").await.unwrap_err();
        bastion.clock.advance(64);
    }
    let _told = type_password(&bastion.road, "nobody", "wrong").await.unwrap_err();
    assert_eq!((bastion.count("login-refused"), bastion.count("lockout")), (10, 1));
}

#[tokio::test]
async fn ten_wrong_codes_lock_the_codes() {
    let bastion = Bastion::start().await;
    for _ in 0..10 {
        let one = first(&bastion.road, "alice", "alice", HOME).await;
        let _told = bastion.road.second_factor(one, "000000", HOME).await.unwrap_err();
        bastion.clock.advance(64);
    }
    let one = first(&bastion.road, "alice", "alice", HOME).await;
    let _told = bastion.road.second_factor(one, &bastion.code("alice"), HOME).await.unwrap_err();
    assert_eq!(bastion.count("lockout"), 1);
    bastion.clock.advance(900);
    let _who = bastion.enter("alice").await;
}

#[tokio::test]
async fn an_address_that_tries_many_names_is_shut_out_and_key_holders_behind_it_are_not() {
    let bastion = Bastion::start().await;
    for n in 0..50 {
        let _told =
            bastion.road.enter_with_password(&format!("name{n}"), "wrong", elsewhere()).await.unwrap_err();
        bastion.clock.advance(900);
    }
    bastion.clock.advance(0);
    let last = bastion.count("login-refused");
    for _ in 0..6 {
        let _told = bastion.road.enter_with_password("another", "wrong", elsewhere()).await.unwrap_err();
    }
    assert_eq!(bastion.count("login-refused"), last + 1, "a flood does not grow the ledger");
    let alices = Key::of("alice").public();
    let _entered = bastion.road.enter_with_key("alice", &alices, elsewhere()).await.unwrap();
    let _who = bastion.enter("alice").await;
}

/// Two dozen wrong passwords for alice, each from an address of its own.
async fn guess_at_once(bastion: &Bastion) {
    let guesses: Vec<_> = (0..24)
        .map(|n| {
            let road = bastion.road.clone();
            let source = IpAddr::from([203, 0, 113, n]);
            tokio::spawn(async move { road.enter_with_password("alice", "wrong", source).await.is_ok() })
        })
        .collect();
    for guess in guesses {
        assert!(!guess.await.unwrap());
    }
}

#[tokio::test]
async fn guesses_at_once_get_no_more_tries_than_one_after_the_other() {
    let bastion = with_password("alice").await;
    guess_at_once(&bastion).await;
    assert!(bastion.count("login-refused") <= 3, "{} were tried", bastion.count("login-refused"));
}

#[tokio::test]
async fn old_failures_are_forgotten_once_and_not_by_each_guess() {
    for round in 0..20 {
        let bastion = with_password("alice").await;
        for _ in 0..2 {
            let _told = type_password(&bastion.road, "alice", "wrong").await.unwrap_err();
        }
        bastion.clock.advance(2 * 24 * 3600);
        bastion.store.shuffle(round);
        guess_at_once(&bastion).await;
        let tried = bastion.count("login-refused");
        assert!(tried <= 2 + 3, "{tried} were tried in round {round}");
    }
}

#[tokio::test]
async fn codes_guessed_at_once_get_no_more_tries_either() {
    let bastion = Bastion::start().await;
    let mut guesses = Vec::new();
    for n in 0..24 {
        let one = first(&bastion.road, "alice", "alice", HOME).await;
        let (road, source) = (bastion.road.clone(), IpAddr::from([203, 0, 113, n]));
        guesses.push(tokio::spawn(async move { road.second_factor(one, "000000", source).await.is_ok() }));
    }
    for guess in guesses {
        assert!(!guess.await.unwrap());
    }
    assert!(bastion.count("login-refused") <= 3, "{} were tried", bastion.count("login-refused"));
}
