//! The policies that are shipped in `config/policies/`: who may do what on the two kinds of production target.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use policy::{
    Act, Analysis, Destination, Effect, FileFacts, FileOperation, How, Level, Policies, Question, Sources,
    TargetFacts, Touch, Verdict, Writing,
};

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
        commands: vec![],
    }
}

fn policies() -> &'static Policies {
    static SHIPPED: LazyLock<Policies> = LazyLock::new(|| Policies::parse(&shipped()).unwrap());
    &SHIPPED
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
        tables: vec![],
        counted: false,
        understood: true,
        touched: vec![],
        file: None,
        destination: None,
        source: "192.0.2.1".parse().unwrap(),
        mfa_age_seconds: 60,
        minute_of_day: 600,
        weekday: 3,
        granted: false,
        emergency: false,
        device_bound: true,
        duration_seconds: 0,
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

/// What the gateway asks for an operation on files.
fn file(target: &str, operation: &FileOperation) -> Question {
    let analysis = operation.analysis();
    let to = operation.to().unwrap_or_default().to_owned();
    Question {
        effects: analysis.effects().clone(),
        understood: analysis.understood(),
        touched: analysis.touched().to_vec(),
        file: Some(FileFacts { path: operation.path().to_owned(), to }),
        ..question(&["ops"], operation.act(), target)
    }
}

