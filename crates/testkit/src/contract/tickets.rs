//! Tickets: found by their identifier, counted down one by one, gone when they are dropped.

use std::sync::Arc;

use access::model::Ticket;
use access::ports::Store;

use super::{Kept, assert_exists, assert_missing, behaviours, race};
use crate::sample::{NOW, person, ticket};

pub(super) async fn hold<S: Store + 'static>(make: &impl AsyncFn() -> S) {
    behaviours! { make =>
        a_ticket_comes_back_as_added,
        its_uses_run_out,
        of_many_at_once_only_so_many_use_it,
        what_has_lapsed_is_listed,
    }
}

async fn a_ticket_comes_back_as_added<S: Store>(store: Arc<S>) -> Kept {
    assert_missing(store.add_ticket(&ticket("a")).await);
    store.add_person(&person("alice")).await?;
    store.add_ticket(&ticket("a")).await?;
    assert_eq!(store.ticket("a").await?, Some(ticket("a")));
    assert_exists(store.add_ticket(&ticket("a")).await);
    store.drop_ticket("a").await?;
    store.drop_ticket("a").await?;
    assert_eq!(store.ticket("a").await?, None);
    Ok(())
}

async fn its_uses_run_out<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.add_ticket(&ticket("a")).await?;
    assert!(store.use_ticket("a").await? && store.use_ticket("a").await?);
    assert!(!store.use_ticket("a").await? && !store.use_ticket("b").await?);
    assert_eq!(store.ticket("a").await?, Some(Ticket { uses: 0, ..ticket("a") }));
    Ok(())
}

async fn of_many_at_once_only_so_many_use_it<S: Store + 'static>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.add_ticket(&ticket("a")).await?;
    let used =
        race(&store, |store, _| async move { store.use_ticket("a").await.is_ok_and(|used| used) }).await;
    assert_eq!(used.iter().filter(|used| **used).count(), 2);
    Ok(())
}

async fn what_has_lapsed_is_listed<S: Store>(store: Arc<S>) -> Kept {
    store.add_person(&person("alice")).await?;
    store.add_ticket(&ticket("a")).await?;
    store.add_ticket(&Ticket { expires: NOW, ..ticket("b") }).await?;
    assert_eq!(store.lapsed_tickets(NOW).await?, [Ticket { expires: NOW, ..ticket("b") }]);
    Ok(())
}
