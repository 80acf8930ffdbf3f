//! The PostgreSQL protocol, versions 3.0 and 3.2: [`startup`], [`Decoder`] (frames), [`Frontend`] and [`Backend`] (typed
//! messages), [`encode`], and [`scram`] (proofs of passwords).

mod backend;
pub mod encode;
mod frame;
mod frontend;
mod limits;
mod report;
pub mod scram;
pub mod startup;

pub use backend::{Authentication, Backend, Column, CopyFormat, Status, Tag};
pub use frame::{Decoder, Frame, Piece, Run};
pub use frontend::{Bind, Frontend, FunctionCall, Subject, password};
pub use limits::{Limits, Side};
pub use report::{Report, Severity};
