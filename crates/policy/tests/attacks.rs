//! Attempts to get a command past the filter: `lines/attacks.txt` under the shipped policies. None is simply allowed,
//! except those that are marked as open there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use policy::{Act, Analysis, Effect, Level, Policies, Question, Sources, TargetFacts, Verdict};

fn policies() -> Policies {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
    let read = |name: &str| (name.to_owned(), fs::read_to_string(folder.join(name)).unwrap());
    let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let policies = names.filter(|name| name.ends_with(".cedar")).map(|name| read(&name)).collect();
    let (schema, quorums, areas) = (read("schema.cedarschema"), read("quorums.toml"), read("areas.toml"));
    Policies::parse(&Sources { policies, schema, quorums, areas, commands: vec![] }).unwrap()
}

/// An operations engineer asks to run it on a command-gated production database host.
fn question(analysis: &Analysis) -> Question {
    let labels = [("env", "prod"), ("tier", "core-data")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    Question {
        person: "alice".into(),
        groups: [String::from("ops")].into(),
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
        weekday: 3,
        granted: false,
        emergency: false,
        device_bound: false,
        duration_seconds: 0,
        quorums: BTreeSet::new(),
    }
}

/// The line with its stand-ins for what an editor would not show.
fn line(shown: &str) -> String {
    let stand_ins = [
        ('⏎', '\n'),
        ('␍', '\r'),
        ('␉', '\t'),
        ('␛', '\u{1b}'),
        ('␡', '\u{7f}'),
        ('␏', '\u{f}'),
        ('␀', '\0'),
        ('␕', '\u{15}'),
    ];
    shown
        .chars()
        .map(|c| stand_ins.iter().find(|(shown, _)| *shown == c).map_or(c, |(_, meant)| *meant))
        .collect()
}

fn attacks() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows =
        include_str!("lines/attacks.txt").lines().filter(|row| !row.is_empty() && !row.starts_with("# "));
    rows.map(|row| row.split_once(" | ").unwrap())
}

/// What is wrong when nobody had to look at it.
fn got_past(policies: &Policies, would: &str, shown: &str) -> Option<String> {
    let analysis = Analysis::of_command(line(shown).as_bytes());
    let harmless = analysis.effects().iter().all(|effect| [Effect::Read, Effect::Write].contains(effect));
    let allowed = matches!(policies.judge(&question(&analysis)), Verdict::Allow(_));
    (allowed || analysis.understood() && harmless).then(|| format!("{would} | {shown}\n{}", analysis.tree()))
}

#[test]
fn no_known_attack_is_simply_allowed() {
    let policies = policies();
    let known = attacks().filter(|(would, _)| !is_open(would));
    let past: Vec<String> = known.filter_map(|(would, shown)| got_past(&policies, would, shown)).collect();
    assert!(past.is_empty(), "{} got past\n{}", past.len(), past.join("\n"));
}

/// A row that nothing answers yet says so; one that is answered must say so too.
#[test]
fn what_is_marked_as_open_is_open() {
    let policies = policies();
    let closed =
        attacks().filter(|(would, shown)| is_open(would) && got_past(&policies, would, shown).is_none());
    let closed: Vec<&str> = closed.map(|(_, shown)| shown).collect();
    assert!(closed.is_empty(), "answered: strike `open: ` in attacks.txt before\n{}", closed.join("\n"));
}

fn is_open(would: &str) -> bool {
    would.starts_with("open: ")
}

#[test]
fn the_corpus_is_as_large_as_it_is_said_to_be() {
    let distinct: BTreeSet<&str> = attacks().map(|(_, shown)| shown).collect();
    assert!(distinct.len() >= 1000, "{} attacks", distinct.len());
    assert_eq!(distinct.len(), attacks().count(), "some are listed twice");
}
