//! People's own keys: a new one needs its holder's proof and somebody else's signature; one that goes is gone at once.

use access::administer::{Change, KEY_NAMESPACE};
use access::model::{Answer, RequestId};
use access::statement::NAMESPACE;

use crate::bastion::*;
use crate::keys::Key;

async fn with_ceremony() -> Bastion {
    let mut bastion = Bastion::start().await;
    bastion.ceremony().await;
    bastion
}

async fn challenge(bastion: &Bastion, name: &str, key: &Key) -> String {
    let told = bastion.ask_desk(name, "keys challenge", key.line().as_bytes()).await;
    assert_eq!(told.status, 0, "{told:?}");
    told.stdout
}

fn with_signature(challenge: &str, key: &Key, namespace: &str) -> Vec<u8> {
    [challenge.as_bytes(), &key.sign(namespace, challenge.as_bytes())].concat()
}

/// alice brings a key; returns the request.
async fn brought(bastion: &Bastion, key: &Key) -> RequestId {
    let asked = challenge(bastion, "alice", key).await;
    let told = bastion.ask_desk("alice", "keys add", &with_signature(&asked, key, KEY_NAMESPACE)).await;
    assert!(told.stdout.contains("waits as request 1"), "{told:?}");
    RequestId(1)
}

#[tokio::test]
async fn a_key_that_is_brought_counts_once_somebody_else_has_signed() {
    let bastion = with_ceremony().await;
    let key = Key::of("alice's second");
    let request = brought(&bastion, &key).await;
    let enters = async || bastion.road.enter_with_key("alice", &key.public(), HOME).await.is_ok();
    assert!(!enters().await, "nobody has agreed yet");
    assert!(bastion.answer("alice", request, Answer::Approve).await.is_err());
    assert_eq!(bastion.ask_desk("bob", "show 1", b"").await.status, 1, "it concerns no database lead");
    assert!(!enters().await);
    bastion.answer("sue", request, Answer::Approve).await.unwrap();
    assert!(enters().await);
    let listed = bastion.ask_desk("alice", "keys", b"").await.stdout;
    assert!(
        listed.contains(&key.fingerprint()) && listed.contains(&Key::of("alice").fingerprint()),
        "{listed}"
    );
}

