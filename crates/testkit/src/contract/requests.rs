//! Requests: numbers are never reused, a request is settled once, a person answers once, and nobody answers late.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::model::{Answer, Decision, Request, RequestId, RequestKind, RequestState};
use access::ports::{Store, StoreError};

use super::{Kept, RACERS, assert_exists, assert_missing, behaviours, race};
use crate::sample::{decision, person, person_id, request, session, session_id};

const ENDS: [RequestState; 5] = [
    RequestState::Used,
    RequestState::Denied,
    RequestState::Expired,
    RequestState::Abandoned,
    RequestState::Refused,
];

pub(super) async fn hold<S: Store + 'static>(make: &impl AsyncFn() -> S) {
    behaviours! { make =>
        request_numbers_rise,
        racing_tasks_get_different_numbers,
        a_request_comes_back_as_added,
        a_request_of_another_kind_needs_no_session,
        numbers_nonces_and_digests_are_unique,
        a_request_needs_a_session_and_a_person,
        only_waiting_requests_wait,
        requests_are_listed_newest_first,
        a_settled_request_has_its_state_and_the_next_version,
        settling_takes_the_version_that_was_read,
        a_settled_request_never_changes_again,
        nothing_is_settled_as_waiting,
        of_racing_settlements_one_wins,
        decisions_come_back_in_order_of_arrival,
        a_decision_leaves_the_request_as_it_was,
        a_person_answers_once,
        of_racing_answers_of_one_person_one_counts,
        racing_answers_of_different_people_all_count,
        a_settled_request_takes_no_decision,
        no_decision_slips_in_after_settlement,
        a_decision_needs_a_request_and_a_person,
    }
}

/// Alice, Bob and Carol, Alice's session, and her waiting request.
async fn held<S: Store>(store: &S) -> Result<RequestId, StoreError> {
    for name in ["alice", "bob", "carol"] {
        store.add_person(&person(name)).await?;
    }
    store.add_session(&session(1, "alice")).await?;
    ask(store).await
}

async fn ask<S: Store>(store: &S) -> Result<RequestId, StoreError> {
    let id = store.next_request_id().await?;
    store.add_request(&request(id, "alice")).await?;
    Ok(id)
}

async fn request_numbers_rise<S: Store>(store: Arc<S>) -> Kept {
    assert_eq!(store.next_request_id().await?, RequestId(1));
    assert_eq!(store.next_request_id().await?, RequestId(2), "also when the first was not used");
    Ok(())
}

async fn racing_tasks_get_different_numbers<S: Store + 'static>(store: Arc<S>) -> Kept {
    let numbers = race(&store, |store, _| async move { store.next_request_id().await }).await;
    let distinct = numbers.into_iter().collect::<Result<BTreeSet<_>, _>>()?;
    assert_eq!(distinct.len() as u64, RACERS);
    Ok(())
}

async fn a_request_comes_back_as_added<S: Store>(store: Arc<S>) -> Kept {
    held(&*store).await?;
    let id = store.next_request_id().await?;
    let odd = Request {
        text: vec![0, 0xff, b'\n', 0x1b],
        run: "'r\u{202e}m' '\0'".into(),
        channel: u32::MAX,
        quorums: vec!["z".into(), "a".into(), "z".into()],
        effects: BTreeSet::new(),
        version: 7,
        ..request(id, "alice")
    };
    store.add_request(&odd).await?;
    assert_eq!(store.request(id).await?, Some(odd));
    assert_eq!(store.request(RequestId(1)).await?, Some(request(RequestId(1), "alice")));
    assert_eq!(store.request(RequestId(99)).await?, None);
    Ok(())
}

async fn a_request_of_another_kind_needs_no_session<S: Store>(store: Arc<S>) -> Kept {
    held(&*store).await?;
    for kind in [RequestKind::Access, RequestKind::Runbook, RequestKind::Change, RequestKind::Replay] {
        let id = store.next_request_id().await?;
        let sealed = Some(vec![0, 0xff, 7]);
        let plain = Request { kind, session: None, channel: 0, sealed, ..request(id, "alice") };
        store.add_request(&plain).await?;
        assert_eq!(store.request(id).await?, Some(plain));
    }
    assert_eq!(store.waiting_requests().await?.len(), 5);
    Ok(())
}

