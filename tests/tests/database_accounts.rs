//! Two accounts of one database: what only reads runs as the one that may do no more, whatever the analysis thinks of it, and
//! clients do not notice.

use end_to_end::{Database, Done, Guarded, Plan, run, run_with_input};

/// A shop whose reads run as `reader`; everything is allowed.
fn shop() -> Guarded {
    let shop = Guarded::allowing_everything(Database::postgres());
    shop.truth("CREATE TABLE orders (id serial PRIMARY KEY, by text DEFAULT current_user)");
    shop.truth("INSERT INTO orders SELECT n, 'before' FROM generate_series(1, 100) n");
    shop.truth("SELECT setval('orders_id_seq', 100)");
    shop.bastion.admin(&["account", "read-as", "shop", "writer", "reader"]);
    shop
}

/// What one connection is told for that.
fn told(shop: &Guarded, script: &str) -> Done {
    run_with_input(&mut shop.psql("alice"), script.as_bytes())
}

/// The first error that one connection gets for that.
fn refusal(shop: &Guarded, script: &str) -> String {
    let mut psql = shop.psql("alice");
    run_with_input(psql.args(["-v", "ON_ERROR_STOP=1"]), script.as_bytes()).refused()
}

#[test]
fn what_reads_runs_as_the_account_that_only_reads_and_the_rest_as_the_other() {
    let shop = shop();
    let script = "SELECT current_user, current_setting('transaction_read_only');\n\
                  INSERT INTO orders DEFAULT VALUES RETURNING by, id;\n\
                  SELECT current_user, currval('orders_id_seq');\n\
                  SELECT current_user;\n\
                  SET work_mem = '7MB';\n\
                  UPDATE orders SET by = current_setting('work_mem') WHERE id = 1 RETURNING by;\n\
                  SET work_mem = '8MB'; RESET ALL;\n\
                  SELECT current_setting('work_mem') = '4MB', current_user;\n\
                  UPDATE orders SET by = current_setting('work_mem') WHERE id = 1 RETURNING by;\n\
                  COPY orders (by) FROM STDIN;\ncopied\n\\.\n\
                  COPY (SELECT current_user) TO STDOUT;\n";
    let told = told(&shop, script).ok();
    let expected = "reader|on\nwriter|101\nINSERT 0 1\nwriter|101\nreader\nSET\n7MB\nUPDATE 1\nSET\nRESET\n\
                    t|reader\n4MB\nUPDATE 1\nCOPY 1\nreader\n";
    assert_eq!(told, expected);
    let session = shop.bastion.newest_session();
    let recorded = run(&mut shop.bastion.countersign(["replay", &session, "--speed", "1000"])).ok();
    assert!(recorded.contains("allow as reader  SELECT current_user;"), "{recorded}");
    assert!(recorded.contains("allow  INSERT INTO orders"), "{recorded}");
}

#[test]
fn a_transaction_goes_on_as_the_account_that_writes() {
    let shop = shop();
    let script = "BEGIN;\nSELECT current_user;\nSAVEPOINT s;\nSELECT count(*) FROM orders;\n\
                  DELETE FROM orders WHERE id > 50;\nSELECT count(*), current_user FROM orders;\n\
                  ROLLBACK TO s;\nSELECT count(*) FROM orders;\nROLLBACK;\nSELECT current_user;\n\
                  BEGIN;\nINSERT INTO orders DEFAULT VALUES;\nCOMMIT;\nSELECT count(*), current_user FROM orders;\n\
                  BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT current_user;\nDELETE FROM orders;\nROLLBACK;\n\
                  CREATE TEMP TABLE mine (n int);\nSELECT count(*), current_user FROM mine;\n";
    let expected = "BEGIN\nreader\nSAVEPOINT\n100\nDELETE 50\n50|writer\nROLLBACK\n100\nROLLBACK\nreader\n\
                    BEGIN\nINSERT 0 1\nCOMMIT\n101|reader\nBEGIN\nwriter\nDELETE 101\nROLLBACK\n\
                    CREATE TABLE\n0|writer\n";
    assert_eq!(told(&shop, script).ok(), expected);
    let frozen = "BEGIN;\nDECLARE c CURSOR FOR SELECT 1;\nDELETE FROM orders;\nSELECT 1;\nROLLBACK;\n";
    let why = refusal(&shop, frozen);
    assert!(why.contains("began by reading"), "{why}");
    assert_eq!(shop.truth("SELECT count(*) FROM orders"), "101");
}

