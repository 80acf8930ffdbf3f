//! Replication connections: refused unless a policy allows `replicate`; then every command is an act on the record, and the
//! stream is counted.

use std::process::Command;

use end_to_end::{Database, Guarded, Place, Plan, run};

/// A database whose writer may replicate, as far as the server is concerned.
fn replicable() -> Database {
    let database = Database::postgres();
    let line = "hostssl replication all 127.0.0.1/32 scram-sha-256";
    database.sql(&format!(
        "ALTER ROLE writer REPLICATION; COPY (SELECT '{line}') TO PROGRAM 'cat >>pg_hba.conf'; SELECT pg_reload_conf()"
    ));
    database
}

/// `psql` in a replication connection of that kind.
fn psql(place: &Place, kind: &str) -> Command {
    let mut psql = place.client("psql");
    psql.args(["-X", "-A", "-t", "-d", &format!("dbname=shop replication={kind}")]);
    psql
}

#[test]
fn who_may_run_statements_may_not_replicate_by_that() {
    let shop = Guarded::start(replicable(), Plan::shipped());
    shop.truth("CREATE TABLE orders (id int)");
    for (kind, does) in [("true", "IDENTIFY_SYSTEM"), ("database", "SELECT 1")] {
        let refused = run(psql(&shop.place("alice", "writer"), kind).args(["-c", does]));
        assert!(!refused.status.success(), "{kind}: {}", refused.stderr);
        assert!(refused.stderr.contains("refused: "), "{kind}: {}", refused.stderr);
    }
    let folder = shop.bastion.scratch().join("copy");
    let mut copies = shop.place("alice", "writer").client("pg_basebackup");
    let refused = run(copies.arg("-D").arg(&folder).args(["-X", "none", "-c", "fast"]));
    assert!(!refused.status.success() && refused.stderr.contains("refused: "), "{}", refused.stderr);
    assert!(!folder.join("base").exists());
    let denied = shop.bastion.entries_of("decision");
    assert!(
        denied.iter().any(|entry| entry["act"] == "replicate" && entry["verdict"] == "deny"),
        "{denied:?}"
    );
}

#[test]
fn with_a_policy_a_backup_and_a_stream_cross_and_each_command_is_on_the_record() {
    let shop = Guarded::allowing_everything(replicable());
    let place = shop.place("alice", "writer");
    let folder = shop.bastion.scratch().join("copy");
    let mut copies = place.client("pg_basebackup");
    run(copies.arg("-D").arg(&folder).args(["-X", "fetch", "-c", "fast", "--no-sync"])).ok();
    assert!(folder.join("PG_VERSION").exists() && folder.join("backup_manifest").exists());
    let session = shop.bastion.newest_session();
    let replay = run(&mut shop.bastion.countersign(["replay", &session, "--speed", "1000"])).ok();
    assert!(replay.contains("BASE_BACKUP") && replay.contains("to-client"), "{replay}");
    let end = shop.database.sql("SELECT pg_switch_wal(); CHECKPOINT; SELECT pg_current_wal_lsn()");
    let end = end.trim().lines().last().expect("a place").to_owned();
    let wal = shop.bastion.scratch().join("wal");
    std::fs::create_dir(&wal).expect("a folder");
    let mut receives = place.client("pg_receivewal");
    run(receives.arg("-D").arg(&wal).args(["--no-loop", "--no-sync", "--endpos", &end])).ok();
    assert!(std::fs::read_dir(&wal).expect("the folder").count() > 0);
    let session = shop.bastion.newest_session();
    let replay = run(&mut shop.bastion.countersign(["replay", &session, "--speed", "1000"])).ok();
    assert!(replay.contains("START_REPLICATION") && replay.contains("to-client"), "{replay}");
    let told = run(psql(&place, "database").args(["-c", "IDENTIFY_SYSTEM", "-c", "SELECT 'and SQL'"])).ok();
    assert!(told.contains("|shop") && told.contains("and SQL"), "{told}");
}
