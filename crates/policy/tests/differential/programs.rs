//! Random and mutated lines in real shells: whatever the analysis understands starts nothing that it has not named.

use std::time::Instant;

use policy::Analysis;

use crate::sandbox::random::Random;
use crate::sandbox::{Argv, Sandbox, lines, mutation, naming, table};
use crate::{lines_to_make, new_seed};

/// Lines in one start of a shell.
const BATCH: usize = 400;

/// One line that runs.
struct Case {
    typed: String,
    analysis: Analysis,
}

#[derive(Default)]
struct Count {
    made: usize,
    understood: usize,
    ran: usize,
    hung: usize,
    programs: usize,
}

fn case(corpus: &[String], random: &mut Random) -> Option<Case> {
    let typed = if random.one_in(2) { lines::line(random) } else { mutation::mutated(corpus, random) };
    let analysis = Analysis::of_command(typed.as_bytes());
    analysis.understood().then_some(Case { typed, analysis })
}

/// What is said to start anything cannot surprise, so it is not worth its time.
fn runs(sandbox: &Sandbox, case: &Case) -> bool {
    !naming::says_anything_may_start(&case.analysis)
        && case.analysis.run().is_some_and(|run| sandbox.may_run(run))
}

/// What the case started without naming it, in that shell alone.
fn alone(sandbox: &Sandbox, shell: &str, typed: &str) -> Option<Argv> {
    let analysis = Analysis::of_command(typed.as_bytes());
    let ran = sandbox.run(shell, &[analysis.run()?]).pop()??;
    naming::unnamed(&analysis, &ran).cloned()
}

/// The same finding with as few words as possible.
fn minimised(sandbox: &Sandbox, shell: &str, typed: &str) -> String {
    let mut line = typed.to_owned();
    let mut at = 0;
    while at < line.chars().count() && line.len() < 400 {
        let shorter: String =
            line.chars().enumerate().filter(|(place, _)| *place != at).map(|(_, c)| c).collect();
        if alone(sandbox, shell, &shorter).is_some() { line = shorter } else { at += 1 }
    }
    line
}

fn judge(sandbox: &Sandbox, shell: &str, cases: &[Case], count: &mut Count, findings: &mut Vec<String>) {
    let texts: Vec<&str> = cases.iter().filter_map(|case| case.analysis.run()).collect();
    for (case, ran) in cases.iter().zip(sandbox.run(shell, &texts)) {
        let Some(started) = ran else {
            count.hung += 1;
            continue;
        };
        count.ran += 1;
        count.programs += started.len();
        if let Some(argv) = naming::unnamed(&case.analysis, &started) {
            let short = minimised(sandbox, shell, &case.typed);
            let named: Vec<_> = case.analysis.programs().iter().map(|program| &program.argv).collect();
            let run = case.analysis.run();
            findings.push(format!("{shell} started {argv:?}\n  of {:?}\n  shortest {short:?}\n  runs {run:?}\n  named {named:?}", case.typed));
        }
    }
}

fn fuzz(made: u64, seed: u64) {
    let sandbox = Sandbox::new(&table::names(), &[]);
    let (corpus, mut random, started) = (mutation::corpus(), Random::new(seed), Instant::now());
    let (mut count, mut findings, mut waiting) = (Count::default(), Vec::new(), Vec::new());
    while count.made < made as usize && findings.len() < 5 {
        count.made += 1;
        let case = case(&corpus, &mut random);
        count.understood += usize::from(case.is_some());
        waiting.extend(case.filter(|case| runs(&sandbox, case)));
        if waiting.len() == BATCH || count.made == made as usize {
            // Every shell takes a batch now and then, bash nine of ten.
            let shell = if random.one_in(10) { random.of(sandbox.shells()) } else { "bash" };
            judge(&sandbox, shell, &waiting, &mut count, &mut findings);
            waiting.clear();
        }
    }
    let Count { made, understood, ran, hung, programs } = count;
    println!(
        "seed {seed}: {made} lines, {understood} understood, {ran} ran and started {programs} programs, {hung} did not end, {:?}",
        started.elapsed()
    );
    assert!(findings.is_empty(), "seed {seed}: {} findings\n{}", findings.len(), findings.join("\n"));
    assert!(ran > 0, "nothing ran");
}

#[test]
fn shells_start_nothing_that_the_analysis_has_not_named() {
    fuzz(lines_to_make(20_000), 1);
}

#[test]
fn nor_do_they_with_lines_that_nobody_has_tried_before() {
    fuzz(lines_to_make(20_000) / 4, new_seed());
}
