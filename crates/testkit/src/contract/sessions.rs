//! Sessions: opened once, ended once, newest first.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use access::model::{Outcome, SessionRow};
use access::ports::Store;
use access::recording::SessionId;

use super::{Kept, assert_exists, assert_missing, behaviours, race};
use crate::sample::{NOW, person, session, session_id};

const OUTCOMES: [Outcome; 4] =
    [Outcome::Finished, Outcome::Lost, Outcome::RecordingFailed, Outcome::Interrupted];

pub(super) async fn hold<S: Store + 'static>(make: &impl AsyncFn() -> S) {
    behaviours! { make =>
        a_session_comes_back_as_added,
        session_identifiers_are_unique,
        every_outcome_comes_back,
        the_first_end_of_a_session_counts,
        of_racing_ends_one_counts,
        an_unknown_session_cannot_be_closed,
        sessions_are_listed_newest_first,
        a_session_needs_a_person,
        open_sessions_are_those_without_an_end,
    }
}

async fn a_session_comes_back_as_added<S: Store>(store: Arc<S>) -> Kept {
    let source = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
    let distant = SessionRow { source, id: SessionId([0; 16]), ..session(2, "alice") };
    store.add_person(&person("alice")).await?;
    store.add_session(&session(1, "alice")).await?;
    store.add_session(&distant).await?;
    assert_eq!(store.session(&session_id(1)).await?, Some(session(1, "alice")));
    assert_eq!(store.session(&SessionId([0; 16])).await?, Some(distant));
    assert_eq!(store.session(&session_id(9)).await?, None);
    Ok(())
}

async fn session_identifiers_are_unique<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.add_session(&session(1, "alice")).await?;
    assert_exists(store.add_session(&SessionRow { target: "web-1".into(), ..session(1, "alice") }).await);
    assert_eq!(store.sessions(9).await?, [session(1, "alice")]);
    Ok(())
}

async fn every_outcome_comes_back<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    for (n, outcome) in (1..).zip(OUTCOMES) {
        store.add_session(&session(n, "alice")).await?;
        store.close_session(&session_id(n), NOW.plus_seconds(99), outcome).await?;
        let closed = store.session(&session_id(n)).await?.and_then(|session| session.closed);
        assert_eq!(closed, Some((NOW.plus_seconds(99), outcome)));
    }
    Ok(())
}

async fn the_first_end_of_a_session_counts<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.add_session(&session(1, "alice")).await?;
    store.add_session(&session(2, "alice")).await?;
    store.close_session(&session_id(1), NOW, Outcome::RecordingFailed).await?;
    store.close_session(&session_id(1), NOW.plus_seconds(5), Outcome::Finished).await?;
    let ended = SessionRow { closed: Some((NOW, Outcome::RecordingFailed)), ..session(1, "alice") };
    assert_eq!(store.sessions(9).await?, [session(2, "alice"), ended]);
    Ok(())
}

async fn of_racing_ends_one_counts<S: Store + 'static>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.add_session(&session(1, "alice")).await?;
    let seen = race(&store, |store, n| async move {
        store.close_session(&session_id(1), NOW.plus_seconds(n), Outcome::Lost).await?;
        store.session(&session_id(1)).await
    });
    let seen = seen.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let end = store.session(&session_id(1)).await?;
    assert!(end.as_ref().is_some_and(|session| session.closed.is_some()));
    assert!(seen.into_iter().all(|session| session == end), "nobody saw another end");
    Ok(())
}

async fn an_unknown_session_cannot_be_closed<S: Store>(store: Arc<S>) -> Kept {
    assert_missing(store.close_session(&session_id(1), NOW, Outcome::Finished).await);
    Ok(())
}

async fn sessions_are_listed_newest_first<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    for n in [2, 3, 1] {
        store.add_session(&session(n, "alice")).await?;
    }
    assert_eq!(store.sessions(2).await?, [session(3, "alice"), session(2, "alice")]);
    assert_eq!(store.sessions(0).await?, []);
    assert_eq!(store.sessions(u32::MAX).await?.len(), 3);
    Ok(())
}

async fn a_session_needs_a_person<S: Store>(store: Arc<S>) -> Kept {
    assert_missing(store.add_session(&session(1, "nobody")).await);
    assert_eq!(store.session(&session_id(1)).await?, None);
    Ok(())
}

async fn open_sessions_are_those_without_an_end<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    for n in [3, 1, 2] {
        store.add_session(&session(n, "alice")).await?;
    }
    store.close_session(&session_id(2), NOW, Outcome::Lost).await?;
    assert_eq!(store.open_sessions().await?, [session(1, "alice"), session(3, "alice")]);
    Ok(())
}
