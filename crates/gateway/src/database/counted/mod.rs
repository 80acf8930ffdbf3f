//! Targets whose protocol nobody here speaks. Any client of TLS comes in with its certificate and names the target in the
//! handshake; the connection is judged as a forwarding is, and what crosses it is counted, not read.

mod allowance;
mod carrying;
mod held;
mod server;
mod visit;

pub(crate) use allowance::Allowance;
pub(crate) use visit::{Visit, Visitor};
