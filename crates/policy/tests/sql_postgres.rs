//! What PostgreSQL statements do: a table of statements and effects, tables and columns, and bounds.

use std::collections::{BTreeMap, BTreeSet};

use policy::sql::{
    Catalogue, Columns, Control, Dialect, Kind, Meaning, Name, Named, Script, TableUse, analyse,
};
use policy::{Effect, How};

fn read(text: &str) -> Script {
    analyse(Dialect::Postgres, text.as_bytes(), &Catalogue::unasked())
}

fn is_whole(script: &Script) -> bool {
    script.statements().iter().flat_map(|statement| &statement.tables).any(|used| used.whole)
}

#[test]
fn every_statement_of_the_table_does_what_the_table_says() {
    let mut wrong = vec![];
    for line in include_str!("sql/postgres.txt").lines().filter(|line| !line.starts_with('#')) {
        let (expected, text) = line.split_once('|').expect("effects | statement");
        let whole = expected.contains('*');
        let effects: BTreeSet<Effect> = expected
            .split_whitespace()
            .filter(|word| *word != "*")
            .map(|word| word.parse().unwrap())
            .collect();
        let script = read(text);
        let (found, is_whole) = (script.effects(), is_whole(&script));
        if (&found, is_whole) != (&effects, whole) && !(found.is_empty() && effects == [Effect::Read].into())
        {
            wrong.push(format!("{line}\n    {found:?} {is_whole} {:?}", script.reasons()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `table how columns`, in order.
fn touched(text: &str) -> Vec<String> {
    let script = read(text);
    let shown = |used: &TableUse| {
        let columns = match &used.columns {
            Columns::All => "*".into(),
            Columns::Some(names) => names.iter().cloned().collect::<Vec<_>>().join(","),
        };
        format!("{} {:?} {columns}", used.table, used.how)
    };
    script.statements().iter().flat_map(|statement| statement.tables.iter().map(shown)).collect()
}

#[test]
fn columns_belong_to_the_relation_that_they_are_named_with() {
    assert_eq!(
        touched("SELECT o.id, c.email FROM orders o JOIN shop.customers AS c ON o.customer = c.id"),
        ["orders Reads customer,id", "shop.customers Reads email,id"]
    );
    assert_eq!(touched("SELECT * FROM orders"), ["orders Reads *"]);
    assert_eq!(touched("SELECT c.* FROM orders o, customers c"), ["customers Reads *", "orders Reads "]);
    assert_eq!(touched("SELECT count(*) FROM orders"), ["orders Reads "]);
    assert_eq!(touched("TABLE orders"), ["orders Reads *"]);
}

#[test]
fn a_column_without_a_relation_may_be_of_any() {
    assert_eq!(
        touched("SELECT email FROM orders, customers"),
        ["customers Reads email", "orders Reads email"]
    );
    assert_eq!(
        touched("SELECT 1 FROM customers WHERE EXISTS (SELECT email FROM orders)"),
        ["customers Reads email", "orders Reads email"]
    );
}

#[test]
fn a_column_under_another_name_is_still_read() {
    for text in [
        "SELECT x FROM customers AS c(id, x)",
        "SELECT j.x FROM (customers JOIN orders ON true) AS j(a, x)",
        "SELECT to_json(c) FROM customers c",
        "SELECT customers FROM customers",
        "SELECT (c).email FROM customers c",
        "SELECT c.* FROM customers c",
        "SELECT (SELECT customers.*) FROM customers",
        "SELECT 1 FROM customers NATURAL JOIN orders",
        "WITH x AS (SELECT * FROM customers) SELECT email FROM x",
        "SELECT email FROM (TABLE customers) AS x",
        "COPY customers TO STDOUT",
        "INSERT INTO leak SELECT * FROM customers",
        "UPDATE leak SET x = c FROM customers c WHERE true",
        "DELETE FROM leak USING customers c WHERE leak.x = c.*::text",
        "SELECT email FROM public.customers UNION TABLE customers",
    ] {
        assert!(
            touched(text).iter().any(|used| used.contains("customers Reads *")),
            "{text}: {:?}",
            touched(text)
        );
    }
}

#[test]
fn a_common_table_hides_a_table_only_where_it_is_visible() {
    assert_eq!(touched("WITH orders AS (SELECT 1 AS a) SELECT a FROM orders"), Vec::<String>::new());
    for text in [
        "WITH orders AS (SELECT * FROM orders) SELECT * FROM orders",
        "SELECT * FROM (WITH orders AS (SELECT 1) SELECT * FROM orders) x, orders",
        "WITH orders AS (SELECT 1) SELECT * FROM public.orders",
    ] {
        assert!(touched(text).iter().any(|used| used.ends_with("orders Reads *")), "{text}");
    }
    assert_eq!(
        touched("WITH orders AS (SELECT 1) DELETE FROM orders"),
        ["orders Reads ", "orders Removes *"]
    );
}

#[test]
fn what_is_written_is_told_from_what_is_read() {
    assert_eq!(
        touched("UPDATE accounts SET balance = balance - fee FROM fees WHERE fees.id = accounts.fee_id"),
        ["accounts Reads balance,fee,fee_id", "accounts Writes balance", "fees Reads balance,fee,id"]
    );
    assert_eq!(touched("INSERT INTO a (x, y) VALUES (1, 2)"), ["a Reads ", "a Writes x,y"]);
    assert_eq!(touched("EXPLAIN DELETE FROM a"), ["a Looks *", "a Looks "].map(str::to_owned)[..1].to_vec());
}

#[test]
fn names_that_only_the_database_knows_are_listed() {
    let script = read("SELECT lower(name)::order_state FROM shop.v WHERE a = 1");
    let listed: Vec<String> = script.statements()[0].resolve.iter().map(ToString::to_string).collect();
    assert_eq!(listed, ["relation shop.v", "function lower", "operator =", "type order_state"]);
    assert!(script.understood());
}

#[test]
fn a_catalogue_settles_what_names_mean() {
    let named = |kind, name: &str| Named { kind, name: Name::plain(name) };
    let view = Meaning {
        effects: [Effect::Unknown].into(),
        because: "calls billing.total".into(),
        tables: vec![TableUse {
            table: Name::within("billing", "cards"),
            how: How::Reads,
            columns: Columns::All,
            whole: false,
        }],
    };
    let text = b"SELECT total(a) FROM v";
    let function = (named(Kind::Function, "total"), Meaning::default());
    let all = BTreeMap::from([(named(Kind::Relation, "v"), Meaning::default()), function.clone()]);
    let plain = analyse(Dialect::Postgres, text, &Catalogue::asked(150_000, all));
    assert_eq!(plain.effects(), [Effect::Read].into());
    assert!(plain.statements()[0].resolve.is_empty());

    let with_view = BTreeMap::from([(named(Kind::Relation, "v"), view), function.clone()]);
    let through = analyse(Dialect::Postgres, text, &Catalogue::asked(150_000, with_view));
    assert!(through.effects().contains(&Effect::Unknown));
    assert!(through.statements()[0].tables.iter().any(|used| used.table == Name::within("billing", "cards")));

    let without = analyse(Dialect::Postgres, text, &Catalogue::asked(150_000, BTreeMap::from([function])));
    assert!(without.effects().contains(&Effect::Unknown), "the database did not say what v is");
}

#[test]
fn newer_grammar_is_read_where_the_server_has_it() {
    let on = |version| {
        analyse(Dialect::Postgres, b"SELECT JSON_ARRAY(1, 2)", &Catalogue::asked(version, BTreeMap::new()))
            .understood()
    };
    assert!(!on(150_000) && on(160_000));
}

#[test]
fn what_a_statement_means_for_the_connection_is_told() {
    let control = |text: &str| read(text).statements()[0].control.clone();
    assert_eq!(control("PREPARE q AS SELECT 1"), Control::Prepare("q".into()));
    assert_eq!(control("EXECUTE q"), Control::Execute("q".into()));
    assert_eq!(control("DEALLOCATE q"), Control::Deallocate(Some("q".into())));
    assert_eq!(control("DEALLOCATE ALL"), Control::Deallocate(None));
    assert_eq!(control("DISCARD ALL"), Control::DiscardAll);
    assert_eq!(control("COPY t FROM STDIN"), Control::CopyIn);
    assert_eq!(control("START TRANSACTION"), Control::Begin);
    assert_eq!(
        control("SET search_path = a, b"),
        Control::Set { name: "search_path".into(), value: Some("a, b".into()) }
    );
}

#[test]
fn each_statement_keeps_its_own_text() {
    let script = read(" SELECT 1 ; /* two */ DELETE FROM été WHERE x = ';' ;; ");
    let texts: Vec<&str> = script.statements().iter().map(|statement| statement.text.as_str()).collect();
    assert_eq!(texts, ["SELECT 1", "DELETE FROM été WHERE x = ';'"]);
}

#[test]
fn what_cannot_be_read_is_unknown() {
    let unknown = |text: &[u8]| {
        let script = analyse(Dialect::Postgres, text, &Catalogue::unasked());
        script.effects() == [Effect::Unknown].into() && script.obstacle().is_some()
    };
    assert!(unknown(b"SELECT 1\0; DROP TABLE t"));
    assert!(unknown(b"SELECT '\xbf\\'"));
    assert!(unknown(&[b' '; 300 * 1024]));
    for (open, close) in [("(", ")"), ("SELECT (", ")"), ("SELECT * FROM (", ") x"), ("NOT ", ""), ("- ", "")]
    {
        for depth in [200, 10_000, 40_000] {
            let text = format!("SELECT {}1{}", open.repeat(depth), close.repeat(depth));
            let script = read(&text);
            assert!(script.effects() == [Effect::Unknown].into() || "(- ".contains(open), "{open} {depth}");
        }
    }
}

#[test]
fn long_flat_statements_are_read() {
    let many = |part: &str, between: &str| vec![part; 20_000].join(between);
    for text in [
        format!("SELECT 1 FROM t WHERE {}", many("a = 1", " OR ")),
        format!("SELECT 1 FROM t WHERE a IN ({})", many("1", ", ")),
        format!("INSERT INTO t VALUES {}", many("(1, 'x')", ", ")),
        many("SELECT 1", ";"),
    ] {
        assert!(read(&text).understood(), "{}", &text[..60]);
    }
}

#[test]
fn a_tree_that_would_multiply_itself_is_not_made() {
    let (columns, values) = (vec!["c"; 40_000].join(","), vec!["1"; 60_000].join(","));
    for equals in ["=", " /* ) */ =", "\n = "] {
        let script = read(&format!("UPDATE t SET ({columns}){equals} ({values})"));
        assert!(script.obstacle().is_some_and(|what| what.contains("multiply")), "{equals}");
    }
    assert!(read("UPDATE t SET (a, b) = (1, 2) WHERE id = 3").understood());
}

#[test]
fn a_misspelt_word_is_found_where_it_stands() {
    for (text, message, position) in [
        ("SELEC 1", "syntax error at or near \"SELEC\"", 1),
        ("SELECT 1 FROM (SELECT 2) x FROM y", "syntax error at or near \"FROM\"", 28),
        ("SELECT 'é' FROM FROM", "syntax error at or near \"FROM\"", 17),
        ("SELECT 1; SELECT (", "syntax error at end of input", 19),
        ("SELECT 'open", "unterminated quoted string at or near \"'open\"", 8),
        ("SELECT 1 /* x */ x y z", "syntax error at or near \"y\"", 20),
    ] {
        let error = read(text).syntax_error().expect("it is misspelt").clone();
        assert_eq!((error.message.as_str(), error.position), (message, Some(position)), "{text}");
    }
}

#[test]
fn what_is_refused_for_another_reason_is_no_syntax_error() {
    for text in ["SELECT 1".to_owned(), format!("SELECT 1 {} 1", "+".repeat(2000)), "SELECT 1_000".to_owned()]
    {
        assert_eq!(read(&text).syntax_error(), None, "{text}");
    }
}
