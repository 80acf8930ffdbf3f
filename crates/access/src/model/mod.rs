//! What the road remembers between actions: people, targets, sessions, requests and decisions, as plain records.
//!
//! Rows of a store parse into these or are reported as inconsistent; nothing here grants anything by itself.

mod permit;
mod person;
mod record;
mod request;
mod session;
mod target;

pub use permit::{Permit, PermitId, PermitKind};
pub use person::{
    Attempts, Certificate, Device, Enrolment, Person, PersonId, PersonKey, RememberedFactor, Ticket,
};
pub use record::{Notice, Record};
pub use request::{Answer, Decision, Request, RequestId, RequestKind, RequestState};
pub use session::{Outcome, SessionRow, Way};
pub use target::{Account, Database, Protocol, Service, TLS_ACCOUNT, Target};

/// Microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Whole seconds since the Unix epoch; times before it count as zero.
    pub fn seconds(self) -> u64 {
        u64::try_from(self.0.div_euclid(1_000_000)).unwrap_or(0)
    }

    /// This moment, `seconds` later.
    pub fn plus_seconds(self, seconds: u64) -> Self {
        let micros = i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }
}
