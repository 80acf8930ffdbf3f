//! Judging: Cedar policies and quorums, asked one question at a time.

pub(crate) mod act;
pub(crate) mod area;
pub(crate) mod error;
pub(crate) mod policies;
pub(crate) mod question;
pub(crate) mod quorum;
pub(crate) mod sources;
pub(crate) mod verdict;

mod annotations;
mod cache;
mod cedar;
mod facts;
mod guard;
mod ruling;
mod sight;
mod slice;
mod tables;
#[cfg(test)]
mod tests;
