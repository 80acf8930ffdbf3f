//! MySQL through the gateway, with the `mariadb` client: who gets in, what runs, what waits for two people, what never
//! reaches the server.

use std::process::Command;

use end_to_end::{Database, Guarded, Place, Plan, Running, run};

/// A gateway with the shipped policies before a shop with a thousand orders.
fn shop() -> Guarded {
    let shop = Guarded::start(Database::mariadb(), Plan::shipped());
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
fn whoever_leaves_while_held_leaves_nothing_behind() {
    let shop = shop();
    let mut waiting = Running::start(&mut mariadb(&shop.place("alice", "writer"), "DROP TABLE orders"));
    let number = number(&shop);
    waiting.kill();
    shop.bastion.until_entry("request-end", |entry| entry["request"] == number);
    shop.bastion.answer(number, "approve", "bob").refused();
    assert_eq!(count(&shop), "1000");
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
