//! The policies that are shipped in `config/policies/`: who may do what on the two kinds of production target.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use policy::{Act, Analysis, Effect, Level, Policies, Question, Sources, TargetFacts, Verdict};

fn shipped() -> Sources {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
    let read = |name: &str| (name.to_owned(), fs::read_to_string(folder.join(name)).unwrap());
    let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let policies = names.filter(|name| name.ends_with(".cedar")).map(|name| read(&name)).collect();
    Sources {
        policies,
        schema: read("schema.cedarschema"),
        quorums: read("quorums.toml"),
        areas: read("areas.toml"),
    }
}

fn policies() -> Policies {
    Policies::parse(&shipped()).unwrap()
}

fn question(groups: &[&str], act: Act, target: &str) -> Question {
    let (level, tier) = match target {
        "web-1" => (Level::Recorded, "app"),
        _ => (Level::CommandGated, "core-data"),
    };
    let labels = [("env", "prod"), ("tier", tier)].map(|(k, v)| (k.to_owned(), v.to_owned()));
    Question {
        person: "alice".into(),
        groups: groups.iter().map(|g| (*g).to_owned()).collect(),
        act,
        target: TargetFacts { name: target.into(), level, labels: labels.into() },
        account: "root".into(),
        effects: BTreeSet::new(),
        programs: BTreeSet::new(),
        understood: true,
        touched: vec![],
        file: None,
        destination: None,
        source: "192.0.2.1".parse().unwrap(),
        mfa_age_seconds: 60,
        minute_of_day: 600,
        weekday: 7,
        quorums: BTreeSet::new(),
    }
}

fn exec(target: &str, line: &str) -> Question {
    let analysis = Analysis::of_command(line.as_bytes());
    Question {
        effects: analysis.effects().clone(),
        programs: analysis.program_names(),
        understood: analysis.understood(),
        touched: analysis.touched().to_vec(),
        ..question(&["ops"], Act::Exec, target)
    }
}

fn with_effect(effect: Effect) -> Question {
    Question { effects: [effect].into(), ..exec("db-1", "true") }
}

fn is_allowed(question: &Question) -> bool {
    matches!(policies().judge(question), Verdict::Allow(_))
}

/// The names of the quorums that would allow it; none when it is not held.
fn held_for(question: &Question) -> Vec<String> {
    match policies().judge(question) {
        Verdict::Hold(held) => held.quorums.into_iter().map(|quorum| quorum.name).collect(),
        _ => vec![],
    }
}

fn denied(question: &Question) -> Option<String> {
    match policies().judge(question) {
        Verdict::Deny(denied) => Some(denied.reason),
        _ => None,
    }
}

#[test]
fn operations_and_database_leads_connect_to_production_and_nobody_else() {
    for target in ["web-1", "db-1"] {
        assert!(is_allowed(&question(&["ops"], Act::Connect, target)));
        assert!(is_allowed(&question(&["dba-leads"], Act::Connect, target)));
        for groups in [&[][..], &["auditors"], &["everyone", "Ops", "ops "]] {
            for act in Act::ALL {
                assert!(denied(&question(groups, act, target)).is_some(), "{groups:?} {act} {target}");
            }
        }
    }
}

#[test]
fn a_target_without_the_label_is_nobodys() {
    let mut question = question(&["ops"], Act::Connect, "web-1");
    question.target.labels.insert("env".into(), "staging".into());
    assert!(denied(&question).is_some());
    question.target.labels.clear();
    assert!(denied(&question).is_some());
}

#[test]
fn a_recorded_target_is_worked_on_freely() {
    for act in [Act::Shell, Act::Sftp, Act::Exec] {
        assert!(is_allowed(&question(&["ops"], act, "web-1")), "{act}");
    }
    for line in ["rm -rf /", "for i in *; do $i; done", "vi x", "bash"] {
        assert!(is_allowed(&exec("web-1", line)), "{line}");
    }
}

#[test]
fn a_command_gated_target_has_no_shell_and_no_sftp() {
    for act in [Act::Shell, Act::Sftp] {
        assert!(denied(&question(&["ops"], act, "db-1")).is_some(), "{act}");
    }
}

