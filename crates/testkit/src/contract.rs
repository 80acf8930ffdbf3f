//! What every store must do, said once: each behaviour runs against a fresh store of whatever kind.

mod certificates;
mod codes;
mod factors;
mod keys;
mod outbox;
mod people;
mod permits;
mod records;
mod requests;
mod sessions;
mod targets;
mod tickets;

use std::fmt::Debug;
use std::sync::Arc;

use access::ports::{Store, StoreError};
use tokio::task::JoinSet;

/// How many tasks race for one thing.
const RACERS: u64 = 16;

/// What a behaviour gives: an error means that the store failed where it should not have.
type Kept = Result<(), StoreError>;

/// Runs behaviours one after the other, each against a store of its own, and names the one that a store breaks.
macro_rules! behaviours {
    ($make:expr => $($behaviour:ident),+ $(,)?) => {
        $($behaviour(std::sync::Arc::new($make().await)).await.expect(stringify!($behaviour));)+
    };
}
use behaviours;

/// Panics at the first behaviour that the stores of `make` do not have. Each call of `make` gives an empty store.
///
/// Needs a tokio runtime; several worker threads make its races worth more.
pub async fn holds<S: Store + 'static>(make: impl AsyncFn() -> S) {
    people::hold(&make).await;
    keys::hold(&make).await;
    codes::hold(&make).await;
    targets::hold(&make).await;
    factors::hold(&make).await;
    sessions::hold(&make).await;
    requests::hold(&make).await;
    permits::hold(&make).await;
    records::hold(&make).await;
    tickets::hold(&make).await;
    certificates::hold(&make).await;
    outbox::hold(&make).await;
}

/// The answers of [`RACERS`] tasks that do the same at once, in the order in which they ended.
async fn race<S, T, F>(store: &Arc<S>, act: impl Fn(Arc<S>, u64) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: JoinSet<T> = (0..RACERS).map(|n| act(store.clone(), n)).collect();
    tasks.join_all().await
}

#[track_caller]
fn assert_exists<T: Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Exists(_))), "{result:?} instead of Exists");
}

#[track_caller]
fn assert_missing<T: Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Missing(_))), "{result:?} instead of Missing");
}
