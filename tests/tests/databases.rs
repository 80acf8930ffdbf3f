//! PostgreSQL through the gateway, with `psql`: who gets in, what runs, what waits for two people, what is on the record.

use std::process::Command;
use std::time::{Duration, Instant};

use end_to_end::{Guarded, Place, Plan, Running, eventually, number_after, psql, run, run_with_input};

/// A ticket, as the person gets it at the desk.
#[track_caller]
fn ticket(shop: &Guarded, person: &str, bounds: &str) -> String {
    shop.bastion.desk(person, &format!("ticket shop --account writer {bounds}")).ok().trim().to_owned()
}

/// `SELECT 1` by a person who shows that ticket.
fn with_ticket(shop: &Guarded, person: &str, ticket: &str) -> Command {
    let place = shop.place("alice", "writer");
    let mut psql =
        psql(&Place { user: format!("{person}+writer@shop"), password: ticket.to_owned(), ..place });
    psql.args(["-c", "SELECT 1"]);
    psql
}

#[test]
fn a_client_works_as_usual_and_is_recorded() {
    let shop = Guarded::with_orders(Plan::shipped());
    assert_eq!(shop.run("alice", &["SELECT count(*) FROM orders"]).ok(), "1000\n");
    let script = "BEGIN; SELECT 1/0; ROLLBACK;\nSELECT 'after ' || 1;\n\
                  SELECT total FROM orders WHERE id < 3 ORDER BY id;\n";
    let mut psql = shop.psql("alice");
    let done = run_with_input(&mut psql, script.as_bytes());
    let told = done.text();
    for line in ["after 1\n", "1\n2\n"] {
        assert!(told.contains(line), "{line:?}: {told}");
    }
    let recorded =
        run(&mut shop.bastion.countersign(["replay", &shop.bastion.newest_session(), "--speed", "1000"]))
            .ok();
    for part in ["SELECT 1/0", "22012", "SELECT 2"] {
        assert!(recorded.contains(part), "{part}: {recorded}");
    }
}

#[test]
fn only_the_ticket_of_that_person_for_that_place_opens_it() {
    let shop = Guarded::with_orders(Plan::shipped());
    let (of_alice, of_erin) =
        (ticket(&shop, "alice", "--connections 20"), ticket(&shop, "erin", "--connections 2"));
    let forged = of_alice.replace(|c: char| c.is_ascii_digit(), "0");
    for wrong in ["writer-s3cret", "cst-0-0", &of_erin, &forged] {
        let told = run(&mut with_ticket(&shop, "alice", wrong)).refused();
        assert!(told.contains("authentication failed"), "{wrong:?}: {told}");
    }
    run(&mut with_ticket(&shop, "erin", &of_erin)).ok();
    // Not even to whoever has the ticket: another account, a host, a name that is none.
    for place in ["alice+postgres@shop", "alice+writer@db-1", "alice+writer@nowhere", "alice", "alice@shop"] {
        run(with_ticket(&shop, "alice", &of_alice).args(["-U", place])).refused();
    }
    let mut clear = with_ticket(&shop, "alice", &of_alice);
    let told = run(clear.env("PGSSLMODE", "disable")).refused();
    assert!(told.contains("TLS only"), "{told}");
}

#[test]
fn a_ticket_opens_as_many_connections_as_it_says_and_ends_by_itself() {
    let shop = Guarded::with_orders(Plan::shipped());
    let once = ticket(&shop, "alice", "");
    run(&mut with_ticket(&shop, "alice", &once)).ok();
    run(&mut with_ticket(&shop, "alice", &once)).refused();
    let short = ticket(&shop, "alice", "--for 10s --connections 100");
    run(&mut with_ticket(&shop, "alice", &short)).ok();
    eventually("the ticket's end", || {
        let done = run(&mut with_ticket(&shop, "alice", &short));
        (done.code() != 0).then_some(())
    });
    for bounds in ["--for 13h", "--for 1s", "--connections 0", "--connections 101"] {
        shop.bastion.desk("alice", &format!("ticket shop --account writer {bounds}")).refused();
    }
    shop.bastion.desk("alice", "ticket db-1").refused();
    shop.bastion.desk("dave", "ticket shop --account writer").refused();
}

