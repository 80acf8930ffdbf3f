//! Client certificates: found by their digest, listed by person, gone when they are dropped, over with their time and person.

use std::sync::Arc;

use access::model::Certificate;
use access::ports::Store;

use super::{Kept, assert_exists, assert_missing, behaviours};
use crate::sample::{NOW, certificate, person, person_id};

pub(super) async fn hold<S: Store + 'static>(make: &impl AsyncFn() -> S) {
    behaviours! { make =>
        a_certificate_comes_back_as_added,
        everybody_has_their_own,
        what_has_lapsed_and_what_the_suspended_have_is_listed,
    }
}

async fn a_certificate_comes_back_as_added<S: Store>(store: Arc<S>) -> Kept {
    assert_missing(store.add_certificate(&certificate("a", "alice")).await);
    store.add_person(&person("alice")).await?;
    store.add_certificate(&certificate("a", "alice")).await?;
    assert_eq!(store.certificate("a").await?, Some(certificate("a", "alice")));
    assert_exists(store.add_certificate(&certificate("a", "alice")).await);
    store.drop_certificate("a").await?;
    store.drop_certificate("a").await?;
    assert_eq!(store.certificate("a").await?, None);
    Ok(())
}

async fn everybody_has_their_own<S: Store>(store: Arc<S>) -> Kept {
    let later = Certificate { expires: NOW.plus_seconds(7200), ..certificate("b", "alice") };
    for name in ["alice", "bob"] {
        store.add_person(&person(name)).await?;
    }
    for one in [&certificate("a", "alice"), &later, &certificate("c", "bob")] {
        store.add_certificate(one).await?;
    }
    assert_eq!(store.certificates(&person_id("alice")).await?, [later, certificate("a", "alice")]);
    assert_eq!(store.certificates(&person_id("carol")).await?, []);
    Ok(())
}

async fn what_has_lapsed_and_what_the_suspended_have_is_listed<S: Store>(store: Arc<S>) -> Kept {
    for name in ["alice", "bob"] {
        store.add_person(&person(name)).await?;
    }
    let over = Certificate { expires: NOW, ..certificate("b", "alice") };
    for one in [&certificate("a", "alice"), &over, &certificate("c", "bob")] {
        store.add_certificate(one).await?;
    }
    assert_eq!(store.lapsed_certificates(NOW).await?, std::slice::from_ref(&over));
    store.set_suspended(&person_id("bob"), true).await?;
    assert_eq!(store.lapsed_certificates(NOW).await?, [over, certificate("c", "bob")]);
    Ok(())
}
