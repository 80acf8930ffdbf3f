//! `countersign policy`: check the policies, and explain what they make of a command.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use access::model::{Person, Target};
use access::policy::{Act, Analysis, Policies, Question, Rule, TargetFacts, Verdict};
use access::ports::{Clock as _, Store as _};
use access::statement::visible;
use anyhow::{Context as _, Result};

use crate::config::{Config, read_policies};
use crate::surroundings::SystemClock;

/// Whom and what to explain.
pub struct Asked {
    /// Login name.
    pub person: String,
    /// Target name.
    pub target: String,
    /// Account on it.
    pub account: String,
    /// The command line.
    pub text: String,
}

/// Validates the policies of a folder, or of the configuration.
pub fn check(config: &Path, folder: Option<PathBuf>) -> Result<()> {
    let folder = folder.map_or_else(|| Config::read(config).map(|config| config.policies), Ok)?;
    let policies = read_policies(&folder)?;
    let quorums: Vec<_> = policies.quorums().map(|quorum| quorum.name.as_str()).collect();
    println!("OK: {}, quorums: {}", policies.version(), quorums.join(", "));
    Ok(())
}

/// Prints how a command is read, which rules decide, and what would allow it.
pub async fn explain(config: &Path, asked: &Asked) -> Result<()> {
    let config = Config::read(config)?;
    let policies = read_policies(&config.policies)?;
    let store = store::Sqlite::open(&config.sqlite).await?;
    let person = store.person(&asked.person).await?;
    let person = person.with_context(|| format!("there is no person {}", asked.person))?;
    let target = store.target(&asked.target).await?;
    let target = target.with_context(|| format!("there is no target {}", asked.target))?;
    let clock = SystemClock::in_zone(config.zone.clone());
    print!("{}", story(&policies, &person, &target, asked, clock.local(clock.now())));
    Ok(())
}

fn story(
    policies: &Policies,
    person: &Person,
    target: &Target,
    asked: &Asked,
    (minute_of_day, weekday): (u16, u8),
) -> String {
    let analysis = Analysis::of_command(asked.text.as_bytes());
    let verdict = policies.judge(&Question {
        person: person.name.clone(),
        groups: person.groups.clone(),
        act: Act::Exec,
        target: TargetFacts { name: target.name.clone(), level: target.level, labels: target.labels.clone() },
        account: asked.account.clone(),
        understood: analysis.understood(),
        touched: analysis.touched().to_vec(),
        file: None,
        destination: None,
        effects: analysis.effects().clone(),
        programs: analysis.program_names(),
        source: IpAddr::V4(Ipv4Addr::LOCALHOST),
        mfa_age_seconds: 0,
        minute_of_day,
        weekday,
        quorums: BTreeSet::new(),
    });
    let mut text = reading(&analysis);
    text += &judgement(&verdict);
    text
}

fn reading(analysis: &Analysis) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "understood: {}", if analysis.understood() { "yes" } else { "no" });
    if let Some(obstacle) = analysis.obstacle() {
        let _ = writeln!(text, "because:    {obstacle}");
    }
    if let Some(run) = analysis.run() {
        let _ = writeln!(text, "would run:  {}", visible(run));
    }
    let _ = writeln!(text, "structure:\n{}", analysis.tree().trim_end());
    let _ = writeln!(text, "effects:");
    for reason in analysis.reasons() {
        let _ = writeln!(text, "  {:<17} {}", reason.effect.to_string(), visible(&reason.because));
    }
    text
}

fn judgement(verdict: &Verdict) -> String {
    let (word, more) = match verdict {
        Verdict::Allow(_) => ("allow", String::new()),
        Verdict::Hold(held) => {
            let lines = held.quorums.iter().map(|quorum| {
                let clauses: Vec<_> =
                    quorum.clauses.iter().map(|clause| format!("{} of {}", clause.n, clause.of)).collect();
                format!("  allowed by {}: {}\n", quorum.name, clauses.join(" and "))
            });
            ("hold", lines.collect())
        }
        Verdict::Deny(denied) => ("deny", format!("  {}; no quorum allows it\n", denied.reason)),
    };
    let rules: String = verdict.rules().iter().map(rule).collect();
    format!("verdict:    {word}\n{rules}{more}")
}

fn rule(rule: &Rule) -> String {
    format!("  by {} ({}): {}\n", rule.id, rule.file, rule.description)
}