/// Reading, for a target whose files may be downloaded.
fn app_server(question: Question) -> Question {
    let labels = [("env", "prod"), ("tier", "app")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    Question { target: TargetFacts { labels: labels.into(), ..question.target.clone() }, ..question }
}

fn with_quorum(question: &Question) -> Question {
    Question { quorums: ["two-dba-leads".to_owned()].into(), ..question.clone() }
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
    for operation in every_operation("/var/lib/postgresql/15/main/base/1/1") {
        assert!(is_allowed(&file("web-1", &operation)), "{}", operation.command());
    }
}

#[test]
fn a_command_gated_target_has_the_gateways_shell_and_sftp() {
    for act in [Act::Shell, Act::Sftp] {
        assert!(is_allowed(&question(&["ops"], act, "db-1")), "{act}");
        assert!(denied(&question(&["dba-leads"], act, "db-1")).is_some(), "{act}");
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
    let mut question = exec("db-1", "rm $1");
    assert!(!question.understood);
    question.quorums.insert("two-dba-leads".into());
    assert!(denied(&question).is_some());
    question.effects = [Effect::Read].into();
    assert!(denied(&question).is_some_and(|reason| reason.contains("not understood")));
}

#[test]
fn on_gated_targets_files_are_listed_and_new_ones_written_at_once() {
    let path = || "/srv/report.csv".to_owned();
    for operation in [
        FileOperation::List { path: path() },
        FileOperation::Write { path: path(), writing: Writing::Creates },
        FileOperation::MakeDirectory { path: path() },
    ] {
        assert!(is_allowed(&file("db-1", &operation)), "{}", operation.command());
    }
}

#[test]
fn nothing_is_downloaded_from_core_data_quorum_or_not() {
    let read = FileOperation::Read { path: "/srv/report.csv".into() };
    for target in ["db-1", "web-1"] {
        let mut asked = file(target, &read);
        asked.target.labels.insert("tier".into(), "core-data".into());
        assert!(denied(&asked).is_some_and(|why| why.contains("no-downloads-of-core-data")), "{target}");
        assert!(denied(&with_quorum(&asked)).is_some(), "{target}");
        assert!(is_allowed(&app_server(asked)), "{target}");
    }
}

#[test]
fn a_secret_is_not_downloaded_without_signatures() {
    let read = |path: &str| app_server(file("db-1", &FileOperation::Read { path: path.into() }));
    for path in ["/etc/shadow", "/etc/ssl/private/x.pem", "/root/.ssh/id_ed25519"] {
        assert_eq!(held_for(&read(path)), ["two-dba-leads"], "{path}");
    }
}

#[test]
fn on_gated_targets_files_lose_nothing_without_two_database_leads() {
    for operation in every_operation("/srv/report.csv") {
        let asked = app_server(file("db-1", &operation));
        let harmless = matches!(
            operation,
            FileOperation::List { .. }
                | FileOperation::Read { .. }
                | FileOperation::MakeDirectory { .. }
                | FileOperation::Write { writing: Writing::Creates, .. }
        );
        let expected: &[&str] = if harmless { &[] } else { &["two-dba-leads"] };
        assert_eq!(held_for(&asked), expected, "{}", operation.command());
        assert!(is_allowed(&with_quorum(&asked)), "{}", operation.command());
    }
}

#[test]
fn names_and_attributes_are_held_whatever_their_effects() {
    for operation in every_operation("/srv/report.csv") {
        let asked = Question { effects: [Effect::Write].into(), ..file("db-1", &operation) };
        let held = held_for(&asked) == ["two-dba-leads"];
        let by_name = [Act::RenameFile, Act::LinkFile, Act::ChangeAttributes].contains(&asked.act);
        assert_eq!(held, by_name, "{}", operation.command());
    }
}

#[test]
fn no_quorum_lets_files_start_unseen_commands_or_silence_logs() {
    let path = || "/var/log/auth.log".to_owned();
    for operation in [
        FileOperation::Remove { path: path() },
        FileOperation::Write { path: path(), writing: Writing::Replaces },
        FileOperation::Write { path: "/root/.bashrc".into(), writing: Writing::Creates },
        FileOperation::Write { path: "/srv/a\nb".into(), writing: Writing::Creates },
    ] {
        let asked = file("db-1", &operation);
        assert!(denied(&asked).is_some(), "{}", operation.command());
        assert!(denied(&with_quorum(&asked)).is_some(), "{}", operation.command());
    }
}

/// A command that loses data at these paths and is known to do no more.
fn removing(paths: &[&str]) -> Question {
    let touch = |path: &&str| Touch { path: (*path).to_owned(), how: How::Removes, below: true };
    let effects = [Effect::Read, Effect::Write, Effect::DataDestroy].into();
    Question { effects, touched: paths.iter().map(touch).collect(), ..exec("db-1", "true") }
}

#[test]
fn what_is_removed_from_scratch_alone_needs_nobody() {
    for line in ["rm -rf /tmp/x", "rm -r -- /var/tmp/a /tmp/b"] {
        assert!(is_allowed(&exec("db-1", line)), "{line}");
    }
    for line in ["rm -rf /tmp", "rm -rf /tmp/x/y", "rm -rf /tmp/../srv", "rm -rf /tmp/x /srv", "rm -rf tmp/x"]
    {
        assert_eq!(held_for(&exec("db-1", line)), ["two-dba-leads"], "{line}");
    }
    for paths in [&["/tmp/x"][..], &["/var/tmp/a", "/tmp/b"]] {
        assert!(is_allowed(&removing(paths)), "{paths:?}");
    }
    for paths in [&["/tmp"][..], &["/tmp/x/y"], &["/tmp/x", "/srv/data"], &["~/x"], &["?"], &[]] {
        assert_eq!(held_for(&removing(paths)), ["two-dba-leads"], "{paths:?}");
    }
    let more = Question { effects: [Effect::DataDestroy, Effect::Unknown].into(), ..removing(&["/tmp/x"]) };
    assert_eq!(held_for(&more), ["two-dba-leads"]);
}

#[test]
fn database_files_and_backups_stay_protected_where_more_is_scratch() {
    let mut sources = shipped();
    sources.areas.1 = sources.areas.1.replace("\"/tmp\", \"/var/tmp\"]", "\"/var\"]\ndeep = true");
    let everything_is_scratch = Policies::parse(&sources).unwrap();
    let held = |paths: &[&str]| matches!(everything_is_scratch.judge(&removing(paths)), Verdict::Hold(_));
    assert!(!held(&["/var/cache/x"]), "the rest of it is scratch");
    for path in ["/var/lib/postgresql", "/var/lib", "/var/lib/mysql/ibdata1", "/var/backups/monday.gz"] {
        assert!(held(&[path]), "{path}");
        let overwriting = Touch { path: path.into(), how: How::Writes, below: false };
        let asked = Question { touched: vec![overwriting], ..removing(&[]) };
        assert_eq!(
            matches!(everything_is_scratch.judge(&asked), Verdict::Hold(_)),
            path != "/var/lib",
            "{path}"
        );
    }
}

fn forwarding(act: Act, host: &str, port: u16) -> Question {
    let destination = act.leads_somewhere().then(|| Destination { host: host.into(), port });
    Question { destination, ..question(&["ops", "dba-leads"], act, "web-1") }
}

const FORWARDINGS: [Act; 5] =
    [Act::Forward, Act::ForwardUnix, Act::ForwardRemote, Act::ForwardAgent, Act::ForwardX11];

#[test]
fn nothing_is_forwarded() {
    for act in FORWARDINGS {
        for target in ["web-1", "db-1"] {
            let to = forwarding(act, "metrics.example", 9100);
            let asked = Question { target: question(&[], act, target).target, ..to };
            assert!(denied(&asked).is_some(), "{act} {target}");
            assert!(denied(&with_quorum(&asked)).is_some(), "{act} {target}");
        }
    }
}

#[test]
fn the_examples_in_the_file_open_the_one_port_that_they_name() {
    let mut sources = shipped();
    let (_, text) = sources.policies.iter().find(|(name, _)| name == "production.cedar").unwrap();
    let (_, commented) = text.split_once("\n//\n").unwrap();
    sources.policies.push(("site.cedar".into(), commented.replace("// ", "")));
    let policies = Policies::parse(&sources).unwrap();
    let opens = |question: &Question| matches!(policies.judge(question), Verdict::Allow(_));
    assert!(opens(&forwarding(Act::Forward, "metrics.example", 9100)));
    for (host, port) in [("metrics.example", 22), ("metrics.example.org", 9100), ("127.0.0.1", 9100)] {
        assert!(!opens(&forwarding(Act::Forward, host, port)), "{host} {port}");
    }
    for act in &FORWARDINGS[1..] {
        assert!(!opens(&forwarding(*act, "metrics.example", 9100)), "{act}");
    }
}

/// Each kind of operation on a file.
fn every_operation(path: &str) -> Vec<FileOperation> {
    let (path, to) = (|| path.to_owned(), || "/srv/other".to_owned());
    vec![
        FileOperation::List { path: path() },
        FileOperation::Read { path: path() },
        FileOperation::Write { path: path(), writing: Writing::Creates },
        FileOperation::Write { path: path(), writing: Writing::Extends },
        FileOperation::Write { path: path(), writing: Writing::Replaces },
        FileOperation::MakeDirectory { path: path() },
        FileOperation::Remove { path: path() },
        FileOperation::RemoveDirectory { path: path() },
        FileOperation::Rename { path: path(), to: to(), replaces: true },
        FileOperation::Rename { path: path(), to: to(), replaces: false },
        FileOperation::Link { path: path(), to: to(), symbolic: true },
        FileOperation::Link { path: path(), to: to(), symbolic: false },
        FileOperation::ChangeMode { path: path(), mode: 0o644 },
        FileOperation::ChangeOwner { path: path(), user: 0, group: 0 },
        FileOperation::ChangeTimes { path: path() },
        FileOperation::Resize { path: path(), size: 0 },
    ]
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
    let mut sources = shipped();
    sources.commands.push(("commands/site.toml".into(), String::new()));
    assert_ne!(Policies::parse(&sources).unwrap().version(), one.version());
}

#[test]
fn every_quorum_is_known_by_name() {
    let policies = policies();
    assert_eq!(
        policies.quorums().map(|q| q.name.as_str()).collect::<Vec<_>>(),
        ["one-dba-lead", "one-security-administrator", "two-dba-leads"]
    );
    assert!(policies.quorum("two-dba-leads").is_some() && policies.quorum("one").is_none());
}

fn counting(text: &str) -> Question {
    let script = policy::sql::analyse(
        policy::sql::Dialect::Postgres,
        text.as_bytes(),
        &policy::sql::Catalogue::unasked(),
    );
    let asked = question(&["ops"], Act::Statement, "db-1");
    let target = TargetFacts { level: Level::StatementGated, ..asked.target.clone() };
    Question { target, effects: script.effects(), tables: script.tables(), counted: true, ..asked }
}

#[test]
fn rows_that_are_counted_and_bounded_cross_without_a_signature() {
    let policies = policies();
    let allowed = |text: &str| match policies.judge(&counting(text)) {
        Verdict::Allow(allowed) => Some(allowed.obligations().max_rows),
        Verdict::Hold(_) | Verdict::Deny(_) => None,
    };
    for text in ["DELETE FROM orders WHERE id = 5", "UPDATE orders SET state = 'x' WHERE id > 5"] {
        assert_eq!(allowed(text), Some(Some(100)), "{text}");
    }
    assert_eq!(allowed("INSERT INTO orders VALUES (1)"), Some(None), "nothing is lost");
    for text in [
        "DELETE FROM orders",
        "DELETE FROM orders WHERE id = id",
        "DROP TABLE orders",
        "DELETE FROM orders WHERE f(id)",
    ] {
        assert_eq!(allowed(text), None, "{text}");
    }
}
