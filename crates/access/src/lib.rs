//! The road: who may do what, here, now. Sessions, requests, quorums and grants, with traits for the outside.
//!
//! Everything that a person asks of a target goes through [`Road`], whichever door it came in by. The crate has no
//! runtime, no clock and no I/O of its own: state, time, randomness, the ledger and the recorder are handed in.

pub mod administer;
pub mod announcement;
mod ask;
pub mod audit;
pub mod blind;
pub mod desk_command;
pub mod entry;
pub mod error;
pub mod evidence;
pub mod explained;
pub mod impact;
pub mod model;
pub mod ports;
pub mod qr;
pub mod register;
pub mod road;
pub mod runbook;
pub mod search;
pub mod statement;
pub mod terms;
pub mod text;
pub mod vault;

pub use ask::{Ask, Forwarding, ShellLine, SqlStatement};
pub use error::{Refusal, RoadError};
pub use impact::Impact;
pub use road::{Grant, Pending, Rehearsal, Road, Session, Setting, Start, Step, Supposed};

pub use identity;
pub use policy;
pub use recording;
