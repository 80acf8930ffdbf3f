//! Permits: one a request, ended once, changed by compare-and-swap; and the number that makes every node look again.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::model::{Permit, PermitId, PermitKind, RequestId, Timestamp};
use access::ports::{Store, StoreError};

use super::{Kept, RACERS, assert_exists, assert_missing, behaviours, race};
use crate::sample::{NOW, permit, person, person_id, request, session};

pub(super) async fn hold<S: Store + 'static>(make: &impl AsyncFn() -> S) {
    behaviours! { make =>
        permit_numbers_rise_also_in_a_race,
        a_permit_comes_back_as_added,
        a_request_yields_one_permit,
        of_racing_permits_of_one_request_one_is_added,
        a_permit_needs_a_holder_and_its_request,
        permits_live_until_their_time_or_their_end,
        an_emergency_stays_until_it_is_reviewed,
        permits_are_listed_newest_first,
        a_permit_changes_by_the_version_that_was_read,
        the_first_end_stays,
        a_reviewer_must_be_a_person,
        of_racing_ends_one_counts,
        stirring_is_counted,
    }
}

/// Alice, Bob, Alice's session and her first request.
async fn prepared<S: Store>(store: &S) -> Result<RequestId, StoreError> {
    for name in ["alice", "bob"] {
        store.add_person(&person(name)).await?;
    }
    store.add_session(&session(1, "alice")).await?;
    let id = store.next_request_id().await?;
    store.add_request(&request(id, "alice")).await?;
    Ok(id)
}

async fn permit_numbers_rise_also_in_a_race<S: Store + 'static>(store: Arc<S>) -> Kept {
    assert_eq!(store.next_permit_id().await?, PermitId(1));
    assert_eq!(store.next_request_id().await?, RequestId(1), "requests have numbers of their own");
    let numbers = race(&store, |store, _| async move { store.next_permit_id().await }).await;
    let distinct = numbers.into_iter().collect::<Result<BTreeSet<_>, _>>()?;
    assert_eq!(distinct.len() as u64, RACERS);
    Ok(())
}

async fn a_permit_comes_back_as_added<S: Store>(store: Arc<S>) -> Kept {
    let id = prepared(&*store).await?;
    let full = Permit {
        request: Some(id),
        terms: "{\"reason\":\"\u{202e}值班\"}".into(),
        ended: Some((NOW, "revoked".into())),
        reviewed: Some(person_id("bob")),
        version: 3,
        ..permit(1, "alice")
    };
    store.add_permit(&full).await?;
    assert_eq!(store.permit(PermitId(1)).await?, Some(full));
    assert_eq!(store.permit(PermitId(2)).await?, None);
    Ok(())
}

async fn a_request_yields_one_permit<S: Store>(store: Arc<S>) -> Kept {
    let id = prepared(&*store).await?;
    let first = Permit { request: Some(id), ..permit(1, "alice") };
    store.add_permit(&first).await?;
    assert_exists(store.add_permit(&Permit { id: PermitId(2), ..first.clone() }).await);
    assert_exists(store.add_permit(&Permit { request: None, ..first.clone() }).await);
    store.add_permit(&permit(3, "alice")).await?;
    store.add_permit(&permit(4, "alice")).await?;
    assert_eq!(store.permits(9).await?, [permit(4, "alice"), permit(3, "alice"), first]);
    Ok(())
}

async fn of_racing_permits_of_one_request_one_is_added<S: Store + 'static>(store: Arc<S>) -> Kept {
    let id = prepared(&*store).await?;
    let answers = race(&store, |store, _| async move {
        let number = store.next_permit_id().await?;
        store.add_permit(&Permit { id: number, request: Some(id), ..permit(0, "alice") }).await
    });
    let (won, lost): (Vec<_>, Vec<_>) = answers.await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), store.permits(99).await?.len()), (1, 1));
    lost.into_iter().for_each(assert_exists);
    Ok(())
}

async fn a_permit_needs_a_holder_and_its_request<S: Store>(store: Arc<S>) -> Kept {
    prepared(&*store).await?;
    assert_missing(store.add_permit(&permit(1, "nobody")).await);
    assert_missing(store.add_permit(&Permit { request: Some(RequestId(99)), ..permit(1, "alice") }).await);
    assert_eq!(store.permits(9).await?, []);
    Ok(())
}

async fn permits_live_until_their_time_or_their_end<S: Store>(store: Arc<S>) -> Kept {
    prepared(&*store).await?;
    let short = Permit { until: NOW.plus_seconds(10), ..permit(2, "alice") };
    let ended = Permit { ended: Some((NOW, "revoked".into())), ..permit(3, "alice") };
    for added in [&ended, &short, &permit(1, "alice")] {
        store.add_permit(added).await?;
    }
    assert_eq!(store.live_permits(NOW).await?, [permit(1, "alice"), short.clone()]);
    let last = Timestamp(short.until.0 - 1);
    assert_eq!(store.live_permits(last).await?.len(), 2);
    assert_eq!(store.live_permits(short.until).await?, [permit(1, "alice")], "`until` is exclusive");
    Ok(())
}

