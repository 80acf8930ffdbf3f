//! How long analyse and judge take together over a day's mix, beside plain Cedar over the same policies in the same run.
//!
//! 200 policies, 10,000 people, lines of at most 200 bytes. Times are the processor's for the one thread, so that other
//! work on the machine disturbs them less.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on may panic")]

use std::alloc::System;
use std::collections::BTreeSet;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use cedar_policy::{Authorizer, Context, Entities, PolicySet, Request, Schema};
use policy::{Act, Analysis, Level, Policies, Question, Sources, TargetFacts, Verdict};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const POLICIES: usize = 200;
const PEOPLE: usize = 10_000;
const TEAMS: usize = 40;
const TARGETS: usize = 500;
const SESSIONS: usize = 300;
const LINES_OF_A_SESSION: usize = 50;
const QUESTIONS: usize = 100_000;

fn main() {
    let (sources, lines) = (sources(), lines());
    let policies = Policies::parse(&sources).unwrap();
    println!("{POLICIES} policies, {PEOPLE} people, {} lines, {QUESTIONS} questions", lines.len());
    day(&policies, &lines);
    cold(&sources, &lines);
    plain_cedar(&sources);
}

/// Everything in order of time; what was not asked before is asked of Cedar.
fn day(policies: &Policies, lines: &[String]) {
    let mut chance = Chance(1);
    let (mut whole, mut judging, mut verdicts) = (vec![], vec![], [0; 3]);
    let mut sessions: Vec<(usize, usize)> = vec![(0, 0); SESSIONS];
    let region = Region::new(ALLOCATOR);
    for n in 0..QUESTIONS {
        let minute = n * 1440 / QUESTIONS;
        // Every line belongs to one of the open sessions; some of them end, and others begin.
        let session = &mut sessions[chance.below(SESSIONS)];
        if n < SESSIONS || chance.below(LINES_OF_A_SESSION) == 0 {
            *session = (chance.below(PEOPLE), chance.below(TARGETS));
        }
        let (who, target) = *session;
        let line = chance.mostly_first(lines);
        let start = now();
        let asked = question((who, target), minute, line, &mut chance);
        let analysed = now() - start;
        let verdict = policies.judge(&asked);
        whole.push(now() - start);
        judging.push(now() - start - analysed);
        verdicts[kind(&verdict)] += 1;
    }
    let used = region.change();
    report("analyse and judge, a day", &mut whole);
    report("  of it judge", &mut judging);
    println!("  verdicts: allow {}, hold {}, deny {}", verdicts[0], verdicts[1], verdicts[2]);
    let each = |total: usize| total / QUESTIONS;
    println!("  allocations for each: {}, bytes {}", each(used.allocations), each(used.bytes_allocated));
}

/// The first question to policies that were just read: nothing is remembered.
fn cold(sources: &Sources, lines: &[String]) {
    let mut chance = Chance(2);
    let mut first = vec![];
    for _ in 0..20 {
        let policies = Policies::parse(sources).unwrap();
        let line = &lines[chance.below(lines.len())];
        let (who, target) = (chance.below(PEOPLE), chance.below(TARGETS));
        let start = now();
        let verdict = policies.judge(&question((who, target), 400, line, &mut chance));
        first.push(now() - start);
        let _ = black_box(verdict);
    }
    report("cold: the first question", &mut first);
}

/// `is_authorized` alone, with request and entities at hand, over all the policies.
fn plain_cedar(sources: &Sources) {
    let text: String = sources.policies.iter().map(|(_, text)| text.as_str()).collect();
    let set: PolicySet = text.parse().unwrap();
    let (schema, _) = Schema::from_cedarschema_str(&sources.schema.1).unwrap();
    let entities = Entities::from_json_str(ENTITIES, Some(&schema)).unwrap();
    let uid = |text: &str| text.parse().unwrap();
    let action = uid("Action::\"exec\"");
    let context = Context::from_json_str(CONTEXT, Some((&schema, &action))).unwrap();
    let (principal, resource) = (uid("Person::\"p1\""), uid("Target::\"t1\""));
    let request = Request::new(principal, action, resource, context, Some(&schema)).unwrap();
    let authorizer = Authorizer::new();
    let mut times = vec![];
    for _ in 0..5_000 {
        let start = now();
        black_box(authorizer.is_authorized(&request, &set, &entities));
        times.push(now() - start);
    }
    report("plain Cedar, one is_authorized", &mut times);
}

const ENTITIES: &str = r#"[
    {"uid": {"type": "Person", "id": "p1"}, "attrs": {}, "parents": [{"type": "Group", "id": "ops"}]},
    {"uid": {"type": "Group", "id": "ops"}, "attrs": {}, "parents": []},
    {"uid": {"type": "Target", "id": "t1"}, "attrs": {"level": {"type": "Level", "id": "command-gated"}},
     "parents": [], "tags": {"env": "prod", "tier": "core-data", "team": "team-1"}}
]"#;
const CONTEXT: &str = r#"{
    "account": {"type": "Account", "id": "root"}, "effects": [{"type": "Effect", "id": "read"}], "programs": ["ls"],
    "understood": true, "reads": [], "writes": [], "removes": [], "confined": [], "quorums": [],
    "source": {"fn": "ip", "arg": "192.0.2.1"}, "mfa_age_seconds": 60, "minute_of_day": 600, "weekday": 2,
    "granted": false, "emergency": false, "device_bound": false, "duration_seconds": 0
}"#;

