//! Remembered factors hold for one person, first factor and address; no failure goes uncounted.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use access::model::{Attempts, RememberedFactor};
use access::ports::Store;

use super::{Kept, RACERS, assert_missing, behaviours, race};
use crate::sample::{NOW, SOURCE, factor, person, person_id};

pub(super) async fn hold<S: Store + 'static>(make: &impl AsyncFn() -> S) {
    behaviours! { make =>
        a_factor_is_remembered_for_one_person_factor_and_address,
        a_later_factor_replaces_an_earlier_one,
        forgetting_concerns_one_person,
        a_factor_needs_a_person,
        failures_are_counted_until_cleared,
        a_late_report_does_not_move_the_last_failure_back,
        racing_failures_all_count,
    }
}

async fn a_factor_is_remembered_for_one_person_factor_and_address<S: Store>(store: Arc<S>) -> Kept {
    let (alice, elsewhere) = (person_id("alice"), IpAddr::V6(Ipv6Addr::LOCALHOST));
    let distant = RememberedFactor { source: elsewhere, passed: NOW.plus_seconds(9), ..factor("alice") };
    store.add_person(&person("alice")).await?;
    store.add_person(&person("bob")).await?;
    store.remember(&factor("alice")).await?;
    store.remember(&distant).await?;
    assert_eq!(store.remembered(&alice, "password", SOURCE).await?, Some(factor("alice")));
    assert_eq!(store.remembered(&alice, "password", elsewhere).await?, Some(distant));
    assert_eq!(store.remembered(&alice, "SHA256:alice-1", SOURCE).await?, None);
    assert_eq!(store.remembered(&person_id("bob"), "password", SOURCE).await?, None);
    Ok(())
}

async fn a_later_factor_replaces_an_earlier_one<S: Store>(store: Arc<S>) -> Kept {
    let later = RememberedFactor { passed: NOW.plus_seconds(60), ..factor("alice") };
    store.add_person(&person("alice")).await?;
    store.remember(&factor("alice")).await?;
    store.remember(&later).await?;
    assert_eq!(store.remembered(&later.person, "password", SOURCE).await?, Some(later));
    Ok(())
}

async fn forgetting_concerns_one_person<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.add_person(&person("bob")).await?;
    store.remember(&factor("alice")).await?;
    store.remember(&factor("bob")).await?;
    store.forget(&person_id("alice")).await?;
    store.forget(&person_id("nobody")).await?;
    assert_eq!(store.remembered(&person_id("alice"), "password", SOURCE).await?, None);
    assert_eq!(store.remembered(&person_id("bob"), "password", SOURCE).await?, Some(factor("bob")));
    Ok(())
}

async fn a_factor_needs_a_person<S: Store>(store: Arc<S>) -> Kept {
    assert_missing(store.remember(&factor("nobody")).await);
    Ok(())
}

async fn failures_are_counted_until_cleared<S: Store>(store: Arc<S>) -> Kept {
    assert_eq!(store.attempts("alice").await?, Attempts::default());
    assert_eq!(store.count_failure("alice", 100).await?, Attempts { failures: 1, last: 100 });
    assert_eq!(store.count_failure("alice", 105).await?, Attempts { failures: 2, last: 105 });
    assert_eq!(store.attempts("alice").await?, Attempts { failures: 2, last: 105 });
    assert_eq!(store.attempts("bob").await?, Attempts::default());
    store.clear_failures("alice").await?;
    store.clear_failures("bob").await?;
    assert_eq!(store.attempts("alice").await?, Attempts::default());
    Ok(())
}

async fn a_late_report_does_not_move_the_last_failure_back<S: Store>(store: Arc<S>) -> Kept {
    store.count_failure("alice", 100).await?;
    assert_eq!(store.count_failure("alice", 40).await?, Attempts { failures: 2, last: 100 });
    Ok(())
}

async fn racing_failures_all_count<S: Store + 'static>(store: Arc<S>) -> Kept {
    let states = race(&store, |store, n| async move { store.count_failure("alice", n).await }).await;
    let counts = states.into_iter().map(|state| Ok(u64::from(state?.failures)));
    let mut counts = counts.collect::<Result<Vec<_>, access::ports::StoreError>>()?;
    counts.sort_unstable();
    assert!(counts.into_iter().eq(1..=RACERS), "each failure sees its own count");
    Ok(())
}
