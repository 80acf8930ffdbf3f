//! Before people are asked to sign they are told what a statement would reach, and nothing runs to find that out.

use std::time::{Duration, Instant};

use end_to_end::{Done, Guarded, Plan, Running, eventually, psql, run};

const MORE: &str = "
    CREATE TABLE lines (\"order\" int REFERENCES orders ON DELETE SET NULL, item text);
    CREATE VIEW totals AS SELECT sum(total) FROM orders;
    CREATE FUNCTION plain() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN old; END';
    CREATE TRIGGER keeps_history BEFORE DELETE ON lines FOR EACH ROW EXECUTE FUNCTION plain();
    INSERT INTO lines SELECT n, 'item' FROM generate_series(1, 500) n;
    CREATE SCHEMA attic; CREATE TABLE attic.old AS SELECT n FROM generate_series(1, 200) n; CREATE INDEX ON attic.old (n);
    CREATE SCHEMA other; CREATE TABLE other.twice (id int); CREATE TABLE twice (id int);
    ANALYZE;
";

/// Statements, and what is said of each.
const TOLD: [(&str, &[&str]); 11] = [
    ("DELETE FROM orders", &["deletes ≈ all 1,000 rows of public.orders"]),
    ("DELETE FROM orders WHERE total >= 0 OR total < 0", &["deletes ≈ all 1,000 rows of public.orders"]),
    ("/* from an application */ UPDATE orders SET total = 0", &["changes ≈ all 1,000 rows of public.orders"]),
    (
        "DELETE FROM customers WHERE id = 1",
        &[
            "deletes ≈ 1 (of ≈ 100) rows of public.customers",
            "foreign keys delete nobody knows how many (of ≈ 1,000) rows of public.orders",
            "foreign keys change nobody knows how many (of ≈ 500) rows of public.lines",
            "replicas connected",
        ],
    ),
    ("DELETE FROM lines WHERE item = 'x'", &["deletes ≈ 1 (of ≈ 500) rows", "keeps_history on public.lines"]),
    (
        "WITH gone AS (DELETE FROM orders WHERE id <= 250 RETURNING id) SELECT count(*) FROM gone",
        &["deletes ≈ 250 (of ≈ 1,000) rows of public.orders"],
    ),
    ("TRUNCATE customers CASCADE", &["empties public.customers: ≈ all 100 rows", "rows of public.lines"]),
    (
        "DROP TABLE orders CASCADE",
        &["removes table public.orders, ≈ all 1,000 rows; ", " KiB on disk, 1 indexes", "view public.totals"],
    ),
    ("DROP INDEX attic.old_n_idx", &["removes index attic.old_n_idx"]),
    ("DROP SCHEMA attic CASCADE", &["removes schema attic (1 tables), ≈ all 200 rows", "table attic.old"]),
    ("DELETE FROM twice", &["search path", "public.twice", "other.twice"]),
];

/// A function that is said to compute only, and does more. The server counts its calls, even those that are rolled back.
const TRAPS: &str = "
    CREATE FUNCTION sneaky() RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN DELETE FROM customers; RETURN 1; END';
    CREATE FUNCTION behind() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT sneaky()';
    CREATE FUNCTION stealthy(int, int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM sneaky(); RETURN true; END';
    CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = stealthy);
    CREATE DOMAIN checked AS int CHECK (sneaky() = VALUE);
    CREATE TABLE typed (id checked);
    CREATE VIEW looks AS SELECT sneaky() AS id;
    ANALYZE;
";

const SPRUNG: [&str; 6] = [
    "DELETE FROM orders WHERE id = sneaky()",
    "DELETE FROM orders WHERE id = behind()",
    "DELETE FROM orders WHERE 1 === 1",
    "DELETE FROM orders WHERE id = (SELECT id FROM looks)",
    "DELETE FROM orders WHERE id = 1::checked",
    "DELETE FROM typed WHERE id = '1'",
];

fn shop(more: &str) -> Guarded {
    let shop = Guarded::with_orders(Plan::shipped());
    shop.truth(more);
    shop
}

/// What an approver reads of a statement that is held.
#[track_caller]
fn shown(shop: &Guarded, statement: &str) -> String {
    let (mut waiting, number) = shop.held("alice", statement);
    let shown = shop.bastion.desk("bob", &format!("show {number}")).ok();
    waiting.kill();
    shown
}

#[test]
fn approvers_are_told_what_a_statement_would_reach() {
    let shop = shop(MORE);
    for (statement, told) in TOLD {
        let shown = shown(&shop, statement);
        for part in told {
            assert!(shown.contains(part), "{statement}: {part}: {shown}");
        }
    }
    assert_eq!(shop.truth("SELECT count(*) FROM orders"), "1000");
    what_is_shown_is_signed(&shop);
    values_count(&shop);
}

fn what_is_shown_is_signed(shop: &Guarded) {
    let (mut waiting, number) = shop.held("alice", "DELETE FROM orders");
    let notice = waiting.until_stderr("replicas connected");
    assert!(notice.contains("estimated  deletes ≈ all 1,000 rows"), "{notice}");
    let signed = shop.bastion.desk("bob", &format!("show {number} --statement approve")).ok();
    assert!(signed.contains(r#""how":"deletes","indexes":null,"of":1000,"rows":1000,"#), "{signed}");
    shop.bastion.approve(number, "bob");
    shop.bastion.approve(number, "carol");
    let done = waiting.wait();
    assert!(done.text().contains("DELETE 1000"), "{}", done.stderr);
    it_is_in_the_evidence(shop, number);
}

fn it_is_in_the_evidence(shop: &Guarded, number: u64) {
    let bundle = eventually("evidence", || {
        let done = shop.bastion.desk("bob", &format!("evidence {number}"));
        (done.code() == 0).then(|| done.text())
    });
    let file = shop.bastion.scratch().join("evidence.json");
    std::fs::write(&file, bundle).expect("a file");
    let key = shop.bastion.node().join("ledger.pub");
    let mut verify = shop.bastion.countersign(["evidence", "verify"]);
    let told = run(verify.arg(&file).arg("--key").arg(key)).ok();
    assert!(
        told.contains("database's estimate: deletes ≈ all 1,000 rows") && told.contains("VALID"),
        "{told}"
    );
}

/// Parameters of the extended protocol are what the server plans with.
fn values_count(shop: &Guarded) {
    let script = shop.bastion.scratch().join("delete.sql");
    std::fs::write(&script, "DELETE FROM customers WHERE id <= :most;\n").expect("a file");
    let mut pgbench = shop.place("alice", "writer").client("pgbench");
    pgbench.args(["-n", "-t", "1", "-M", "extended", "-D", "most=100", "-f"]).arg(&script);
    let mut waiting = Running::start(&mut pgbench);
    let notice = waiting.until_stderr("copies that");
    assert!(notice.contains("deletes ≈ all 100 rows of public.customers"), "{notice}");
    waiting.kill();
}

#[test]
fn an_estimate_runs_nothing_of_the_persons() {
    let shop = shop(TRAPS);
    shop.database.sql("ALTER ROLE writer SET track_functions = 'all'");
    for statement in SPRUNG {
        let shown = shown(&shop, statement);
        assert!(shown.contains("no estimate"), "{statement}: {shown}");
    }
    let calls = "SELECT coalesce(sum(calls), 0) FROM pg_stat_user_functions";
    assert_eq!(shop.truth(calls), "0", "something was called");
    let planned = run(psql(&shop.database.place("writer")).args([
        "-c",
        "BEGIN READ ONLY",
        "-c",
        "EXPLAIN SELECT behind()",
    ]));
    assert!(planned.stderr.contains("function sneaky()"), "planning calls it: {}", planned.stderr);
    assert_eq!(shop.truth("SELECT count(*) FROM customers"), "100");
}

#[test]
fn a_hold_comes_on_time_whatever_the_database_does() {
    let many: String = (0..60)
        .map(|number| format!("CREATE TABLE many_{number} (c int REFERENCES customers ON DELETE CASCADE);"))
        .collect();
    let shop = shop(&format!("{many} CREATE TABLE \"a\nb\u{1b}[31m\u{202e}c\" (id int); ANALYZE;"));
    let told = shown(&shop, "DELETE FROM customers");
    assert!(told.contains("more tables than are listed"), "{told}");
    assert!(told.len() < 10_000, "{told}");
    let told = shown(&shop, "DELETE FROM \"a\nb\u{1b}[31m\u{202e}c\"");
    assert!(told.contains(r"a\u{a}b\u{1b}[31m\u{202e}c"), "{told}");
    assert!(!told.contains('\u{1b}') && !told.contains('\u{202e}'), "{told}");
    a_lock_holds_nobody_up(&shop);
}

fn a_lock_holds_nobody_up(shop: &Guarded) {
    let mut locking = psql(&shop.database.place("writer"));
    let mut locking = Running::start(locking.args([
        "-c",
        "BEGIN; LOCK TABLE orders; DO $$BEGIN RAISE NOTICE 'locked'; END$$; SELECT pg_sleep(60)",
    ]));
    locking.until_stderr("locked");
    let began = Instant::now();
    let told = shown(shop, "DELETE FROM orders");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(told.contains("lock timeout"), "{told}");
    assert!(told.contains("deletes ≈ all 1,000 rows of public.orders"), "its size is known: {told}");
    locking.kill();
}

#[test]
fn what_was_signed_for_few_rows_does_not_run_for_many() {
    let shop = shop("ANALYZE");
    let statement = "DELETE FROM customers WHERE name = 'nobody'";
    let (mut waiting, number) = shop.held("alice", statement);
    shop.truth("INSERT INTO customers SELECT n, 'nobody' FROM generate_series(1000, 9000) n");
    shop.truth("ANALYZE customers");
    shop.bastion.approve(number, "bob");
    let done: Done = waiting.wait();
    assert!(done.stderr.contains("far more than what was signed"), "{}", done.stderr);
    assert!(done.stderr.contains("≈ all 8,001 rows of public.customers"), "{}", done.stderr);
    assert_eq!(shop.truth("SELECT count(*) FROM customers"), "8101");
}
