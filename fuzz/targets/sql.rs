//! Any bytes as SQL, in both dialects.
#![no_main]

#[path = "../../crates/policy/tests/sql/anything.rs"]
mod anything;

libfuzzer_sys::fuzz_target!(|data: &[u8]| anything::holds(data));
