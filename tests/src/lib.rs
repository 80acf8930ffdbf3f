//! The `Bastion` harness: the real binary, a private sshd behind it, people with keys in front of it, and the real
//! OpenSSH clients. Whatever a test started is stopped by its id when the test ends, and the ledger must verify then.

mod bastion;
mod binary;
mod changes;
mod database;
mod enrolment;
mod guarded;
mod host;
mod ledger;
mod people;
mod plan;
mod running;
mod terminal;
mod webhook;

pub use bastion::Bastion;
pub use binary::countersign;
pub use changes::{half, number_after};
pub use database::{Database, Place};
pub use enrolment::{CONFIRM, recovery_codes};
pub use guarded::{Guarded, psql};
pub use host::{Host, free_port};
pub use ledger::entries_in;
pub use people::{GROUPS, PEOPLE};
pub use plan::Plan;
pub use running::{Done, LIMIT, Running, eventually, run, run_with_input};
pub use terminal::Terminal;
pub use webhook::{WEBHOOK_SECRET, WEBHOOK_TOKEN, Webhook};
