//! `quorums.toml`: read, and refused where a quorum could never be met, or by too few.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::super::error::PolicyError;
use super::{Clause, DEFAULT_EXPIRY, Emergencies, Hours, Quorum};

const ADVICE: &str =
    "write [quorum.NAME] with clauses = [{ of = \"GROUP\", n = 2 }]; docs/policy.md lists what may follow";
const EXPIRY: std::ops::RangeInclusive<u64> = 60..=7 * 24 * 3600;
const MOST_CLAUSES: usize = 8;
const MOST_SIGNERS: u8 = 20;

/// The quorums of administrative changes, each with the group without which it is never met.
const RESERVED: [(&str, &str); 3] = [
    ("system-change", "system-administrators"),
    ("security-change", "security-administrators"),
    ("audit-change", "audit-administrators"),
];

/// The group that is responsible for a reserved quorum; none for a name that anybody may use.
pub fn role_of(quorum: &str) -> Option<&'static str> {
    RESERVED.into_iter().find(|(name, _)| *name == quorum).map(|(_, role)| role)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    quorum: BTreeMap<String, Spanned<Declared>>,
    emergencies: Option<Spanned<Emergencies>>,
}

/// The file, checked.
#[derive(Debug)]
pub(crate) struct QuorumFile {
    /// By name.
    pub(crate) quorums: BTreeMap<String, Quorum>,
    pub(crate) emergencies: Emergencies,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    clauses: Vec<Clause>,
    #[serde(default = "default_expiry")]
    expires_seconds: u64,
    mfa_within_minutes: Option<u32>,
    hours: Option<Hours>,
    #[serde(default)]
    tell: Vec<String>,
}

fn default_expiry() -> u64 {
    DEFAULT_EXPIRY
}

/// Reads `quorums.toml`.
pub(crate) fn parse(file: &str, text: &str) -> Result<QuorumFile, PolicyError> {
    let read: File = toml::from_str(text).map_err(|e| PolicyError::toml(file, text, &e, ADVICE))?;
    let quorums = read.quorum.into_iter().map(|(name, declared)| {
        let place = declared.span().start;
        let quorum = named(&name, declared.into_inner());
        check(&quorum).map_err(|what| {
            PolicyError::new(file, format!("quorum {name:?} {what}"), ADVICE).at(text, Some(place))
        })?;
        Ok((name, quorum))
    });
    let quorums = quorums.collect::<Result<_, _>>()?;
    Ok(QuorumFile { quorums, emergencies: Emergencies::checked(read.emergencies, file, text)? })
}

fn named(name: &str, declared: Declared) -> Quorum {
    let Declared { clauses, expires_seconds, mfa_within_minutes, hours, tell } = declared;
    Quorum { name: name.to_owned(), clauses, expires_seconds, mfa_within_minutes, hours, tell }
}

fn check(quorum: &Quorum) -> Result<(), String> {
    check_clauses(&quorum.clauses)?;
    check_expiry(quorum.expires_seconds)?;
    if quorum.mfa_within_minutes == Some(0) {
        return Err("wants a second factor that is no minute old".into());
    }
    if quorum.tell.iter().any(String::is_empty) {
        return Err("tells a receiver without a name".into());
    }
    if let Some(fault) = quorum.hours.as_ref().and_then(Hours::fault) {
        return Err(fault);
    }
    match role_of(&quorum.name) {
        Some(role) if quorum.clauses.iter().all(|clause| clause.of != role) => {
            Err(format!("could be met without one of {role}"))
        }
        _ => Ok(()),
    }
}

fn check_clauses(clauses: &[Clause]) -> Result<(), String> {
    let places: usize = clauses.iter().map(|clause| usize::from(clause.n)).sum();
    if clauses.is_empty() || clauses.len() > MOST_CLAUSES {
        return Err(format!("has {} clauses, not 1 to {MOST_CLAUSES}", clauses.len()));
    }
    if clauses.iter().any(|clause| clause.n == 0 || clause.of.is_empty()) {
        return Err("has a clause without a group or with n = 0".into());
    }
    if places > usize::from(MOST_SIGNERS) {
        return Err(format!("needs {places} persons, more than {MOST_SIGNERS}"));
    }
    Ok(())
}

fn check_expiry(seconds: u64) -> Result<(), String> {
    if EXPIRY.contains(&seconds) {
        return Ok(());
    }
    Err(format!("expires after {seconds} s, not {} to {}", EXPIRY.start(), EXPIRY.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "clauses = [{ of = \"a\", n = 1 }]";

    #[test]
    fn the_file_is_refused_where_it_is_wrong() {
        let with_a = |rest: &str| format!("[quorum.q]\n{A}\n{rest}");
        for (text, part) in [
            ("[quorum.q]\nclauses = []".to_owned(), "q.toml:1: quorum \"q\" has 0 clauses"),
            ("[quorum.q]\nclauses = [{ of = \"a\", n = 0 }]".to_owned(), "n = 0"),
            ("[quorum.q]\nclauses = [{ of = \"a\", n = 1, m = 2 }]".to_owned(), "q.toml:2: unknown field"),
            ("[quorum.q]\nclauses = [{ of = \"a\", n = 21 }]".to_owned(), "more than 20"),
            ("[quorum.q]\nclause = []".to_owned(), "q.toml:2: unknown field"),
            (with_a("expires_seconds = 1"), "expires after 1 s"),
            (with_a("mfa_within_minutes = 0"), "no minute old"),
            (with_a("tell = [\"\"]"), "without a name"),
            (with_a("hours = { from = \"20:00\", to = \"08:00\" }"), "hours that never are: 20:00–08:00"),
            (with_a("hours = { from = \"8\", to = \"20:00\" }"), "q.toml:3: \"8\" is no time of the day"),
            (with_a("hours = { from = \"08:00\", to = \"20:00\", weekdays = [0] }"), "weekday 0"),
            (with_a("hours = { from = \"08:00\", to = \"20:00\", weekdays = [] }"), "on no weekday"),
            (
                format!("[quorum.b]\n{A}\n[quorum.audit-change]\n{A}"),
                "q.toml:3: quorum \"audit-change\" could be met without",
            ),
        ] {
            let error = parse("q.toml", &text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_left_out_asks_for_nothing() {
        let read = parse("q.toml", &format!("[quorum.q]\n{A}")).unwrap().quorums;
        assert_eq!(read["q"], Quorum::of("q", vec![Clause::of("a", 1)]));
        assert_eq!(read["q"].expires_seconds, 1800);
    }

    #[test]
    fn everything_that_may_be_said_is_read() {
        let text = "[quorum.q]\nclauses = [{ of = \"a\", n = 1, other_team = true }]\nmfa_within_minutes = 15\n\
                    hours = { from = \"08:00\", to = \"20:00\", weekdays = [1, 2] }\ntell = [\"pager\"]";
        let read = parse("q.toml", text).unwrap().quorums.remove("q").unwrap();
        assert!(read.clauses[0].other_team);
        assert_eq!(read.hours, Some(Hours { from: 480, to: 1200, weekdays: [1, 2].into() }));
        assert_eq!((read.mfa_within_minutes, &*read.tell), (Some(15), &["pager".to_owned()][..]));
    }

    #[test]
    fn a_reserved_quorum_takes_its_role_and_may_take_more() {
        for (name, role) in RESERVED {
            for n in [1, 2] {
                let text = format!(
                    "[quorum.{name}]\nclauses = [{{ of = \"{role}\", n = {n} }}, {{ of = \"a\", n = 1 }}]"
                );
                assert!(parse("q.toml", &text).is_ok(), "{text}");
            }
        }
    }
}
