//! A PostgreSQL database is opened by whoever may, with this program's schema; what is wrong is said without secrets.

#![expect(clippy::unwrap_used, reason = "clippy knows tests, but not the functions that tests share")]

use std::path::Path;

use access::model::{RequestId, RequestState};
use access::ports::Store;
use store::Postgres;
use store::postgres::OpenError;
use testkit::PrivatePostgres;
use testkit::sample::{decision, person, request, session};
use tokio::task::JoinSet;

/// One test, because each test program starts a server of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_opened_by_whoever_may_and_with_this_schema() {
    many_that_start_at_once_make_the_schema_once().await;
    a_database_of_a_newer_version_is_refused().await;
    a_schema_that_was_made_otherwise_is_refused_and_left_as_it_was().await;
    a_wrong_password_is_refused_and_not_shown().await;
    a_server_that_does_not_answer_is_named_without_the_password().await;
    of_two_nodes_one_settles_and_no_answer_comes_after().await;
}

fn schema(url: &str) -> &str {
    url.rsplit_once("search_path=").unwrap().1
}

async fn many_that_start_at_once_make_the_schema_once() {
    let url = testkit::postgres().fresh();
    let starts: JoinSet<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            async move { Postgres::open(&url).await.map(drop) }
        })
        .collect();
    starts.join_all().await.into_iter().collect::<Result<(), _>>().unwrap();
    let applied = format!("SELECT COUNT(*) FROM {}._sqlx_migrations", schema(&url));
    assert_eq!(testkit::postgres().sql(&applied).trim(), "5");
}

async fn a_database_of_a_newer_version_is_refused() {
    let url = testkit::postgres().fresh();
    Postgres::open(&url).await.unwrap().close().await;
    testkit::postgres().sql(&format!(
        "INSERT INTO {}._sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9, 'later', true, '', 0)",
        schema(&url)
    ));
    let refused = Postgres::open(&url).await.unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 9, known: 5, .. }), "{refused:?}");
}

async fn a_schema_that_was_made_otherwise_is_refused_and_left_as_it_was() {
    let url = testkit::postgres().fresh();
    let server = testkit::postgres();
    // A table that the schema wants to make last: all that came before it must be undone.
    server.sql(&format!("CREATE TABLE {}.outbox (squatter TEXT)", schema(&url)));
    let refused = Postgres::open(&url).await.unwrap_err();
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused:?}");
    let tables = format!("SELECT tablename FROM pg_tables WHERE schemaname = '{}'", schema(&url));
    assert_eq!(server.sql(&tables).trim(), "outbox");
}

async fn a_wrong_password_is_refused_and_not_shown() {
    testkit::postgres().sql("CREATE ROLE guest LOGIN PASSWORD 'right'");
    let url = testkit::postgres().url("guest:s3cret", "s0");
    let refused = Postgres::open(&url).await.unwrap_err();
    let told = format!("{refused} {refused:?}");
    assert!(matches!(refused, OpenError::Database { .. }) && told.contains("guest@"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}

async fn a_server_that_does_not_answer_is_named_without_the_password() {
    let refused = Postgres::open("postgres://a:s3cret@127.0.0.1:1/state").await.unwrap_err();
    let told = format!("{refused} {refused:?}");
    assert!(told.contains("a@127.0.0.1:1/state") && !told.contains("s3cret"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_network_the_server_proves_who_it_is() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    [folder.path(), elsewhere.path()].into_iter().for_each(testkit::certify);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = PrivatePostgres::with_tls(folder.path(), port);
    server.sql("CREATE ROLE node LOGIN PASSWORD 's3cret'; CREATE SCHEMA state AUTHORIZATION node");
    let url = |host: &str, authority: &Path| {
        let authority = authority.join("ca.crt").display().to_string();
        format!(
            "postgres://node:s3cret@{host}:{port}/postgres?sslmode=verify-full&sslrootcert={authority}&options=-csearch_path=state"
        )
    };
    let store = Postgres::open(&url("127.0.0.1", folder.path())).await.unwrap();
    store.add_person(&person("alice")).await.unwrap();
    assert_eq!(
        server
            .sql(
                "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'node' LIMIT 1"
            )
            .trim(),
        "t"
    );
    for wrong in [url("127.0.0.1", elsewhere.path()), url("localhost", folder.path())] {
        let refused = Postgres::open(&wrong).await.unwrap_err();
        assert!(matches!(refused, OpenError::Untrusted { .. }), "{refused:?}");
        let told = refused.to_string();
        assert!(told.contains("sslrootcert=FILE") && !told.contains("s3cret"), "{told}");
    }
}

async fn of_two_nodes_one_settles_and_no_answer_comes_after() {
    let url = testkit::postgres().fresh();
    let (one, other) = (Postgres::open(&url).await.unwrap(), Postgres::open(&url).await.unwrap());
    for name in ["alice", "bob"] {
        one.add_person(&person(name)).await.unwrap();
    }
    one.add_session(&session(1, "alice")).await.unwrap();
    for n in 1..=50 {
        let id = RequestId(n);
        one.add_request(&request(id, "alice")).await.unwrap();
        let (answer, both) = (decision(id, "bob"), (RequestState::Used, RequestState::Denied));
        let (settled, denied, answered) = tokio::join!(
            one.settle_request(id, 0, both.0),
            other.settle_request(id, 0, both.1),
            other.add_decision(&answer),
        );
        assert!(settled.unwrap() ^ denied.unwrap(), "request {n} is settled once");
        let kept = one.decisions(id).await.unwrap().len();
        assert_eq!(kept, usize::from(answered.is_ok()), "an answer is kept or refused");
    }
}
