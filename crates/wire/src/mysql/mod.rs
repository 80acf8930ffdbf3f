//! The protocol of MySQL and MariaDB: packets, the handshake with stripped capabilities, proofs of passwords, commands (what is
//! not listed is refused), what follows each of them, and the [`Session`] that lets no command cross before its verdict.

mod act;
mod admission;
mod asking;
pub mod capability;
mod command;
mod execute;
mod following;
pub mod handshake;
mod joining;
mod packet;
mod pending;
pub mod proof;
mod reply;
mod session;
mod statements;

pub use act::{Act, ActId, ActKind, Outcome};
pub use admission::{Admission, Arrival};
pub use asking::{Answer, Asking, literal};
pub use command::{Command, Handling};
pub use execute::{Kind, Value};
pub use joining::{Account, Channel, Joining, Next};
pub use packet::{Decoder, Packet, packets};
pub use reply::{Done, Failure, Progress, ok};
pub use session::{Output, Session};
pub use statements::Prepared;
