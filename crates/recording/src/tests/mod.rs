//! Behaviours of the whole crate, one file per subject.

mod crash;
mod erasure;
mod export;
mod faults;
mod hostile_bytes;
mod recording;
mod tampering;
