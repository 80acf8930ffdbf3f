//! Prepared statements have one namespace, whoever makes them: what EXECUTE runs is judged by the text behind the name, and
//! by nobody's old text.

use end_to_end::{Guarded, Plan, Running, run, run_with_input};

/// Code that puts something else behind a name.
const SWAPS: &str =
    "DO $$ BEGIN EXECUTE 'DEALLOCATE s'; EXECUTE 'PREPARE s AS DELETE FROM orders'; %END% END $$";

/// A client of libpq that says this by the protocol and in SQL; it ends by itself.
fn client(shop: &Guarded, says: &[&str]) -> Running {
    Running::start(shop.place("alice", "writer").program("postgres/naming.py").args(says))
}

/// The number of the next request behind that one.
fn next_request(shop: &Guarded, last: u64) -> u64 {
    let entry = shop.bastion.until_entry("request", |entry| entry["request"].as_u64() > Some(last));
    entry["request"].as_u64().expect("a number")
}

fn orders(shop: &Guarded) -> String {
    shop.truth("SELECT count(*) FROM orders")
}

#[test]
fn what_is_executed_is_judged_shown_and_recorded_by_the_text_behind_the_name() {
    let shop = Guarded::with_orders(Plan::shipped());
    let asked = "PREPARE few (int) AS SELECT count(*) FROM orders WHERE id <= $1";
    let told = shop.run("alice", &[asked, "EXECUTE few(7)", "EXPLAIN ANALYZE EXECUTE few(7)"]).ok();
    assert!(told.starts_with("PREPARE\n7\nAggregate"), "{told}");
    let filled = client(&shop, &[&format!("query {asked}"), "query CREATE TABLE found AS EXECUTE few(9)"]);
    let number = next_request(&shop, 0);
    let shown = shop.bastion.desk("bob", &format!("show {number}")).ok();
    assert!(shown.contains("AS EXECUTE few(9)") && shown.contains(asked), "{shown}");
    drop(filled);
    // Nothing is asked of anybody when the protocol prepares; by the other door it is the same statement.
    let waiting = client(&shop, &["parse every DELETE FROM orders", "query EXECUTE every"]);
    let number = next_request(&shop, number);
    let shown = shop.bastion.desk("bob", &format!("show {number}")).ok();
    assert!(shown.contains("EXECUTE every") && shown.contains("DELETE FROM orders"), "{shown}");
    assert!(shown.contains("data.destroy"), "{shown}");
    let session = shop.bastion.newest_session();
    shop.bastion.approve(number, "bob");
    assert_eq!(orders(&shop), "1000");
    shop.bastion.approve(number, "carol");
    waiting.finish().ok();
    assert_eq!(orders(&shop), "0");
    let replay = run(&mut shop.bastion.countersign(["replay", &session, "--speed", "1000"])).ok();
    assert!(replay.contains("\"every\" is  DELETE FROM orders"), "{replay}");
}

#[test]
fn what_sql_has_prepared_is_judged_when_the_protocol_binds_it() {
    let shop = Guarded::with_orders(Plan::shipped());
    let says = ["query PREPARE q AS SELECT count(*) FROM orders", "bind q", "query DEALLOCATE q", "bind q"];
    let told = client(&shop, &says).finish().ok();
    assert!(told.contains("1000") && told.contains("does not exist"), "{told}");
    let waiting = client(&shop, &["query PREPARE d AS DELETE FROM orders", "bind d"]);
    let number = next_request(&shop, 0);
    let shown = shop.bastion.desk("bob", &format!("show {number}")).ok();
    assert!(shown.contains("EXECUTE") && shown.contains("DELETE FROM orders"), "{shown}");
    assert!(shown.contains("data.destroy"), "{shown}");
    drop(waiting);
    assert_eq!(shop.bastion.entries_of("request").len(), 1, "to prepare it is not to run it");
    assert_eq!(orders(&shop), "1000");
}

