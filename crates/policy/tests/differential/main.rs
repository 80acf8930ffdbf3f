//! The analysis against real shells and real programs, with lines that nobody wrote: every machine tries others.
//!
//! `COUNTERSIGN_FUZZ_LINES` says how many lines are made; `COUNTERSIGN_FUZZ_SEED` repeats a run whose seed was printed.

mod effects;
mod programs;
mod sandbox;

use std::hash::{BuildHasher, Hasher, RandomState};

fn lines_to_make(otherwise: u64) -> u64 {
    number("COUNTERSIGN_FUZZ_LINES").unwrap_or(otherwise)
}

/// Another one in every run.
fn new_seed() -> u64 {
    number("COUNTERSIGN_FUZZ_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish())
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
