//! A row that was tampered with or damaged is reported with its table and key; it neither passes nor panics.

#![expect(clippy::unwrap_used, reason = "clippy knows tests, but not the functions that tests share")]

use std::path::Path;

use access::model::RequestId;
use access::ports::{Store, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};
use store::Sqlite;
use testkit::sample::{
    SOURCE, account, decision, factor, key, person, person_id, request, session, session_id, target,
};

/// One row in every table.
async fn filled(path: &Path) -> Sqlite {
    let store = Sqlite::open(path).await.unwrap();
    store.add_person(&person("alice")).await.unwrap();
    store.add_key(&key("alice", 1)).await.unwrap();
    store.add_target(&target("db-1")).await.unwrap();
    store.put_account(&account("db-1", "root")).await.unwrap();
    store.remember(&factor("alice")).await.unwrap();
    store.count_failure("alice", 1).await.unwrap();
    store.add_session(&session(1, "alice")).await.unwrap();
    let id = store.next_request_id().await.unwrap();
    store.add_request(&request(id, "alice")).await.unwrap();
    store.add_decision(&decision(id, "alice")).await.unwrap();
    store
}

/// What someone with the file and `sqlite3` can do: constraints are off.
async fn lawless(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(false)
        .pragma("ignore_check_constraints", "ON")
        .pragma("writable_schema", "ON");
    options.connect().await.unwrap()
}

/// Everything that one read of each kind says.
async fn read(store: &Sqlite, table: &str) -> Result<(), StoreError> {
    let alice = person_id("alice");
    match table {
        "people" => store.person_by_id(&alice).await.map(drop),
        "person_keys" => store.keys(&alice).await.map(drop),
        "targets" => store.targets().await.map(drop),
        "accounts" => store.accounts("db-1").await.map(drop),
        "remembered_factors" => store.remembered(&alice, "password", SOURCE).await.map(drop),
        "attempts" => store.attempts("alice").await.map(drop),
        "sessions" => store.session(&session_id(1)).await.map(drop),
        "requests" => store.request(RequestId(1)).await.map(drop),
        "decisions" => store.decisions(RequestId(1)).await.map(drop),
        other => panic!("no read of {other}"),
    }
}

/// Table, an assignment that breaks its row, and the key that the report must give.
const DAMAGE: [(&str, &str, &str); 31] = [
    ("people", "groups = 'ops'", "id=p-alice"),
    ("people", "groups = '[1]'", "id=p-alice"),
    ("people", "groups = '{}'", "id=p-alice"),
    ("people", "suspended = NULL", "id=p-alice"),
    ("people", "name = NULL", "id=p-alice"),
    ("people", "groups = NULL", "id=p-alice"),
    ("people", "suspended = 2", "id=p-alice"),
    ("people", "totp_last_step = -1", "id=p-alice"),
    ("people", "salt = x'00'", "id=p-alice"),
    ("people", "password = CAST(x'ff' AS TEXT)", "id=p-alice"),
    ("person_keys", "enrolled_at = -1", "fingerprint=SHA256:alice-1"),
    ("targets", "port = 65536", "name=db-1"),
    ("targets", "labels = '[]'", "name=db-1"),
    ("targets", "labels = '{\"env\":'", "name=db-1"),
    ("targets", "level = 'trusted'", "name=db-1"),
    ("accounts", "credential = NULL", "target=db-1 login=root"),
    ("remembered_factors", "passed = 'noon'", "person=p-alice first_factor=password source=192.0.2.7"),
    ("attempts", "failures = 4294967296", "subject=alice"),
    ("attempts", "last_failure = -5", "subject=alice"),
    ("sessions", "source = 'nowhere'", "id=01010101010101010101010101010101"),
    ("sessions", "closed = 5", "id=01010101010101010101010101010101"),
    ("sessions", "outcome = 'lost'", "id=01010101010101010101010101010101"),
    ("sessions", "closed = 5, outcome = 'well'", "id=01010101010101010101010101010101"),
    ("requests", "state = 'approved'", "id=1"),
    ("requests", "session = 'one'", "id=1"),
    ("requests", "version = NULL", "id=1"),
    ("requests", "submitted = NULL", "id=1"),
    ("requests", "channel = -1", "id=1"),
    ("requests", "effects = 'null'", "id=1"),
    ("requests", "version = 'x'", "id=1"),
    ("decisions", "answer = 'Approve'", "request=1 arrival=1"),
];

#[tokio::test]
async fn a_damaged_row_is_reported_with_table_and_key() {
    let folder = tempfile::tempdir().unwrap();
    for (n, (table, damage, key)) in DAMAGE.into_iter().enumerate() {
        let path = folder.path().join(format!("{n}.db"));
        let store = filled(&path).await;
        read(&store, table).await.unwrap();
        loosen(&path, table).await;
        let update = AssertSqlSafe(format!("UPDATE {table} SET {damage}"));
        sqlx::query(update).execute(&mut lawless(&path).await).await.unwrap();
        let said = read(&store, table).await;
        assert!(
            matches!(&said, Err(StoreError::Inconsistent { table: t, what }) if *t == table && what.starts_with(key)),
            "{table}: {damage}: {said:?}"
        );
    }
}

/// Takes `STRICT` and `NOT NULL` out of the schema, as one can who edits the file.
async fn loosen(path: &Path, table: &str) {
    let edit =
        "UPDATE sqlite_master SET sql = replace(replace(sql, 'STRICT', ''), 'NOT NULL', '') WHERE name = $1";
    sqlx::query(edit).bind(table).execute(&mut lawless(path).await).await.unwrap();
}

#[tokio::test]
async fn a_report_never_shows_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = filled(&path).await;
    let spoil = sqlx::query("UPDATE people SET salt = CAST('s3cret' AS BLOB)");
    spoil.execute(&mut lawless(&path).await).await.unwrap();
    let said = store.person("alice").await.unwrap_err().to_string();
    assert!(said.contains("salt") && !said.contains("s3cret") && !said.contains("argon2"), "{said}");
}

#[tokio::test]
async fn a_counter_that_is_gone_stops_new_requests() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = filled(&path).await;
    sqlx::query("DELETE FROM counters").execute(&mut lawless(&path).await).await.unwrap();
    let said = store.next_request_id().await;
    assert!(matches!(said, Err(StoreError::Inconsistent { table: "counters", .. })), "{said:?}");
}

#[tokio::test]
async fn a_number_that_the_database_cannot_hold_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("state.db")).await;
    assert!(store.use_totp_step(&person_id("alice"), u64::MAX).await.is_err());
    assert!(store.count_failure("alice", u64::MAX).await.is_err());
    assert_eq!(store.person("alice").await.unwrap(), Some(person("alice")));
}

#[tokio::test]
async fn the_schema_refuses_words_that_are_no_states() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let _store = filled(&path).await;
    let mut lawful = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    for statement in [
        "UPDATE requests SET state = 'approved'",
        "UPDATE requests SET channel = -1",
        "UPDATE decisions SET answer = 'maybe'",
        "UPDATE sessions SET outcome = 'lost'",
        "UPDATE sessions SET closed = 1, outcome = 'well'",
        "UPDATE targets SET level = 'trusted'",
        "UPDATE targets SET labels = '[]'",
        "UPDATE people SET suspended = 2",
        "UPDATE people SET salt = x'00'",
        "UPDATE people SET name = NULL",
        "UPDATE person_keys SET person = 'p-nobody'",
        "DELETE FROM people",
        "DELETE FROM requests",
    ] {
        assert!(sqlx::query(statement).execute(&mut lawful).await.is_err(), "{statement}");
    }
}
