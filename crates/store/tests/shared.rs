//! Several handles and processes on one file: compare-and-swap holds between them, and death leaves nothing half done.

#![expect(clippy::unwrap_used, reason = "clippy knows tests, but not the functions that tests share")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use access::model::{RequestId, RequestState};
use access::ports::Store;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row};
use store::Sqlite;
use tempfile::TempDir;
use testkit::sample::{account, person, person_id, request, session, target};

const PROCESSES: usize = 3;
const REQUESTS: i64 = 20;

/// A file with Alice, her session and `requests` waiting requests.
async fn prepared(requests: i64) -> (TempDir, PathBuf, Sqlite) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = Sqlite::open(&path).await.unwrap();
    store.add_person(&person("alice")).await.unwrap();
    store.add_session(&session(1, "alice")).await.unwrap();
    for _ in 0..requests {
        let id = store.next_request_id().await.unwrap();
        store.add_request(&request(id, "alice")).await.unwrap();
    }
    (folder, path, store)
}

/// Starts this test program again, for one of the tests that are ignored unless told which file to use.
fn start(test: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env("STORE_TEST_FILE", path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

async fn given() -> Sqlite {
    Sqlite::open(Path::new(&std::env::var_os("STORE_TEST_FILE").unwrap())).await.unwrap()
}

/// What a started test reported, as the number after each line's `word`.
fn reports(lines: impl Iterator<Item = String>, word: &str) -> Vec<i64> {
    let numbers = lines.filter_map(|line| line.split_once(word)?.1.trim().parse().ok());
    numbers.collect()
}

fn say(word: &str, number: i64) {
    println!("\n{word} {number}");
}

#[tokio::test]
async fn handles_see_each_others_changes_at_once() {
    let (_folder, path, one) = prepared(1).await;
    let other = Sqlite::open(&path).await.unwrap();
    one.set_suspended(&person_id("alice"), true).await.unwrap();
    assert!(other.person("alice").await.unwrap().unwrap().suspended);
    assert!(other.settle_request(RequestId(1), 0, RequestState::Denied).await.unwrap());
    assert!(!one.settle_request(RequestId(1), 0, RequestState::Used).await.unwrap());
    assert_eq!(one.request(RequestId(1)).await.unwrap().unwrap().state, RequestState::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_racing_handles_one_settles_and_one_uses_the_code() {
    let (_folder, path, _store) = prepared(1).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let path = path.clone();
        tasks.spawn(async move {
            let store = Sqlite::open(&path).await.unwrap();
            let settled = store.settle_request(RequestId(1), 0, RequestState::Used).await.unwrap();
            (settled, store.use_totp_step(&person_id("alice"), 5).await.unwrap())
        });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|(settled, _)| *settled).count(), 1);
    assert_eq!(answers.iter().filter(|(_, used)| *used).count(), 1);
}

#[tokio::test]
async fn of_racing_processes_one_settles_each_request() {
    let (_folder, path, store) = prepared(REQUESTS).await;
    let children: Vec<_> = (0..PROCESSES).map(|_| start("settles_all_requests", &path)).collect();
    let outputs = children.into_iter().map(|child| child.wait_with_output().unwrap());
    let mut settled: Vec<i64> = outputs
        .inspect(|output| assert!(output.status.success()))
        .flat_map(|output| reports(output.stdout.lines().map(Result::unwrap), "settled"))
        .collect();
    settled.sort_unstable();
    assert_eq!(settled, (1..=REQUESTS).collect::<Vec<_>>(), "each once, by whichever process");
    assert_eq!(store.waiting_requests().await.unwrap(), []);
}

#[tokio::test]
#[ignore = "a part of of_racing_processes_one_settles_each_request"]
async fn settles_all_requests() {
    let store = given().await;
    for id in 1..=REQUESTS {
        if store.settle_request(RequestId(id), 0, RequestState::Used).await.unwrap() {
            say("settled", id);
        }
    }
}

#[tokio::test]
async fn a_killed_process_leaves_no_change_half_done_and_loses_none() {
    let (_folder, path, store) = prepared(0).await;
    let mut acknowledged = Vec::new();
    for round in 0..8 {
        let mut child = start("adds_and_removes_for_ever", &path);
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = out.lines().map_while(Result::ok);
        let first = lines.find(|line| line.starts_with("added"));
        std::thread::sleep(Duration::from_millis(7 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(reports(first.into_iter().chain(lines), "added"));
        assert_whole(&path).await;
    }
    assert!(acknowledged.len() >= 8, "each round added something");
    for id in &acknowledged {
        assert!(store.request(RequestId(*id)).await.unwrap().is_some(), "request {id} was acknowledged");
    }
    let next = store.next_request_id().await.unwrap();
    assert!(acknowledged.into_iter().all(|id| RequestId(id) < next), "no number comes twice");
}

/// Targets come and go with their account while requests are added, until the process is killed.
#[tokio::test]
#[ignore = "a part of a_killed_process_leaves_no_change_half_done_and_loses_none"]
async fn adds_and_removes_for_ever() {
    let store = given().await;
    let _ = store.remove_target("db-1").await;
    loop {
        let id = store.next_request_id().await.unwrap();
        store.add_request(&request(id, "alice")).await.unwrap();
        say("added", id.0);
        store.add_target(&target("db-1")).await.unwrap();
        for login in 0..50 {
            store.put_account(&account("db-1", &login.to_string())).await.unwrap();
        }
        store.remove_target("db-1").await.unwrap();
    }
}

/// SQLite's own check of the file, and no account without its target.
async fn assert_whole(path: &Path) {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let check = sqlx::query("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(check.get::<String, _>(0), "ok");
    let orphans = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await.unwrap();
    assert!(orphans.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_change_is_whole_or_not_made() {
    let (_folder, _path, store) = prepared(0).await;
    for round in 0..200_u64 {
        store.add_target(&target("db-1")).await.unwrap();
        store.put_account(&account("db-1", "root")).await.unwrap();
        let removal = store.remove_target("db-1");
        let _ = tokio::time::timeout(Duration::from_micros(round * 5), removal).await;
        let kept = store.target("db-1").await.unwrap().is_some();
        settle_down(&store, kept).await;
    }
}

/// After a cancelled removal the writer still works, and target and account agree.
async fn settle_down(store: &Sqlite, kept: bool) {
    store.count_failure("probe", 1).await.unwrap();
    let target = store.target("db-1").await.unwrap().is_some();
    assert_eq!(store.account("db-1", "root").await.unwrap().is_some(), target);
    assert!(kept || !target, "what was gone does not come back");
    if target {
        store.remove_target("db-1").await.unwrap();
    }
}
