//! psql and pgbench see no difference, but for what is refused.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use testkit::postgres;

use super::line::{folder, listen};

/// What psql says when it is given this script.
pub fn psql(folder: &Path, database: &str, script: &str) -> String {
    let mut command = Command::new("psql");
    command.args(["-X", "-A", "-t", "-U", "countersign", "-d", database, "-h"]).arg(folder);
    let output = with_input(command, script);
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8(said).expect("text")
}

pub fn with_input(mut command: Command, input: &str) -> Output {
    use std::io::Write;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the client is installed");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

pub fn database(name: &'static str) -> (&'static str, TempDir) {
    postgres().sql(&format!("CREATE DATABASE {name}"));
    let folder = TempDir::new().expect("a folder");
    listen(folder.path(), name);
    (name, folder)
}

const SCRIPT: &str = r"
CREATE TABLE t (id int PRIMARY KEY, name text);
COPY t FROM STDIN;
1	one
2	two
\.
SELECT * FROM t ORDER BY id;
COPY t TO STDOUT;
COPY t FROM STDIN;
not a number	x
\.
BEGIN; INSERT INTO t VALUES (3, 'three'); SELECT 1/0; COMMIT;
ROLLBACK;
SELECT count(*) FROM t; SELECT 2 \; SELECT 3;
PREPARE s AS SELECT name FROM t WHERE id = 1;
EXECUTE s;
DEALLOCATE s;
EXECUTE s;
DO $$ BEGIN RAISE NOTICE 'from inside'; END $$;
SELECT repeat('x', 200000);
\d t
\copy (SELECT generate_series(1, 1000)) TO STDOUT
SELECT pg_size_pretty(sum(length(x))) FROM (SELECT repeat('y', 1000) AS x FROM generate_series(1, 20000)) AS rows;
LISTEN bell;
NOTIFY bell, 'rings';
SET client_min_messages = warning;
DROP TABLE t;
";

#[test]
fn psql_sees_no_difference() {
    let (database, through) = database("psql_sees");
    let direct = psql(&folder(), database, SCRIPT);
    assert!(
        direct.contains("1|one") && direct.contains("division by zero") && direct.contains("from inside"),
        "{direct}"
    );
    let through = psql(through.path(), database, SCRIPT);
    // A notification names the server's process.
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with("Asynchronous")).map(str::to_owned).collect()
    };
    let (direct, through) = (lines(&direct), lines(&through));
    let differing: Vec<_> =
        direct.iter().zip(&through).filter(|(ours, theirs)| ours != theirs).take(3).collect();
    assert!(differing.is_empty() && direct.len() == through.len(), "{differing:?}");
}

#[test]
fn a_refusal_within_a_transaction_rolls_all_of_it_back() {
    let (database, through) = database("a_refusal");
    let script = "CREATE TABLE t (id int);\nBEGIN;\nINSERT INTO t VALUES (1);\nDELETE FROM t /* refuse */;\nSELECT 1;\nCOMMIT;\n\
                  SELECT count(*) FROM t;\n";
    let said = psql(through.path(), database, script);
    for expected in
        ["refused by the rules", "HINT:  request 42", "current transaction is aborted", "ROLLBACK\n0\n"]
    {
        assert!(said.contains(expected), "{said}");
    }
    assert!(!said.contains("syntax error"), "{said}");
}

#[test]
fn pgbench_runs_in_every_mode_and_in_pipelines() {
    let (database, through) = database("pgbench_runs");
    let pgbench = |folder: &Path, more: &[&str]| {
        let mut command = Command::new("pgbench");
        command.args(["-U", "countersign", "-h"]).arg(folder).args(more).arg(database);
        let output = with_input(command, "");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{said}");
        said
    };
    pgbench(through.path(), &["-i", "-s", "1", "-q"]);
    for mode in ["simple", "extended", "prepared"] {
        let said = pgbench(through.path(), &["-M", mode, "-c", "3", "-t", "30", "-n"]);
        assert!(said.contains("number of transactions actually processed: 90/90"), "{said}");
    }
    let file = through.path().join("pipeline.sql");
    std::fs::write(
        &file,
        "\\startpipeline\nSELECT 1;\nUPDATE pgbench_branches SET bbalance = bbalance + 1;\nSELECT 2;\n\\endpipeline\n",
    )
    .expect("a file");
    for mode in ["extended", "prepared"] {
        let file = file.to_str().expect("a path");
        let said = pgbench(through.path(), &["-M", mode, "-c", "2", "-t", "50", "-n", "-f", file]);
        assert!(said.contains("number of transactions actually processed: 100/100"), "{said}");
    }
}
