//! All stores keep the same contract: both databases, and the one in memory that other tests lean on.

use std::sync::atomic::{AtomicU32, Ordering};

use store::{Postgres, Sqlite};
use testkit::{MemoryStore, contract};

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let made = AtomicU32::new(0);
    contract::holds(async || {
        let name = format!("{}.db", made.fetch_add(1, Ordering::SeqCst));
        Sqlite::open(&folder.path().join(name)).await.unwrap()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_the_contract() {
    let server = testkit::postgres();
    contract::holds(async || Postgres::open(&server.fresh()).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract() {
    contract::holds(async || MemoryStore::default()).await;
}
