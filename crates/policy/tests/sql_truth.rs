//! What statements really change in a PostgreSQL server, beside what the analysis said of them; and what that server's
//! grammar takes, beside what the analysis understood.

#[path = "sql/clients.rs"]
mod clients;
#[path = "sql/server.rs"]
mod server;
#[path = "sql/states.rs"]
mod states;

use std::collections::BTreeSet;

use policy::Effect;
use policy::sql::{Catalogue, Control, Dialect, Script, analyse};
use server::Server;
use states::{more, states};

fn read(text: &str) -> Script {
    analyse(Dialect::Postgres, text.as_bytes(), &Catalogue::unasked())
}

/// Statements that run against the fixture as they are.
const INNER: [&str; 30] = [
    "SELECT 1",
    "SELECT * FROM orders",
    "SELECT name, upper(email) FROM customers WHERE id < 3 ORDER BY name",
    "SELECT customer_id, sum(amount) OVER (PARTITION BY state) FROM open_orders",
    "SELECT nextval('counter')",
    "SELECT setval('counter', 77)",
    "SELECT erase()",
    "SELECT * FROM erase()",
    "SELECT lower(id) FROM orders",
    "SELECT lo_unlink(4242)",
    "SELECT lo_put(4242, 0, 'x')",
    "SELECT set_config('log_statement', 'all', true)",
    "SELECT query_to_xml('DELETE FROM sink', true, true, '')",
    "SELECT * FROM orders FOR UPDATE",
    "VALUES (1), (2)",
    "TABLE sink",
    "INSERT INTO sink VALUES (3, 'c')",
    "INSERT INTO sink SELECT id, state FROM orders RETURNING id",
    "INSERT INTO customers VALUES (1, 'x', 'y') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    "INSERT INTO customers VALUES (1, 'x', 'y') ON CONFLICT DO NOTHING",
    "UPDATE orders SET amount = amount + 1 WHERE id = 3",
    "UPDATE orders SET state = 'x' WHERE id = id RETURNING *",
    "DELETE FROM sink",
    "DELETE FROM customers WHERE id = 1 RETURNING id",
    "DELETE FROM orders USING customers c WHERE c.id = customer_id AND c.name = 'name2'",
    "WITH gone AS (DELETE FROM lines RETURNING *) SELECT count(*) FROM gone",
    "WITH new AS (INSERT INTO sink VALUES (9, 'z') RETURNING id) SELECT * FROM new",
    "WITH x AS (SELECT erase()) SELECT * FROM x",
    "SELECT id FROM orders WHERE id IN (SELECT erase())",
    "SELECT CASE WHEN erase() = 1 THEN 'a' END",
];

/// What may stand around a statement.
const AROUND: [&str; 14] = [
    "{}",
    "EXPLAIN {}",
    "EXPLAIN ANALYZE {}",
    "EXPLAIN (ANALYZE off, VERBOSE) {}",
    "EXPLAIN (ANALYZE, FORMAT json) {}",
    "PREPARE p AS {}; EXECUTE p",
    "PREPARE p AS {}",
    "COPY ({}) TO STDOUT",
    "CREATE TABLE made AS {}",
    "CREATE TEMP TABLE made AS {}",
    "DECLARE c CURSOR FOR {}; FETCH ALL FROM c",
    "CREATE VIEW made AS {}",
    "CREATE MATERIALIZED VIEW made AS {}",
    "CREATE RULE made AS ON INSERT TO lines DO ALSO {}; INSERT INTO lines (what) VALUES ('x')",
];

fn statements() -> Vec<String> {
    let table = include_str!("sql/postgres.txt").lines().filter(|line| !line.starts_with('#'));
    let table = table.filter_map(|line| line.split_once('|')).map(|(_, text)| text.trim().to_owned());
    let benign = include_str!("sql/benign_postgres.txt")
        .lines()
        .filter(|line| !line.starts_with("--"))
        .map(str::to_owned);
    let wrapped = INNER.iter().flat_map(|inner| AROUND.iter().map(|around| around.replace("{}", inner)));
    let own = include_str!("sql/fixture_statements.txt").lines().map(str::to_owned);
    let all: BTreeSet<String> = table.chain(benign).chain(wrapped).chain(own).collect();
    all.into_iter().filter(|text| !text.is_empty() && stays_in_a_transaction(text)).collect()
}

