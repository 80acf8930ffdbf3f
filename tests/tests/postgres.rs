//! The whole gateway over a PostgreSQL server, reached with TLS: nothing that holds over a file is otherwise there.

use std::fs;
use std::path::Path;

use end_to_end::{Bastion, Plan, Running, free_port, run};
use tempfile::TempDir;
use testkit::PrivatePostgres;

/// A server whose certificate an authority in the folder has signed.
struct Server {
    postgres: PrivatePostgres,
    port: u16,
    folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
        testkit::certify(folder.path());
        let postgres = PrivatePostgres::with_tls(folder.path(), port);
        postgres.sql("CREATE ROLE node LOGIN PASSWORD 's3cret'; CREATE SCHEMA state AUTHORIZATION node");
        Self { postgres, port, folder }
    }

    fn url(&self, authority: &Path) -> String {
        let (port, authority) = (self.port, authority.join("ca.crt"));
        format!(
            "postgres://node:s3cret@127.0.0.1:{port}/postgres?sslmode=verify-full&sslrootcert={}&options=-csearch_path=state",
            authority.display()
        )
    }

    /// A bastion whose state is here.
    fn bastion(&self) -> Bastion {
        let places = "postgres_url_file = \"secrets/postgres.url\"\ngrace_seconds = 20";
        Plan::shipped()
            .config("sqlite = \"state.db\"", places)
            .config("compare_seconds = 60", "compare_seconds = 1")
            .adding("secrets/postgres.url", &self.url(self.folder.path()))
            .start()
    }

    fn edit(&self, sql: &str) {
        self.postgres.sql(&format!("SET search_path = state; {sql}"));
    }
}

#[test]
fn two_approve_and_edits_are_found_over_postgres() {
    let server = Server::start();
    let mut bastion = server.bastion();
    bastion.hold_ceremony();
    assert!(!bastion.node().join("state.db").exists());
    let victim = bastion.home().join("production-data");
    fs::create_dir_all(&victim).expect("a folder");
    let (waiting, number) = bastion.held("alice", "db-1", "rm -rf production-data");
    bastion.approve(number, "bob");
    assert!(victim.exists());
    bastion.approve(number, "carol");
    waiting.finish().ok();
    assert!(!victim.exists());
    bastion.stop();
    bastion.restart();
    server.edit("UPDATE people SET groups = '[\"security-administrators\"]' WHERE name = 'alice'");
    bastion
        .desk_with("alice", "change", br#"{"change":"person-add","name":"frank","groups":["ops"]}"#)
        .refused();
    server.edit("UPDATE requests SET state = 'waiting', version = 0");
    for what in ["person", "request"] {
        bastion.until_entry("alert", |entry| entry["what"].as_str().is_some_and(|told| told.contains(what)));
    }
    assert_eq!(bastion.entries_of("grant").len(), 1);
}

#[test]
fn an_answer_whose_row_was_edited_does_not_count() {
    let server = Server::start();
    let bastion = server.bastion();
    let (mut waiting, number) = bastion.held("alice", "db-1", "rm -rf production-data");
    bastion.approve(number, "bob");
    server.edit("UPDATE decisions SET mfa_age = mfa_age + 1");
    let told = bastion.approve(number, "carol");
    assert!(told.contains("1 more of dba-leads"), "{told}");
    bastion.until_entry("alert", |entry| {
        entry["what"].as_str().is_some_and(|what| what.contains("a decision of"))
    });
    assert!(bastion.entries_of("grant").is_empty());
    waiting.kill();
}

#[test]
fn a_server_of_another_authority_is_not_served_over() {
    let server = Server::start();
    let mut bastion = server.bastion();
    bastion.stop();
    let elsewhere = tempfile::tempdir().expect("a folder");
    testkit::certify(elsewhere.path());
    let url = bastion.node().join("secrets/postgres.url");
    fs::write(&url, server.url(elsewhere.path())).expect("the file");
    let told = Running::start(&mut bastion.countersign(["serve", "--before-ceremony"])).wait().refused();
    assert!(told.contains("does not prove who it is") && told.contains("sslrootcert=FILE"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}

#[test]
fn while_the_database_is_away_nothing_begins_and_what_runs_goes_on_for_the_grace() {
    let server = Server::start();
    let bastion = server.bastion();
    let (mut waiting, number) = bastion.held("alice", "db-1", "rm -rf production-data");
    let statement = bastion.statement("bob", number, "approve");
    let signature = bastion.sign(&bastion.person("bob").join("id_ed25519"), "countersign", &statement);
    let mut running =
        Running::start(bastion.ssh("alice", "web-1").arg("echo began; sleep 8; echo went on; sleep 600"));
    running.until_stdout("began");
    server.postgres.stop();
    bastion.desk_with("bob", &format!("approve {number}"), signature.as_bytes()).refused();
    run(bastion.client("ssh").arg(bastion.place("alice", "web-1")).arg("echo new")).refused();
    running.until_stdout("went on");
    let told = running.wait().refused();
    assert!(told.contains("has not answered for too long"), "{told}");
    server.postgres.start_again();
    assert!(bastion.entries_of("approval").is_empty());
    bastion.run("alice", "web-1", "echo again").ok();
    waiting.kill();
}
