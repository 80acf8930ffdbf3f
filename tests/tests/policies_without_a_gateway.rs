//! `countersign policy analyse`, `test` and `diff` need no gateway: they judge commands and cases by files alone, as the
//! gateway would.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use end_to_end::{Bastion, Done, Running, countersign, run, run_with_input};
use serde_json::{Value, json};

/// The configuration that is shipped.
fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")
}

fn cases() -> Vec<PathBuf> {
    let files = std::fs::read_dir(shipped().join("policies/cases")).expect("a folder");
    let mut files: Vec<_> = files
        .map(|file| file.expect("its entries").path())
        .filter(|file| !file.ends_with("facts.toml"))
        .collect();
    files.sort();
    files
}

fn policy(args: &[&str]) -> Command {
    let mut command = Command::new(countersign());
    command.env("LANG", "C").arg("policy").args(args);
    command
}

fn analysis(config: &Path, person: &str, target: &str) -> Command {
    let mut command = policy(&["analyse", "--person", person, "--target", target, "--jsonl", "--config"]);
    command.arg(config).args(["--at", "2026-11-25T12:00", "--device-bound"]);
    command
}

fn answers(done: Done) -> Vec<Value> {
    done.ok().lines().map(|line| serde_json::from_str(line).expect("an answer is JSON")).collect()
}

fn asked(lines: &[&str]) -> String {
    lines.iter().fold(String::new(), |mut all, line| {
        let _ = writeln!(all, "{}", json!({ "text": line }));
        all
    })
}

/// A folder of its own with the shipped policies.
fn own_policies(scratch: &tempfile::TempDir) -> PathBuf {
    let folder = scratch.path().join("policies");
    run(Command::new("cp").arg("-r").arg(shipped().join("policies")).arg(&folder)).ok();
    folder
}

fn replace(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).expect("a file");
    assert!(text.contains(from), "{from:?} is not in {}", file.display());
    std::fs::write(file, text.replace(from, to)).expect("the file can be written");
}

