//! Recorded statements are found by their shape: no value is shown, and none is found. Each look is on the record before it.

use std::fs;
use std::process::Command;

use end_to_end::{Database, Guarded, Place, Plan, run};

/// What nobody who searches may come to know; and pieces of it, which would lead to it one by one.
const SECRET: &str = "Zq7Xw9Kp";
const PIECES: [&str; 4] = [SECRET, "Zq7", "'Zq7", "x9Kp'"];

/// What the auditor is told who looks for that.
#[track_caller]
fn found(shop: &Guarded, part: &str) -> String {
    searches(shop, "abe", &format!("{} --reason audit", quoted(part)))
}

/// Standard error stands behind standard output.
#[track_caller]
fn searches(shop: &Guarded, person: &str, line: &str) -> String {
    let done = shop.bastion.desk(person, &format!("search {line}"));
    assert_eq!(done.code(), 0, "{done:?}");
    done.text() + &done.stderr
}

/// One word of a desk command.
fn quoted(part: &str) -> String {
    format!("'{}'", part.replace('\'', r"'\''"))
}

/// Whatever is looked for, the secret is not shown, and no part of it leads to a statement.
#[track_caller]
fn hides_the_secret(shop: &Guarded) {
    for piece in PIECES {
        let told = found(shop, piece);
        assert!(told.starts_with("0 statements found in "), "{piece}: {told}");
    }
    assert!(!found(shop, "?").starts_with("0 statements found"));
    for part in ["?", "select", "s", "=", " "] {
        let told = found(shop, part);
        assert!(!told.contains("Zq7"), "{part}: {told}");
    }
}

/// Waits until so many sessions are written whole; from then on there is an auditor.
fn closed(shop: &mut Guarded, sessions: usize) {
    shop.bastion.until_entry("session-close", |_| shop.bastion.entries_of("session-close").len() >= sessions);
    shop.bastion.hold_ceremony();
}

fn mariadb(place: &Place, statements: &[String]) -> Command {
    let mut client = place.client("mariadb");
    client.args(["--no-defaults", "--host=127.0.0.1", "--force", "--comments", "--ssl-verify-server-cert"]);
    client.arg(format!("--ssl-ca={}", place.authority.display()));
    client.arg(format!("--port={}", place.port)).arg(format!("--user={}", place.user));
    client.env("MYSQL_PWD", &place.password).args(["-e", &statements.join(";\n"), &place.database]);
    client
}

#[test]
fn a_statement_of_postgresql_is_found_whatever_its_values_were() {
    let mut shop = Guarded::allowing_everything(Database::postgres());
    shop.truth("CREATE TABLE orders (id int, \"to\" text)");
    shop.run("alice", &[&format!("delete from orders where id = 7 and \"to\" = '{SECRET}'")]).ok();
    shop.run("alice", &["DELETE  FROM orders\nWHERE id=8;"]).ok();
    shop.run("erin", &["DELETE FROM orders WHERE total = 1"]).refused();
    let bound = format!("DELETE FROM orders WHERE id = $1 AND \"to\" = $2 \\bind 9 '{SECRET}' \\g\n");
    let file = shop.bastion.scratch().join("bound.sql");
    fs::write(&file, bound).expect("a file");
    run(shop.psql("alice").arg("-f").arg(&file)).ok();
    closed(&mut shop, 4);
    let told = found(&shop, "delete from orders where id = ?");
    for shown in [
        "delete from orders where id = ? and \"to\" = ?\n",
        "DELETE FROM orders WHERE id = ?;\n",
        "DELETE FROM orders WHERE id = ? AND \"to\" = ?\n",
        "3 statements found in 4 sessions",
    ] {
        assert!(told.contains(shown), "{shown:?}: {told}");
    }
    assert_eq!(told.matches("alice").count(), 3, "{told}");
    assert!(found(&shop, "\"to\"").contains("2 statements found"), "a name is no value");
    let narrowed = |options: &str| searches(&shop, "abe", &format!("delete {options} --reason audit"));
    assert!(narrowed("--person erin").contains("1 statements found in 1 sessions"));
    assert!(narrowed("--target web-1").contains("0 statements found in 0 sessions"));
    assert!(narrowed("--last 1h").contains("4 statements found in 4 sessions"));
    hides_the_secret(&shop);
}

