//! Both sides of a PostgreSQL connection; the first byte says whether it has just begun.
#![no_main]

#[path = "../../crates/wire/tests/hostile/postgres.rs"]
mod postgres;
#[path = "../../crates/wire/tests/hostile/steps.rs"]
mod steps;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        Some((0, rest)) => postgres::opening(rest),
        Some((_, rest)) => postgres::session(rest),
        None => {}
    }
});
