//! What statements really change in a MariaDB server, beside what the analysis said of them; and what that server refuses
//! to parse, beside what was understood.

#[path = "sql/mariadb.rs"]
mod mariadb;

use std::collections::{BTreeMap, BTreeSet};

use mariadb::Server;
use policy::Effect;
use policy::sql::{Catalogue, Dialect, Script, analyse};

fn read(text: &str) -> Script {
    analyse(Dialect::MySql, text.as_bytes(), &Catalogue::unasked())
}

fn is_only_read(effects: &BTreeSet<Effect>) -> bool {
    effects.iter().all(|effect| *effect == Effect::Read)
}

/// Statements that run against the fixture as they are.
const INNER: [&str; 20] = [
    "SELECT 1",
    "SELECT * FROM orders",
    "SELECT name, UPPER(email) FROM customers WHERE id < 3 ORDER BY name",
    "SELECT erase()",
    "SELECT shop.now()",
    "SELECT id FROM orders WHERE id IN (SELECT erase())",
    "SELECT NEXTVAL(counter)",
    "SELECT * FROM orders FOR UPDATE",
    "VALUES (1), (2)",
    "INSERT INTO sink VALUES (3, 'c')",
    "INSERT INTO sink SELECT id, state FROM orders",
    "INSERT INTO t (id, a) VALUES (1, 5) ON DUPLICATE KEY UPDATE a = 7",
    "REPLACE INTO t (id, a) VALUES (1, 9)",
    "UPDATE t SET a = 100 WHERE id = 1",
    "UPDATE t JOIN sink ON t.id = sink.id SET sink.what = 'x'",
    "DELETE FROM sink",
    "DELETE FROM customers WHERE id = 1",
    "DELETE s FROM sink AS s",
    "TRUNCATE TABLE sink",
    "DROP TABLE sink",
];

/// What may stand around a statement.
const AROUND: [&str; 20] = [
    "{}",
    "({})",
    "EXPLAIN {}",
    "EXPLAIN FORMAT=JSON {}",
    "EXPLAIN ANALYZE {}",
    "DESCRIBE {}",
    "ANALYZE {}",
    "ANALYZE FORMAT=JSON {}",
    "CREATE TABLE made AS {}",
    "CREATE OR REPLACE TABLE t AS {}",
    "CREATE TEMPORARY TABLE made AS {}",
    "CREATE VIEW made AS {}",
    "INSERT INTO sink (id) {}",
    "REPLACE INTO t (id) {}",
    "WITH x AS ({}) SELECT * FROM x",
    "SELECT * FROM ({}) AS x",
    "SELECT 1 UNION {}",
    "SET @x = ({})",
    "SET STATEMENT max_statement_time = 5 FOR {}",
    "SELECT 1; {}",
];

fn statements() -> Vec<String> {
    let table = include_str!("sql/mysql.txt").lines().filter(|line| !line.starts_with('#'));
    let table = table.filter_map(|line| line.split_once('|')).map(|(_, text)| text.trim().to_owned());
    let own = include_str!("sql/mariadb_statements.txt").lines().map(str::to_owned);
    let wrapped = INNER.iter().flat_map(|inner| AROUND.iter().map(|around| around.replace("{}", inner)));
    let all: BTreeSet<String> = table.chain(own).chain(wrapped).collect();
    all.into_iter().filter(|text| !text.is_empty() && stays_inside(text)).collect()
}

/// What keeps the server busy, ends connections, or reaches outside.
fn stays_inside(text: &str) -> bool {
    const OUTSIDE: [&str; 10] = [
        "OUTFILE",
        "DUMPFILE",
        "INFILE",
        "BENCHMARK",
        "SYS_EXEC",
        "KILL 7",
        "CHANGE MASTER",
        "DELIMITER",
        "TABLESPACE",
        "DEFAULT ROLE",
    ];
    let upper = text.to_uppercase();
    !OUTSIDE.iter().any(|word| upper.contains(word))
}

const FIXTURE: &str = include_str!("sql/fixture_mariadb.sql");
const ROWS: &str = include_str!("sql/rows_mariadb.sql");
/// Of the modes only those by which later texts mean something else: the others say what values are accepted.
const SESSION: &str = "SELECT CONCAT_WS(' ', 'setting session', \
    @@sql_mode REGEXP 'ANSI|DB2|HIGH_NOT|IGNORE_SPACE|MAXDB|MSSQL|NO_BACKSLASH|ORACLE|PIPES|POSTGRESQL', \
    @@character_set_client, @@sql_log_bin, @@foreign_key_checks, CURRENT_ROLE())";

/// Lines of what may change, with how often each is there.
type State = BTreeMap<String, usize>;

