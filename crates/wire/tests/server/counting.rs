//! Writes on condition of their count, at the real server: what is within the bound is as without a gateway, and of what
//! is not, nothing is left.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use wire::postgres::startup::{CancelKey, Start, Version};
use wire::postgres::{Backend, Consequences, Decoder, Limits, Output, Piece, Session, Side, encode};

use super::clients::{database, psql, with_input};
use super::line::{connect, folder, next, raw};

/// A hundred rows, and what makes a write interesting.
const TABLES: &str = r"
CREATE TABLE t (id int PRIMARY KEY, name text DEFAULT 'x');
INSERT INTO t SELECT generate_series(1, 100);
CREATE TABLE child (id int REFERENCES t ON DELETE CASCADE);
INSERT INTO child SELECT 1 + i % 2 FROM generate_series(1, 10) AS i;
CREATE TABLE late (id int REFERENCES t DEFERRABLE INITIALLY DEFERRED);
";

const SCRIPT: &str = r"
DELETE FROM t WHERE id = 100 /* within 10 */;
UPDATE t SET name = 'y' WHERE id < 4 RETURNING id, name /* within 10 */;
INSERT INTO t VALUES (200), (201) ON CONFLICT DO NOTHING /* within 10 */;
MERGE INTO t USING (VALUES (1), (300)) AS s(id) ON t.id = s.id
  WHEN MATCHED THEN UPDATE SET name = 'm' WHEN NOT MATCHED THEN INSERT VALUES (s.id) /* within 10 */;
DELETE FROM t WHERE id = 100 /* within 10 */;
DELETE FROM nowhere /* within 10 */;
DELETE FRM t /* within 10 */;
INSERT INTO t VALUES (1) /* within 10 */;
INSERT INTO late VALUES (5000) /* within 10 */;
BEGIN; DELETE FROM t WHERE id = 99 /* within 10 */; SAVEPOINT s; UPDATE t SET name = 'z' WHERE id = 98 /* within 10 */; ROLLBACK TO s; COMMIT;
BEGIN; SELECT 1/0; DELETE FROM t WHERE id = 97 /* within 10 */; COMMIT;
BEGIN; INSERT INTO late VALUES (6000) /* within 10 */; SET CONSTRAINTS ALL IMMEDIATE; COMMIT;
SET statement_timeout = 200;
DELETE FROM t WHERE id = 96 AND pg_sleep(5) IS NULL /* within 10 */;
RESET statement_timeout;
SELECT id, name FROM t WHERE name <> 'x' OR id > 90 ORDER BY id;
SELECT count(*) FROM late;
";

#[test]
fn psql_sees_no_difference_within_the_bound() {
    let (through, socket) = database("within");
    let (direct, _unused) = database("within_direct");
    let expected = psql(&folder(), direct, &[TABLES, SCRIPT].concat());
    let said = psql(socket.path(), through, &[TABLES, SCRIPT].concat());
    for word in ["2|y", "MERGE 2", "violates foreign key", "statement timeout", "is aborted", "duplicate key"]
    {
        assert!(expected.contains(word), "{word}: {expected}");
    }
    let differing: Vec<_> =
        expected.lines().zip(said.lines()).filter(|(ours, theirs)| ours != theirs).take(4).collect();
    assert!(differing.is_empty() && expected.len() == said.len(), "{differing:?}");
}

