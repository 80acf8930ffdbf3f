//! The quick judge against the plain one: narrowed facts, slices and remembered rulings never change a verdict.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::act::Act;
use super::area;
use super::cedar::Asker;
use super::facts::Facts;
use super::policies::{Policies, never, told};
use super::question::{Destination, FileFacts, Level, Question, TargetFacts};
use super::quorum::{self, Quorum};
use super::ruling::Bench;
use super::sight::Sight;
use super::slice::Slice;
use super::sources::{self, Collected, Declared, Sources, sample};
use super::verdict::Verdict;
use crate::{Effect, How, Touch};

const SCHEMA: &str = include_str!("../../../../config/policies/schema.cedarschema");
const AREAS: &str = "[area.data]\npaths = [\"/data\"]\n[area.scratch]\npaths = [\"/tmp\"]\ndeep = true\n[area.idle]\npaths = [\"/idle\"]";
const QUORUMS: [&str; 3] = ["one", "two", "three"];

const PRINCIPALS: [&str; 6] = [
    "principal",
    "principal",
    "principal in Group::\"ops\"",
    "principal is Person in Group::\"dba\"",
    "principal == Person::\"alice\"",
    "principal is Person",
];
const RESOURCES: [&str; 3] = ["resource", "resource", "resource == Target::\"db-1\""];

/// What can be said of every act, in each way that a fact can be looked at.
const CONDITIONS: [&str; 46] = [
    "context.understood",
    "context.effects.contains(Effect::\"data.destroy\")",
    "[Effect::\"read\", Effect::\"write\"].containsAll(context.effects)",
    "context.effects.isEmpty()",
    "context.account == Account::\"root\"",
    "context.programs.contains(\"rm\")",
    "context.programs.containsAny([\"ls\", \"vi\"])",
    "context.programs == [\"ls\"]",
    "context.removes.contains(Area::\"data\")",
    "context.writes.containsAll(context.removes)",
    "context.confined == context.removes",
    "!context.reads.isEmpty()",
    "context.source.isInRange(ip(\"192.0.2.0/24\"))",
    "context.source == ip(\"192.0.2.1\")",
    "context.source.isLoopback()",
    "context.mfa_age_seconds < 3600",
    "context.mfa_age_seconds * 2 > 7200",
    "context.minute_of_day >= 540 && context.minute_of_day < 1020",
    "720 == context.minute_of_day",
    "context.minute_of_day != 540",
    "context.weekday <= 5",
    "context.weekday - 1 == 3",
    "context.weekday * 60 > context.minute_of_day",
    "[context.weekday].contains(6)",
    "(if context.weekday > 5 then context.account else Account::\"root\") == Account::\"root\"",
    "context.granted",
    "context.emergency == context.granted",
    "!context.device_bound",
    "context.emergency && context.quorums.contains(Quorum::\"three\")",
    "context.duration_seconds <= 14400",
    "context.duration_seconds + 60 > 3660",
    "context.quorums.contains(Quorum::\"one\")",
    "context.quorums.containsAny([Quorum::\"one\", Quorum::\"two\"])",
    "context.quorums.containsAll([Quorum::\"two\", Quorum::\"three\"])",
    "context.quorums.isEmpty()",
    "context.quorums.contains(if context.weekday > 3 then Quorum::\"one\" else Quorum::\"two\")",
    "[Quorum::\"one\"].containsAll(context.quorums)",
    "principal in Group::\"ops\"",
    "principal in [Group::\"dba\", Group::\"web\"]",
    "principal == Person::\"bob\"",
    "[Person::\"alice\", Person::\"carol\"].contains(principal)",
    "resource == Target::\"web-1\"",
    "resource.level == Level::\"recorded\"",
    "(resource.hasTag(\"env\") && resource.getTag(\"env\") == \"prod\")",
    "(resource.hasTag(\"env\") && resource.hasTag(\"tier\") && resource.getTag(\"env\") == resource.getTag(\"tier\"))",
    "{given: context.account, who: principal}.given == Account::\"app\"",
];
const OF_FILES: [&str; 3] =
    ["context.path like \"/data/*\"", "context.to == \"/tmp/x\"", "context.path == context.to"];