#[test]
fn a_delete_of_every_row_waits_for_two_and_runs_once() {
    let shop = Guarded::with_orders(Plan::shipped());
    let (waiting, number) = shop.held("alice", "DELETE FROM orders");
    shop.bastion.answer(number, "approve", "alice").refused();
    shop.bastion.approve(number, "bob");
    assert_eq!(shop.truth("SELECT count(*) FROM orders"), "1000");
    shop.bastion.approve(number, "carol");
    assert_eq!(waiting.finish().ok(), "DELETE 1000\n");
    assert_eq!(shop.truth("SELECT count(*) FROM orders"), "0");
    // The same text once more is another act.
    let (again, second) = shop.held("alice", "DELETE FROM orders");
    assert_ne!(number, second);
    drop(again);
}

#[test]
fn a_denied_statement_fails_and_the_session_goes_on() {
    let shop = Guarded::with_orders(Plan::shipped());
    let mut psql = Running::start(shop.psql("alice").args(["-v", "VERBOSITY=verbose"]));
    psql.write(b"BEGIN;\nTRUNCATE orders;\n");
    let notice = psql.until_stderr("HELD as request ");
    let number = number_after("HELD as request ", &notice);
    shop.bastion.answer(number, "deny", "bob").ok();
    let told = psql.until_stderr("42501");
    assert!(told.contains("bob"), "{told}");
    psql.write(b"SELECT 'in the block';\n");
    psql.until_stderr("25P02");
    psql.write(b"ROLLBACK;\nSELECT 'after ' || count(*) FROM orders;\n");
    psql.until_stdout("after 1000");
}

#[test]
fn a_hold_in_a_transaction_tells_what_it_locks_and_ends_at_its_own_limit() {
    let limit = "transaction_hold_seconds = 2";
    let shop = Guarded::with_orders(Plan::shipped().config("transaction_hold_seconds = 120", limit));
    let (outside, number) = shop.held("alice", "TRUNCATE orders");
    assert!(!outside.stderr().contains("locks "), "{}", outside.stderr());
    let mut psql = Running::start(shop.psql("alice").args(["-v", "VERBOSITY=verbose"]));
    psql.write(
        b"BEGIN;\nUPDATE customers SET name = 'x' WHERE id = 1;\nTABLE orders LIMIT 0;\nTRUNCATE orders;\n",
    );
    let told = psql.until_stderr("2 seconds at most");
    let inside = number_after("HELD as request ", &told);
    assert!(told.contains("public.customers") && !told.contains("public.orders;"), "{told}");
    let told = psql.until_stderr("HINT");
    assert!(told.contains("42501") && told.contains(&format!("request {inside} lapsed")), "{told}");
    psql.until_stderr("must be rolled back");
    psql.write(b"SELECT 'in the block';\n");
    psql.until_stderr("25P02");
    let ended = shop.bastion.until_entry("request-end", |entry| entry["request"] == inside);
    assert_eq!(ended["state"], "expired");
    shop.bastion.answer(inside, "approve", "bob").refused();
    // Nobody waits for whoever has no transaction open.
    shop.bastion.approve(number, "bob");
    shop.bastion.approve(number, "carol");
    assert_eq!(outside.finish().ok(), "TRUNCATE TABLE\n");
}

