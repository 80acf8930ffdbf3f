//! MySQL through the gateway, with the `mariadb` client: who gets in, what runs, what waits for two people, what never
//! reaches the server.

use std::process::Command;

use end_to_end::{Database, Guarded, Place, Plan, Running, eventually, run};

/// A gateway with the shipped policies before a shop with a thousand orders; its clients are patient.
fn shop() -> Guarded {
    shop_that_holds(300)
}

/// The same, before clients that wait for so many seconds.
fn shop_that_holds(seconds: u16) -> Guarded {
    let hold = format!("mysql_hold_seconds = {seconds}");
    let shop = Guarded::start(Database::mariadb(), Plan::shipped().config("mysql_hold_seconds = 20", &hold));
    shop.database.sql("USE shop; CREATE TABLE orders (id INT PRIMARY KEY, total INT)");
    shop.database.sql("USE shop; INSERT INTO orders SELECT seq, seq FROM seq_1_to_1000");
    shop
}

/// `mariadb` that goes there, with these statements; the caller adds how the connection is protected.
fn client(place: &Place, statements: &str) -> Command {
    let mut client = place.client("mariadb");
    client.args(["--no-defaults", "--host=127.0.0.1", "--batch", "--skip-column-names", "--comments"]);
    client.arg(format!("--port={}", place.port)).arg(format!("--user={}", place.user));
    client.env("MYSQL_PWD", &place.password).args(["-e", statements, &place.database]);
    client
}

/// The same, as people are told to begin it.
fn mariadb(place: &Place, statements: &str) -> Command {
    let mut client = client(place, statements);
    client.arg(format!("--ssl-ca={}", place.authority.display())).arg("--ssl-verify-server-cert");
    client
}

/// A client that takes no progress reports: PyMySQL.
fn pymysql(place: &Place, statements: &str) -> Command {
    let mut client = place.client("/usr/bin/python3");
    client.args(["-c", PYMYSQL, statements]);
    client
}

const PYMYSQL: &str = r#"
import os, sys, pymysql
at = os.environ
there = pymysql.connect(host=at["DB_HOST"], port=int(at["DB_PORT"]), user=at["DB_USER"],
    password=at["DB_PASSWORD"], database=at["DB_NAME"], ssl_ca=at["DB_CA"], autocommit=True)
for statement in sys.argv[1].split("; "):
    there.cursor().execute(statement)
"#;

fn count(shop: &Guarded) -> String {
    shop.database.sql("SELECT COUNT(*) FROM shop.orders").trim().to_owned()
}

#[test]
fn a_client_works_as_usual() {
    let shop = shop();
    let script = "SELECT COUNT(*) FROM orders; BEGIN; INSERT INTO orders VALUES (2000, 1); ROLLBACK;\n\
                  SELEC;\nSELECT 'after ', 1; USE shop; SHOW TABLES";
    let done = run(mariadb(&shop.place("alice", "writer"), script).arg("--force"));
    for line in ["1000\n", "after \t1\n", "orders\n"] {
        assert!(done.text().contains(line), "{line:?}: {done:?}");
    }
    assert_eq!(count(&shop), "1000");
}

#[test]
fn only_the_ticket_of_that_person_for_that_place_opens_it() {
    let shop = shop();
    let (alice, erin) = (shop.place("alice", "writer"), shop.place("erin", "writer"));
    run(&mut mariadb(&erin, "SELECT 1")).ok();
    for wrong in ["", "writer-s3cret", "cst-0-0", &erin.password] {
        let told = run(mariadb(&alice, "SELECT 'in'").env("MYSQL_PWD", wrong)).refused();
        assert!(told.contains("1045"), "{wrong:?}: {told}");
    }
    for place in ["alice+root@shop", "alice+writer@db-1", "alice+writer@nowhere", "alice"] {
        run(mariadb(&alice, "SELECT 1").arg(format!("--user={place}"))).refused();
    }
    let told = run(client(&alice, "SELECT 1").arg("--skip-ssl")).refused();
    assert!(told.contains("without TLS"), "{told}");
    let other = Place { database: "mysql".to_owned(), ..alice };
    run(&mut mariadb(&other, "SELECT 1")).refused();
}

#[test]
fn a_delete_of_every_row_waits_for_two_and_runs_once() {
    let shop = shop();
    let waiting = Running::start(&mut mariadb(&shop.place("alice", "writer"), "DELETE FROM orders"));
    let number = number(&shop);
    shop.bastion.answer(number, "approve", "alice").refused();
    shop.bastion.approve(number, "bob");
    assert_eq!(count(&shop), "1000");
    shop.bastion.approve(number, "carol");
    waiting.finish().ok();
    assert_eq!(count(&shop), "0");
}

/// The number of the request that a held statement has become.
fn number(shop: &Guarded) -> u64 {
    shop.bastion.until_entry("request", |_| true)["request"].as_u64().expect("a number")
}

#[test]
fn a_denied_statement_fails_and_the_session_goes_on() {
    let shop = shop();
    let script = "TRUNCATE orders;\nSELECT 'still ', 'here'";
    let waiting = Running::start(mariadb(&shop.place("alice", "writer"), script).arg("--force"));
    shop.bastion.answer(number(&shop), "deny", "bob").ok();
    let done = waiting.finish();
    assert!(done.stderr.contains("1142") && done.stderr.contains("bob"), "{done:?}");
    assert!(done.text().contains("still \there"), "{done:?}");
    assert_eq!(count(&shop), "1000");
}

