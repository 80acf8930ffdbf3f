//! Clients that people use do at a server what they do everywhere: each works, and prints the same every time.

use end_to_end::{Database, run};

/// Runs a program of `tests/clients` twice at one server.
fn tells_the_same(database: &Database, file: &str) {
    let transcript = || run(&mut database.place("writer").program(file)).ok();
    let first = transcript();
    assert!(first.lines().count() > 1 && !first.contains("NOT REFUSED"), "{first}");
    assert_eq!(first, transcript());
}

fn postgres(file: &str) {
    tells_the_same(&Database::postgres(), &format!("postgres/{file}"));
}

fn mariadb(file: &str) {
    tells_the_same(&Database::mariadb(), &format!("mysql/{file}"));
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