const OF_FORWARDS: [&str; 3] =
    ["context.host == \"db\"", "context.port == 5432", "context.host like \"*b\" && context.port > 1024"];
const ACTIONS: [(&str, &[&str]); 6] = [
    ("action", &[]),
    ("action == Action::\"exec\"", &[]),
    ("action in [Action::\"exec\", Action::\"files\", Action::\"shell\"]", &[]),
    ("action in Action::\"files\"", &OF_FILES),
    ("action in [Action::\"write-file\", Action::\"read-file\"]", &OF_FILES),
    ("action in [Action::\"forward\", Action::\"forward-unix\"]", &OF_FORWARDS),
];

/// One policy, without its id.
fn policy() -> impl Strategy<Value = String> {
    let scope = (any::<bool>(), select(&PRINCIPALS[..]), select(&ACTIONS[..]), select(&RESOURCES[..]));
    scope.prop_flat_map(|(permits, principal, (action, more), resource)| {
        let conditions: Vec<&str> = CONDITIONS.iter().chain(more).copied().collect();
        let clause =
            (select(vec!["when", "unless"]), vec(select(conditions), 1..3), select(vec![" && ", " || "]));
        vec(clause, 0..3).prop_map(move |clauses| {
            let effect = if permits { "permit" } else { "forbid" };
            let clauses = clauses.iter().map(|(word, all, join)| format!(" {word} {{ {} }}", all.join(join)));
            format!("{effect} ({principal}, {action}, {resource}){};", clauses.collect::<String>())
        })
    })
}

fn name(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(of).prop_map(str::to_owned)
}

fn names(of: &'static [&'static str]) -> impl Strategy<Value = BTreeSet<String>> {
    subsequence(of, 0..=of.len()).prop_map(|names| names.into_iter().map(str::to_owned).collect())
}

fn target() -> impl Strategy<Value = TargetFacts> {
    let value = || name(&["prod", "test"]);
    let label = (name(&["env", "tier", "owner"]), value());
    (name(&["db-1", "web-1", "x"]), select(&Level::ALL[..]), vec(label, 0..3))
        .prop_map(|(name, level, labels)| TargetFacts { name, level, labels: labels.into_iter().collect() })
}

fn touches() -> impl Strategy<Value = Vec<Touch>> {
    let how = select(vec![How::Looks, How::Reads, How::Writes, How::Removes]);
    let touch = (name(&["/data/x", "/tmp/x", "/idle", "/", "~/x", "?"]), how, any::<bool>());
    vec(touch.prop_map(|(path, how, below)| Touch { path, how, below }), 0..3)
}

fn moment() -> impl Strategy<Value = (u64, u16, u8)> {
    let age = select(vec![0, 1, 3599, 3600, 3601, 7200, u64::MAX]);
    (age, select(vec![0, 59, 300, 539, 540, 541, 720, 1019, 1020, 1439]), 1..8_u8)
}

fn place() -> impl Strategy<Value = (FileFacts, Destination)> {
    let paths = &["/data/x", "/tmp/x", "/data"];
    (name(paths), name(paths), name(&["db", "web"]), select(vec![22, 5432]))
        .prop_map(|(path, to, host, port)| (FileFacts { path, to }, Destination { host, port }))
}

