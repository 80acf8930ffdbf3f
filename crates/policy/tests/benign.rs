//! A day's work of operations, line by line, under the shipped policies: `lines/benign.txt`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use policy::{Act, Analysis, Level, Policies, Question, Reason, Sources, Surroundings, TargetFacts, Verdict};

/// The share of lines that must be understood, in percent.
const UNDERSTOOD: usize = 90;

struct Case {
    task: &'static str,
    expected: &'static str,
    line: &'static str,
}

struct Outcome {
    case: Case,
    /// It is as written; `later` stands only before what is not understood.
    right: bool,
    verdict: &'static str,
    understood: bool,
    why: String,
}

fn cases() -> Vec<Case> {
    let mut task = "";
    let mut cases = vec![];
    for row in include_str!("lines/benign.txt").lines() {
        if let Some(name) = row.strip_prefix("## ") {
            task = name;
        } else if let Some((expected, line)) = row.split_once(" | ").filter(|_| !row.starts_with('#')) {
            cases.push(Case { task, expected, line });
        }
    }
    cases
}

fn shipped() -> Policies {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
    let read = |name: &str| (name.to_owned(), fs::read_to_string(folder.join(name)).unwrap());
    let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let policies = names.filter(|name| name.ends_with(".cedar")).map(|name| read(&name)).collect();
    let (schema, quorums, areas) = (read("schema.cedarschema"), read("quorums.toml"), read("areas.toml"));
    Policies::parse(&Sources { policies, schema, quorums, areas, commands: vec![] }).unwrap()
}

/// Somebody in `ops` on a core database host, as root, in the login directory.
fn question(analysis: &Analysis) -> Question {
    let labels = [("env", "prod"), ("tier", "core-data")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    Question {
        person: "alice".into(),
        groups: ["ops".to_owned()].into(),
        act: Act::Exec,
        target: TargetFacts { name: "db-1".into(), level: Level::CommandGated, labels: labels.into() },
        account: "root".into(),
        effects: analysis.effects().clone(),
        programs: analysis.program_names(),
        tables: vec![],
        counted: false,
        understood: analysis.understood(),
        touched: analysis.touched().to_vec(),
        file: None,
        destination: None,
        source: "192.0.2.1".parse().unwrap(),
        mfa_age_seconds: 60,
        minute_of_day: 600,
        weekday: 1,
        granted: false,
        emergency: false,
        device_bound: false,
        duration_seconds: 0,
        quorums: BTreeSet::new(),
    }
}

fn judged(policies: &Policies, case: Case) -> Outcome {
    let analysis = Analysis::of_line(case.line.as_bytes(), &Surroundings::default());
    let verdict = match policies.judge(&question(&analysis)) {
        Verdict::Allow(_) => "allow",
        Verdict::Hold(_) => "hold",
        Verdict::Deny(_) => "refuse",
    };
    let right = match case.expected.strip_prefix("later ") {
        Some(_) => !analysis.understood(),
        None => verdict == case.expected,
    };
    let understood = analysis.understood() && !analysis.reasons().iter().any(is_gap);
    Outcome { case, right, verdict, understood, why: analysis.tree() }
}

/// Whether the command table lacks something.
fn is_gap(reason: &Reason) -> bool {
    reason.because.contains("is not in the command table")
        || reason.because.contains("the command table does not know")
}

fn percent(part: usize, whole: usize) -> usize {
    part * 100 / whole.max(1)
}

fn share(outcomes: &[Outcome], task: &str) -> String {
    let of_task: Vec<&Outcome> = outcomes.iter().filter(|o| task.is_empty() || o.case.task == task).collect();
    let count = |verdict: &str| of_task.iter().filter(|o| o.verdict == verdict).count();
    let understood = of_task.iter().filter(|o| o.understood).count();
    format!(
        "{:32} {:4} lines, {:3} % understood: {:3} allowed, {:3} held, {:3} refused",
        if task.is_empty() { "all" } else { task },
        of_task.len(),
        percent(understood, of_task.len()),
        count("allow"),
        count("hold"),
        count("refuse"),
    )
}

#[test]
fn everyday_lines_are_understood_and_get_the_verdict_that_is_written() {
    let policies = shipped();
    let outcomes: Vec<Outcome> = cases().into_iter().map(|case| judged(&policies, case)).collect();
    let mut tasks: Vec<&str> = outcomes.iter().map(|o| o.case.task).collect();
    tasks.dedup();
    tasks.iter().chain([&""]).for_each(|task| println!("{}", share(&outcomes, task)));

    let wrong: Vec<String> = outcomes
        .iter()
        .filter(|o| !o.right)
        .map(|o| format!("{} | {}\n  is {}\n{}", o.case.expected, o.case.line, o.verdict, o.why))
        .collect();
    let understood = outcomes.iter().filter(|o| o.understood).count();
    assert!(wrong.is_empty(), "{} of {} lines\n{}", wrong.len(), outcomes.len(), wrong.join("\n"));
    assert!(outcomes.len() >= 450 && tasks.len() >= 15, "{} lines of {} tasks", outcomes.len(), tasks.len());
    assert!(percent(understood, outcomes.len()) >= UNDERSTOOD, "{understood} of {}", outcomes.len());
}

/// What only looks must never be refused, or the bastion is switched off. Clearing a log is not looking.
#[test]
fn no_everyday_line_that_only_reads_is_written_as_refused() {
    let reading = [
        "cat",
        "less",
        "tail",
        "grep",
        "journalctl",
        "systemctl status",
        "git log",
        "git status",
        "git diff",
        "top",
        "man",
        "docker logs",
        "docker ps",
        "kubectl get",
        "kubectl logs",
        "psql -l",
        "ps",
        "df",
        "du",
        "ss",
        "ip a",
    ];
    for case in cases().iter().filter(|case| case.expected == "refuse" && !case.line.contains("--vacuum")) {
        let looks = reading
            .iter()
            .any(|start| case.line.strip_prefix(start).is_some_and(|rest| rest.starts_with(' ')));
        assert!(!looks || case.line.contains("<<"), "{}", case.line);
    }
}