#[test]
fn each_line_has_one_answer_with_every_field() {
    let input = asked(&["ls -l", "rm -rf x", "ls `x`", "bash"]);
    let answers = answers(run_with_input(&mut analysis(&shipped(), "alice", "db-1"), input.as_bytes()));
    let verdicts: Vec<_> = answers.iter().map(|answer| answer["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["allow", "hold", "deny", "deny"]);
    let allowed = json!({
        "verdict": "allow", "understood": true, "effects": ["read"], "programs": [["ls", "-l"]], "run": "'ls' '-l'",
        "rule": "ops-run-judged-commands", "reason": answers[0]["reason"],
    });
    assert_eq!(answers[0], allowed);
    assert!(
        answers[1]["reason"].as_str().unwrap().contains("two-dba-leads (2 of dba-leads)"),
        "{}",
        answers[1]
    );
    assert_eq!((&answers[2]["understood"], &answers[2]["run"]), (&json!(false), &Value::Null));
    assert_eq!(answers[2]["effects"], json!(["unknown"]));
    assert!(answers[3]["rule"].as_str().unwrap().contains("no-unseen-commands"), "{}", answers[3]);
}

#[test]
fn one_bad_line_never_stops_the_rest() {
    let mut input = Vec::new();
    let bad: [&[u8]; 11] = [
        b"",
        b"not json",
        b"{\"text\": 5}",
        b"{\"txt\": \"ls\"}",
        b"[\"ls\"]",
        b"{\"text\": \"ls\"",
        b"{\"text\": \"\xff\"}",
        b"{\"text\": \"\\ud800\"}",
        b"{\"text\": \"ls\\u0000\"}",
        b"{\"text\": \"ls\", \"text\": \"id\"}",
        b"null",
    ];
    for line in bad {
        input.extend_from_slice(line);
        input.extend_from_slice(b"\n{\"text\": \"ls\"}\n");
    }
    input.extend_from_slice(
        format!("{{\"text\": \"{}\"}}\n{{\"text\": \"ls\"}}", "x".repeat(10 << 20)).as_bytes(),
    );
    let deep = format!("{{\"text\": \"{}\"}}\n", "$(".repeat(20_000));
    input.extend_from_slice(format!("\n{deep}{}", asked(&["ls"])).as_bytes());
    let answers = answers(run_with_input(&mut analysis(&shipped(), "alice", "db-1"), &input));
    assert_eq!(answers.len(), 2 * (bad.len() + 2));
    for pair in answers.chunks(2) {
        assert_eq!(
            (&pair[0]["verdict"], &pair[0]["understood"]),
            (&json!("deny"), &json!(false)),
            "{}",
            pair[0]
        );
        assert!(!pair[0]["reason"].as_str().unwrap().is_empty() && pair[0]["run"].is_null(), "{}", pair[0]);
        assert_eq!(pair[1]["verdict"], "allow");
    }
}

#[test]
fn an_answer_comes_before_the_next_question() {
    let mut running = Running::start(&mut analysis(&shipped(), "alice", "db-1"));
    for (line, verdict) in [("ls", "\"allow\""), ("rm x", "\"hold\""), ("bash", "\"deny\"")] {
        running.write(asked(&[line]).as_bytes());
        running.until_stdout(verdict);
    }
    running.close_stdin();
    assert_eq!(running.finish().ok().lines().count(), 3);
}

#[test]
fn who_and_where_must_be_known_before_any_answer() {
    for (config, person, target, told) in [
        (shipped(), "nobody", "db-1", "no person nobody"),
        (shipped(), "alice", "db-9", "no target db-9"),
        (shipped().join("nowhere"), "alice", "db-1", "nowhere"),
        (shipped().join("policies/cases"), "alice", "db-1", "holds neither"),
    ] {
        let done = run_with_input(&mut analysis(&config, person, target), asked(&["ls"]).as_bytes());
        assert_eq!((done.code(), done.stdout.len()), (2, 0), "{}", done.stderr);
        assert!(done.stderr.contains(told), "{told:?} is not in: {}", done.stderr);
    }
}

#[test]
fn a_node_that_was_only_made_and_a_folder_of_policies_are_enough() {
    let scratch = tempfile::tempdir().unwrap();
    let node = scratch.path().join("node");
    run(Command::new(countersign()).arg("init").arg(&node)).ok();
    for config in
        [node.clone(), node.join("countersign.toml"), node.join("policies"), shipped().join("policies")]
    {
        let done = run_with_input(&mut analysis(&config, "alice", "db-1"), asked(&["ls"]).as_bytes());
        assert_eq!(answers(done)[0]["verdict"], "allow", "{}", config.display());
    }
    assert!(!node.join("state.db").exists(), "looking must not make a state");
}

#[test]
fn options_take_the_place_of_facts() {
    let judged = |options: &[&str]| {
        let mut command = analysis(&shipped(), "somebody", "somewhere");
        let done = run_with_input(command.args(options), asked(&["rm -rf x"]).as_bytes());
        answers(done)[0]["verdict"].as_str().unwrap().to_owned()
    };
    let gated = ["--group", "ops", "--level", "command-gated", "--label", "env=prod"];
    assert_eq!(judged(&gated), "hold");
    assert_eq!(judged(&[&gated[..], &["--quorum", "two-dba-leads"]].concat()), "allow");
    assert_eq!(judged(&["--group", "ops", "--level", "recorded", "--label", "env=prod"]), "allow");
    assert_eq!(judged(&["--group", "ops", "--level", "recorded"]), "deny");
    assert_eq!(judged(&["--group", "auditors", "--level", "recorded", "--label", "env=prod"]), "deny");
}

#[test]
fn a_person_who_may_not_connect_is_refused_whatever_they_may_run() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = own_policies(&scratch);
    replace(
        &folder.join("production.cedar"),
        "action == Action::\"connect\", resource)",
        "action == Action::\"connect\", resource == Target::\"web-1\")",
    );
    let done = run_with_input(&mut analysis(&folder, "alice", "db-1"), asked(&["ls", "ls $("]).as_bytes());
    let answers = answers(done);
    assert_eq!((&answers[0]["verdict"], &answers[0]["rule"]), (&json!("deny"), &json!("default")));
    assert_eq!((&answers[0]["understood"], &answers[1]["understood"]), (&json!(true), &json!(false)));
}

#[test]
fn the_shipped_cases_come_out_as_they_say() {
    let told = run(policy(&["test"]).args(cases())).ok();
    let passed: usize = told.split_whitespace().next().and_then(|count| count.parse().ok()).unwrap();
    assert!(passed >= 60 && told.contains(" 0 failed"), "{told}");
}

#[test]
fn a_case_that_comes_out_differently_is_told_with_what_was_expected() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("mine.toml");
    let text = "[people.zoe]\ngroups = [\"ops\"]\n[[case]]\ndevice_bound = true\nperson = \"zoe\"\ntarget = \"db-1\"\ntext = \"rm -rf x\"\n\
                verdict = \"allow\"\neffects = [\"read\"]\n[[case]]\ndevice_bound = true\nperson = \"zoe\"\ntarget = \"db-1\"\ntext = \"ls\"\nverdict = \"allow\"\n";
    std::fs::write(&file, text).unwrap();
    let done = run(policy(&["test", "--policies"]).arg(shipped().join("policies")).arg(&file));
    let told = done.text();
    assert_eq!(done.code(), 1, "{told}{}", done.stderr);
    for part in [
        "mine.toml:3",
        "zoe as root on db-1: rm -rf x",
        "verdict: expected allow, found hold",
        "effects: expected read, found",
        "more-than-reading-needs-two-dba-leads",
        "1 cases passed, 1 failed",
    ] {
        assert!(told.contains(part), "{part:?} is not in: {told}");
    }
}

