//! `countersign policy` judges statements of SQL by files alone: shapes of answers, bad lines, and what nobody can tell.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use end_to_end::{countersign, run, run_with_input};
use serde_json::{Value, json};

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")
}

fn policy(command: &str, target: &str) -> Command {
    let mut policy = Command::new(countersign());
    policy.env("LANG", "C").args([
        "policy",
        command,
        "--person",
        "alice",
        "--target",
        target,
        "--account",
        "app",
    ]);
    policy.args(["--at", "2026-11-25T12:00", "--device-bound", "--config"]).arg(shipped());
    policy
}

fn answers_to(dialect: &str, target: &str, input: &[u8]) -> Vec<Value> {
    let mut analyse = policy("analyse", target);
    let told = run_with_input(analyse.args(["--jsonl", "--sql", dialect]), input).ok();
    told.lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect()
}

fn answers(dialect: &str, target: &str, texts: &[&str]) -> Vec<Value> {
    let input = texts.iter().fold(String::new(), |mut all, text| {
        let _ = writeln!(all, "{}", json!({ "text": text }));
        all
    });
    let answers = answers_to(dialect, target, input.as_bytes());
    assert_eq!(answers.len(), texts.len());
    answers
}

fn verdicts(answers: &[Value]) -> Vec<&str> {
    answers.iter().map(|answer| answer["verdict"].as_str().expect("a word")).collect()
}

#[test]
fn each_statement_has_one_answer_with_every_member() {
    let text = "DELETE FROM billing.cards WHERE owner = 7 RETURNING number";
    let [answer] = &answers("postgres", "orders-pg", &[text])[..] else { panic!("one answer") };
    let expected = json!({
        "verdict": "hold", "understood": true, "effects": ["data.destroy"], "programs": [], "run": text,
        "rule": "lost-rows-need-a-dba-lead", "reason": answer["reason"],
        "tables": [
            {"schema": "billing", "name": "cards", "how": "read", "columns": ["number", "owner"], "whole": false},
            {"schema": "billing", "name": "cards", "how": "remove", "columns": ["*"], "whole": false},
        ],
        "functions": [], "resolve": ["relation billing.cards", "written billing.cards", "operator ="],
        "because": ["data.destroy: removes rows of billing.cards"],
    });
    assert_eq!(*answer, expected);
    assert!(answer["reason"].as_str().unwrap().contains("one-dba-lead (1 of dba-leads)"), "{answer}");
}

#[test]
fn both_dialects_are_read_each_in_its_own_way() {
    let texts = ["SELECT `a` FROM `t`", "SELECT \"a\" FROM t", "SELECT a::text FROM t", "DROP TABLE t"];
    let postgres = answers("postgres", "orders-pg", &texts);
    assert_eq!(verdicts(&postgres), ["deny", "allow", "allow", "hold"]);
    let mysql = answers("mysql", "orders-my", &texts);
    assert_eq!(verdicts(&mysql), ["allow", "allow", "deny", "hold"]);
    assert_eq!(postgres[1]["tables"][0]["columns"], json!(["a"]), "a name");
    assert_eq!(mysql[1]["tables"][0]["columns"], json!([]), "a string");
}

#[test]
fn one_bad_line_never_stops_the_rest() {
    let mut input = Vec::new();
    let bad: [&[u8]; 9] = [
        b"",
        b"SELECT 1",
        b"{\"text\": 5}",
        b"{\"sql\": \"SELECT 1\"}",
        b"[\"SELECT 1\"]",
        b"{\"text\": \"\xff\"}",
        b"{\"text\": \"SELECT 1\\u0000\"}",
        b"{\"text\": \"SELECT '\\ud800'\"}",
        b"{\"text\": \"SELECT '\"}",
    ];
    for line in bad {
        input.extend_from_slice(line);
        input.extend_from_slice(b"\n{\"text\": \"SELECT 1\"}\n");
    }
    let huge = [
        "x".repeat(10 << 20),
        format!("SELECT '{}'", "x".repeat(300 << 10)),
        format!("SELECT {}1{}", "(".repeat(30_000), ")".repeat(30_000)),
        "-".repeat(200_000),
        "/*".repeat(100_000),
    ];
    for text in &huge {
        input.extend_from_slice(format!("{{\"text\": \"{text}\"}}\n{{\"text\": \"SELECT 1\"}}\n").as_bytes());
    }
    for (dialect, target) in [("postgres", "orders-pg"), ("mysql", "orders-my")] {
        let answers = answers_to(dialect, target, &input);
        assert_eq!(answers.len(), 2 * (bad.len() + huge.len()));
        for pair in answers.chunks(2) {
            let denied = (&pair[0]["verdict"], &pair[0]["understood"]) == (&json!("deny"), &json!(false));
            assert!(denied && pair[0]["run"].is_null(), "{:.300}", pair[0].to_string());
            assert_eq!(pair[1]["verdict"], "allow");
        }
    }
    assert!(answers_to("postgres", "orders-pg", b"").is_empty());
}

