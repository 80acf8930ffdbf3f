//! The tables, one subject a file: statements that both databases understand, and rows as values of the model.

pub(crate) mod certificates;
pub(crate) mod consents;
pub(crate) mod counters;
pub(crate) mod decisions;
pub(crate) mod enrolments;
pub(crate) mod factors;
pub(crate) mod keys;
pub(crate) mod outbox;
pub(crate) mod people;
pub(crate) mod permits;
pub(crate) mod records;
pub(crate) mod requests;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod targets;
pub(crate) mod tickets;
