//! The PostgreSQL protocol, versions 3.0 and 3.2: [`startup`], [`Decoder`] (frames), [`Frontend`] and [`Backend`] (typed
//! messages), [`encode`], [`scram`] (proofs of
//! passwords), and the [`Session`] that follows both directions.

mod act;
mod asking;
mod backend;
mod copy;
pub mod encode;
mod frame;
mod frontend;
mod limits;
mod names;
mod pipeline;
mod report;
pub mod scram;
mod session;
pub mod startup;
mod write;

pub use act::{Act, ActId, ActKind, Consequences, Outcome, Parameter};
pub use asking::{Answer, Asking};
pub use backend::{Authentication, Backend, Column, CopyFormat, Status, Tag};
pub use frame::{Decoder, Frame, Piece, Run};
pub use frontend::{Bind, Frontend, FunctionCall, Subject, password};
pub use limits::{Limits, Side};
pub use names::{NameChange, Prepared};
pub use report::{Report, Severity};
pub use session::{Output, Session, Unsettled, may_have_constants};