#[test]
fn a_syntax_error_is_one_as_at_the_server_and_never_gets_there() {
    let shop = Guarded::with_orders(Plan::shipped());
    let script =
        b"BEGIN;\nINSERT INTO customers VALUES (1000, 'kept');\nSELECT 1 FROM (SELECT 2) x FROM y;\n\
        SELECT 'after ' || 1;\nCOMMIT;\n";
    let mut psql = shop.psql("alice");
    let done = run_with_input(psql.args(["-v", "VERBOSITY=verbose"]), script);
    let line = "SELECT 1 FROM (SELECT 2) x FROM y;";
    let caret = " ".repeat("LINE 1: ".len() + line.rfind("FROM").expect("it is there"));
    let error = format!("ERROR:  42601: syntax error at or near \"FROM\"\nLINE 1: {line}\n{caret}^");
    assert!(done.stderr.contains(&error) && done.stderr.contains("was not sent"), "{}", done.stderr);
    assert!(done.stderr.contains("25P02") && done.text().contains("ROLLBACK"), "{}", done.text());
    // With a savepoint before each statement, as psql can set it, the transaction goes on.
    let mut psql = shop.psql("alice");
    let done = run_with_input(psql.args(["-v", "ON_ERROR_ROLLBACK=on"]), script);
    assert!(done.text().contains("after 1") && done.text().contains("COMMIT"), "{}", done.text());
    assert_eq!(shop.truth("SELECT count(*) FROM customers WHERE name = 'kept'"), "1");
    let recorded =
        run(&mut shop.bastion.countersign(["replay", &shop.bastion.newest_session(), "--speed", "1000"]))
            .ok();
    assert!(recorded.contains("deny  SELECT 1 FROM (SELECT 2) x FROM y"), "{recorded}");
}

#[test]
fn an_interrupt_ends_the_wait_and_takes_the_request_off_the_table() {
    let shop = Guarded::with_orders(Plan::shipped());
    let mut psql = Running::start(&mut shop.psql("alice"));
    psql.write(b"DROP TABLE orders;\n");
    let notice = psql.until_stderr("HELD as request ");
    let number = number_after("HELD as request ", &notice);
    psql.signal("INT");
    let told = psql.wait();
    assert!(told.stderr.contains("ERROR"), "{}", told.stderr);
    shop.bastion.answer(number, "approve", "bob").refused();
    assert_eq!(shop.truth("SELECT count(*) FROM orders"), "1000");
}

#[test]
fn an_interrupt_reaches_the_server() {
    let shop = Guarded::with_orders(Plan::shipped());
    let mut psql = Running::start(shop.psql("alice").args(["-c", "SELECT pg_sleep(60)"]));
    eventually("the sleep", || {
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'";
        (shop.truth(sleeping) == "1").then_some(())
    });
    psql.signal("INT");
    psql.until_stderr("canceling statement due to user request");
}

#[test]
fn whoever_leaves_while_held_leaves_nothing_behind() {
    let shop = Guarded::with_orders(Plan::shipped());
    let (mut waiting, number) = shop.held("alice", "DROP TABLE orders");
    waiting.kill();
    shop.bastion.until_entry("request-end", |entry| entry["request"] == number);
    shop.bastion.answer(number, "approve", "bob").refused();
    assert_eq!(shop.truth("SELECT count(*) FROM orders"), "1000");
}

#[test]
fn a_suspended_person_is_cut_off_in_the_middle_of_a_statement() {
    let shop = Guarded::with_orders(Plan::shipped());
    let psql = Running::start(shop.psql("alice").args(["-c", "SELECT pg_sleep(60)"]));
    eventually("the sleep", || {
        (shop.truth("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'") == "1")
            .then_some(())
    });
    let begun = Instant::now();
    shop.bastion.admin(&["person", "suspend", "alice"]);
    psql.finish().refused();
    assert!(begun.elapsed() < Duration::from_secs(10), "the session went on");
}

/// It is held, or refused at once.
#[track_caller]
fn is_not_let_through(shop: &Guarded, text: &str) {
    let mut waiting = Running::start(shop.psql("alice").args(["-c", text]));
    eventually("a hold or a refusal", || {
        (waiting.stderr().contains("HELD as request") || waiting.has_ended()).then_some(())
    });
    let is_held = waiting.stderr().contains("HELD as request");
    assert!(is_held || waiting.wait().code() != 0, "{text}");
}