async fn an_emergency_stays_until_it_is_reviewed<S: Store>(store: Arc<S>) -> Kept {
    prepared(&*store).await?;
    let emergency = Permit { kind: PermitKind::Emergency, ..permit(1, "alice") };
    store.add_permit(&emergency).await?;
    let late = emergency.until.plus_seconds(9);
    assert_eq!(store.live_permits(late).await?, std::slice::from_ref(&emergency));
    let reviewed = Permit { reviewed: Some(person_id("bob")), ..emergency };
    assert!(store.set_permit(&reviewed).await?);
    assert_eq!(store.live_permits(late).await?, []);
    assert_eq!(store.live_permits(NOW).await?.len(), 1, "its time is not over by a review");
    Ok(())
}

async fn permits_are_listed_newest_first<S: Store>(store: Arc<S>) -> Kept {
    prepared(&*store).await?;
    for n in [2, 1, 3] {
        store.add_permit(&permit(n, "alice")).await?;
    }
    assert_eq!(store.permits(2).await?, [permit(3, "alice"), permit(2, "alice")]);
    assert_eq!(store.permits(0).await?, []);
    Ok(())
}

async fn a_permit_changes_by_the_version_that_was_read<S: Store>(store: Arc<S>) -> Kept {
    prepared(&*store).await?;
    store.add_permit(&permit(1, "alice")).await?;
    let ended = Permit { ended: Some((NOW, "revoked".into())), ..permit(1, "alice") };
    assert!(!store.set_permit(&Permit { version: 1, ..ended.clone() }).await?);
    assert!(!store.set_permit(&permit(9, "alice")).await?);
    assert_eq!(store.permit(PermitId(1)).await?, Some(permit(1, "alice")));
    let longer = Permit { until: Timestamp(i64::MAX), terms: "{}".into(), ..ended.clone() };
    assert!(store.set_permit(&longer).await?);
    let after = Permit { version: 1, ..ended };
    assert_eq!(store.permit(PermitId(1)).await?, Some(after), "nothing else changes: nothing lengthens it");
    Ok(())
}

async fn the_first_end_stays<S: Store>(store: Arc<S>) -> Kept {
    prepared(&*store).await?;
    let ended = Permit { ended: Some((NOW, "revoked".into())), ..permit(1, "alice") };
    store.add_permit(&ended).await?;
    assert!(store.set_permit(&permit(1, "alice")).await?, "an end is not taken back");
    let again = Some((NOW.plus_seconds(5), "killed".into()));
    assert!(store.set_permit(&Permit { ended: again, version: 1, ..permit(1, "alice") }).await?);
    assert_eq!(store.permit(PermitId(1)).await?, Some(Permit { version: 2, ..ended }));
    Ok(())
}

async fn a_reviewer_must_be_a_person<S: Store>(store: Arc<S>) -> Kept {
    prepared(&*store).await?;
    store.add_permit(&permit(1, "alice")).await?;
    let by_nobody = Permit { reviewed: Some(person_id("nobody")), ..permit(1, "alice") };
    assert_missing(store.set_permit(&by_nobody).await);
    assert_eq!(store.permit(PermitId(1)).await?, Some(permit(1, "alice")));
    Ok(())
}

async fn of_racing_ends_one_counts<S: Store + 'static>(store: Arc<S>) -> Kept {
    prepared(&*store).await?;
    store.add_permit(&permit(1, "alice")).await?;
    let end = |n: u64| Some((NOW.plus_seconds(n), format!("by {n}")));
    let set = race(&store, |store, n| async move {
        let won = store.set_permit(&Permit { ended: end(n), ..permit(1, "alice") }).await?;
        Ok::<_, StoreError>(won.then_some(n))
    });
    let wins: Vec<u64> =
        set.await.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    assert_eq!(wins.len(), 1);
    let row = store.permit(PermitId(1)).await?.map(|permit| (permit.ended, permit.version));
    assert_eq!(row, wins.first().map(|n| (end(*n), 1)));
    Ok(())
}

async fn stirring_is_counted<S: Store + 'static>(store: Arc<S>) -> Kept {
    let before = store.stirred().await?;
    assert_eq!(store.stirred().await?, before, "looking does not stir");
    let stirs = race(&store, |store, _| async move { store.stir().await }).await;
    stirs.into_iter().collect::<Result<(), _>>()?;
    assert_eq!(store.stirred().await?, before + RACERS as i64);
    Ok(())
}
