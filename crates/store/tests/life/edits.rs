//! Rows that somebody edits past the road: what is put back is what was there, and opens nothing that was used up.

use access::entry::Event;
use access::model::{Account, PersonKey, Target};
use testkit::keys::Key;

use crate::world::{Place, World, groups};

#[tokio::test]
async fn a_row_that_nobody_entered_is_as_if_it_were_not_there() {
    let world = World::new(|folder| Place::File(folder.join("state.db"))).await;
    let (eye, shown) = (&world.eye, world.nodes[0].store());
    let [bob, carol] = [&world.ids["bob"], &world.ids["carol"]];
    eye.set_groups(bob, &groups("alice", true)).await.unwrap();
    assert_eq!(shown.person("bob").await.unwrap(), None);
    assert_eq!(shown.person_by_id(bob).await.unwrap(), None);
    assert!(shown.people().await.unwrap().iter().all(|person| person.name != "bob"));
    let key = eye.key(&Key::of("carol").fingerprint()).await.unwrap().unwrap();
    let (fingerprint, line) = (Key::of("mallory").fingerprint(), Key::of("mallory").line());
    eye.put_key(&PersonKey { fingerprint: fingerprint.clone(), line, ..key.clone() }).await.unwrap();
    assert_eq!(shown.key(&fingerprint).await.unwrap(), None);
    assert_eq!(shown.keys(carol).await.unwrap(), [key]);
    let account = eye.account("db-1", "root").await.unwrap().unwrap();
    eye.put_account(&Account { login: "admin".into(), ..account }).await.unwrap();
    assert!(shown.account("db-1", "admin").await.unwrap().is_none());
    let target = eye.target("db-1").await.unwrap().unwrap();
    eye.set_target(&Target { host: "elsewhere.example.org".into(), ..target }).await.unwrap();
    assert_eq!(shown.target("db-1").await.unwrap(), None);
    assert_eq!(world.nodes[0].register().findings().len(), 4);
}

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
