//! Delivers notices from the outbox to webhooks and mail servers, with retries; a slow receiver blocks nobody.
//!
//! What a notice says ([`Message`]) and how a receiver wants it ([`mod@format`]) are pure. A [`Transport`] carries one notice
//! once; the [`Courier`] has a thread for each receiver that takes notices in order until they are delivered.

mod address;
mod courier;
pub mod format;
mod hook;
mod mail;
mod message;
mod outbox;
mod pace;
mod plain;
mod receiver;
mod sign;
mod transport;

pub use address::{Address, AddressError};
pub use courier::Courier;
pub use hook::Hook;
pub use mail::{Mail, MailError, Security};
pub use message::Message;
pub use outbox::Outbox;
pub use receiver::{Receiver, Secret};
pub use transport::{Failure, Transport, TransportError};
