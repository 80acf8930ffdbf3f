//! Analysis and verdicts: text in, structure, effects and a verdict out.
//!
//! [`Analysis`] says what a command line does and regenerates the text that may run; [`Policies`] says whether a
//! person may do it. Nothing here knows the time, the network or a file: everything is an argument.

mod analysis;
pub mod destination;
mod effect;
pub mod environment;
mod file;
mod judge;
mod reading;
mod shell;
pub mod sql;
mod surroundings;
mod table;
mod touch;

pub use analysis::{Analysis, Program, Reason};
pub use effect::{Effect, NoSuchEffect};
pub use file::{FileOperation, Writing};
pub use judge::act::Act;
pub use judge::error::{PolicyError, PolicyErrors};
pub use judge::policies::Policies;
pub use judge::question::{Destination, FileFacts, Level, NoSuchLevel, Question, TargetFacts};
pub use judge::quorum::{
    Aside, Clause, Emergencies, Hours, Missing, Quorum, Requester, Short, Signer, Unfit, role_of,
};
pub use judge::sources::Sources;
pub use judge::verdict::{Allowed, Denied, Held, Obligations, Rule, Verdict};
pub use shell::{Obstacle, quoted};
pub use surroundings::Surroundings;
pub use table::Table;
pub use touch::{How, Touch};
