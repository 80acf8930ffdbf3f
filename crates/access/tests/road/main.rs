//! The road over the shipped policies, with a real recorder and real signatures: one file per group of behaviours.

#![expect(clippy::unwrap_used, reason = "clippy knows tests, but not the functions that tests share")]

mod administering;
mod announcing;
mod asking;
mod auditing;
mod bastion;
mod certificates;
mod consenting;
mod counting;
mod desk;
mod door;
mod emergencies;
mod enrolling;
mod evidence;
mod evidence_kinds;
mod expiry;
mod failures;
mod footing;
mod getting_round;
mod inspecting;
mod interlude;
mod lasting;
mod meanwhile;
mod notices;
mod offices;
mod once;
mod own_keys;
mod permits;
mod replays;
mod reporting;
mod retention;
mod runbooks;
mod sessions;
mod signatures;
mod staying;
mod story;
mod tampering;
mod unattended;

use testkit::keys;
