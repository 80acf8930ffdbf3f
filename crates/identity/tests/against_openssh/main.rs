//! This crate against OpenSSH's own tools: what they make is accepted, and what they would not make is refused.

#![expect(clippy::unwrap_used, reason = "clippy knows tests, but not the functions that tests share")]

mod arbitrary_bytes;
mod device_attestations;
mod device_certificates;
mod host_certificates;
mod openssh;
mod public_keys;
mod security_keys;
mod signatures;
