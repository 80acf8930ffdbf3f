//! A name does what stands behind it: views, functions, operators, triggers and the like are looked up before a verdict.

use end_to_end::{Database, Guarded, Place, Plan, Running, psql};

/// What somebody left in the database beforehand.
const TRAPS: &str = "
    CREATE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; RETURN 1; END';
    CREATE FUNCTION wipe_sql() RETURNS bigint LANGUAGE sql AS
      'WITH gone AS (DELETE FROM orders RETURNING 1) SELECT count(*) FROM gone';
    CREATE FUNCTION wipes(int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; RETURN true; END';
    CREATE FUNCTION both_wipe(varchar, varchar) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; RETURN true; END';
    CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; RETURN new; END';
    CREATE VIEW innocent AS SELECT wipe();
    CREATE VIEW deeper AS SELECT * FROM innocent;
    CREATE VIEW pg_looks_official AS SELECT wipe();
    CREATE FUNCTION lower(varchar) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; RETURN 1; END';
    CREATE FUNCTION debts(customers) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; RETURN 1; END';
    CREATE OPERATOR === (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = both_wipe);
    CREATE OPERATOR >= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = both_wipe);
    CREATE DOMAIN checked AS int CHECK (wipes(VALUE));
    CREATE TABLE triggered (id int); CREATE TRIGGER trap BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION fires();
    CREATE TABLE ruled (id int); CREATE RULE trap AS ON INSERT TO ruled DO ALSO DELETE FROM orders;
    CREATE TABLE defaulted (id int, other int DEFAULT wipe());
    CREATE TABLE limited (id int CHECK (wipes(id)));
    CREATE TABLE guarded (id int); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
    CREATE POLICY trap ON guarded USING (wipes(id));
    CREATE TABLE parent (id int) PARTITION BY LIST (id);
    CREATE TABLE child PARTITION OF parent DEFAULT;
    CREATE TRIGGER trap BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION fires();
    CREATE VIEW written AS SELECT * FROM triggered;
";

/// A statement that reads like nothing much, and what is found behind it.
const SPRUNG: [(&str, &str); 20] = [
    ("SELECT wipe()", "plpgsql code is not analysed"),
    ("SELECT * FROM innocent", "function public.wipe"),
    ("SELECT count(*) FROM deeper", "function public.wipe"),
    ("SELECT * FROM pg_looks_official", "function public.wipe"),
    ("SELECT wipe_sql()", "removes every row of orders"),
    ("SELECT lower(name::varchar) FROM customers", "function lower is a function in public"),
    ("SELECT c.debts FROM customers c", "may call as a column: function public.debts"),
    ("SELECT (c).debts FROM (SELECT customers AS c FROM customers) x", "function public.debts"),
    ("SELECT 1 WHERE 'a'::varchar === 'b'::varchar", "function public.both_wipe"),
    ("SELECT 1 WHERE 'b'::varchar BETWEEN 'a'::varchar AND 'c'::varchar", "operator >= calls it"),
    ("SELECT 1::checked", "function public.wipes"),
    ("SELECT checked('1')", "function public.wipes"),
    ("INSERT INTO triggered VALUES (1)", "has the trigger trap"),
    ("INSERT INTO ruled VALUES (1)", "has the rule trap"),
    ("INSERT INTO defaulted VALUES (1)", "function public.wipe"),
    ("INSERT INTO limited VALUES (1)", "function public.wipes"),
    ("SELECT * FROM guarded", "has a row policy"),
    ("INSERT INTO parent VALUES (1)", "has the trigger trap"),
    ("INSERT INTO written VALUES (1)", "has the trigger trap"),
    ("COPY triggered FROM STDIN", "has the trigger trap"),
];

/// Statements that look like those, and do nothing of the kind.
const HARMLESS: [&str; 9] = [
    "SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer WHERE o.total BETWEEN 1 AND 5",
    "SELECT upper(name) FROM customers WHERE id IN (SELECT 1)",
    "SELECT * FROM plain_view",
    "SELECT doubled(21)",
    "SELECT 'low'::mood",
    "INSERT INTO plain (other) VALUES (1)",
    "INSERT INTO plain VALUES (1, 2), (2, 3)",
    "SELECT relname FROM pg_class WHERE oid = 'orders'::regclass",
    "SELECT table_name FROM information_schema.tables",
];

