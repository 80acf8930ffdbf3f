//! The database file is its owner's alone, and its schema is this program's or it is not opened.

#![expect(clippy::unwrap_used, reason = "clippy knows tests, but not the functions that tests share")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use access::model::{RequestId, RequestKind, RequestState};
use access::ports::Store;
use access::recording::SessionId;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row, SqliteConnection};
use store::Sqlite;
use store::sqlite::OpenError;
use tempfile::TempDir;
use testkit::sample::{person, session};

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    (folder, path)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    path.with_file_name(format!("state.db{suffix}"))
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

#[tokio::test]
async fn a_new_file_and_its_companions_are_the_owners_alone() {
    let (_folder, path) = place();
    let store = Sqlite::open(&path).await.unwrap();
    store.add_person(&person("alice")).await.unwrap();
    for file in [path.clone(), beside(&path, "-wal"), beside(&path, "-shm")] {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_file_that_others_can_open_is_refused() {
    let (_folder, path) = place();
    Sqlite::open(&path).await.unwrap().close().await;
    for bit in [0o040, 0o020, 0o010, 0o004, 0o002, 0o001] {
        fs::set_permissions(&path, Permissions::from_mode(0o600 | bit)).unwrap();
        let refused = Sqlite::open(&path).await.unwrap_err();
        assert!(matches!(refused, OpenError::Shared { mode, .. } if mode == 0o600 | bit), "{refused:?}");
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    Sqlite::open(&path).await.unwrap();
}

#[tokio::test]
async fn a_write_ahead_log_that_others_can_open_is_refused() {
    let (_folder, path) = place();
    let _running = Sqlite::open(&path).await.unwrap();
    fs::set_permissions(beside(&path, "-wal"), Permissions::from_mode(0o644)).unwrap();
    let refused = Sqlite::open(&path).await.unwrap_err();
    assert!(
        matches!(&refused, OpenError::Shared { path, .. } if path.ends_with("state.db-wal")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    let (folder, path) = place();
    assert!(matches!(Sqlite::open(folder.path()).await, Err(OpenError::NotAFile(_))));
    let nowhere = folder.path().join("missing/state.db");
    assert!(matches!(Sqlite::open(&nowhere).await, Err(OpenError::File { .. })));
    fs::write(&path, "not a database, but long enough to look like one".repeat(100)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(Sqlite::open(&path).await, Err(OpenError::Database { .. })));
}

#[tokio::test]
async fn a_second_start_finds_the_schema_in_place() {
    let (_folder, path) = place();
    let first = Sqlite::open(&path).await.unwrap();
    first.add_person(&person("alice")).await.unwrap();
    first.close().await;
    let second = Sqlite::open(&path).await.unwrap();
    assert_eq!(second.people().await.unwrap(), [person("alice")]);
    let applied = sqlx::query("SELECT COUNT(*) FROM _sqlx_migrations").fetch_one(&mut raw(&path).await).await;
    assert_eq!(applied.unwrap().get::<i64, _>(0), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_start_at_once_take_turns_with_the_schema() {
    let (_folder, path) = place();
    let starts: tokio::task::JoinSet<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            async move { Sqlite::open(&path).await.map(drop) }
        })
        .collect();
    starts.join_all().await.into_iter().collect::<Result<(), _>>().unwrap();
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_left_as_it_was() {
    let (_folder, path) = place();
    Sqlite::open(&path).await.unwrap().close().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9, 'later', 1, x'00', 0)",
    )
    .execute(&mut raw(&path).await)
    .await
    .unwrap();
    let refused = Sqlite::open(&path).await.unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 9, known: 6, .. }), "{refused:?}");
    assert!(refused.to_string().contains("newer version"), "{refused}");
}

#[tokio::test]
async fn a_schema_that_was_made_otherwise_is_refused() {
    let (_folder, path) = place();
    Sqlite::open(&path).await.unwrap().close().await;
    let edit = sqlx::query("UPDATE _sqlx_migrations SET checksum = x'00'");
    edit.execute(&mut raw(&path).await).await.unwrap();
    assert!(matches!(Sqlite::open(&path).await, Err(OpenError::Foreign { .. })));
}

#[tokio::test]
async fn a_failed_migration_leaves_nothing_behind() {
    let (_folder, path) = place();
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    // A table that the schema wants to make last: all that came before it must be undone.
    let occupy = sqlx::query("CREATE TABLE decisions (squatter TEXT)");
    occupy.execute(&mut raw(&path).await).await.unwrap();
    assert!(matches!(Sqlite::open(&path).await, Err(OpenError::Foreign { .. })));
    let tables = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'table'");
    let tables = tables.fetch_all(&mut raw(&path).await).await.unwrap();
    let names: Vec<String> = tables.iter().map(|row| row.get("name")).collect();
    assert_eq!(names, ["decisions"]);
}

/// The schema of the first version with a request that somebody answered.
async fn first_version(path: &Path) {
    fs::write(path, "").unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    let first = sqlx::migrate::Migration::new(
        1,
        "state".into(),
        sqlx::migrate::MigrationType::Simple,
        sqlx::SqlSafeStr::into_sql_str(include_str!("../../../migrations/sqlite/0001_state.sql")),
        false,
    );
    let migrator = sqlx::migrate::Migrator::with_migrations(vec![first]);
    let mut connection = raw(path).await;
    migrator.run_direct(None, &mut connection, false).await.unwrap();
    let rows = "INSERT INTO people VALUES ('p-alice', 'alice', '[\"ops\"]', 0, NULL, NULL, NULL, zeroblob(16));
        INSERT INTO sessions VALUES ('01010101010101010101010101010101', 'p-alice', 'alice', 'db-1', 'root', 'direct',
            '192.0.2.7', zeroblob(16), 5, 6, 'finished');
        INSERT INTO requests VALUES (1, 'n', '01010101010101010101010101010101', 3, 'p-alice', 'db-1', 'root', x'6c73',
            'ls', '{}', 'd', '[]', '[]', 'v', 5, 6, 'denied', 1);
        INSERT INTO decisions VALUES (1, 1, 'p-alice', 'deny', 'SHA256:x', 's', 'g', 5);";
    sqlx::raw_sql(rows).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn what_an_older_version_kept_is_kept() {
    let (_folder, path) = place();
    first_version(&path).await;
    let store = Sqlite::open(&path).await.unwrap();
    let request = store.request(RequestId(1)).await.unwrap().unwrap();
    let kept = (request.kind, request.session, request.sealed, request.state, request.text);
    let where_it_ran = Some(SessionId([1; 16]));
    assert_eq!(kept, (RequestKind::Action, where_it_ran, None, RequestState::Denied, b"ls".to_vec()));
    assert_eq!(store.decisions(RequestId(1)).await.unwrap().len(), 1);
    assert!(store.session(&SessionId([1; 16])).await.unwrap().is_some_and(|row| row.closed.is_some()));
    let faults = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut raw(&path).await).await.unwrap();
    assert!(faults.is_empty(), "decisions refer to requests, and requests to sessions");
    store.add_session(&session(2, "alice")).await.unwrap();
    let orphan = "INSERT INTO decisions SELECT 99, 9, person, answer, fingerprint, statement, signature, decided, mfa_age
                  FROM decisions";
    assert!(sqlx::query(orphan).execute(&mut raw(&path).await).await.is_err(), "the reference still holds");
}