#[test]
fn whoever_cannot_wait_finds_what_was_signed_and_it_passes_once() {
    let shop = shop_that_holds(1);
    let place = shop.place("alice", "writer");
    let told = run(&mut pymysql(&place, "DELETE FROM orders")).refused();
    let number = number(&shop);
    assert!(told.contains(&format!("request {number} waits")) && told.contains("again"), "{told}");
    shop.bastion.approve(number, "bob");
    run(&mut pymysql(&place, "DELETE FROM orders")).refused();
    shop.bastion.approve(number, "carol");
    assert_eq!(count(&shop), "1000", "nothing runs by itself");
    for (who, other) in [
        ("erin", "DELETE FROM orders"),
        ("alice", "DELETE  FROM orders"),
        ("alice", "SET autocommit = 1; DELETE FROM orders"),
        ("alice", "USE shop; DELETE FROM orders"),
    ] {
        run(&mut pymysql(&shop.place(who, "writer"), other)).refused();
    }
    assert_eq!(count(&shop), "1000");
    run(&mut pymysql(&place, "DELETE FROM orders")).ok();
    assert_eq!(count(&shop), "0");
    shop.database.sql("INSERT INTO shop.orders VALUES (1, 1)");
    run(&mut pymysql(&place, "DELETE FROM orders")).refused();
    assert_eq!(count(&shop), "1");
}

#[test]
fn of_two_connections_that_come_at_once_one_passes() {
    let shop = shop_that_holds(1);
    let place = shop.place("alice", "writer");
    let statement = "UPDATE orders SET total = total + 1";
    run(&mut pymysql(&place, statement)).refused();
    let number = number(&shop);
    let mut both = [0, 1].map(|_| Running::start(&mut pymysql(&place, statement)));
    shop.bastion.approve(number, "bob");
    both.iter_mut().for_each(|one| drop(one.wait()));
    shop.bastion.approve(number, "carol");
    let both = [0, 1].map(|_| Running::start(&mut pymysql(&place, statement)));
    let passed = both.map(|one| one.finish().code() == 0);
    assert_eq!(passed.iter().filter(|passed| **passed).count(), 1);
    assert_eq!(shop.database.sql("SELECT SUM(total) - SUM(id) FROM shop.orders").trim(), "1000");
}

#[test]
fn what_depends_on_its_session_is_given_up_with_it() {
    let shop = shop();
    let script = "CREATE TEMPORARY TABLE mine (id INT); DROP TABLE orders";
    let place = shop.place("alice", "writer");
    let mut waiting = Running::start(&mut mariadb(&place, script));
    let first = number(&shop);
    shop.bastion.approve(first, "bob");
    shop.bastion.approve(first, "carol");
    let asked = |entry: &serde_json::Value| entry["request"] != first;
    let second = shop.bastion.until_entry("request", asked)["request"].as_u64().expect("a number");
    waiting.kill();
    shop.bastion.until_entry("request-end", |entry| entry["request"] == second);
    shop.bastion.answer(second, "approve", "bob").refused();
    assert_eq!(count(&shop), "1000");
}

#[test]
fn ctrl_c_interrupts_what_is_held_and_what_runs() {
    let shop = shop();
    let place = shop.place("alice", "writer");
    let mut waiting = Running::start(&mut mariadb(&place, "DELETE FROM orders"));
    let number = number(&shop);
    waiting.signal("INT");
    let done = waiting.wait();
    assert!(done.stderr.contains("1317"), "{done:?}");
    shop.bastion.until_entry("request-end", |entry| entry["request"] == number);
    let mut running = Running::start(&mut mariadb(&place, "SELECT SLEEP(600) FROM orders"));
    eventually("it runs", || {
        let running = shop
            .database
            .sql("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'");
        (running.trim() == "1").then_some(())
    });
    running.signal("INT");
    running.wait();
    eventually("it has ended", || {
        let running = shop
            .database
            .sql("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'");
        (running.trim() == "0").then_some(())
    });
}

#[test]
fn what_is_not_understood_never_reaches_the_server() {
    let shop = shop();
    let place = shop.place("alice", "writer");
    for text in [
        "SELECT 1 INTO OUTFILE '/tmp/out'",
        "/*!50000 DROP TABLE orders */",
        "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
        "SET NAMES gbk",
        "LOAD DATA INFILE '/etc/passwd' INTO TABLE orders",
    ] {
        let told = run(&mut mariadb(&place, text)).refused();
        assert!(told.contains("1142"), "{text}: {told}");
    }
    assert_eq!(count(&shop), "1000");
}

#[test]
fn what_drivers_set_when_they_connect_passes() {
    let shop = shop();
    let place = shop.place("alice", "writer");
    let text = "SET autocommit = 1, sql_mode = concat(@@sql_mode, ',STRICT_TRANS_TABLES'); SET NAMES utf8mb4; \
        SET SESSION sql_mode = 'TRADITIONAL'; SELECT @@sql_mode LIKE '%STRICT_ALL_TABLES%'";
    assert_eq!(run(&mut mariadb(&place, text)).ok().trim(), "1");
}