const PLAIN: &str = "
    CREATE VIEW plain_view AS SELECT c.name, lower(c.name) AS low, sum(o.total) FROM customers c JOIN orders o ON o.customer = c.id
      GROUP BY 1, 2;
    CREATE FUNCTION doubled(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2';
    CREATE TYPE mood AS ENUM ('low', 'high');
    CREATE TABLE plain (id serial, other int DEFAULT 1 + 1 CHECK (other > 0), m mood, at timestamptz DEFAULT now());
    CREATE INDEX ON plain (abs(other));
";

const FURNITURE: &str = "
    CREATE TABLE customers (id int PRIMARY KEY, name text);
    CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers ON DELETE CASCADE, total int);
    INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, 100) n;
    INSERT INTO orders SELECT n, 1 + n % 100, n FROM generate_series(1, 1000) n;
";

fn shop(more: &str) -> Guarded {
    let shop = Guarded::start(Database::postgres(), Plan::shipped());
    shop.truth(FURNITURE);
    if !more.is_empty() {
        shop.truth(more);
    }
    shop
}

/// The statement waits for people, for that reason.
#[track_caller]
fn is_held(place: &Place, statements: &[&str], why: &str) {
    let mut psql = psql(place);
    let mut waiting = Running::start(psql.args(statements.iter().flat_map(|one| ["-c", *one])));
    let notice = waiting.until_stderr("until ");
    assert!(notice.contains(why), "{statements:?}: {notice}");
    waiting.kill();
}

#[test]
fn what_a_name_hides_is_found_before_it_runs() {
    let shop = shop(TRAPS);
    let place = shop.place("alice", "writer");
    for (statement, why) in SPRUNG {
        is_held(&place, &[statement], why);
        assert_eq!(shop.truth("SELECT count(*) FROM orders"), "1000", "{statement}");
    }
}

#[test]
fn names_that_stand_for_nothing_special_hold_nobody_up() {
    let done = shop(PLAIN).run("alice", &HARMLESS);
    assert_eq!(done.code(), 0, "{}", done.stderr);
    assert!(!done.stderr.contains("HELD"), "{}", done.stderr);
}

#[test]
fn a_name_that_nobody_looked_up_is_unknown() {
    let shop = shop("");
    shop.database.sql("ALTER ROLE writer CONNECTION LIMIT 1");
    is_held(&shop.place("alice", "writer"), &["SELECT * FROM orders"], "was not looked up");
}

#[test]
fn what_only_the_own_transaction_sees_is_unknown_there_and_known_afterwards() {
    let shop = shop("");
    let place = shop.place("alice", "writer");
    let view = "CREATE TEMP VIEW orders AS SELECT 1 AS id";
    let looks = "SELECT * FROM orders";
    is_held(&place, &["BEGIN", view, looks], "its transaction has changed the schema");
    is_held(&place, &[&format!("{view}; {looks}")], "an earlier statement");
    let done = shop.run("alice", &[view, looks]);
    assert_eq!(done.text().trim(), "CREATE VIEW\n1", "{}", done.stderr);
    let table = "CREATE TEMP TABLE mine AS SELECT * FROM orders";
    let done = shop.run("alice", &["BEGIN", table, "SELECT count(*) FROM mine", "COMMIT"]);
    assert!(done.text().contains("1000"), "a table of rows hides nothing: {}", done.stderr);
}

#[test]
fn what_becomes_something_else_while_people_sign_does_not_run() {
    let shop = shop("CREATE VIEW chosen AS SELECT 1 AS id");
    let (mut waiting, number) = shop
        .held("alice", "WITH x AS (SELECT id FROM chosen) DELETE FROM orders USING x WHERE orders.id = x.id");
    shop.truth("CREATE OR REPLACE VIEW chosen AS SELECT id FROM orders");
    shop.bastion.approve(number, "bob");
    let done = waiting.wait();
    assert!(done.stderr.contains("not what was signed"), "{}", done.stderr);
    assert_eq!(shop.truth("SELECT count(*) FROM orders"), "1000");
}

#[test]
fn a_cascade_is_part_of_what_is_signed() {
    let shop = shop("");
    let (mut waiting, number) = shop.held("alice", "DELETE FROM customers WHERE id = 1");
    shop.truth("CREATE TABLE notes (customer int REFERENCES customers ON DELETE CASCADE)");
    shop.bastion.approve(number, "bob");
    let done = waiting.wait();
    assert!(done.stderr.contains("not what was signed"), "{}", done.stderr);
    assert_eq!(shop.truth("SELECT count(*) FROM customers"), "100");
}
