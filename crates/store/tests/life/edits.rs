//! Rows that somebody edits past the road: what is put back is what was there, and opens nothing that was used up.

use access::entry::Event;
use access::model::PersonKey;
use testkit::keys::Key;

use crate::world::{Place, World, groups};

#[tokio::test]
async fn a_key_that_is_put_back_names_the_entry_that_enrolled_it() {
    let world = World::new(|folder| Place::File(folder.join("state.db"))).await;
    let fingerprint = Key::of("bob").fingerprint();
    let key = world.eye.key(&fingerprint).await.unwrap().unwrap();
    world.eye.remove_key(&key.person, &fingerprint).await.unwrap();
    world.nodes[0].inspect(true).await.unwrap();
    let back = world.eye.key(&fingerprint).await.unwrap().unwrap();
    let entry = &world.ledger.entries()[usize::try_from(back.enrolled_at).unwrap()].event;
    assert!(matches!(entry, Event::Key { fingerprint: of, .. } if *of == fingerprint), "{entry:?}");
    assert_eq!(back, PersonKey { last_used: None, enrolled_at: back.enrolled_at, ..key });
}

#[tokio::test]
async fn no_code_passes_twice_because_a_person_was_put_back() {
    let world = World::new(|folder| Place::File(folder.join("state.db"))).await;
    let bob = world.eye.person("bob").await.unwrap().unwrap();
    let used = bob.totp_last_step.unwrap();
    world.eye.set_groups(&bob.id, &groups("alice", true)).await.unwrap();
    // This forgets which code was the last.
    world.eye.set_totp(&bob.id, bob.totp.as_deref()).await.unwrap();
    world.nodes[0].inspect(true).await.unwrap();
    let back = world.eye.person("bob").await.unwrap().unwrap();
    assert_eq!((&back.groups, &back.totp), (&bob.groups, &bob.totp));
    assert!(!world.eye.use_totp_step(&bob.id, used).await.unwrap());
}