#[test]
fn a_file_of_cases_that_means_nothing_is_refused_with_its_place() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("mine.toml");
    let who = "[[case]]\nperson = \"alice\"\ntarget = \"db-1\"\n";
    for (text, told) in [
        ("[[case]]\nverdct = \"allow\"".to_owned(), "verdct"),
        (format!("{who}text = \"ls\""), "expects nothing"),
        (format!("{who}verdict = \"allow\""), "exec needs a command"),
        (format!("{who}text = \"ls\"\nverdict = \"maybe\""), "maybe"),
        (format!("{who}text = \"ls\"\nverdict = \"allow\"\nquorums = [\"two\"]"), "no quorum \"two\""),
        (format!("{who}wants = {{ act = \"fly\" }}\nverdict = \"allow\""), "\"fly\" is no act"),
        (
            format!("{who}wants = {{ act = \"read-file\", path = \"x\" }}\nverdict = \"allow\""),
            "not absolute",
        ),
        (
            "[[case]]\nperson = \"zed\"\ntarget = \"db-1\"\ntext = \"ls\"\nverdict = \"deny\"".to_owned(),
            "no person zed",
        ),
    ] {
        std::fs::write(&file, &text).unwrap();
        let done = run(policy(&["test", "--policies"]).arg(shipped().join("policies")).arg(&file));
        assert_eq!(done.code(), 2, "{text}: {}", done.text());
        assert!(
            done.stderr.contains("mine.toml") && done.stderr.contains(told),
            "{told:?} is not in: {}",
            done.stderr
        );
    }
}

#[test]
fn a_comparison_tells_whose_verdicts_change() {
    let scratch = tempfile::tempdir().unwrap();
    let (old, new) = (shipped().join("policies"), own_policies(&scratch));
    let compare = || run(policy(&["diff"]).args([&old, &new]).arg("--cases").args(cases()));
    let told = compare().ok();
    assert!(told.contains("0 of "), "{told}");
    let text = "@id(\"no-uptime\")\n@description(\"Nobody asks\")\n\
                forbid (principal, action == Action::\"exec\", resource) when { context.programs.contains(\"uptime\") };\n";
    std::fs::write(new.join("zz.cedar"), text).unwrap();
    replace(&new.join("quorums.toml"), "n = 2", "n = 1");
    let done = compare();
    let told = done.text();
    assert_eq!(done.code(), 1, "{told}{}", done.stderr);
    for part in [
        "alice as root on db-1: free -m; uptime",
        "- allow by ops-run-judged-commands (production.cedar)",
        "+ deny by no-uptime (zz.cedar)",
        "two-dba-leads (2 of dba-leads)",
        "two-dba-leads (1 of dba-leads)",
    ] {
        assert!(told.contains(part), "{part:?} is not in: {told}");
    }
    assert!(!told.contains("on db-1: df -h"), "what is as it was is not told: {told}");
}