/// What is there after a text; none when the server refused all of it.
fn after(server: &Server, text: &str) -> Option<State> {
    let told = server.send(["USE shop", text, SESSION, "COMMIT"]);
    if !told.errors.is_empty() && !text.contains(';') {
        return None;
    }
    let session = told.output.lines().filter(|line| line.starts_with("setting session"));
    let mut state = State::new();
    let now = server.send(["CALL checks.state()"]);
    assert!(now.errors.is_empty(), "{text}: {}", now.errors);
    for line in session.chain(now.output.lines()) {
        *state.entry(line.to_owned()).or_default() += 1;
    }
    Some(state)
}

/// Kinds of lines that are there more often in one state than in the other: their first two words.
fn more(one: &State, other: &State) -> BTreeSet<String> {
    let gone = one.iter().filter(|(line, count)| other.get(*line).copied().unwrap_or(0) < **count);
    gone.map(|(line, _)| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}

/// Puts back what a text has changed.
fn put_back(server: &Server, changed: &BTreeSet<String>) {
    let only_rows = changed.iter().all(|kind| kind.starts_with("row ") || kind == "setting session");
    if !only_rows {
        server.script(FIXTURE);
    }
    server.script(ROWS);
}

/// What the effects do not say of what has changed.
fn unsaid(
    text: &str,
    effects: &BTreeSet<Effect>,
    lost: &BTreeSet<String>,
    new: &BTreeSet<String>,
) -> Option<String> {
    let has = |kind: &str| lost.iter().chain(new).any(|line| line.starts_with(kind));
    let says = |effect: Effect| effects.contains(&effect) || effects.contains(&Effect::Unknown);
    if is_only_read(effects) && !(lost.is_empty() && new.is_empty()) {
        return Some("is called read".into());
    }
    // A row with one column more, or under another table's name, is not lost.
    let is_shown_otherwise =
        text.contains("ADD c") || text.contains("ADD COLUMN c INT") || text.contains("RENAME");
    if lost.iter().any(|kind| kind.starts_with("row ")) && !is_shown_otherwise && !says(Effect::DataDestroy) {
        return Some("destroys".into());
    }
    if has("catalogue right") && !says(Effect::PrivilegeChange) {
        return Some("changes rights".into());
    }
    let structure = |line: &&String| line.starts_with("catalogue") && *line != "catalogue right";
    if lost.iter().chain(new).any(|line| structure(&line))
        && !says(Effect::SchemaChange)
        && !says(Effect::PrivilegeChange)
    {
        return Some("changes the structure".into());
    }
    (has("setting") && effects.iter().all(|effect| [Effect::Read, Effect::Write].contains(effect)))
        .then(|| "changes settings".into())
}

#[test]
fn nothing_that_destroys_or_writes_is_called_read() {
    let server = Server::start();
    server.script(FIXTURE);
    server.script(ROWS);
    let before = after(&server, "SELECT 1").expect("it runs");
    assert_eq!(Some(&before), after(&server, "SELECT * FROM orders").as_ref(), "looking changes nothing");
    let texts = statements();
    let (mut ran, mut changed, mut destroyed, mut only_read, mut wrong) = (0, 0, 0, 0, vec![]);
    for text in &texts {
        let Some(state) = after(&server, text) else { continue };
        let (lost, new) = (more(&before, &state), more(&state, &before));
        let all: BTreeSet<String> = lost.union(&new).cloned().collect();
        let effects = read(text).effects();
        ran += 1;
        changed += usize::from(!all.is_empty());
        destroyed += usize::from(lost.iter().any(|kind| kind.starts_with("row ")));
        only_read += usize::from(is_only_read(&effects));
        if let Some(what) = unsaid(text, &effects, &lost, &new) {
            wrong.push(format!("{what}: {text}: lost {lost:?}, new {new:?}, {effects:?}"));
        }
        if !all.is_empty() {
            put_back(&server, &all);
        }
    }
    eprintln!(
        "{} statements, {ran} ran, {changed} changed something, {destroyed} lost rows, {only_read} called read",
        texts.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran > 350 && changed > 150 && destroyed > 80 && only_read > 80, "the test has become too small");
}

const PIECES: [&str; 34] = [
    "'", "\"", "`", "-- ", "--", "#", "/*", "*/", "/*!", "/*M!", ";", "(", ")", "\\", "1a", "0x1F", "1e",
    ".", "@", "@@", ":=", "||", "SELECT", "FROM", "WHERE", "DELETE", "INTO", "WITH", "AS", "BINARY", "*",
    ",", "é", "\u{a0}",
];

/// Where the changes begin; `SQL_SEED` begins elsewhere.
const SEED: u64 = 0x2545_f491_4f6c_dd1d;

/// Where one word of a statement ends.
const BETWEEN: [char; 4] = [' ', '(', ')', ','];

/// Texts that are one or three changes away from a statement.
fn mutated(count: usize) -> Vec<String> {
    let mut seed = std::env::var("SQL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let mut next = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).expect("small")
    };
    let base = statements();
    let words: Vec<&str> = base.iter().flat_map(|text| text.split_inclusive(BETWEEN)).collect();
    let by_words = |next: &mut dyn FnMut(usize) -> usize| {
        let mut text: Vec<&str> = base[next(base.len())].split_inclusive(BETWEEN).collect();
        for _ in 0..=next(3) {
            let at = next(text.len() + 1);
            let end = (at + next(3)).min(text.len());
            drop(text.splice(at..end, [words[next(words.len())]]));
        }
        text.concat()
    };
    let by_letters = |next: &mut dyn FnMut(usize) -> usize| {
        let mut text: Vec<char> = base[next(base.len())].chars().collect();
        for _ in 0..=next(3) {
            let at = next(text.len() + 1);
            match next(3) {
                0 => drop(text.drain(at..(at + next(6)).min(text.len()))),
                1 => drop(text.splice(at..at, PIECES[next(PIECES.len())].chars().chain([' ']))),
                _ => drop(text.splice(at..at, PIECES[next(PIECES.len())].chars())),
            }
        }
        text.into_iter().collect()
    };
    let mutated = |number| if number % 2 == 0 { by_words(&mut next) } else { by_letters(&mut next) };
    (0..count).map(mutated).collect()
}

/// Which of the texts the server refuses to parse: they are prepared, not run.
fn refused(server: &Server, texts: &[&String]) -> Vec<String> {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let prepared = texts.iter().map(|text| {
        format!(
            "BEGIN NOT ATOMIC DECLARE s LONGTEXT DEFAULT CONVERT(0x{} USING utf8mb4); PREPARE p FROM s; END",
            hex(text)
        )
    });
    let script: Vec<String> = std::iter::once("USE shop".to_owned()).chain(prepared).collect();
    let told = server.send(script.iter().map(String::as_str));
    let refusals = told.errors.lines().filter_map(|line| line.strip_prefix("ERROR 1064 (42000) at line "));
    let text_of = |line: &str| {
        let (number, why) = line.split_once(':')?;
        let text = texts.get(number.parse::<usize>().ok()?.checked_sub(2)?)?;
        Some(format!("{text}:{why}"))
    };
    refusals.filter_map(text_of).collect()
}

/// MySQL has `EXPLAIN ANALYZE`, and aliases in `DELETE`; MariaDB has not. Neither begins a text with a semicolon.
fn is_of_mysql_alone(text: &str) -> bool {
    let text = text.to_uppercase();
    text.contains("ANALYZE") || text.contains("DELETE") || text.contains(';')
}

#[test]
fn what_is_understood_is_what_the_server_parses() {
    let server = Server::start();
    server.script(FIXTURE);
    server.script(ROWS);
    let known = ["SELECT FROM WHERE".to_owned(), "SELECT 1".to_owned()];
    assert_eq!(refused(&server, &known.iter().collect::<Vec<_>>()).len(), 1, "a refusal is seen");
    let texts: Vec<String> = statements().into_iter().chain(mutated(24_000)).collect();
    let understood: Vec<(&String, Script)> =
        texts.iter().map(|text| (text, read(text))).filter(|(_, script)| script.understood()).collect();
    let single: Vec<&String> = understood
        .iter()
        .filter(|(_, script)| script.statements().len() == 1)
        .map(|(text, _)| *text)
        .collect();
    let before = after(&server, "SELECT 1").expect("it runs");
    let harmless: Vec<&str> = understood
        .iter()
        .filter(|(_, script)| is_only_read(&script.effects()))
        .map(|(text, _)| text.as_str())
        .collect();
    let read_here = |text: &&&String| is_only_read(&read(text).effects()) && !is_of_mysql_alone(text);
    let wrong = refused(&server, &single.iter().copied().filter(|text| read_here(&text)).collect::<Vec<_>>());
    let told = server.send(std::iter::once("USE shop").chain(harmless.iter().copied()));
    let then = after(&server, "SELECT 1").expect("it runs");
    eprintln!(
        "{} texts, {} understood, {} prepared, {} called read and run, of which {} were refused",
        texts.len(),
        understood.len(),
        single.len(),
        harmless.len(),
        told.errors.matches("ERROR ").count()
    );
    assert_eq!(
        (more(&before, &then), more(&then, &before)),
        Default::default(),
        "what is called read changes nothing"
    );
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), single.len(), wrong.join("\n"));
    assert!(single.len() > 800 && harmless.len() > 400, "the test has become too small");
}
