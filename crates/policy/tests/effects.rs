//! Lines and what they do: `lines/effects.txt`, row by row.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::BTreeSet;

use policy::{Analysis, Effect};

#[test]
fn each_line_has_exactly_the_effects_that_are_listed() {
    let rows: Vec<_> =
        include_str!("lines/effects.txt").lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    assert!(rows.len() >= 900, "{} lines", rows.len());
    let wrong: Vec<String> = rows.into_iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

fn wrong(row: &str) -> Option<String> {
    let (effects, line) = row.split_once(" | ").unwrap();
    let listed: BTreeSet<Effect> = effects.split(',').map(|name| name.parse().unwrap()).collect();
    let analysis = Analysis::of_command(line.as_bytes());
    let right = analysis.understood() && *analysis.effects() == listed;
    (!right).then(|| format!("{row}\n{}", analysis.tree()))
}
