//! awk programs that the analysis takes for printing only, in real awks: none leaves a file or starts a program.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use policy::{Analysis, Effect};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tempfile::TempDir;

/// How many programs that are taken for printing only are run in each awk.
const PROGRAMS: usize = 200;

/// The awks that take part where they are installed; each reads slashes and brackets in its own way.
const AWKS: [&[&str]; 4] = [&["mawk"], &["gawk"], &["busybox", "awk"], &["original-awk"]];

/// What makes a file, in the ways that awk knows.
const DANGERS: [&str; 6] = [
    "system(\"touch canary\")",
    "print 1 > \"canary\"",
    "print \"touch canary\" | \"sh\"",
    "\"touch canary\" | getline",
    "print 1 >> \"canary\"",
    "printf \"x\" > \"canary\"",
];

/// What may hide it from one reader and not from another.
const PIECES: [&str; 44] = [
    "/",
    "/",
    "/",
    "\"",
    "\"",
    "\"",
    "\\",
    "\\\"",
    "\\/",
    "[",
    "]",
    "[^",
    "[[:alpha:]]",
    "[/]",
    "[\"]",
    ";",
    ";",
    ";",
    "\n",
    "#",
    "#",
    "a",
    "1",
    "$1",
    "x",
    "length",
    " ",
    "+",
    "-",
    "++",
    "!",
    "~",
    ",",
    "(",
    ")",
    "if (1)",
    "if (x)",
    "a ",
    "1 ",
    "print ",
    "print 1",
    "==",
    "]/",
    ")/",
];

/// A program with a danger in it somewhere.
fn program() -> impl Strategy<Value = String> {
    let pieces = || {
        proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..6)
            .prop_map(|pieces| pieces.concat())
    };
    (pieces(), proptest::sample::select(&DANGERS[..]), pieces(), any::<bool>()).prop_map(
        |(before, danger, after, begin)| {
            format!("{}{{{before}{danger}{after}}}", if begin { "BEGIN" } else { "" })
        },
    )
}

fn is_taken_for_printing(program: &str) -> bool {
    let quoted = format!("awk '{program}' input");
    *Analysis::of_command(quoted.as_bytes()).effects() == BTreeSet::from([Effect::Read])
}

fn accepted() -> Vec<String> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let programs = (0..400_000).map(|_| program().new_tree(&mut runner).unwrap().current());
    programs.filter(|program| is_taken_for_printing(program)).take(PROGRAMS).collect()
}

fn is_installed(awk: &[&str]) -> bool {
    let probe = Command::new(awk[0]).args(&awk[1..]).arg("BEGIN{}").stderr(Stdio::null()).status();
    probe.is_ok_and(|status| status.success())
}

fn makes_canary(awk: &[&str], program: &str) -> bool {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("input"), "a b\n").unwrap();
    let started = Command::new("timeout")
        .arg("1")
        .args(awk)
        .args([program, "input"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(started.is_ok());
    folder.path().join("canary").exists()
}

#[test]
fn programs_that_only_print_leave_nothing_behind() {
    let programs = accepted();
    let awks: Vec<_> = AWKS.into_iter().filter(|awk| is_installed(awk)).collect();
    assert!(
        awks.iter().any(|awk| makes_canary(awk, &format!("{{{}}}", DANGERS[0]))),
        "no awk makes the canary at all"
    );
    for awk in &awks {
        let wrong: Vec<_> = programs.iter().filter(|program| makes_canary(awk, program)).collect();
        assert!(wrong.is_empty(), "{awk:?}: {wrong:?}");
    }
    println!("{} programs in {} awks", programs.len(), awks.len());
    assert!(programs.len() >= PROGRAMS / 4, "only {} programs were taken for printing", programs.len());
}
