//! People: names are unique, codes work once.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::model::Person;
use access::ports::Store;

use super::{Kept, assert_exists, assert_missing, behaviours, race};
use crate::sample::{NOW, person, person_id};

pub(super) async fn hold<S: Store + 'static>(make: &impl AsyncFn() -> S) {
    behaviours! { make =>
        a_person_comes_back_as_added,
        text_comes_back_byte_for_byte,
        names_and_identifiers_are_unique,
        names_are_compared_exactly,
        people_are_listed_by_name,
        a_change_reaches_one_person_only,
        a_whole_record_is_replaced_but_for_the_last_step,
        nobody_cannot_be_changed,
        a_totp_step_works_once_and_only_forwards,
        of_racing_uses_of_one_step_one_wins,
        a_new_seed_forgets_the_last_step,
        without_a_seed_no_step_works,
    }
}

async fn a_person_comes_back_as_added<S: Store>(store: Arc<S>) -> Kept {
    let full = Person {
        totp_last_step: Some(52_749_472),
        team: Some("core".into()),
        expires: Some(NOW),
        ..person("alice")
    };
    let bare =
        Person { password: None, totp: None, groups: BTreeSet::new(), suspended: true, ..person("bob") };
    store.add_person(&full).await?;
    store.add_person(&bare).await?;
    assert_eq!(store.person("alice").await?.as_ref(), Some(&full));
    assert_eq!(store.person_by_id(&full.id).await?, Some(full));
    assert_eq!(store.person("bob").await?, Some(bare));
    assert_eq!(store.person("p-alice").await?, None);
    assert_eq!(store.person_by_id(&person_id("carol")).await?, None);
    Ok(())
}

async fn text_comes_back_byte_for_byte<S: Store>(store: Arc<S>) -> Kept {
    let awkward = "'; DROP TABLE people; -- \"%_\\ \u{202e}\u{1f511} 值班\n ";
    let odd = Person { groups: BTreeSet::from([awkward.into(), String::new()]), ..person(awkward) };
    store.add_person(&odd).await?;
    assert_eq!(store.person(awkward).await?, Some(odd));
    assert_eq!(store.person("%").await?, None);
    Ok(())
}

async fn names_and_identifiers_are_unique<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    assert_exists(store.add_person(&Person { id: person_id("other"), ..person("alice") }).await);
    assert_exists(store.add_person(&Person { name: "other".into(), ..person("alice") }).await);
    assert_eq!(store.people().await?, [person("alice")]);
    Ok(())
}

async fn names_are_compared_exactly<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.add_person(&person("Alice")).await?;
    assert_eq!(store.person("Alice").await?, Some(person("Alice")));
    assert_eq!(store.person("alice ").await?, None);
    Ok(())
}

async fn people_are_listed_by_name<S: Store>(store: Arc<S>) -> Kept {
    let first = Person { id: person_id("zz"), ..person("alice") };
    store.add_person(&person("carol")).await?;
    store.add_person(&first).await?;
    store.add_person(&person("bob")).await?;
    assert_eq!(store.people().await?, [first, person("bob"), person("carol")]);
    Ok(())
}

async fn a_change_reaches_one_person_only<S: Store>(store: Arc<S>) -> Kept {
    let (alice, groups) = (person_id("alice"), BTreeSet::from(["dba-leads".into(), "ops".into()]));
    store.add_person(&person("alice")).await?;
    store.add_person(&person("bob")).await?;
    store.set_groups(&alice, &groups).await?;
    store.set_suspended(&alice, true).await?;
    store.set_password(&alice, None).await?;
    let changed = Person { groups, suspended: true, password: None, ..person("alice") };
    assert_eq!(store.people().await?, [changed, person("bob")]);
    store.set_suspended(&alice, false).await?;
    store.set_password(&alice, Some("$argon2id$new")).await?;
    let again = store.person("alice").await?;
    assert_eq!(again.map(|p| (p.suspended, p.password)), Some((false, Some("$argon2id$new".into()))));
    Ok(())
}

async fn a_whole_record_is_replaced_but_for_the_last_step<S: Store>(store: Arc<S>) -> Kept {
    let alice = person_id("alice");
    store.add_person(&Person { team: Some("core".into()), expires: Some(NOW), ..person("alice") }).await?;
    store.add_person(&person("bob")).await?;
    store.use_totp_step(&alice, 100).await?;
    let other = Person { id: alice.clone(), suspended: true, totp: None, salt: [9; 16], ..person("ally") };
    store.set_person(&Person { totp_last_step: Some(1), ..other.clone() }).await?;
    let replaced = Person { totp_last_step: Some(100), ..other };
    assert_eq!(store.person_by_id(&alice).await?.as_ref(), Some(&replaced));
    assert_exists(store.set_person(&Person { id: alice.clone(), ..person("bob") }).await);
    assert_eq!(store.people().await?, [replaced, person("bob")]);
    Ok(())
}

async fn nobody_cannot_be_changed<S: Store>(store: Arc<S>) -> Kept {
    let nobody = person_id("nobody");
    assert_missing(store.set_groups(&nobody, &BTreeSet::new()).await);
    assert_missing(store.set_suspended(&nobody, true).await);
    assert_missing(store.set_password(&nobody, None).await);
    assert_missing(store.set_totp(&nobody, None).await);
    assert_missing(store.set_person(&person("nobody")).await);
    assert!(!store.use_totp_step(&nobody, 1).await?);
    Ok(())
}

async fn a_totp_step_works_once_and_only_forwards<S: Store>(store: Arc<S>) -> Kept {
    let alice = person_id("alice");
    store.add_person(&person("alice")).await?;
    assert!(store.use_totp_step(&alice, 100).await?);
    assert!(!store.use_totp_step(&alice, 100).await?, "a code works once");
    assert!(!store.use_totp_step(&alice, 99).await?, "an older code is spent too");
    assert!(store.use_totp_step(&alice, 101).await?);
    assert_eq!(store.person("alice").await?.and_then(|p| p.totp_last_step), Some(101));
    Ok(())
}

async fn of_racing_uses_of_one_step_one_wins<S: Store + 'static>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    let uses =
        race(&store, |store, _| async move { store.use_totp_step(&person_id("alice"), 7).await }).await;
    let accepted = uses.into_iter().collect::<Result<Vec<bool>, _>>()?;
    assert_eq!(accepted.iter().filter(|won| **won).count(), 1);
    Ok(())
}

async fn a_new_seed_forgets_the_last_step<S: Store>(store: Arc<S>) -> Kept {
    let alice = person_id("alice");
    store.add_person(&person("alice")).await?;
    store.use_totp_step(&alice, 100).await?;
    store.set_totp(&alice, Some(&[9, 9])).await?;
    let renewed = store.person("alice").await?;
    assert_eq!(renewed, Some(Person { totp: Some(vec![9, 9]), ..person("alice") }));
    assert!(store.use_totp_step(&alice, 50).await?);
    Ok(())
}

async fn without_a_seed_no_step_works<S: Store>(store: Arc<S>) -> Kept {
    let alice = person_id("alice");
    store.add_person(&person("alice")).await?;
    store.set_totp(&alice, None).await?;
    assert!(!store.use_totp_step(&alice, 1).await?);
    Ok(())
}