#[test]
fn the_examples_in_the_guide_are_valid() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = own_policies(&scratch);
    let add = |file: &str, text: &str| {
        let before = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        std::fs::write(folder.join(file), format!("{before}\n{text}")).unwrap();
    };
    let mut seen = 0;
    for (language, text) in examples(include_str!("../../docs/policy.md")) {
        let table = text.split(['.', ']']).next().unwrap_or_default();
        match (language, table) {
            ("cedar", _) => add("guide.cedar", text),
            ("toml", "[quorum") => add("quorums.toml", text),
            ("toml", "[area") => add("areas.toml", text),
            ("toml", "[emergencies") => replace_emergencies(&folder.join("quorums.toml"), text),
            ("toml", _) => add("cases/guide.toml", text),
            _ => continue,
        }
        seen += 1;
    }
    assert!(seen >= 8, "{seen} examples");
    run(policy(&["check"]).arg(&folder)).ok();
    let shipped = shipped().join("policies");
    run(policy(&["test", "--policies"]).arg(shipped).arg(folder.join("cases/guide.toml"))).ok();
}

/// The table is there once, whoever declares it.
fn replace_emergencies(file: &Path, text: &str) {
    let before = std::fs::read_to_string(file).expect("the quorums");
    let (head, rest) = before.split_once("[emergencies]").unwrap_or((&before, ""));
    let tail = rest.find("\n[").and_then(|at| rest.get(at..)).unwrap_or_default();
    std::fs::write(file, format!("{head}{text}\n{tail}")).expect("the quorums");
}

/// The fenced blocks of a page, each with its language.
fn examples(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'))
}

/// The same lines, analysed from files and sent to a gateway: verdict, rules and effects are the ones on the record.
#[test]
fn an_analysis_says_what_the_gateway_then_decides() {
    let bastion = Bastion::start();
    let lines = [
        "ls",
        "ls -l | sort",
        "cat production-data/customers.csv",
        "rm -rf production-data",
        "bash",
        "ls `true`",
        "frobnicate",
        "rm /tmp/countersign-there-is-no-such-file",
        "cat /etc/shadow",
        "truncate -s 0 /var/log/auth.log",
    ];
    let mut command =
        bastion.countersign(["policy", "analyse", "--person", "alice", "--target", "db-1", "--jsonl"]);
    command.args(["--account", bastion.login()]);
    let answers = answers(run_with_input(&mut command, asked(&lines).as_bytes()));
    for (line, answer) in lines.into_iter().zip(&answers) {
        if answer["verdict"] == "hold" {
            drop(bastion.held("alice", "db-1", line));
        } else {
            let _ = bastion.run("alice", "db-1", line);
        }
    }
    let decided = bastion.entries_of("decision").into_iter().filter(|entry| entry["act"] == "exec");
    let decided: Vec<Value> = decided.collect();
    assert_eq!(decided.len(), lines.len());
    for ((line, answer), entry) in lines.into_iter().zip(&answers).zip(&decided) {
        let rules: Vec<_> = entry["rules"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let rules = if rules.is_empty() { "default".to_owned() } else { rules.join(", ") };
        assert_eq!(answer["verdict"], entry["verdict"], "{line}: {answer} {entry}");
        assert_eq!(answer["rule"], rules, "{line}: {answer} {entry}");
        assert_eq!(sorted(&answer["effects"]), sorted(&entry["effects"]), "{line}: {answer} {entry}");
    }
}

fn sorted(words: &Value) -> Vec<&str> {
    let mut words: Vec<&str> = words.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    words.sort_unstable();
    words
}