async fn numbers_nonces_and_digests_are_unique<S: Store>(store: Arc<S>) -> Kept {
    let first = request(held(&*store).await?, "alice");
    let second = request(store.next_request_id().await?, "alice");
    assert_exists(store.add_request(&Request { id: first.id, ..second.clone() }).await);
    assert_exists(store.add_request(&Request { nonce: first.nonce.clone(), ..second.clone() }).await);
    assert_exists(store.add_request(&Request { digest: first.digest.clone(), ..second.clone() }).await);
    assert_eq!(store.requests(9).await?, [first]);
    Ok(())
}

async fn a_request_needs_a_session_and_a_person<S: Store>(store: Arc<S>) -> Kept {
    held(&*store).await?;
    let id = store.next_request_id().await?;
    assert_missing(
        store.add_request(&Request { session: Some(session_id(9)), ..request(id, "alice") }).await,
    );
    assert_missing(store.add_request(&request(id, "nobody")).await);
    assert_eq!(store.request(id).await?, None);
    Ok(())
}

async fn only_waiting_requests_wait<S: Store>(store: Arc<S>) -> Kept {
    let (first, second, third) = (held(&*store).await?, ask(&*store).await?, ask(&*store).await?);
    store.settle_request(second, 0, RequestState::Denied).await?;
    assert_eq!(store.waiting_requests().await?, [request(first, "alice"), request(third, "alice")]);
    Ok(())
}

async fn requests_are_listed_newest_first<S: Store>(store: Arc<S>) -> Kept {
    let (_, second, third) = (held(&*store).await?, ask(&*store).await?, ask(&*store).await?);
    assert_eq!(store.requests(2).await?, [request(third, "alice"), request(second, "alice")]);
    assert_eq!(store.requests(0).await?, []);
    assert_eq!(store.requests(u32::MAX).await?.len(), 3);
    Ok(())
}

async fn a_settled_request_has_its_state_and_the_next_version<S: Store>(store: Arc<S>) -> Kept {
    held(&*store).await?;
    for state in ENDS {
        let id = ask(&*store).await?;
        assert!(store.settle_request(id, 0, state).await?);
        assert_eq!(store.request(id).await?, Some(Request { state, version: 1, ..request(id, "alice") }));
    }
    assert_eq!(store.waiting_requests().await?.len(), 1, "the others are as they were");
    Ok(())
}

async fn settling_takes_the_version_that_was_read<S: Store>(store: Arc<S>) -> Kept {
    let id = held(&*store).await?;
    assert!(!store.settle_request(id, 1, RequestState::Used).await?);
    assert!(!store.settle_request(id, -1, RequestState::Used).await?);
    assert!(!store.settle_request(RequestId(99), 0, RequestState::Used).await?);
    assert_eq!(store.request(id).await?, Some(request(id, "alice")));
    Ok(())
}

async fn a_settled_request_never_changes_again<S: Store>(store: Arc<S>) -> Kept {
    let id = held(&*store).await?;
    store.settle_request(id, 0, RequestState::Denied).await?;
    let denied = store.request(id).await?;
    for (state, version) in ENDS.into_iter().flat_map(|state| [(state, 0), (state, 1), (state, 2)]) {
        assert!(!store.settle_request(id, version, state).await?);
    }
    assert_eq!(store.request(id).await?, denied);
    Ok(())
}

async fn nothing_is_settled_as_waiting<S: Store>(store: Arc<S>) -> Kept {
    let id = held(&*store).await?;
    assert!(!store.settle_request(id, 0, RequestState::Waiting).await?);
    assert_eq!(store.request(id).await?, Some(request(id, "alice")));
    Ok(())
}

async fn of_racing_settlements_one_wins<S: Store + 'static>(store: Arc<S>) -> Kept {
    let id = held(&*store).await?;
    let end = |n: u64| if n.is_multiple_of(2) { RequestState::Used } else { RequestState::Denied };
    let settled = race(&store, |store, n| async move {
        store.settle_request(id, 0, end(n)).await.map(|won| won.then(|| end(n)))
    });
    let wins: Vec<_> =
        settled.await.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    let state = store.request(id).await?.map(|request| (request.state, request.version));
    assert_eq!(wins.len(), 1, "the act starts once or never");
    assert_eq!(state, wins.first().map(|state| (*state, 1)));
    Ok(())
}

async fn decisions_come_back_in_order_of_arrival<S: Store>(store: Arc<S>) -> Kept {
    let id = held(&*store).await?;
    let other = ask(&*store).await?;
    let late =
        Decision { answer: Answer::Deny, statement: "deny\0\u{feff}\r\n".into(), ..decision(id, "carol") };
    let early = Decision { at: access::model::Timestamp(-1), mfa_age_seconds: None, ..decision(id, "bob") };
    store.add_decision(&late).await?;
    store.add_decision(&decision(other, "bob")).await?;
    store.add_decision(&early).await?;
    assert_eq!(store.decisions(id).await?, [late, early]);
    assert_eq!(store.decisions(other).await?, [decision(other, "bob")]);
    assert_eq!(store.decisions(RequestId(99)).await?, []);
    Ok(())
}