#[test]
fn what_a_text_means_cannot_be_changed_under_the_analysis() {
    let shop = Guarded::with_orders(Plan::shipped());
    for text in [
        "SET standard_conforming_strings = off",
        "SET client_encoding = 'SJIS'",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "SELECT set_config('standard_conforming_strings', 'off', false)",
    ] {
        is_not_let_through(&shop, text);
    }
    let mut psql = shop.psql("alice");
    run(psql.env("PGOPTIONS", "-c standard_conforming_strings=off")).refused();
    let mut psql = shop.psql("alice");
    run(psql.env("PGCLIENTENCODING", "SJIS")).refused();
}

#[test]
fn a_held_text_by_another_name_is_held_too() {
    let shop = Guarded::with_orders(Plan::shipped());
    for text in [
        "PREPARE p AS DELETE FROM orders; EXECUTE p",
        "DO $$ BEGIN DELETE FROM orders; END $$",
        "WITH gone AS (DELETE FROM orders RETURNING 1) SELECT count(*) FROM gone",
        "SELECT 1; DELETE FROM orders",
        "EXPLAIN ANALYZE DELETE FROM orders",
        "DELETE FROM orders WHERE 1 = 1",
        "COPY orders FROM PROGRAM 'echo'",
    ] {
        is_not_let_through(&shop, text);
        assert_eq!(shop.truth("SELECT count(*) FROM orders"), "1000", "{text}");
    }
}

#[test]
fn nothing_runs_that_is_not_on_the_record() {
    let mut shop =
        Guarded::with_orders(Plan::shipped().config("patience_seconds = 10", "patience_seconds = 0"));
    let mut psql = Running::start(&mut shop.psql("alice"));
    psql.write(b"SELECT 'ready' || 1;\n");
    psql.until_stdout("ready1");
    let aside = shop.bastion.scratch().join("ledger");
    std::fs::rename(shop.bastion.ledger(), &aside).expect("the ledger can be moved away");
    psql.write(b"UPDATE orders SET total = 0 WHERE id = 1;\nINSERT INTO customers VALUES (1000, 'late');\n");
    let told = psql.wait();
    assert_ne!(told.code(), 0, "{}", told.stderr);
    assert_eq!(shop.truth("SELECT count(*) FROM customers"), "100");
    std::fs::rename(&aside, shop.bastion.ledger()).expect("it can be moved back");
    shop.bastion.kill9();
    shop.bastion.restart();
}

#[test]
fn few_rows_cross_without_a_signature_and_many_do_not() {
    let shop = Guarded::with_orders(Plan::shipped());
    assert_eq!(shop.run("alice", &["DELETE FROM orders WHERE id <= 50"]).ok(), "DELETE 50\n");
    let mut psql = Running::start(&mut shop.psql("alice"));
    psql.write(b"DELETE FROM orders WHERE id > 100;\n");
    let told = psql.until_stderr("Send it again");
    assert!(told.contains("900 rows") && told.contains("at most 100"), "{told}");
    assert_eq!(shop.truth("SELECT count(*) FROM orders"), "950");
    psql.write(b"DELETE FROM orders WHERE id > 100;\n");
    let number = number_after("HELD as request ", &psql.until_stderr("HELD as request "));
    shop.bastion.approve(number, "bob");
    psql.until_stdout("DELETE 900");
    let session = shop.bastion.newest_session();
    psql.close_stdin();
    psql.wait();
    let replay = run(&mut shop.bastion.countersign(["replay", &session, "--speed", "1000"])).ok();
    assert!(replay.contains("DELETE 900"), "{replay}");
}

#[test]
fn few_rows_that_take_others_with_them_are_not_few() {
    let shop = Guarded::with_orders(Plan::shipped());
    let (waiting, _) = shop.held("alice", "DELETE FROM customers WHERE id = 1");
    drop(waiting);
    let (waiting, _) = shop.held(
        "alice",
        "WITH gone AS (DELETE FROM orders WHERE id > 5 RETURNING 1) SELECT count(*) FROM gone",
    );
    drop(waiting);
    assert_eq!(shop.truth("SELECT count(*) FROM orders"), "1000");
}
