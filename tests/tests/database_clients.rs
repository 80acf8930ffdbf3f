//! Clients that people use do through the gateway what they do at a server: they print the same.

use end_to_end::{Database, Guarded, Place, run};

/// Runs a program of `tests/clients`, which must succeed.
#[track_caller]
fn transcript(place: &Place, file: &str) -> String {
    let transcript = run(&mut place.program(file)).ok();
    assert!(transcript.lines().count() > 1 && !transcript.contains("NOT REFUSED"), "{transcript}");
    transcript
}

/// At the server first, then through the gateway under a policy that allows everything.
#[track_caller]
fn postgres(file: &str) {
    let file = format!("postgres/{file}");
    let guarded = Guarded::allowing_everything(Database::postgres());
    let at_the_server = transcript(&guarded.database.place("writer"), &file);
    assert_eq!(transcript(&guarded.place("alice", "writer"), &file), at_the_server);
}

/// Twice at the server: the gateway has no door for this protocol yet.
#[track_caller]
fn mariadb(file: &str) {
    let (database, file) = (Database::mariadb(), format!("mysql/{file}"));
    let first = transcript(&database.place("writer"), &file);
    assert_eq!(transcript(&database.place("writer"), &file), first);
}

#[test]
fn psql() {
    postgres("by_psql.sh");
}

#[test]
fn pgbench_and_pg_dump() {
    postgres("by_the_tools.sh");
}

#[test]
fn psycopg_3() {
    postgres("by_psycopg3.py");
}

#[test]
fn psycopg_2() {
    postgres("by_psycopg2.py");
}

#[test]
fn asyncpg() {
    postgres("by_asyncpg.py");
}

#[test]
fn sqlalchemy() {
    postgres("by_sqlalchemy.py");
}

#[test]
fn alembic() {
    postgres("by_alembic.py");
}

#[test]
fn node_postgres() {
    postgres("by_node_pg.js");
}

#[test]
fn a_pool_of_node_postgres() {
    postgres("by_node_pool.js");
}

#[test]
fn jdbc() {
    postgres("ByJdbc.java");
}

#[test]
fn the_mariadb_client() {
    mariadb("by_mariadb.sh");
}

#[test]
fn mariadb_dump() {
    mariadb("by_mariadb_dump.sh");
}

#[test]
fn pymysql() {
    mariadb("by_pymysql.py");
}

#[test]
fn mysqlclient() {
    mariadb("by_mysqlclient.py");
}

#[test]
fn sqlalchemy_over_mysql() {
    mariadb("by_sqlalchemy.py");
}

#[test]
fn mysql2_of_node() {
    mariadb("by_mysql2.js");
}

#[test]
fn jdbc_of_mariadb() {
    mariadb("ByJdbc.java");
}

#[test]
fn the_reader_of_a_database_cannot_write_and_nobody_enters_without_tls() {
    let database = Database::postgres();
    let told = run(database.place("reader").client("psql").args(["-c", "CREATE TEMPORARY TABLE t (a int)"]));
    assert!(told.refused().contains("read-only transaction"));
    let told =
        run(database.place("writer").client("psql").env("PGSSLMODE", "disable").args(["-c", "SELECT 1"]));
    assert!(told.refused().contains("no encryption"));
}

#[test]
fn what_cannot_be_read_is_refused_and_the_connection_goes_on() {
    let guarded = Guarded::allowing_everything(Database::postgres());
    let mut psql = guarded.place("alice", "writer").client("psql");
    let done = run(psql.args(["-At", "-v", "VERBOSITY=sqlstate", "-c", "SELEC", "-c", "SELECT 'on'"]));
    assert!(done.stderr.contains("42601"), "{}", done.stderr);
    assert_eq!(done.text(), "on\n");
}