async fn a_decision_leaves_the_request_as_it_was<S: Store>(store: Arc<S>) -> Kept {
    let id = held(&*store).await?;
    store.add_decision(&decision(id, "bob")).await?;
    assert_eq!(store.request(id).await?, Some(request(id, "alice")));
    assert!(store.settle_request(id, 0, RequestState::Used).await?);
    assert_eq!(store.decisions(id).await?, [decision(id, "bob")], "and outlives it");
    Ok(())
}

async fn a_person_answers_once<S: Store>(store: Arc<S>) -> Kept {
    let id = held(&*store).await?;
    let other_key = Decision { fingerprint: "SHA256:bob-2".into(), ..decision(id, "bob") };
    let other_mind = Decision { answer: Answer::Deny, ..decision(id, "bob") };
    store.add_decision(&decision(id, "bob")).await?;
    assert_exists(store.add_decision(&decision(id, "bob")).await);
    assert_exists(store.add_decision(&other_key).await);
    assert_exists(store.add_decision(&other_mind).await);
    assert_eq!(store.decisions(id).await?, [decision(id, "bob")]);
    Ok(())
}

async fn of_racing_answers_of_one_person_one_counts<S: Store + 'static>(store: Arc<S>) -> Kept {
    let id = held(&*store).await?;
    let with_key = move |n| Decision { fingerprint: format!("SHA256:bob-{n}"), ..decision(id, "bob") };
    let answers = race(&store, |store, n| async move { store.add_decision(&with_key(n)).await }).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), store.decisions(id).await?.len()), (1, 1));
    lost.into_iter().for_each(assert_exists);
    Ok(())
}

async fn racing_answers_of_different_people_all_count<S: Store + 'static>(store: Arc<S>) -> Kept {
    let id = held(&*store).await?;
    let answers = race(&store, |store, n| async move {
        store.add_person(&person(&format!("lead-{n}"))).await?;
        store.add_decision(&decision(id, &format!("lead-{n}"))).await
    });
    answers.await.into_iter().collect::<Result<(), _>>()?;
    let signers: BTreeSet<_> = store.decisions(id).await?.into_iter().map(|d| d.person).collect();
    assert_eq!(signers, (0..RACERS).map(|n| person_id(&format!("lead-{n}"))).collect());
    Ok(())
}

async fn a_settled_request_takes_no_decision<S: Store>(store: Arc<S>) -> Kept {
    held(&*store).await?;
    for state in ENDS {
        let id = ask(&*store).await?;
        store.settle_request(id, 0, state).await?;
        assert_missing(store.add_decision(&decision(id, "bob")).await);
        assert_eq!(store.decisions(id).await?, []);
    }
    Ok(())
}

/// One task settles and counts the decisions at that moment; that count must still be right at the end.
async fn no_decision_slips_in_after_settlement<S: Store + 'static>(store: Arc<S>) -> Kept {
    let id = held(&*store).await?;
    for n in 0..RACERS {
        store.add_person(&person(&format!("lead-{n}"))).await?;
    }
    let counts = race(&store, |store, n| async move {
        if n != RACERS / 2 {
            return store
                .add_decision(&decision(id, &format!("lead-{n}")))
                .await
                .map(|()| None)
                .or_else(late);
        }
        store.settle_request(id, 0, RequestState::Used).await?;
        store.decisions(id).await.map(|decisions| Some(decisions.len()))
    });
    let counted = counts.await.into_iter().collect::<Result<Vec<_>, StoreError>>()?;
    let at_settlement: Vec<usize> = counted.into_iter().flatten().collect();
    assert_eq!(at_settlement, [store.decisions(id).await?.len()]);
    Ok(())
}

/// A decision that came too late is refused as on a request that does not wait.
fn late(error: StoreError) -> Result<Option<usize>, StoreError> {
    assert_missing::<()>(Err(error));
    Ok(None)
}

async fn a_decision_needs_a_request_and_a_person<S: Store>(store: Arc<S>) -> Kept {
    let id = held(&*store).await?;
    assert_missing(store.add_decision(&decision(RequestId(99), "bob")).await);
    assert_missing(store.add_decision(&decision(id, "nobody")).await);
    assert_eq!(store.decisions(id).await?, []);
    Ok(())
}