/// A domain whose check removes orders, and a table whose column is an array of it.
const WIPES: &str = "
    CREATE FUNCTION wipes(int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; RETURN true; END';
    CREATE DOMAIN checked AS int CHECK (wipes(VALUE));
    CREATE TYPE hidden AS (a checked);
    CREATE TABLE lists (list checked[])";

#[test]
fn a_constant_that_calls_code_when_it_is_parsed_is_judged_before_it_is_parsed() {
    let shop = Guarded::with_orders(Plan::shipped());
    shop.truth(WIPES);
    for says in [
        "parse s SELECT '{1}'::checked[]",
        "parse s SELECT $$(1)$$::hidden",
        "parse s INSERT INTO lists VALUES ('{1}')",
        "query PREPARE s AS SELECT '{1}'::checked[]",
        "query PREPARE s (int) AS SELECT * FROM lists WHERE list = '{1}'",
    ] {
        let before = shop.bastion.entries_of("request").len();
        let waiting = client(&shop, &[says]);
        shop.bastion.until_entry("request", |_| shop.bastion.entries_of("request").len() > before);
        drop(waiting);
        assert_eq!(orders(&shop), "1000", "{says}");
    }
    // What nobody's code reads is not asked about, in the same database.
    let plain = ["parse s SELECT 'plain', 1", "bind s", "query PREPARE p AS DELETE FROM orders"];
    let told = client(&shop, &plain).finish().ok();
    assert!(told.contains("plain") && shop.bastion.entries_of("request").len() == 5, "{told}");
    // At the server, parsing is enough.
    let at_the_server = shop.database.place("writer");
    run(at_the_server.program("postgres/naming.py").arg("parse s SELECT '{1}'::checked[]")).ok();
    assert_eq!(orders(&shop), "0");
}

#[test]
fn a_name_means_what_it_means_when_it_runs() {
    let shop = Guarded::with_orders(Plan::shipped());
    for says in [
        // Of two texts under one name the server keeps the first.
        vec!["parse s DELETE FROM orders", "parse s SELECT 1", "query EXECUTE s"],
        vec![
            "query PREPARE s AS SELECT 1",
            "query DEALLOCATE s",
            "parse s DELETE FROM orders",
            "query EXECUTE s",
        ],
        vec![
            "query PREPARE s AS SELECT 1",
            "query DISCARD ALL",
            "parse s DELETE FROM orders",
            "query EXECUTE s",
        ],
        vec!["query PREPARE s AS SELECT 1", "parse s2 DELETE FROM orders", "query EXECUTE s2; EXECUTE s"],
        // Not in a transaction that is taken back, as names are not.
        vec![
            "parse s SELECT 1",
            "query BEGIN",
            "query DEALLOCATE s",
            "query ROLLBACK",
            "parse s DELETE FROM orders",
            "query EXECUTE s",
        ],
        vec!["parse s DELETE FROM orders", "query EXPLAIN ANALYZE EXECUTE s"],
        vec!["parse s DELETE FROM orders", "query SELECT 1; EXPLAIN ANALYZE EXECUTE s"],
        // The server's encoding may fold one into the other.
        vec!["parse \u{e9} DELETE FROM orders", "parse \u{c9} SELECT 1", "query EXECUTE \u{c9}"],
        // What SQL could not have prepared is nothing that a name is taken for.
        vec!["parse s TRUNCATE orders", "query EXECUTE s"],
        vec!["query EXECUTE nobody_knows"],
    ] {
        let before = shop.bastion.entries_of("request").len();
        let waiting = client(&shop, &says);
        shop.bastion.until_entry("request", |_| shop.bastion.entries_of("request").len() > before);
        drop(waiting);
        assert_eq!(orders(&shop), "1000", "{says:?}");
    }
}

#[test]
fn code_that_was_let_through_may_have_changed_every_name() {
    let shop = Guarded::with_orders(Plan::shipped());
    let (whole, fails) = (SWAPS.replace("%END%", ""), SWAPS.replace("%END%", "RAISE 'and back';"));
    let mut last = 0;
    for (prepares, code) in [
        ("query PREPARE s AS SELECT 'harmless'", &whole),
        ("query PREPARE s AS SELECT 'harmless'", &fails),
        ("parse s SELECT 'harmless'", &whole),
        ("parse s SELECT 'harmless'", &fails),
    ] {
        let code = format!("query {code}");
        let waiting = client(&shop, &[prepares, "query EXECUTE s", &code, "query EXECUTE s"]);
        let swaps = next_request(&shop, last);
        shop.bastion.approve(swaps, "bob");
        shop.bastion.approve(swaps, "carol");
        last = next_request(&shop, swaps);
        let shown = shop.bastion.desk("bob", &format!("show {last}")).ok();
        assert!(shown.contains("unknown") && !shown.contains("harmless"), "{shown}");
        assert_eq!(orders(&shop), "1000");
        drop(waiting);
    }
    // What the client itself has parsed means to its protocol what it meant.
    let code = format!("query {whole}");
    let waiting = client(&shop, &["parse s SELECT 'harmless'", &code, "bind s", "bind s"]);
    let swaps = next_request(&shop, last);
    shop.bastion.approve(swaps, "bob");
    shop.bastion.approve(swaps, "carol");
    let told = waiting.finish().ok();
    assert_eq!((told.matches("harmless").count(), orders(&shop).as_str()), (2, "1000"), "{told}");
}

#[test]
fn a_function_that_prepares_is_code_that_nobody_has_read() {
    let shop = Guarded::with_orders(Plan::shipped());
    shop.truth(
        "CREATE FUNCTION swaps() RETURNS void LANGUAGE sql AS 'DEALLOCATE ALL; PREPARE s AS SELECT 1'",
    );
    let (waiting, number) = shop.held("alice", "SELECT swaps()");
    let shown = shop.bastion.desk("bob", &format!("show {number}")).ok();
    assert!(shown.contains("unknown"), "{shown}");
    drop(waiting);
}

#[test]
fn a_type_by_its_number_hides_no_code() {
    let shop = Guarded::with_orders(Plan::shipped());
    shop.truth(
        "CREATE FUNCTION wipes(int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; RETURN true; END'",
    );
    shop.truth("CREATE DOMAIN checked AS int CHECK (wipes(VALUE))");
    let typed = format!("typed t {} SELECT $1", shop.truth("SELECT 'checked'::regtype::oid"));
    let waiting = client(&shop, &[&typed, "bind-1 t"]);
    let number = next_request(&shop, 0);
    let shown = shop.bastion.desk("bob", &format!("show {number}")).ok();
    assert!(shown.contains("unknown"), "{shown}");
    drop(waiting);
    let waiting = client(&shop, &[&typed, "query EXECUTE t(1)"]);
    next_request(&shop, number);
    drop(waiting);
    assert_eq!(orders(&shop), "1000");
    // At the server it is what it looks like.
    let at_the_server = shop.database.place("writer");
    run(at_the_server.program("postgres/naming.py").args([&typed, "bind-1 t"])).ok();
    assert_eq!(orders(&shop), "0");
}

#[test]
fn a_name_means_the_same_to_both_accounts_of_a_session() {
    let shop = Guarded::with_orders(Plan::shipped());
    shop.bastion.admin(&["account", "read-as", "shop", "writer", "reader"]);
    let script = b"PREPARE q AS SELECT count(*), current_user FROM orders;\nEXECUTE q;\nBEGIN;\n\
        INSERT INTO orders VALUES (2000, 1, 1);\nEXECUTE q;\nDEALLOCATE q;\n\
        PREPARE q (int) AS SELECT id, current_user FROM orders WHERE id = $1;\nROLLBACK;\nEXECUTE q(7);\n";
    let told = run_with_input(&mut shop.psql("alice"), script).ok();
    let expected =
        "PREPARE\n1000|reader\nBEGIN\nINSERT 0 1\n1001|writer\nDEALLOCATE\nPREPARE\nROLLBACK\n7|reader\n";
    assert_eq!(told, expected);
}