/// What leaves the transaction that takes everything back, asks psql itself for rows, or reaches outside.
fn stays_in_a_transaction(text: &str) -> bool {
    let lines = text.to_uppercase();
    let leaves = |statement: &policy::sql::Statement| {
        matches!(
            statement.control,
            Control::Begin | Control::Commit | Control::Rollback | Control::RollbackTo(_) | Control::CopyIn
        )
    };
    const OUTSIDE: [&str; 11] = [
        "PROGRAM",
        "FROM STDIN",
        "FROM '/",
        "TO '/",
        "PG_TERMINATE",
        "PG_PROMOTE",
        "ALTER SYSTEM",
        "LO_EXPORT",
        "LOAD ",
        "$1",
        "PG_READ_FILE",
    ];
    read(text).obstacle().is_none()
        && !OUTSIDE.iter().any(|word| lines.contains(word))
        && !read(text).statements().iter().any(leaves)
}

#[test]
fn nothing_that_destroys_or_writes_is_called_read() {
    let server = Server::start();
    server.psql(include_str!("sql/fixture.sql"));
    let texts = statements();
    let before = states(&server, "", &["SELECT 1".into()])[0].clone().expect("the fixture has a state");
    let after = states(&server, "", &texts);
    let (mut ran, mut changed, mut only_read, mut destroyed, mut wrong) = (0, 0, 0, 0, vec![]);
    for (text, state) in texts.iter().zip(&after) {
        let Some(state) = state else { continue };
        ran += 1;
        let effects = read(text).effects();
        let is_only_read = effects.iter().all(|effect| *effect == Effect::Read);
        only_read += usize::from(is_only_read);
        let (lost, new) = (more(&before, state), more(state, &before));
        changed += usize::from(!lost.is_empty() || !new.is_empty());
        if is_only_read && !(lost.is_empty() && new.is_empty()) {
            wrong.push(format!("called read: {text}: lost {lost:?}, new {new:?}"));
        }
        // A row with one column more, or under another table's name, is not lost.
        let is_shown_otherwise = text.contains("ADD COLUMN") || text.contains("RENAME TO");
        let loses_rows = !is_shown_otherwise && lost.iter().any(|kind| kind.starts_with("row "));
        destroyed += usize::from(loses_rows);
        if loses_rows && !effects.contains(&Effect::DataDestroy) && !effects.contains(&Effect::Unknown) {
            wrong.push(format!("destroys: {text}: lost {lost:?}, {effects:?}"));
        }
        let settings = new.iter().any(|kind| kind.starts_with("setting "));
        if settings && effects.iter().all(|effect| [Effect::Read, Effect::Write].contains(effect)) {
            wrong.push(format!("changes settings: {text}: {new:?}, {effects:?}"));
        }
    }
    eprintln!(
        "{} statements, {ran} ran, {changed} changed something, {destroyed} lost rows, {only_read} called read",
        texts.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran > 300 && changed > 120 && destroyed > 50 && only_read > 80, "the test has become too small");
}

#[test]
fn what_is_called_read_runs_in_a_read_only_transaction() {
    let server = Server::start();
    server.psql(include_str!("sql/fixture.sql"));
    let all = statements();
    let free = states(&server, "", &all);
    let called_read = |text: &&String| read(text).effects().iter().all(|effect| *effect == Effect::Read);
    let texts: Vec<String> = all
        .iter()
        .zip(&free)
        .filter(|(_, state)| state.is_some())
        .map(|(text, _)| text)
        .filter(called_read)
        .cloned()
        .collect();
    let bound = states(&server, "READ ONLY", &texts);
    let refused: Vec<&String> =
        texts.iter().zip(&bound).filter(|(_, state)| state.is_none()).map(|(text, _)| text).collect();
    eprintln!("{} statements that are called read", texts.len());
    assert!(refused.is_empty(), "{refused:#?}");
}

/// The server's own refusal of texts, asked all at once.
fn refusals(server: &Server, texts: &[String]) -> Vec<Option<String>> {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let asked: Vec<String> =
        texts.iter().enumerate().map(|(n, t)| format!("({n}, decode('{}', 'hex'))", hex(t))).collect();
    let script = format!(
        "SELECT n || ' ' || coalesce(replace(checks.refusal(convert_from(t, 'UTF8')), chr(10), ' '), '') FROM (VALUES {}) x(n, t) ORDER BY n;",
        asked.join(", ")
    );
    let output = server.psql(&script);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines.len(), texts.len(), "one answer a text");
    lines
        .iter()
        .map(|line| line.split_once(' ').map(|(_, why)| why.to_owned()).filter(|why| !why.is_empty()))
        .collect()
}

