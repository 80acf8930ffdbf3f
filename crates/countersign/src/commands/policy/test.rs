//! `policy test`: run files of cases against policies, and tell each that does not come out as it says.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use access::statement::visible;
use access::text::{self, Language};
use anyhow::Result;

use super::Place;
use super::cases::{self, Case, Difference};
use super::outcome::Outcome;

/// Runs the cases of every file.
pub fn test(config: &Path, policies: Option<PathBuf>, files: &[PathBuf]) -> Result<ExitCode> {
    let (mut passed, mut failed) = (0_usize, 0_usize);
    let place = match (policies, files.first()) {
        (Some(folder), _) => Place::of_policies(&folder)?,
        (None, Some(first)) => Place::for_cases(config, first)?,
        (None, None) => Place::find(config)?,
    };
    for file in files {
        for case in cases::read(file, &place.folder)? {
            let (outcome, differences) = case.outcome(&place.policies)?;
            if differences.is_empty() {
                passed += 1;
                continue;
            }
            failed += 1;
            print!("{}", failure(&case, &outcome, &differences, place.language));
        }
    }
    let counts = [("passed", &*passed.to_string()), ("failed", &*failed.to_string())];
    println!("{}", text::CASES_COUNTED.say(place.language, &counts));
    println!("{}: {}", place.folder.display(), place.policies.version());
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn failure(case: &Case, outcome: &Outcome, differences: &[Difference], language: Language) -> String {
    let values = [
        ("place", &*case.place),
        ("who", &*case.setting.person),
        ("account", &*case.setting.account),
        ("target", &*case.setting.target.name),
        ("what", &*visible(&case.title)),
    ];
    let mut told = text::CASE_FAILED.say(language, &values) + "\n";
    for Difference { what, expected, actual } in differences {
        let values = [("what", *what), ("expected", expected), ("actual", actual)];
        told += &(text::CASE_DIFFERS.say(language, &values) + "\n");
    }
    let values =
        [("verdict", outcome.word.as_str()), ("rule", &*outcome.rule()), ("why", &*visible(&outcome.reason))];
    told + &text::CASE_BECAUSE.say(language, &values) + "\n"
}
