//! Clients of MySQL and MariaDB: let in by ticket, each command judged, on a connection of the gateway's own to the server.

mod kills;
mod line;
mod opening;
mod place;
mod server;
mod statement;
mod talk;

pub(crate) use kills::Kills;
pub(crate) use opening::begin;
pub(crate) use server::{Aside, DialError};