#[test]
fn what_nobody_can_tell_is_never_allowed_at_once() {
    let of_postgres = [
        "SELECT billing.close_month()",
        "SELECT close_month()",
        "DO $$ BEGIN END $$",
        "CALL p()",
        "EXECUTE p",
        "SELECT * FROM dblink('host=x', 'SELECT 1') AS t(a int)",
        "SELECT query_to_xml('DELETE FROM t', true, true, '')",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SELECT 1 OPERATOR(public.+) 2",
        "SELECT 1; SELECT close_month()",
    ];
    let of_mysql = ["SELECT close_month()", "CALL p()", "SELECT shop.now()"];
    for (dialect, target, texts) in
        [("postgres", "orders-pg", &of_postgres[..]), ("mysql", "orders-my", &of_mysql[..])]
    {
        for (text, answer) in texts.iter().zip(answers(dialect, target, texts)) {
            assert_ne!(answer["verdict"], "allow", "{text}: {answer}");
            let effects = answer["effects"].as_array().expect("a list");
            assert!(effects.contains(&json!("unknown")), "{text}: {answer}");
        }
    }
}

#[test]
fn a_dialect_that_there_is_not_is_refused() {
    let mut analyse = policy("analyse", "orders-pg");
    let told = run_with_input(analyse.args(["--jsonl", "--sql", "oracle"]), b"").refused();
    assert!(told.contains("the dialects are postgres and mysql"), "{told}");
    for (wrong, why) in [
        (&["--act", "statement"][..], "needs a dialect"),
        (&["--act", "sftp", "--sql", "mysql"], "takes no SQL"),
    ] {
        let told = run(policy("explain", "orders-pg").args(wrong).args(["--", "SELECT 1"])).refused();
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn an_explanation_shows_tables_columns_and_the_areas_that_they_reach() {
    let scratch = tempfile::tempdir().unwrap();
    run(Command::new("cp").arg("-r").arg(shipped().join("policies")).arg(scratch.path())).ok();
    let folder = scratch.path().join("policies");
    let areas = std::fs::read_to_string(folder.join("areas.toml")).unwrap();
    let pii = "[area.pii]\ntables = [\"billing.customers.iban\"]\n";
    std::fs::write(folder.join("areas.toml"), format!("{areas}\n{pii}")).unwrap();
    let refusing = "@id(\"no-pii\")\n@never(\"yes\")\n@description(\"Personal data stays\")\n\
        forbid (principal, action == Action::\"statement\", resource) when { context.reads.contains(Area::\"pii\") };\n";
    std::fs::write(folder.join("pii.cedar"), refusing).unwrap();
    let explained = |text: &str| {
        let mut explain = Command::new(countersign());
        explain.env("LANG", "C").args([
            "policy",
            "explain",
            "--person",
            "alice",
            "--target",
            "orders-pg",
            "--config",
        ]);
        explain.arg(&folder).args(["--when", "Wed 12:00", "--account", "app", "--device-bound"]);
        run(explain.args(["--sql", "postgres", "--", text])).ok()
    };
    let told = explained("SELECT * FROM customers WHERE id = 1");
    assert!(told.contains("reads    customers (*) → pii") && told.contains("no-pii"), "{told}");
    assert!(told.contains("verdict:    deny"), "{told}");
    let told = explained("SELECT id, name FROM billing.customers");
    assert!(
        told.contains("reads    billing.customers (id, name)\n") && told.contains("verdict:    allow"),
        "{told}"
    );
    let told = explained("DELETE FROM shop.orders");
    assert!(told.contains("removes  shop.orders (*), every row\n") && told.contains("bob, carol"), "{told}");
    let told = explained("SELECT mystery()");
    assert!(told.contains("reads    anywhere (*) → pii") && told.contains("no-pii"), "{told}");
}