fn is_about_grammar(refusal: &str) -> bool {
    [
        "syntax error",
        "unterminated",
        "zero-length delimited",
        "trailing junk",
        "invalid Unicode",
        "unrecognized",
        "conflicting",
    ]
    .iter()
    .any(|start| refusal.strip_prefix("42601 ").is_some_and(|message| message.starts_with(start)))
}

#[test]
fn what_is_understood_is_what_the_server_parses() {
    let server = Server::start();
    server.psql(include_str!("sql/fixture.sql"));
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).expect("small")
    };
    let base = statements();
    let pieces = [
        "'",
        "\"",
        "--",
        "/*",
        "*/",
        ";",
        "(",
        ")",
        "$$",
        "E'\\''",
        "U&'\\0041'",
        "\\",
        "1a",
        "0x1F",
        "1_000",
        "!",
        "::",
        "$1",
        "SELECT",
        "FROM",
        "WHERE",
        "DELETE",
        "INTO",
        "WITH",
        "AS",
        "ONLY",
        "*",
        ",",
        "JSON",
        "é",
        "\u{a0}",
        "\u{feff}",
        "x'1'",
        "=>",
    ];
    let mut texts = vec![];
    for _ in 0..24_000 {
        let mut text: Vec<char> = base[next(base.len())].chars().collect();
        for _ in 0..=next(3) {
            let at = next(text.len() + 1);
            match next(3) {
                0 => drop(text.drain(at..(at + next(6)).min(text.len()))),
                1 => drop(text.splice(at..at, pieces[next(pieces.len())].chars().chain([' ']))),
                _ => drop(text.splice(at..at, pieces[next(pieces.len())].chars())),
            }
        }
        texts.push(text.into_iter().collect::<String>());
    }
    let understood: Vec<String> = texts.into_iter().filter(|text| read(text).understood()).collect();
    let refusals = refusals(&server, &understood);
    let wrong: Vec<String> = understood
        .iter()
        .zip(&refusals)
        .filter_map(|(text, why)| {
            why.as_ref().filter(|why| is_about_grammar(why)).map(|why| format!("{text}: {why}"))
        })
        .collect();
    eprintln!("24000 texts, {} understood", understood.len());
    assert!(understood.len() > 1500, "the test has become too small: {}", understood.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), understood.len(), wrong.join("\n"));
}

/// What a person asks psql about a database.
const ABOUT: &str = r"\d
\d orders
\d+ customers
\d+ open_orders
\dt+
\di+
\dv+
\dm+
\ds+
\df+
\dn+
\du+
\l+
\dp
\ddp
\dT+
\dx
\dy
\des
\dew
\det
\dRp
\dRs
\dD
\dC
\dO
\db+
\dc
\dF
\dd
\do
\da
\drds
\dL
\dP
\dX
\dA
\sf erase
\sv open_orders
";

#[test]
fn what_psql_pg_dump_and_pgbench_ask_is_understood() {
    let server = Server::start();
    server.psql(include_str!("sql/fixture.sql"));
    server.psql("ALTER SYSTEM SET log_statement = 'all'; SELECT pg_reload_conf(); SELECT pg_sleep(0.5);");
    server.psql(ABOUT);
    server.run("pg_dump", &["--no-sync"]);
    server.run("pg_dumpall", &["--globals-only"]);
    server.run("pgbench", &["-i", "-q"]);
    server.run("pgbench", &["-t", "3"]);
    server.run("pgbench", &["-t", "3", "-S", "-M", "prepared"]);
    let asked = server.statements();
    // What a prepared statement does is known to whoever followed the session; and pg_dump asks pg_settings for the name
    // of a setting that it then changes.
    let followed =
        |text: &str| text.starts_with("EXECUTE ") || text.contains("restrict_nonsystem_relation_kind");
    let unknown: Vec<String> = asked
        .iter()
        .filter(|text| !followed(text) && !read(text).understood())
        .map(|text| format!("{text}\n    {:?}", read(text).reasons()))
        .collect();
    eprintln!("{} different statements of psql, pg_dump and pgbench", asked.len());
    assert!(asked.len() > 150, "the test has become too small");
    assert!(unknown.is_empty(), "{} unknown:\n{}", unknown.len(), unknown.join("\n"));
}

#[test]
fn ordinary_statements_are_understood() {
    let unknown: Vec<String> = include_str!("sql/benign_postgres.txt")
        .lines()
        .filter(|line| !line.starts_with("--") && !read(line).understood())
        .map(|text| format!("{text}\n    {:?}", read(text).reasons()))
        .collect();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}
