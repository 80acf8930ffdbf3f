//! PostgreSQL and MySQL bytes ↔ messages: bytes in, messages and decisions out. No sockets, no tasks, no TLS, no clock, no
//! randomness; whoever owns those calls in here.

mod asking;
mod error;
pub mod mysql;
pub mod postgres;
mod reading;

pub use asking::{Bounds, Rows};
pub use error::Error;
