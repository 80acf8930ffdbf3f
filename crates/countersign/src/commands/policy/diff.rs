//! `policy diff`: the cases of which two sets of policies make something different.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use access::statement::visible;
use access::text::{self, Language};
use anyhow::Result;

use super::Place;
use super::cases::{self, Case};
use super::outcome::{Outcome, needs};

/// Compares what both make of every case.
pub fn diff(old: &Path, new: &Path, files: &[PathBuf]) -> Result<ExitCode> {
    let (old, new) = (Place::find(old)?, Place::find(new)?);
    let (mut cases, mut changed) = (0_usize, 0_usize);
    for file in files {
        for case in cases::read(file, &new.folder)? {
            let (before, after) = (case.outcome(&old.policies)?.0, case.outcome(&new.policies)?.0);
            cases += 1;
            if is_other(&before, &after) {
                changed += 1;
                print!("{}", change(&case, &before, &after, new.language));
            }
        }
    }
    let counts = [("changed", &*changed.to_string()), ("cases", &*cases.to_string())];
    println!("{}", text::CASES_COMPARED.say(new.language, &counts));
    Ok(if changed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A person meets something else: another verdict, other people to wait for, or other obligations. A rule that only has
/// another name does not count.
fn is_other(before: &Outcome, after: &Outcome) -> bool {
    before.word != after.word || before.quorums != after.quorums || before.obligations != after.obligations
}

fn change(case: &Case, before: &Outcome, after: &Outcome, language: Language) -> String {
    let values = [
        ("place", &*case.place),
        ("who", &*case.setting.person),
        ("account", &*case.setting.account),
        ("target", &*case.setting.target.name),
        ("what", &*visible(&case.title)),
    ];
    let head = text::CASE_CHANGED.say(language, &values);
    format!("{head}\n  - {}\n  + {}\n", side(before), side(after))
}

/// `hold by RULE (FILE), RULE (FILE); two-dba-leads (2 of dba-leads)`.
fn side(outcome: &Outcome) -> String {
    let rules: Vec<_> = outcome.rules.iter().map(|rule| format!("{} ({})", rule.id, rule.file)).collect();
    let by = if rules.is_empty() { "default".to_owned() } else { rules.join(", ") };
    let mut side = format!("{} by {by}", outcome.word.as_str());
    for quorum in &outcome.quorums {
        side += &format!("; {}", needs(quorum));
    }
    if let Some(bytes) = outcome.obligations.max_bytes {
        side += &format!("; max_bytes {bytes}");
    }
    if let Some(rows) = outcome.obligations.max_rows {
        side += &format!("; max_rows {rows}");
    }
    if outcome.obligations.keep_copy {
        side += "; keep_copy";
    }
    side
}
