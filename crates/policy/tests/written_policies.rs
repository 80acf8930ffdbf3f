//! Policies that somebody writes: what is refused at parse, and what odd but valid ones decide.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::{BTreeMap, BTreeSet};

use policy::{Act, Effect, Level, Policies, Question, Sources, TargetFacts, Verdict};

const SCHEMA: &str = include_str!("../../../config/policies/schema.cedarschema");
const QUORUMS: &str =
    "[quorum.a]\nclauses = [{ of = \"g\", n = 1 }]\n[quorum.b]\nclauses = [{ of = \"h\", n = 1 }]\n";

fn sources(policy: &str) -> Sources {
    Sources {
        policies: vec![("site.cedar".into(), policy.into())],
        schema: ("schema.cedarschema".into(), SCHEMA.into()),
        quorums: ("quorums.toml".into(), QUORUMS.into()),
        areas: ("areas.toml".into(), String::new()),
        commands: vec![],
    }
}

fn refusal(policy: &str) -> String {
    Policies::parse(&sources(policy)).unwrap_err().to_string()
}

fn question(level: Level) -> Question {
    Question {
        person: "alice".into(),
        groups: BTreeSet::new(),
        act: Act::Exec,
        target: TargetFacts { name: "t".into(), level, labels: BTreeMap::new() },
        account: "root".into(),
        effects: [Effect::Read].into(),
        programs: ["ls".to_owned()].into(),
        tables: vec![],
        counted: false,
        understood: true,
        touched: vec![],
        file: None,
        destination: None,
        source: "192.0.2.1".parse().unwrap(),
        mfa_age_seconds: 60,
        minute_of_day: 600,
        weekday: 7,
        granted: false,
        emergency: false,
        device_bound: false,
        duration_seconds: 0,
        quorums: BTreeSet::new(),
    }
}

fn judge(policy: &str, question: &Question) -> Verdict {
    Policies::parse(&sources(policy)).unwrap().judge(question)
}

const ANYTHING: &str = "@id(\"all\") permit (principal, action, resource);";

