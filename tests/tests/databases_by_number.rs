//! What a PostgreSQL client names by number alone, functions and types, is judged as what the number stands for.

use end_to_end::{Done, Guarded, Plan, Running, run};

/// A client of libpq that says this; it ends by itself.
fn client(shop: &Guarded, says: &[&str]) -> Running {
    Running::start(shop.place("alice", "writer").program("postgres/naming.py").args(says))
}

fn done(shop: &Guarded, says: &[&str]) -> Done {
    client(shop, says).finish()
}

/// The request that this waits for, as an approver sees it, and its number.
fn held(shop: &Guarded, says: &[&str]) -> (Running, u64, String) {
    let before = shop.bastion.entries_of("request").len();
    let waiting = client(shop, says);
    shop.bastion.until_entry("request", |_| shop.bastion.entries_of("request").len() > before);
    let entries = shop.bastion.entries_of("request");
    let number = entries.last().and_then(|entry| entry["request"].as_u64()).expect("a number");
    let shown = shop.bastion.desk("bob", &format!("show {number}")).ok();
    (waiting, number, shown)
}

fn orders(shop: &Guarded) -> String {
    shop.truth("SELECT count(*) FROM orders")
}

/// The number of a function.
fn function(shop: &Guarded, signature: &str) -> String {
    shop.truth(&format!("SELECT '{signature}'::regprocedure::oid"))
}

const WIPES: &str =
    "CREATE FUNCTION wipes(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; RETURN $1; END'";

#[test]
fn a_function_that_is_called_by_number_is_judged_as_that_function() {
    let shop = Guarded::with_orders(Plan::shipped());
    shop.truth(WIPES);
    shop.truth("CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1'");
    let wipes = function(&shop, "wipes(int)");
    let (waiting, _, shown) = held(&shop, &[&format!("call {wipes} 1")]);
    assert!(shown.contains("SELECT \"public\".\"wipes\"($1)") && shown.contains("unknown"), "{shown}");
    drop(waiting);
    assert_eq!(orders(&shop), "1000");
    for (plain, expected) in [("twice(int)", "gives 42"), ("int4abs(int)", "gives 21")] {
        let told = done(&shop, &[&format!("call {} 21", function(&shop, plain))]).ok();
        assert!(told.contains(expected), "{told}");
    }
    let told = done(&shop, &["call 4000000000 1", "query SELECT 'still here'"]).ok();
    assert!(told.contains("refused") && told.contains("still here"), "{told}");
    // At the server it is what it says.
    let at_the_server = shop.database.place("writer");
    run(at_the_server.program("postgres/naming.py").arg(format!("call {wipes} 1"))).ok();
    assert_eq!(orders(&shop), "0");
}

#[test]
fn a_large_object_that_libpq_removes_by_number_waits_for_its_signatures_and_is_on_the_record() {
    let shop = Guarded::with_orders(Plan::shipped());
    let object = shop.truth("SELECT lo_from_bytea(0, 'keep me')");
    let removes = format!("call {} {object}", function(&shop, "lo_unlink(oid)"));
    let (waiting, number, shown) = held(&shop, &[&removes]);
    assert!(shown.contains("lo_unlink") && shown.contains("data.destroy"), "{shown}");
    let session = shop.bastion.newest_session();
    assert_eq!(shop.truth("SELECT count(*) FROM pg_largeobject_metadata"), "1");
    shop.bastion.approve(number, "bob");
    let told = waiting.finish().ok();
    assert!(told.contains("gives 1"), "{told}");
    assert_eq!(shop.truth("SELECT count(*) FROM pg_largeobject_metadata"), "0");
    let replay = run(&mut shop.bastion.countersign(["replay", &session, "--speed", "1000"])).ok();
    assert!(replay.contains("lo_unlink") && replay.contains("FUNCTION CALL"), "{replay}");
}

#[test]
fn what_a_function_was_made_a_moment_ago_is_not_asked_elsewhere() {
    let shop = Guarded::with_orders(Plan::shipped());
    shop.truth("CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1'");
    let twice = function(&shop, "twice(int)");
    let replaces = "query CREATE OR REPLACE FUNCTION twice(int) RETURNS int LANGUAGE plpgsql AS \
        'BEGIN DELETE FROM orders; RETURN $1; END'";
    let waiting = client(&shop, &["query BEGIN", replaces, &format!("call {twice} 1")]);
    let first = shop.bastion.until_entry("request", |_| true)["request"].as_u64().expect("a number");
    shop.bastion.approve(first, "bob");
    shop.bastion.approve(first, "carol");
    shop.bastion.until_entry("request", |entry| entry["request"].as_u64() > Some(first));
    drop(waiting);
    assert_eq!(orders(&shop), "1000");
}

#[test]
fn a_type_that_calls_nobodys_code_is_read_without_asking_people() {
    let shop = Guarded::with_orders(Plan::shipped());
    shop.truth("CREATE TYPE mood AS ENUM ('1', 'sad')");
    shop.truth("CREATE TYPE pair AS (a int, b text)");
    shop.truth("CREATE DOMAIN small AS int CHECK (VALUE < 10)");
    shop.truth(WIPES);
    shop.truth("CREATE DOMAIN checked AS int CHECK (wipes(VALUE) > 0)");
    shop.truth("CREATE TYPE hidden AS (a checked)");
    let number = |name: &str| shop.truth(&format!("SELECT '{name}'::regtype::oid"));
    for plain in ["mood", "mood[]", "small", "pair"] {
        let typed = format!("typed t {} SELECT 'read', $1", number(plain));
        let told = done(&shop, &[&typed, "bind-1 t"]).ok();
        let is_read = told.contains("read") || told.contains("malformed");
        assert!(is_read && !told.contains("refused"), "{plain}: {told}");
    }
    for code in ["checked", "checked[]", "hidden", "hidden[]"] {
        let typed = format!("typed t {} SELECT $1", number(code));
        let (waiting, _, shown) = held(&shop, &[&typed, "bind-1 t"]);
        assert!(shown.contains("unknown"), "{code}: {shown}");
        drop(waiting);
    }
    assert_eq!(shop.bastion.entries_of("request").len(), 4, "nobody was asked about the plain ones");
    assert_eq!(orders(&shop), "1000");
}
