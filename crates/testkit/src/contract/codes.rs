//! Codes and consents: a code works once, new codes replace old ones, the first acceptance of a notice counts.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::model::Enrolment;
use access::ports::Store;

use super::{Kept, RACERS, assert_exists, assert_missing, behaviours, race};
use crate::sample::{NOW, person, person_id};

pub(super) async fn hold<S: Store + 'static>(make: &impl AsyncFn() -> S) {
    behaviours! { make =>
        a_new_enrolment_code_replaces_the_old_one,
        an_enrolment_code_works_once,
        of_racing_uses_of_one_enrolment_one_wins,
        recovery_codes_are_replaced_all_or_none,
        a_recovery_code_works_once_for_its_owner,
        of_racing_uses_of_one_recovery_code_one_wins,
        racing_sets_of_recovery_codes_never_mix,
        codes_need_a_person,
        the_first_consent_to_a_version_counts,
    }
}

fn enrolment(n: u64) -> Enrolment {
    Enrolment {
        person: person_id("alice"),
        hash: format!("$argon2id$code-{n}"),
        expires: NOW.plus_seconds(n),
    }
}

fn hashes(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("$argon2id${name}")).collect()
}

async fn left<S: Store>(store: &S) -> Result<BTreeSet<String>, access::ports::StoreError> {
    Ok(store.recovery(&person_id("alice")).await?.into_iter().collect())
}

async fn a_new_enrolment_code_replaces_the_old_one<S: Store>(store: Arc<S>) -> Kept {
    let alice = person_id("alice");
    store.add_person(&person("alice")).await?;
    assert_eq!(store.enrolment(&alice).await?, None);
    store.put_enrolment(&alice, Some(&enrolment(1))).await?;
    store.put_enrolment(&alice, Some(&enrolment(2))).await?;
    assert_eq!(store.enrolment(&alice).await?, Some(enrolment(2)));
    assert!(!store.use_enrolment(&enrolment(1)).await?, "the old one is void");
    store.put_enrolment(&alice, None).await?;
    store.put_enrolment(&alice, None).await?;
    assert_eq!(store.enrolment(&alice).await?, None);
    Ok(())
}

async fn an_enrolment_code_works_once<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.put_enrolment(&person_id("alice"), Some(&enrolment(1))).await?;
    assert!(!store.use_enrolment(&Enrolment { expires: NOW.plus_seconds(9), ..enrolment(1) }).await?);
    assert!(!store.use_enrolment(&Enrolment { person: person_id("bob"), ..enrolment(1) }).await?);
    assert!(store.use_enrolment(&enrolment(1)).await?);
    assert!(!store.use_enrolment(&enrolment(1)).await?);
    Ok(())
}

async fn of_racing_uses_of_one_enrolment_one_wins<S: Store + 'static>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.put_enrolment(&person_id("alice"), Some(&enrolment(1))).await?;
    let uses = race(&store, |store, _| async move { store.use_enrolment(&enrolment(1)).await }).await;
    let taken = uses.into_iter().collect::<Result<Vec<bool>, _>>()?;
    assert_eq!(taken.iter().filter(|won| **won).count(), 1);
    Ok(())
}

async fn recovery_codes_are_replaced_all_or_none<S: Store>(store: Arc<S>) -> Kept {
    let alice = person_id("alice");
    store.add_person(&person("alice")).await?;
    store.put_recovery(&alice, &hashes(&["a", "b"])).await?;
    store.put_recovery(&alice, &hashes(&["b", "c"])).await?;
    assert_eq!(left(&*store).await?, hashes(&["b", "c"]).into_iter().collect());
    assert_exists(store.put_recovery(&alice, &hashes(&["d", "e", "d"])).await);
    assert_eq!(left(&*store).await?, hashes(&["b", "c"]).into_iter().collect(), "the old ones still work");
    store.put_recovery(&alice, &[]).await?;
    assert_eq!(left(&*store).await?, BTreeSet::new());
    Ok(())
}

async fn a_recovery_code_works_once_for_its_owner<S: Store>(store: Arc<S>) -> Kept {
    let (alice, bob) = (person_id("alice"), person_id("bob"));
    store.add_person(&person("alice")).await?;
    store.add_person(&person("bob")).await?;
    store.put_recovery(&alice, &hashes(&["a", "b"])).await?;
    assert!(!store.use_recovery(&bob, "$argon2id$a").await?);
    assert!(!store.use_recovery(&alice, "$argon2id$z").await?);
    assert!(store.use_recovery(&alice, "$argon2id$a").await?);
    assert!(!store.use_recovery(&alice, "$argon2id$a").await?);
    assert_eq!(left(&*store).await?, hashes(&["b"]).into_iter().collect());
    Ok(())
}

async fn of_racing_uses_of_one_recovery_code_one_wins<S: Store + 'static>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.put_recovery(&person_id("alice"), &hashes(&["a", "b"])).await?;
    let uses =
        race(&store, |store, _| async move { store.use_recovery(&person_id("alice"), "$argon2id$a").await });
    let taken = uses.await.into_iter().collect::<Result<Vec<bool>, _>>()?;
    assert_eq!(taken.iter().filter(|won| **won).count(), 1);
    assert_eq!(left(&*store).await?.len(), 1);
    Ok(())
}

/// Each task puts two codes of its own: at the end there are the two of one task.
async fn racing_sets_of_recovery_codes_never_mix<S: Store + 'static>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    let pair = |n: u64| vec![format!("{n}-a"), format!("{n}-b")];
    let puts =
        race(&store, |store, n| async move { store.put_recovery(&person_id("alice"), &pair(n)).await });
    puts.await.into_iter().collect::<Result<(), _>>()?;
    let left = left(&*store).await?;
    assert!((0..RACERS).any(|n| left == pair(n).into_iter().collect()), "{left:?}");
    Ok(())
}

async fn codes_need_a_person<S: Store>(store: Arc<S>) -> Kept {
    let nobody = person_id("alice");
    assert_missing(store.put_enrolment(&nobody, Some(&enrolment(1))).await);
    assert_missing(store.put_recovery(&nobody, &hashes(&["a"])).await);
    assert_missing(store.add_consent(&nobody, "1", NOW).await);
    store.put_enrolment(&nobody, None).await?;
    assert_eq!((store.enrolment(&nobody).await?, left(&*store).await?), (None, BTreeSet::new()));
    Ok(())
}

async fn the_first_consent_to_a_version_counts<S: Store>(store: Arc<S>) -> Kept {
    let alice = person_id("alice");
    store.add_person(&person("alice")).await?;
    assert_eq!(store.consent(&alice, "1").await?, None);
    store.add_consent(&alice, "1", NOW).await?;
    store.add_consent(&alice, "1", NOW.plus_seconds(5)).await?;
    store.add_consent(&alice, "2", NOW.plus_seconds(9)).await?;
    assert_eq!(store.consent(&alice, "1").await?, Some(NOW));
    assert_eq!(store.consent(&alice, "2").await?, Some(NOW.plus_seconds(9)));
    assert_eq!(store.consent(&person_id("bob"), "1").await?, None);
    Ok(())
}
