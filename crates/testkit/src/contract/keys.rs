//! Keys: a key is one person's, and the last use of it is known.

use std::sync::Arc;

use access::model::{Device, PersonKey};
use access::ports::Store;

use super::{Kept, assert_exists, assert_missing, behaviours, race};
use crate::sample::{NOW, key, person, person_id};

pub(super) async fn hold<S: Store + 'static>(make: &impl AsyncFn() -> S) {
    behaviours! { make =>
        a_fingerprint_belongs_to_one_person,
        of_racing_enrolments_of_one_key_one_wins,
        keys_are_listed_in_order_of_enrolment,
        only_its_owner_loses_a_key,
        a_key_needs_a_person,
        a_key_comes_back_as_added,
        putting_a_key_replaces_its_record,
        another_persons_key_is_not_replaced,
        of_racing_puts_of_one_key_one_person_has_it,
        the_last_use_of_a_key_is_kept,
        all_keys_are_everybodys,
    }
}

async fn a_fingerprint_belongs_to_one_person<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.add_person(&person("bob")).await?;
    store.add_key(&key("alice", 1)).await?;
    assert_exists(store.add_key(&key("alice", 1)).await);
    assert_exists(store.add_key(&PersonKey { person: person_id("bob"), ..key("alice", 1) }).await);
    assert_eq!(store.key("SHA256:alice-1").await?, Some(key("alice", 1)));
    assert_eq!(store.keys(&person_id("bob")).await?, []);
    Ok(())
}

async fn of_racing_enrolments_of_one_key_one_wins<S: Store + 'static>(store: Arc<S>) -> Kept {
    let owner = |n: u64| if n.is_multiple_of(2) { "alice" } else { "bob" };
    store.add_person(&person("alice")).await?;
    store.add_person(&person("bob")).await?;
    let shared = move |n| PersonKey { person: person_id(owner(n)), ..key("shared", 1) };
    let answers = race(&store, |store, n| async move { store.add_key(&shared(n)).await }).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    lost.into_iter().for_each(assert_exists);
    Ok(())
}

async fn keys_are_listed_in_order_of_enrolment<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.add_person(&person("bob")).await?;
    for enrolled in [key("alice", 20), key("bob", 5), key("alice", 3)] {
        store.add_key(&enrolled).await?;
    }
    assert_eq!(store.keys(&person_id("alice")).await?, [key("alice", 3), key("alice", 20)]);
    Ok(())
}

async fn only_its_owner_loses_a_key<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.add_person(&person("bob")).await?;
    store.add_key(&key("alice", 1)).await?;
    assert_missing(store.remove_key(&person_id("bob"), "SHA256:alice-1").await);
    store.remove_key(&person_id("alice"), "SHA256:alice-1").await?;
    assert_eq!(store.key("SHA256:alice-1").await?, None);
    assert_missing(store.remove_key(&person_id("alice"), "SHA256:alice-1").await);
    Ok(())
}

async fn a_key_needs_a_person<S: Store>(store: Arc<S>) -> Kept {
    assert_missing(store.add_key(&key("nobody", 1)).await);
    assert_eq!(store.key("SHA256:nobody-1").await?, None);
    Ok(())
}

/// A device-bound key that ends.
fn bound() -> PersonKey {
    let expires = Some(NOW.plus_seconds(9));
    PersonKey { device: Some(Device::SecurityKey), expires, last_used: Some(NOW), ..key("alice", 1) }
}

async fn a_key_comes_back_as_added<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    let certified = PersonKey { device: Some(Device::Certified), ..key("alice", 2) };
    store.add_key(&bound()).await?;
    store.add_key(&certified).await?;
    assert_eq!(store.keys(&person_id("alice")).await?, [bound(), certified]);
    Ok(())
}

async fn putting_a_key_replaces_its_record<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.put_key(&key("alice", 1)).await?;
    assert_eq!(store.key("SHA256:alice-1").await?, Some(key("alice", 1)));
    store.put_key(&bound()).await?;
    assert_eq!(store.key("SHA256:alice-1").await?, Some(bound()));
    let moved = PersonKey { enrolled_at: 7, line: "ssh-ed25519 other".into(), ..key("alice", 1) };
    store.put_key(&moved).await?;
    let kept = PersonKey { last_used: Some(NOW), ..moved };
    assert_eq!(store.all_keys().await?, [kept], "only the use that was noted stays");
    Ok(())
}

async fn another_persons_key_is_not_replaced<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.add_person(&person("bob")).await?;
    store.put_key(&key("alice", 1)).await?;
    assert_exists(store.put_key(&PersonKey { person: person_id("bob"), ..key("alice", 1) }).await);
    assert_eq!(store.all_keys().await?, [key("alice", 1)]);
    assert_missing(store.put_key(&key("nobody", 1)).await);
    Ok(())
}

async fn of_racing_puts_of_one_key_one_person_has_it<S: Store + 'static>(store: Arc<S>) -> Kept {
    let owner = |n: u64| if n.is_multiple_of(2) { "alice" } else { "bob" };
    store.add_person(&person("alice")).await?;
    store.add_person(&person("bob")).await?;
    let answers = race(&store, |store, n| async move {
        let put = store.put_key(&PersonKey { person: person_id(owner(n)), ..key("shared", 1) }).await;
        (person_id(owner(n)), put)
    });
    let answers = answers.await;
    let owner = store.key("SHA256:shared-1").await?.map(|key| key.person);
    for (person, put) in answers {
        match put {
            Ok(()) => assert_eq!(Some(person), owner),
            refused => assert_exists(refused),
        }
    }
    Ok(())
}

async fn the_last_use_of_a_key_is_kept<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.add_key(&key("alice", 1)).await?;
    for seconds in [5, 9, 7] {
        store.touch_key("SHA256:alice-1", NOW.plus_seconds(seconds)).await?;
    }
    let used = PersonKey { last_used: Some(NOW.plus_seconds(9)), ..key("alice", 1) };
    assert_eq!(store.key("SHA256:alice-1").await?, Some(used));
    store.touch_key("SHA256:gone", NOW).await?;
    Ok(())
}

async fn all_keys_are_everybodys<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.add_person(&person("bob")).await?;
    for enrolled in [key("bob", 2), key("alice", 3), key("alice", 1)] {
        store.add_key(&enrolled).await?;
    }
    assert_eq!(store.all_keys().await?, [key("alice", 1), key("bob", 2), key("alice", 3)]);
    Ok(())
}