#[test]
fn a_setting_that_a_savepoint_has_taken_back_is_taken_back_for_both_accounts() {
    let shop = shop();
    let script = "BEGIN;\nSET work_mem = '6MB';\nSAVEPOINT s;\nSET work_mem = '7MB';\nROLLBACK TO s;\nCOMMIT;\n\
                  SHOW work_mem;\nDELETE FROM orders WHERE id = 1 RETURNING current_setting('work_mem'), current_user;\n";
    let expected = "BEGIN\nSET\nSAVEPOINT\nSET\nROLLBACK\nCOMMIT\n6MB\n6MB|writer\nDELETE 1\n";
    assert_eq!(told(&shop, script).ok(), expected);
}

#[test]
fn signatures_are_not_used_up_while_the_database_lets_nobody_in() {
    let shop = Guarded::with_orders(Plan::shipped());
    shop.bastion.admin(&["account", "read-as", "shop", "writer", "reader"]);
    let (mut waiting, number) = shop.held("alice", "DELETE FROM orders");
    shop.database.sql("ALTER ROLE writer NOLOGIN");
    for approver in ["bob", "carol"] {
        shop.bastion.approve(number, approver);
    }
    waiting.until_stderr("trying again");
    assert!(shop.bastion.entries_of("grant").is_empty());
    shop.database.sql("ALTER ROLE writer LOGIN");
    assert!(waiting.finish().ok().contains("DELETE 1000"));
    assert_eq!(shop.bastion.entries_of("grant").len(), 1);
    assert_eq!(shop.truth("SELECT count(*) FROM orders"), "0");
}

#[test]
fn what_the_analysis_takes_for_reading_cannot_write() {
    let shop = shop();
    shop.truth("CREATE FUNCTION harmless() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    let (ask, replaced) = (
        "SELECT harmless(), current_user;\n",
        "CREATE OR REPLACE FUNCTION harmless() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; RETURN 1; END'",
    );
    assert_eq!(told(&shop, ask).ok(), "1|reader\n");
    // Past the gateway, whose answer from the catalogue is seconds old.
    shop.truth(replaced);
    let why = refusal(&shop, ask);
    assert!(why.contains("read-only transaction"), "{why}");
    assert_eq!(shop.truth("SELECT count(*) FROM orders"), "100");
}

#[test]
fn clients_that_prepare_statements_do_not_notice() {
    let shop = shop();
    let mut prepare = shop.database.place("writer").client("pgbench");
    run(prepare.args(["-i", "-q", "-s", "1"])).ok();
    for mode in ["simple", "extended", "prepared"] {
        for script in ["tpcb-like", "select-only"] {
            let mut bench = shop.place("alice", "writer").client("pgbench");
            let done = run(bench.args(["-n", "-M", mode, "-b", script, "-c", "2", "-t", "10"])).ok();
            assert!(
                done.contains("20/20") && done.contains("failed transactions: 0"),
                "{mode} {script}: {done}"
            );
        }
    }
    assert_eq!(shop.truth("SELECT count(*) FROM pgbench_history"), "60");
}

#[test]
fn a_listener_hears_whatever_it_does_meanwhile() {
    let shop = shop();
    let script = "LISTEN news;\nINSERT INTO orders DEFAULT VALUES;\nBEGIN;\nDELETE FROM orders WHERE id = 1;\nCOMMIT;\n\
                  NOTIFY news, 'extra';\nSELECT 'later';\nSELECT 'again';\n";
    let told = told(&shop, script).ok();
    assert!(told.contains("Asynchronous notification \"news\" with payload \"extra\""), "{told}");
}

#[test]
fn the_account_that_only_reads_must_be_another_one_of_the_same_database() {
    let shop = Guarded::start(Database::postgres(), Plan::shipped());
    for wrong in [["shop", "writer", "writer"], ["shop", "writer", "nobody"], ["db-1", "root", "root"]] {
        let mut line = vec!["admin", "account", "read-as"];
        line.extend(wrong);
        run(&mut shop.bastion.countersign(line)).refused();
    }
    shop.bastion.admin(&["account", "read-as", "shop", "writer", "reader"]);
    let mut line = shop.bastion.countersign(["admin", "account", "read-as", "shop", "reader", "writer"]);
    run(&mut line).refused();
    assert_eq!(shop.run("alice", &["SELECT current_user"]).ok(), "reader\n");
    // Who has no account to read as does not read as the one that writes.
    shop.bastion.admin(&["account", "remove", "shop", "reader"]);
    shop.run("alice", &["SELECT current_user"]).refused();
    shop.bastion.admin(&["account", "read-as", "shop", "writer"]);
    assert_eq!(shop.run("alice", &["SELECT current_user"]).ok(), "writer\n");
}