#[tokio::test]
async fn without_the_proof_of_its_holder_no_key_is_brought() {
    let bastion = with_ceremony().await;
    let (key, other) = (Key::of("alice's second"), Key::of("somebody else"));
    let asked = challenge(&bastion, "alice", &key).await;
    let for_bob = challenge(&bastion, "bob", &key).await;
    let digits = asked.rfind('0').unwrap();
    let later = [&asked[..digits], "1", &asked[digits + 1..]].concat();
    for (why, input) in [
        ("another key has signed", with_signature(&asked, &other, KEY_NAMESPACE)),
        ("alice's own key has signed", with_signature(&asked, &Key::of("alice"), KEY_NAMESPACE)),
        ("signed as a decision", with_signature(&asked, &key, NAMESPACE)),
        ("a challenge for bob", with_signature(&for_bob, &key, KEY_NAMESPACE)),
        ("no signature", asked.clone().into_bytes()),
        ("edited", [later.as_bytes(), &key.sign(KEY_NAMESPACE, asked.as_bytes())].concat()),
        ("a moment that the gateway never named", {
            let forged = asked.replace(r#""until":"#, r#""until":9"#);
            with_signature(&forged, &key, KEY_NAMESPACE)
        }),
        ("nothing", vec![]),
    ] {
        let told = bastion.ask_desk("alice", "keys add", &input).await;
        assert!(told.status == 1 && told.stdout.is_empty(), "{why}: {told:?}");
    }
    bastion.clock.advance(15 * 60);
    let stale = bastion.ask_desk("alice", "keys add", &with_signature(&asked, &key, KEY_NAMESPACE)).await;
    assert!(stale.stderr.contains("the challenge is over"), "{stale:?}");
    assert_eq!(bastion.count("request"), 0);
}

#[tokio::test]
async fn nobody_brings_a_key_for_somebody_else() {
    let bastion = with_ceremony().await;
    let key = Key::of("alice's second");
    let asked = challenge(&bastion, "alice", &key).await;
    let until = serde_json::from_str::<serde_json::Value>(&asked).unwrap()["until"].as_i64().unwrap();
    let signature = String::from_utf8(key.sign(KEY_NAMESPACE, asked.as_bytes())).unwrap();
    let change = Change::KeyBring { name: "alice".into(), key: key.line(), until, signature };
    let json = serde_json::to_vec(&change).unwrap();
    for name in ["bob", "sue", "sam"] {
        let told = bastion.ask_desk(name, "change", &json).await;
        assert!(told.status == 1 && told.stdout.is_empty(), "{name}: {told:?}");
    }
    assert_eq!(bastion.count("request"), 0);
}

#[tokio::test]
async fn a_proof_that_was_exchanged_while_it_waited_makes_nothing() {
    let bastion = with_ceremony().await;
    let key = Key::of("alice's second");
    let request = brought(&bastion, &key).await;
    // Taken meanwhile by bob: what was signed for cannot be made any more.
    let add = Change::KeyAdd { name: "bob".into(), key: key.line() };
    bastion.ask_desk("sue", "change", &serde_json::to_vec(&add).unwrap()).await;
    for name in ["sam", "abe"] {
        bastion.answer(name, RequestId(2), Answer::Approve).await.unwrap();
    }
    assert!(bastion.answer("sue", request, Answer::Approve).await.is_err());
    assert!(bastion.road.enter_with_key("alice", &key.public(), HOME).await.is_err());
}

#[tokio::test]
async fn ones_own_key_goes_at_once_and_the_last_one_does_not() {
    let bastion = with_ceremony().await;
    let (first, second) = (Key::of("alice").fingerprint(), Key::of("alice's second"));
    let told = bastion.ask_desk("alice", &format!("keys remove {first}"), b"").await;
    assert!(told.status == 1 && told.stderr.contains("your last key"), "{told:?}");
    let request = brought(&bastion, &second).await;
    bastion.answer("sue", request, Answer::Approve).await.unwrap();
    for other in [Key::of("bob").fingerprint(), "SHA256:none".into()] {
        let told = bastion.ask_desk("alice", &format!("keys remove {other}"), b"").await;
        assert!(told.status == 1 && told.stderr.contains("you have no key"), "{told:?}");
    }
    let who = bastion.enter("alice").await;
    let told = bastion.road.desk(&who, &format!("keys remove {first}"), b"").await;
    assert_eq!((told.status, &*told.stdout), (0, "applied: key-remove\n"), "{told:?}");
    assert!(bastion.try_enter("alice").await.is_err(), "a removed key still lets in");
    assert!(bastion.road.desk(&who, "keys", b"").await.status == 1, "what it opened stays open");
    assert!(bastion.road.enter_with_key("alice", &second.public(), HOME).await.is_ok());
}

#[tokio::test]
async fn a_key_that_has_expired_does_not_make_the_last_one_removable() {
    let mut bastion = Bastion::start().await;
    let second = Key::of("alice's second");
    bastion.change(Change::KeyAdd { name: "alice".into(), key: second.line() }).await;
    let (name, fingerprint) = ("alice".to_owned(), second.fingerprint());
    let expires = Some(bastion.road.now().0 - 1);
    bastion.change(Change::KeyExpiry { name, fingerprint, expires }).await;
    bastion.ceremony().await;
    let first = Key::of("alice").fingerprint();
    let told = bastion.ask_desk("alice", &format!("keys remove {first}"), b"").await;
    assert!(told.stderr.contains("your last key"), "{told:?}");
}