#[test]
fn nothing_is_left_or_seen_of_what_exceeds_it() {
    let (database, socket) = database("exceeds");
    psql(&folder(), database, TABLES);
    let script = "DELETE FROM t /* within 10 */;\nDELETE FROM t RETURNING 'row ' || id /* within 10 */;\n\
                  INSERT INTO t SELECT generate_series(1000, 1100) /* within 10 */;\n\
                  WITH gone AS (DELETE FROM t RETURNING id) SELECT 'few', count(*) FROM gone /* within 10 */;\n\
                  DELETE FROM t WHERE id = 1 \\; DELETE FROM t /* within 10 */;\n\
                  DELETE FROM t WHERE id = $1 /* within 10 */;\n\
                  SELECT 'left', count(*) FROM t;\n";
    let said = psql(socket.path(), database, script);
    for expected in
        ["would change 100 rows", "would change 101 rows", "left|100", "multiple commands", "requires 1"]
    {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert!(!said.contains("row 1") && !said.contains("few|") && !said.contains("syntax error"), "{said}");
}

#[test]
fn an_open_transaction_fails_with_it_and_a_savepoint_saves_the_rest() {
    let (database, socket) = database("exceeds_within");
    psql(&folder(), database, TABLES);
    let script = "BEGIN;\nDELETE FROM t WHERE id = 1;\nDELETE FROM t /* within 10 */;\nSELECT 'unheard';\nCOMMIT;\n\
                  SELECT 'first', count(*) FROM t;\n\
                  BEGIN;\nDELETE FROM t WHERE id = 1;\nSAVEPOINT s;\nDELETE FROM t /* within 10 */;\nROLLBACK TO s;\nCOMMIT;\n\
                  SELECT 'second', count(*) FROM t;\n";
    let said = psql(socket.path(), database, script);
    for expected in ["current transaction is aborted", "ROLLBACK\nfirst|100", "COMMIT\nsecond|99"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert!(!said.contains("unheard"), "{said}");
}

/// What the documents say: a bound is on the rows of the statement's own table.
#[test]
fn rows_of_cascades_and_triggers_are_not_in_the_count() {
    let (database, socket) = database("cascades");
    psql(&folder(), database, TABLES);
    let said = psql(
        socket.path(),
        database,
        "DELETE FROM t WHERE id = 1 /* within 1 */;\nSELECT count(*) FROM child;\n",
    );
    assert!(said.contains("DELETE 1\n5\n"), "{said}");
}

#[test]
fn pgbench_writes_within_the_bound_in_every_mode_and_in_pipelines() {
    let (database, socket) = database("pgbench_within");
    psql(
        &folder(),
        database,
        "CREATE TABLE n (id int, hits int); INSERT INTO n SELECT generate_series(1, 9), 0;",
    );
    let file = socket.path().join("within.sql");
    let line = "UPDATE n SET hits = hits + 1 WHERE id = :client_id + 1 /* within 1 */;\n";
    let pipeline = format!("\\startpipeline\nSELECT 1;\n{line}{line}SELECT 2;\n\\endpipeline\n");
    for (mode, script, hits) in [
        ("simple", line, "20|20"),
        ("extended", line, "40|40"),
        ("prepared", line, "60|60"),
        ("extended", &pipeline, "100|100"),
        ("prepared", &pipeline, "140|140"),
    ] {
        std::fs::write(&file, script).expect("a file");
        pgbench(socket.path(), &file, mode, database);
        let said = psql(&folder(), database, "SELECT max(hits), min(hits) FROM n WHERE id < 4");
        assert_eq!(said.trim(), hits, "{mode}");
    }
}

fn pgbench(folder: &Path, file: &Path, mode: &str, database: &str) {
    let mut command = Command::new("pgbench");
    command.args(["-U", "countersign", "-M", mode, "-c", "3", "-t", "20", "-n", "-h"]);
    command.arg(folder).arg("-f").arg(file).arg(database);
    let output = with_input(command, "");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.contains("60/60"), "{said}");
}

/// A client that speaks for itself, to a gateway in that folder.
fn client(folder: &Path) -> (UnixStream, Decoder) {
    let mut stream = UnixStream::connect(folder.join(".s.PGSQL.5432")).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    let start = Start::new(Version::V3_0, vec![("user".to_owned(), "countersign".to_owned())]);
    stream.write_all(&start.encode().expect("no zero byte")).expect("sent");
    let mut decoder = Decoder::new(Side::Backend, Limits::default());
    while !matches!(next(&mut stream, &mut decoder), Piece::Whole(frame) if frame.tag() == b'Z') {}
    (stream, decoder)
}

fn group(text: &str, rows: u32) -> Vec<u8> {
    let messages = [
        encode::parse(b"", text.as_bytes(), &[]).expect("a message"),
        encode::bind(b"", b"", &[]).expect("a message"),
        encode::execute(b"", rows).expect("a message"),
    ];
    messages.concat()
}

#[test]
fn all_statements_of_a_group_last_together_or_not_at_all() {
    let (database, socket) = database("grouped");
    psql(&folder(), database, TABLES);
    let (mut stream, mut decoder) = client(socket.path());
    let few = group("DELETE FROM t WHERE id < 3 /* within 10 */", 0);
    let many = group("DELETE FROM t /* within 10 */", 0);
    let sync = encode::sync();
    assert_eq!(raw(&mut stream, &mut decoder, &[&few, &many, &few, &sync], 1), "12C12EZ");
    assert_eq!(psql(&folder(), database, "SELECT count(*) FROM t").trim(), "100");
    // As of drivers that put BEGIN before the first statement.
    let begin = group("BEGIN", 0);
    assert_eq!(raw(&mut stream, &mut decoder, &[&begin, &few, &sync], 1), "12C12CZ");
    assert_eq!(psql(&folder(), database, "SELECT count(*) FROM t").trim(), "100", "not committed yet");
    let commit = encode::query(b"COMMIT").expect("a message");
    assert_eq!(raw(&mut stream, &mut decoder, &[&commit], 1), "CZ");
    assert_eq!(psql(&folder(), database, "SELECT count(*) FROM t").trim(), "98");
}

#[test]
fn a_row_limit_is_harmless_without_rows_and_refused_with_them() {
    let (database, socket) = database("limited");
    psql(&folder(), database, TABLES);
    let (mut stream, mut decoder) = client(socket.path());
    let sync = encode::sync();
    let without = group("DELETE FROM t WHERE id < 3 /* within 10 */", 1);
    assert_eq!(raw(&mut stream, &mut decoder, &[&without, &sync], 1), "12CZ", "as of pgjdbc");
    let with = group("DELETE FROM t WHERE id < 9 RETURNING id /* within 10 */", 1);
    assert_eq!(raw(&mut stream, &mut decoder, &[&with, &sync], 1), "12EZ");
    let whole = group("DELETE FROM t WHERE id < 9 RETURNING id /* within 10 */", 0);
    assert_eq!(raw(&mut stream, &mut decoder, &[&whole, &encode::flush(), &sync], 1), "12DDDDDDCZ");
    assert_eq!(psql(&folder(), database, "SELECT count(*) FROM t").trim(), "92");
}

#[test]
fn a_gateway_that_dies_before_the_verdict_leaves_nothing() {
    let (database, _socket) = database("dies");
    psql(&folder(), database, TABLES);
    for messages in [
        encode::query(b"DELETE FROM t").expect("a message").to_vec(),
        [&group("DELETE FROM t", 0)[..], &encode::sync()].concat(),
    ] {
        let stream = until_counted(database, &messages);
        drop(stream);
        assert_eq!(psql(&folder(), database, "SELECT count(*) FROM t").trim(), "100");
    }
}

/// Puts a session before the server, and lets it go no further than the count.
fn until_counted(database: &str, messages: &[u8]) -> UnixStream {
    let (mut stream, mut from_server) = connect("countersign", database, "");
    let mut session = Session::new(CancelKey { process: 1, secret: vec![1; 4].into() });
    let mut from_client = Decoder::new(Side::Frontend, Limits::default());
    from_client.feed(messages);
    while let Some(piece) = from_client.piece().expect("messages") {
        session.client(piece).expect("it makes sense");
    }
    loop {
        let Some(output) = session.output() else {
            session.server(next(&mut stream, &mut from_server)).expect("it makes sense");
            continue;
        };
        match output {
            Output::ToServer(bytes) => stream.write_all(&bytes).expect("sent"),
            Output::Judge(act) => {
                session.allow_counted(act.id, Consequences::default()).expect("it makes sense");
            }
            Output::Counted(_, rows) => {
                assert_eq!(rows, 100);
                return stream;
            }
            Output::ToClient(bytes) => assert_ne!(bytes.first(), Some(&b'C'), "{:?}", shown(&bytes)),
            _ => {}
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    let mut decoder = Decoder::new(Side::Backend, Limits::default());
    decoder.feed(bytes);
    match decoder.piece() {
        Ok(Some(Piece::Whole(frame))) => format!("{:?}", Backend::parse(&frame)),
        other => format!("{other:?}"),
    }
}