#[test]
fn reading_and_writing_run_at_once() {
    for line in
        ["ls -l production-data", "df -h | grep srv", "echo done >> /tmp/notes", "mkdir -p a && cat b"]
    {
        assert!(is_allowed(&exec("db-1", line)), "{line}");
    }
}

#[test]
fn what_destroys_waits_for_two_database_leads() {
    for line in ["rm -rf production-data", "ls; rm x", "frobnicate", "systemctl stop postgresql", "pg_dump x"]
    {
        assert_eq!(held_for(&exec("db-1", line)), ["two-dba-leads"], "{line}");
    }
    for line in ["echo junk >> production-data/customers.csv", "tee /dev/stdin < x", "touch /run/nologin"] {
        assert_eq!(held_for(&exec("db-1", line)), ["two-dba-leads"], "{line}");
    }
    use Effect::*;
    for effect in
        [DataDestroy, DiskDestroy, BackupDestroy, ServiceStop, PrivilegeChange, DataExport, NetworkChange]
    {
        assert_eq!(held_for(&with_effect(effect)), ["two-dba-leads"], "{effect}");
    }
    for effect in [SoftwareInstall, SchemaChange, Unknown] {
        assert_eq!(held_for(&with_effect(effect)), ["two-dba-leads"], "{effect}");
    }
}

#[test]
fn with_the_quorum_met_it_runs() {
    let mut question = exec("db-1", "rm -rf production-data");
    question.quorums.insert("two-dba-leads".into());
    assert!(is_allowed(&question));
}

#[test]
fn a_hold_names_its_rule_and_how_the_quorum_is_met() {
    let Verdict::Hold(held) = policies().judge(&exec("db-1", "rm x")) else { panic!("not held") };
    assert_eq!(held.rules[0].id, "more-than-reading-needs-two-dba-leads");
    assert_eq!(held.rules[0].file, "command-gated.cedar");
    assert!(!held.rules[0].description.is_empty());
    assert_eq!((held.quorums[0].clauses[0].of.as_str(), held.quorums[0].clauses[0].n), ("dba-leads", 2));
    assert_eq!(held.quorums[0].expires_seconds, 1800);
}

#[test]
fn no_quorum_helps_against_unseen_commands_and_silenced_logs() {
    for line in ["vi x", "bash script.sh", "rm -rf /var/log", "auditctl -e 0", "rm x && bash"] {
        let mut question = exec("db-1", line);
        assert!(denied(&question).is_some(), "{line}");
        question.quorums.insert("two-dba-leads".into());
        assert!(denied(&question).is_some(), "{line}");
    }
}

#[test]
fn what_is_not_understood_is_denied_by_rule_and_by_code() {
    let mut question = exec("db-1", "rm $x");
    assert!(!question.understood);
    question.quorums.insert("two-dba-leads".into());
    assert!(denied(&question).is_some());
    question.effects = [Effect::Read].into();
    assert!(denied(&question).is_some_and(|reason| reason.contains("not understood")));
}

#[test]
fn database_leads_do_not_run_commands_themselves() {
    for line in ["ls", "rm x"] {
        let question = Question { groups: ["dba-leads".to_owned()].into(), ..exec("db-1", line) };
        assert!(denied(&question).is_some(), "{line}");
    }
}

#[test]
fn the_version_follows_every_source() {
    let one = policies();
    assert!(one.version().starts_with("sha256:") && one.version().len() == 71);
    let mut sources = shipped();
    sources.policies.reverse();
    assert_eq!(Policies::parse(&sources).unwrap().version(), one.version());
    sources.quorums.1.push('\n');
    assert_ne!(Policies::parse(&sources).unwrap().version(), one.version());
}

#[test]
fn the_one_quorum_is_known_by_name() {
    let policies = policies();
    assert_eq!(policies.quorums().map(|q| q.name.as_str()).collect::<Vec<_>>(), ["two-dba-leads"]);
    assert!(policies.quorum("two-dba-leads").is_some() && policies.quorum("one").is_none());
}