fn question() -> impl Strategy<Value = Question> {
    let who = (
        name(&["alice", "bob", "eve", ""]),
        names(&["ops", "dba", "web", "other"]),
        name(&["root", "app", ""]),
    );
    let what = (
        select(&Act::ALL[..]),
        btree_set(select(&Effect::ALL[..4]), 0..3),
        names(&["ls", "rm", "vi"]),
        any::<bool>(),
    );
    let source = select(vec![[192, 0, 2, 1], [192, 0, 2, 2], [127, 0, 0, 1], [0, 0, 0, 0]]);
    let met = names(&QUORUMS);
    let favours = (any::<[bool; 3]>(), select(vec![0, 3600, 3601, 14400, 14401, u64::MAX / 4]));
    (who, what, target(), touches(), moment(), (place(), favours), source, met).prop_map(
        |(
            (person, groups, account),
            (act, effects, programs, understood),
            target,
            touched,
            at,
            (place, ([granted, emergency, device_bound], duration_seconds)),
            source,
            quorums,
        )| {
            Question {
                person,
                groups,
                account,
                act,
                target,
                effects,
                programs,
                understood,
                touched,
                file: act.is_on_files().then_some(place.0),
                tables: vec![],
                counted: false,
                destination: act.leads_somewhere().then_some(place.1),
                source: IpAddr::V4(Ipv4Addr::from(source)),
                mfa_age_seconds: at.0,
                minute_of_day: at.1,
                weekday: at.2,
                granted,
                emergency,
                device_bound,
                duration_seconds,
                quorums,
            }
        },
    )
}

fn written(policies: &[String]) -> Sources {
    let numbered = policies.iter().enumerate().map(|(n, policy)| format!("@id(\"p{n}\") {policy}\n"));
    let quorum = |name: &str| format!("[quorum.{name}]\nclauses = [{{ of = \"g\", n = 1 }}]\n");
    Sources {
        policies: vec![("site.cedar".into(), numbered.collect())],
        schema: ("schema.cedarschema".into(), SCHEMA.into()),
        quorums: ("quorums.toml".into(), QUORUMS.map(quorum).concat()),
        areas: ("areas.toml".into(), AREAS.into()),
        commands: vec![],
    }
}

/// Asks Cedar each time, with every policy and every fact.
struct Plain {
    asker: Asker,
    quorums: std::collections::BTreeMap<String, Quorum>,
    areas: area::Areas,
    all: Collected,
    slice: Slice,
}

impl Plain {
    fn of(sources: &Sources) -> Plain {
        let asker = sources::schema(&sources.schema).unwrap();
        let quorums = quorum::parse(&sources.quorums.0, &sources.quorums.1).unwrap().quorums;
        let areas = area::parse(&sources.areas.0, &sources.areas.1).unwrap();
        let declared = Declared { quorums: &quorums, areas: &areas };
        let all = Collected::read(sources, declared, asker.schema()).unwrap();
        let slice = Slice::whole(&all.set);
        Plain { asker, quorums, areas, all, slice }
    }

    fn judge(&self, q: &Question) -> Verdict {
        if let Some(reason) = never(q) {
            return Verdict::denied(vec![], reason);
        }
        let Plain { asker, quorums, slice, .. } = self;
        let bench = Bench { asker, rules: &self.all.rules, quorums, slice };
        told(&bench.rule(&Facts::seen(&Sight::everything(), q, &self.areas)), q)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_quick_judge_says_what_the_plain_one_says(
        policies in vec(policy(), 0..14),
        questions in vec(question(), 80),
    ) {
        let sources = written(&policies);
        let (quick, plain) = (Policies::parse(&sources).unwrap(), Plain::of(&sources));
        for asked in &questions {
            let expected = plain.judge(asked);
            prop_assert_eq!(quick.judge(asked), expected.clone(), "{:?}", asked);
            prop_assert_eq!(quick.judge(asked), expected, "asked again: {:?}", asked);
        }
    }
}

/// Questions in which all verdicts occur, so that the comparison compares something.
#[test]
fn what_is_compared_is_not_all_one_verdict() {
    let wide = ["permit (principal, action, resource) when { context.weekday < 6 };".to_owned(),
        "forbid (principal, action, resource) unless { context.mfa_age_seconds < 60 || context.quorums.contains(Quorum::\"two\") };".to_owned()];
    let plain = Plain::of(&written(&wide));
    let asked = |weekday, age| plain.judge(&Question { weekday, mfa_age_seconds: age, ..sample(Act::Exec) });
    assert!(matches!(asked(1, 1), Verdict::Allow(_)));
    assert!(matches!(asked(1, 99), Verdict::Hold(_)));
    assert!(matches!(asked(7, 1), Verdict::Deny(_)));
}
