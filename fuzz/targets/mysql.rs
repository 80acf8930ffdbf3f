//! Both sides of a MySQL connection; the first byte says how far it is.
#![no_main]

#[path = "../../crates/wire/tests/hostile/mysql.rs"]
mod mysql;
#[path = "../../crates/wire/tests/hostile/steps.rs"]
mod steps;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        Some((0, rest)) => mysql::arrival(rest),
        Some((1, rest)) => mysql::joining(rest),
        Some((_, rest)) => mysql::session(rest),
        None => {}
    }
});