#[test]
fn no_way_to_write_a_value_shows_it_in_postgresql() {
    let mut shop = Guarded::allowing_everything(Database::postgres());
    let statements: Vec<String> = [
        "SELECT '#'",
        "SELECT E'#\\n', E'\\'#'",
        "SELECT U&'#', N'#'",
        "SELECT $$#$$, $a$#$a$",
        "SELECT 1 -- #",
        "SELECT /* '# */ 2",
        "SET app.token = #",
        "SET app.token TO '#'",
        "PREPARE p (text) AS SELECT $1 || '#'",
        "EXECUTE p('#')",
        "DO $$ BEGIN PERFORM '#'; END $$",
        "SELECT '#",
        "SELECT 1 '#' '#'",
        "SELECT 'it\\'s #', '",
        "# is what I meant to type elsewhere",
        "CREATE ROLE a PASSWORD #",
    ]
    .iter()
    .map(|text| text.replace('#', SECRET))
    .collect();
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    shop.run("alice", &statements);
    closed(&mut shop, 1);
    let session = shop.bastion.newest_session();
    let recorded = shop.bastion.desk("abe", &format!("replay {session} --reason audit")).ok();
    assert!(recorded.matches(SECRET).count() >= statements.len(), "{recorded}");
    let told = found(&shop, "");
    // What EXECUTE runs is found beside it.
    let count = statements.len() + 1;
    assert!(told.contains(&format!("{count} statements found in 1 sessions")), "{told}");
    hides_the_secret(&shop);
}

#[test]
fn no_way_to_write_a_value_shows_it_in_mariadb() {
    let mut shop = Guarded::allowing_everything(Database::mariadb());
    shop.database.sql("USE shop; CREATE TABLE orders (id INT, name TEXT, `to` TEXT)");
    let statements: Vec<String> = [
        "DELETE FROM orders WHERE id = 5 AND `to` = '#'",
        "delete from  orders where id=6 and `to`=\"#\"",
        "SELECT _utf8mb4'#', N'#'",
        "SELECT 'it\\'s #'",
        "SELECT X'5a713758', 0x5a713758",
        "SELECT 1 -- #",
        "SELECT /* '# */ 2",
        "SELECT /*! '#' */",
        "SET @a = '#'",
        "PREPARE p FROM 'SELECT ?, ''#'''",
        "CREATE USER a IDENTIFIED BY #",
    ]
    .iter()
    .map(|text| text.replace('#', SECRET))
    .collect();
    run(&mut mariadb(&shop.place("alice", "writer"), &statements));
    let place = shop.place("alice", "writer");
    let mut node = place.client("node");
    run(node.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/clients")).args(["-e", EXECUTES, SECRET]))
        .ok();
    closed(&mut shop, 2);
    let told = found(&shop, "delete from orders where id = 0 and `to` = ''");
    for shown in [
        "DELETE FROM orders WHERE id = ? AND `to` = ?\n",
        "delete from orders where id = ? and `to` = ?\n",
        "DELETE FROM orders WHERE id = ? AND `to` = ? OR name = ?\n",
        "3 statements found in 2 sessions",
    ] {
        assert!(told.contains(shown), "{shown:?}: {told}");
    }
    for hex in ["5a713758", "5a71"] {
        assert!(found(&shop, hex).starts_with("0 statements found"));
    }
    assert!(!found(&shop, "select").contains("5a71"));
    hides_the_secret(&shop);
}

/// Prepared by the protocol: the values never stand in the text.
const EXECUTES: &str = r#"
const at = process.env;
(async () => {
  const there = await require("mysql2/promise").createConnection({ host: at.DB_HOST, port: at.DB_PORT, user: at.DB_USER,
    password: at.DB_PASSWORD, database: at.DB_NAME, ssl: { ca: require("fs").readFileSync(at.DB_CA) } });
  await there.execute("DELETE FROM orders WHERE id = ? AND `to` = ? OR name = ?", [1, process.argv[1], process.argv[1]]);
  await there.end();
})();
"#;

#[test]
fn whoever_may_not_look_learns_nothing() {
    let mut shop = Guarded::with_orders(Plan::shipped());
    let ask = |shop: &Guarded, person| searches(shop, person, "select --reason curious");
    let nothing = ask(&shop, "bob");
    shop.run("alice", &["SELECT count(*) FROM orders"]).ok();
    closed(&mut shop, 1);
    for person in ["alice", "bob"] {
        assert_eq!(ask(&shop, person), nothing, "{person}");
    }
    assert!(shop.bastion.entries_of("replay-viewed").is_empty());
    assert!(ask(&shop, "abe").contains("SELECT count(*) FROM orders"));
    let session = shop.bastion.newest_session();
    let looks = shop.bastion.entries_of("replay-viewed");
    assert_eq!(looks.iter().map(|look| look["session"].as_str()).collect::<Vec<_>>(), [Some(&*session)]);
    shop.bastion.verify();
}

#[test]
fn a_look_is_on_the_record_though_there_is_nothing_to_see() {
    let mut shop = Guarded::with_orders(Plan::shipped());
    shop.run("alice", &["SELECT count(*) FROM orders"]).ok();
    closed(&mut shop, 1);
    let (recordings, away) = (shop.bastion.ledger().join("segments"), shop.bastion.scratch().join("away"));
    fs::rename(&recordings, &away).expect("renamed");
    let told = found(&shop, "select");
    assert!(
        told.contains("0 statements found in 0 sessions") && told.contains("1 sessions have no"),
        "{told}"
    );
    assert_eq!(shop.bastion.entries_of("replay-viewed").len(), 1);
    fs::rename(&away, &recordings).expect("renamed");
}