/// The processor time of this thread.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap()
}

fn kind(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::Allow(_) => 0,
        Verdict::Hold(_) => 1,
        Verdict::Deny(_) => 2,
    }
}

fn report(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e6;
    println!("{what}: p50 {:.1} µs, p99 {:.1} µs, max {:.1} µs", at(0.5), at(0.99), at(1.0));
}

fn question((who, target): (usize, usize), minute: usize, line: &str, chance: &mut Chance) -> Question {
    let analysis = Analysis::of_command(line.as_bytes());
    let labels = [
        ("env", "prod".to_owned()),
        ("tier", ["app", "core-data"][target % 2].to_owned()),
        ("team", format!("team-{}", target % TEAMS)),
    ];
    Question {
        person: format!("p{who}"),
        groups: groups(who),
        act: Act::Exec,
        target: TargetFacts {
            name: format!("t{target}"),
            level: [Level::CommandGated, Level::CommandGated, Level::Recorded][target % 3],
            labels: labels.map(|(name, value)| (name.to_owned(), value)).into(),
        },
        account: ["app", "root"][who % 2].into(),
        effects: analysis.effects().clone(),
        programs: analysis.program_names(),
        understood: analysis.understood(),
        touched: analysis.touched().to_vec(),
        tables: vec![],
        counted: false,
        file: None,
        destination: None,
        // Most come through the gateways of a private network.
        source: std::net::Ipv4Addr::new(192, 0, 2, u8::try_from(who % 16).unwrap()).into(),
        mfa_age_seconds: chance.below(28_800) as u64,
        minute_of_day: u16::try_from(minute).unwrap(),
        weekday: 2,
        granted: false,
        emergency: false,
        device_bound: false,
        duration_seconds: 0,
        quorums: BTreeSet::new(),
    }
}

fn groups(who: usize) -> BTreeSet<String> {
    let teams = [who % TEAMS, who * 7 % TEAMS].map(|team| format!("team-{team}"));
    let role = if who.is_multiple_of(100) { "dba-leads" } else { "ops" };
    teams.into_iter().chain([role.to_owned()]).collect()
}

/// The shipped policies and those of a site with forty teams.
fn sources() -> Sources {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
    let read = |name: &str| (name.to_owned(), std::fs::read_to_string(folder.join(name)).unwrap());
    let mut policies = vec![read("production.cedar"), read("command-gated.cedar")];
    let shipped: usize =
        policies.iter().map(|(_, text)| text.parse::<PolicySet>().unwrap().num_of_policies()).sum();
    let site: Vec<String> = (0..POLICIES - shipped).map(of_the_site).collect();
    policies.push(("site.cedar".into(), site.concat()));
    let (schema, quorums, areas) = (read("schema.cedarschema"), read("quorums.toml"), read("areas.toml"));
    Sources { policies, schema, quorums, areas, commands: vec![] }
}

fn of_the_site(n: usize) -> String {
    let team = n / 5;
    let theirs = format!("resource.hasTag(\"team\") && resource.getTag(\"team\") == \"team-{team}\"");
    let two = "context.quorums.contains(Quorum::\"two-dba-leads\")";
    let policy = match n % 5 {
        0 => format!(
            "permit (principal in Group::\"team-{team}\", action == Action::\"connect\", resource) when {{ {theirs} }}"
        ),
        1 => format!(
            "permit (principal in Group::\"team-{team}\", action == Action::\"exec\", resource) when {{ {theirs} && context.understood && [Effect::\"read\"].containsAll(context.effects) }}"
        ),
        2 => format!(
            "forbid (principal, action == Action::\"exec\", resource) when {{ {theirs} && context.minute_of_day < {} }} unless {{ principal in Group::\"team-{team}\" || {two} }}",
            300 + 60 * (n % 7)
        ),
        3 => format!(
            "forbid (principal, action, resource) when {{ {theirs} && context.account == Account::\"root\" }} unless {{ context.source.isInRange(ip(\"192.0.2.0/24\")) && context.mfa_age_seconds < 28800 }}"
        ),
        _ => format!(
            "permit (principal in Group::\"team-{team}\", action in Action::\"files\", resource) when {{ {theirs} && context.understood }}"
        ),
    };
    format!("@id(\"site-{n}\") @description(\"A rule of team {team}\") {policy};\n")
}

/// The lines of the tests, everyday ones first.
fn lines() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lines");
    let of = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let all = of("benign.txt") + &of("effects.txt");
    let lines = all.lines().filter(|line| !line.starts_with('#'));
    let lines = lines.filter_map(|line| line.split_once(" | ")).map(|(_, line)| line.to_owned());
    lines.filter(|line| line.len() <= 200).collect()
}

/// Numbers that are the same in every run (a linear congruence, Knuth's constants).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    /// Some lines are typed much more often than others.
    fn mostly_first<'a>(&mut self, lines: &'a [String]) -> &'a str {
        let end = 1 + self.below(lines.len());
        &lines[self.below(end)]
    }
}