#[test]
fn a_mistake_is_refused_with_its_file_line_and_remedy() {
    for (policy, parts) in [
        ("\npermit (principal, action, resource);", &["site.cedar:2", "no @id"][..]),
        ("@id(\"a b\") permit (principal, action, resource);", &["not plain"]),
        ("@id(\"a\") forbid (principal, action, resource) when { false };", &["site.cedar:1"]),
        ("@id(\"\") permit (principal, action, resource);", &["no @id"]),
        ("@id(\"a\")\npermit (principal, action, resource)\nwhen { 1 + };", &["site.cedar:3"]),
        (
            "@id(\"a\")\nforbid (principal, action, resource)\nwhen { context.effects.contains(Effect::\"data.destory\") };",
            &["site.cedar:3", "data.destory"],
        ),
        (
            "@id(\"a\") forbid (principal, action, resource)\nwhen { context.efects.isEmpty() };",
            &["site.cedar:2", "efects"],
        ),
        ("@id(\"a\") permit (principal, action == Action::\"exek\", resource);", &["exek"]),
        (
            "@id(\"a\")\npermit (principal, action, resource) when { resource.level == Level::\"recorder\" };",
            &["recorder"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource) when { resource.getTag(\"env\") == \"prod\" };",
            &["env"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource);\n@id(\"a\") permit (principal, action, resource);",
            &["taken"],
        ),
        (
            "@id(\"a\") permit (principal, action, resource) when { context.quorums.contains(Quorum::\"c\") };",
            &["\"c\"", "quorums.toml"],
        ),
        ("@id(\"a\") forbid (principal == ?principal, action, resource);", &["template"]),
    ] {
        let refusal = refusal(policy);
        assert!(parts.iter().all(|part| refusal.contains(part)), "{policy}\n{refusal}");
    }
}

#[test]
fn every_mistake_is_reported_at_once() {
    let wrong = "@id(\"a\") permit (principal, action, resource) when { context.efects.isEmpty() };\n\
                 @id(\"b\") forbid (principal, action, resource)\n\
                 when { context.effects.contains(Effect::\"data.destory\") };";
    let refused = Policies::parse(&sources(wrong)).unwrap_err();
    let lines: Vec<_> = refused.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [Some(1), Some(3)], "{refused}");
    assert_eq!(refused.to_string().lines().count(), 2);

    let mut sources =
        sources("@id(\"\") permit (principal, action, resource);\n permit (principal, action, resource);");
    assert_eq!(Policies::parse(&sources).unwrap_err().iter().count(), 2);
    sources.quorums.1 = "[quorum.q]\nclauses = []".into();
    sources.areas.1 = "[area.x]\npaths = []".into();
    sources.commands = vec![("commands/site.toml".into(), "nonsense = 1".into())];
    let files: Vec<_> =
        Policies::parse(&sources).unwrap_err().iter().map(|fault| fault.file.clone()).collect();
    assert_eq!(files, ["quorums.toml", "areas.toml", "commands/site.toml"]);
}

#[test]
fn a_schema_that_lost_a_fact_is_refused() {
    for (from, to) in [
        ("understood: Bool,", ""),
        ("\"unknown\"", "\"unknow\""),
        ("tags String", ""),
        ("exec, shell, sftp, ", "exec, shell, "),
    ] {
        let mut sources = sources(ANYTHING);
        sources.schema.1 = SCHEMA.replacen(from, to, 1);
        assert_ne!(sources.schema.1, SCHEMA, "{from}");
        let refusal = Policies::parse(&sources).unwrap_err().to_string();
        assert!(refusal.starts_with("schema.cedarschema"), "{refusal}");
    }
}

#[test]
fn without_policies_everything_is_denied() {
    assert!(matches!(judge("", &question(Level::Recorded)), Verdict::Deny(_)));
}

#[test]
fn a_forbid_wins() {
    let policy =
        format!("{ANYTHING} @id(\"no\") @description(\"Not now\") forbid (principal, action, resource);");
    let Verdict::Deny(denied) = judge(&policy, &question(Level::Recorded)) else { panic!() };
    assert_eq!(denied.reason, "Not now (no)");
    assert_eq!(denied.rules[0].id, "no");
}

#[test]
fn a_forbid_that_cannot_be_evaluated_denies() {
    let policy = format!(
        "{ANYTHING} @id(\"no\") forbid (principal, action, resource) when {{ context.mfa_age_seconds * 2 > 100 }};"
    );
    let huge = Question { mfa_age_seconds: u64::MAX, ..question(Level::Recorded) };
    let Verdict::Deny(denied) = judge(&policy, &huge) else { panic!("an error was passed over") };
    assert!(denied.reason.contains("could not be evaluated"), "{}", denied.reason);
}

#[test]
fn a_permit_that_wants_a_quorum_holds_and_names_itself() {
    let policy =
        "@id(\"p\") permit (principal, action, resource) when { context.quorums.contains(Quorum::\"a\") };";
    let Verdict::Hold(held) = judge(policy, &question(Level::CommandGated)) else { panic!() };
    assert_eq!(held.quorums.iter().map(|q| q.name.as_str()).collect::<Vec<_>>(), ["a"]);
    assert_eq!(held.rules[0].id, "p");
}

#[test]
fn either_of_two_quorums_is_offered() {
    let policy = format!(
        "{ANYTHING} @id(\"no\") forbid (principal, action, resource) unless {{ context.quorums.contains(Quorum::\"a\") || context.quorums.contains(Quorum::\"b\") }};"
    );
    let Verdict::Hold(held) = judge(&policy, &question(Level::CommandGated)) else { panic!() };
    assert_eq!(held.quorums.len(), 2);
}

#[test]
fn two_quorums_at_once_are_denied_with_a_remedy() {
    let policy = format!(
        "{ANYTHING} @id(\"no\") forbid (principal, action, resource) unless {{ context.quorums.contains(Quorum::\"a\") && context.quorums.contains(Quorum::\"b\") }};"
    );
    let Verdict::Deny(denied) = judge(&policy, &question(Level::CommandGated)) else { panic!() };
    assert!(denied.reason.contains("declare one that joins them"));
    let one_met = Question { quorums: ["a".to_owned()].into(), ..question(Level::CommandGated) };
    let Verdict::Hold(held) = judge(&policy, &one_met) else { panic!() };
    assert_eq!(held.quorums[0].name, "b");
}

fn reason(policy: &str) -> String {
    let Verdict::Deny(denied) = judge(policy, &question(Level::Recorded)) else { panic!("not denied") };
    denied.reason
}

const HELD: &str = "@id(\"a-held\") forbid (principal, action, resource) unless { context.quorums.contains(Quorum::\"a\") };";

#[test]
fn a_denial_names_the_rule_that_no_quorum_lifts() {
    let firm = "@id(\"z-firm\") @description(\"Not on any day\") forbid (principal, action, resource) when { context.weekday == 7 };";
    assert_eq!(reason(&format!("{ANYTHING} {HELD} {firm}")), "Not on any day (z-firm)");
}

#[test]
fn a_denial_names_what_is_never_lifted_before_all_else() {
    let firm = "@id(\"b-firm\") forbid (principal, action, resource) when { context.weekday == 7 };";
    let never =
        "@id(\"z-never\") @never(\"yes\") @description(\"Never\") forbid (principal, action, resource);";
    assert_eq!(reason(&format!("{ANYTHING} {HELD} {firm} {never}")), "Never (z-never)");
}

#[test]
fn where_signatures_lift_every_forbid_and_nothing_permits_that_is_the_reason() {
    assert!(reason(HELD).starts_with("nothing permits alice to exec"), "{}", reason(HELD));
}

#[test]
fn what_is_never_lifted_looks_at_no_quorum_and_no_emergency() {
    for condition in [
        "context.quorums.contains(Quorum::\"a\")",
        "context.quorums.isEmpty()",
        "context.emergency",
        "context == context",
    ] {
        let text = format!(
            "// One.\n@id(\"no\") @never(\"yes\")\nforbid (principal, action, resource)\nunless {{ {condition} }};"
        );
        let told = Policies::parse(&sources(&text)).unwrap_err().to_string();
        assert!(told.contains(":2:") && told.contains("@never"), "{condition}: {told}");
    }
    let fine = "@id(\"no\") @never(\"yes\") forbid (principal, action, resource) unless { context.granted };";
    Policies::parse(&sources(fine)).unwrap();
    for (wrong, part) in [
        ("@id(\"p\") @never(\"yes\") permit (principal, action, resource);", "write @never on forbids"),
        ("@id(\"p\") @never(\"no\") forbid (principal, action, resource);", "write @never(\"yes\")"),
    ] {
        let told = Policies::parse(&sources(wrong)).unwrap_err().to_string();
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn no_policy_can_allow_what_was_not_understood_on_a_gated_target() {
    for level in [Level::CommandGated, Level::ExecGated, Level::StatementGated] {
        let dark = Question { understood: false, ..question(level) };
        assert!(matches!(judge(ANYTHING, &dark), Verdict::Deny(_)), "{level}");
        let blank = Question { effects: BTreeSet::new(), ..question(level) };
        assert!(matches!(judge(ANYTHING, &blank), Verdict::Deny(_)), "{level}");
    }
    let recorded = Question { understood: false, ..question(Level::Recorded) };
    assert!(matches!(judge(ANYTHING, &recorded), Verdict::Allow(_)));
}

#[test]
fn names_cannot_reach_into_policies() {
    let policy = "@id(\"p\") permit (principal == Person::\"root\", action, resource);";
    for person in ["root\"", "\" || true", "Person::\"root\"", "root\0", ""] {
        let odd = Question { person: person.into(), ..question(Level::Recorded) };
        assert!(matches!(judge(policy, &odd), Verdict::Deny(_)), "{person:?}");
    }
}

#[test]
fn every_fact_can_be_asked_for() {
    let policy = "@id(\"p\") permit (principal, action == Action::\"exec\", resource) when {
        context.account == Account::\"root\" && context.programs.contains(\"ls\") && context.weekday == 7 &&
        context.minute_of_day >= 540 && context.mfa_age_seconds < 3600 && context.source.isInRange(ip(\"192.0.2.0/24\")) &&
        !context.granted && !context.emergency && !context.device_bound && context.duration_seconds == 0
    };";
    assert!(matches!(judge(policy, &question(Level::Recorded)), Verdict::Allow(_)));
    let elsewhere = Question { source: "2001:db8::1".parse().unwrap(), ..question(Level::Recorded) };
    assert!(matches!(judge(policy, &elsewhere), Verdict::Deny(_)));
}

#[test]
fn the_examples_in_the_documentation_are_valid() {
    let page = include_str!("../../../docs/policy.md");
    let block = |language: &str| {
        let start = page.split_once(&format!("```{language}\n")).unwrap().1;
        start.split_once("```").unwrap().0.to_owned()
    };
    let mut sources = sources(&block("cedar"));
    Policies::parse(&sources).unwrap();
    sources.quorums.1 = block("toml");
    assert_eq!(Policies::parse(&sources).unwrap().quorum("lead-and-security").unwrap().clauses.len(), 2);
}

const FEW: &str = "@id(\"few\") @max_rows(\"20\") permit (principal, action == Action::\"statement\", resource) \
    when { context.counted && !context.every_row };";

fn counted(policy: &str, counted: bool) -> Option<Option<u64>> {
    let asked = Question { act: Act::Statement, counted, ..question(Level::StatementGated) };
    match judge(policy, &asked) {
        Verdict::Allow(allowed) => Some(allowed.obligations().max_rows),
        Verdict::Hold(_) | Verdict::Deny(_) => None,
    }
}

#[test]
fn few_rows_are_allowed_only_while_they_are_counted() {
    let forbid = "@id(\"no\") forbid (principal, action == Action::\"statement\", resource) unless { context.counted };";
    assert_eq!((counted(FEW, true), counted(FEW, false)), (Some(Some(20)), None));
    let held = format!("{ANYTHING} {FEW} {forbid}");
    assert_eq!((counted(&held, true), counted(&held, false)), (Some(Some(20)), None));
    let smaller = FEW.replace("few", "fewer").replace("20", "5");
    assert_eq!(counted(&format!("{held} {smaller}"), true), Some(Some(5)));
}

#[test]
fn counting_is_no_obstacle_and_no_licence() {
    assert_eq!(counted(&format!("{ANYTHING} {FEW}"), true), Some(None), "it was allowed without");
    let unbounded = "@id(\"no\") forbid (principal, action == Action::\"statement\", resource) unless { context.counted };";
    assert_eq!(counted(&format!("{ANYTHING} {unbounded}"), true), None, "nobody says how many rows");
    let told = refusal("@id(\"a\") @max_rows(\"5\") permit (principal, action, resource);");
    assert!(told.contains("context.counted"), "{told}");
    assert!(refusal(&FEW.replace("20", "-1")).contains("is no number of rows"));
}
