//! What has expired neither enters nor signs; only who holds both factors is told why.

use access::Refusal;
use access::entry::Event;
use access::identity::VerifiedIdentity;
use access::model::{Answer, PersonKey, Timestamp};
use access::ports::Store;
use access::road::Entered;

use crate::bastion::*;
use crate::keys::Key;

/// How long what expires lasts from the start of a test.
const LASTS: u64 = 600;

/// Gives `name` another key, which ends in ten minutes.
async fn lend_key(bastion: &Bastion, name: &str, key: &str) {
    let person = bastion.store.person(name).await.unwrap().unwrap().id;
    let key = Key::of(key);
    let row = PersonKey {
        person,
        fingerprint: key.fingerprint(),
        line: key.line(),
        enrolled_at: 0,
        device: None,
        expires: Some(bastion.road.now().plus_seconds(LASTS)),
        last_used: None,
    };
    let change = "enrolled".to_owned();
    let entry = Event::Key { person: row.person.0.clone(), fingerprint: row.fingerprint.clone(), change };
    bastion.road.note(entry).await.unwrap();
    bastion.store.add_key(&row).await.unwrap();
}

/// A login with that key and that code.
async fn try_with(bastion: &Bastion, name: &str, key: &str, code: &str) -> Result<VerifiedIdentity, Refusal> {
    match bastion.road.enter_with_key(name, &Key::of(key).public(), HOME).await? {
        Entered::Complete(who) => Ok(who),
        Entered::NeedsCode(first) => bastion.road.second_factor(first, code, HOME).await,
    }
}

#[tokio::test]
async fn an_expired_key_lets_nobody_in_and_its_holder_is_told() {
    let bastion = Bastion::start().await;
    lend_key(&bastion, "alice", "lent").await;
    let _who = try_with(&bastion, "alice", "lent", &bastion.code("alice")).await.unwrap();
    bastion.clock.advance(LASTS);
    let remembered = bastion.road.enter_with_key("alice", &Key::of("lent").public(), HOME).await.unwrap_err();
    assert!(remembered.is_plain() && remembered.to_string().contains("expired on"), "{remembered}");
    let before = bastion.count("login");
    let person = bastion.store.person("alice").await.unwrap().unwrap().id;
    bastion.store.forget(&person).await.unwrap();
    let told = try_with(&bastion, "alice", "lent", &bastion.code("alice")).await.unwrap_err();
    assert!(told.is_plain() && told.to_string().contains("expired on"), "{told}");
    assert_eq!(bastion.count("login"), before);
}

#[tokio::test]
async fn a_guesser_does_not_learn_that_a_key_has_expired() {
    let bastion = Bastion::start().await;
    lend_key(&bastion, "alice", "lent").await;
    bastion.clock.advance(LASTS);
    let told = try_with(&bastion, "alice", "lent", "000000").await.unwrap_err();
    assert!(!told.is_plain());
    assert_eq!(told.to_string(), "authentication failed");
}

#[tokio::test]
async fn a_key_that_expires_ends_what_its_holder_has_open() {
    let bastion = Bastion::start().await;
    lend_key(&bastion, "alice", "lent").await;
    let who = try_with(&bastion, "alice", "lent", &bastion.code("alice")).await.unwrap();
    assert_eq!(bastion.road.desk(&who, "targets", b"").await.status, 0);
    bastion.clock.advance(LASTS);
    let told = bastion.road.desk(&who, "targets", b"").await;
    assert!(told.status == 1 && told.stderr.contains("expired on"), "{told:?}");
}

#[tokio::test]
async fn an_expired_key_does_not_sign() {
    let bastion = Bastion::start().await;
    lend_key(&bastion, "bob", "lent").await;
    bastion.clock.advance(LASTS);
    let pending = bastion.held().await;
    let told = bastion.answer_with("bob", "lent", pending.id(), Answer::Approve).await.unwrap_err();
    assert!(told.to_string().contains("has expired"), "{told}");
    assert_eq!(bastion.count("approval"), 0);
}

#[tokio::test]
async fn a_signature_stops_counting_when_its_key_expires() {
    let bastion = Bastion::start().await;
    lend_key(&bastion, "bob", "lent").await;
    bastion.clock.advance(LASTS - 30);
    let pending = bastion.held().await;
    bastion.answer_with("bob", "lent", pending.id(), Answer::Approve).await.unwrap();
    bastion.answer("carol", pending.id(), Answer::Approve).await.unwrap();
    bastion.clock.advance(30);
    bastion.cannot_claim(pending).await;
}

#[tokio::test]
async fn an_expired_account_lets_nobody_in_and_its_signature_does_not_count() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    let mut carol = bastion.store.person("carol").await.unwrap().unwrap();
    carol.expires = Some(Timestamp(bastion.road.now().0 - 1));
    bastion.store.set_person(&carol).await.unwrap();
    let told = bastion.try_enter("carol").await.unwrap_err();
    assert!(told.is_plain() && told.to_string().contains("account expired on"), "{told}");
    bastion.cannot_claim(pending).await;
}

#[tokio::test]
async fn the_use_of_a_key_is_noted() {
    let bastion = Bastion::start().await;
    let used =
        || async { bastion.store.key(&Key::of("bob").fingerprint()).await.unwrap().unwrap().last_used };
    assert_eq!(used().await, None);
    let pending = bastion.held().await;
    bastion.clock.advance(60);
    bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
    assert_eq!(used().await, Some(bastion.road.now()));
}
