//! Clients of MySQL and MariaDB: let in by ticket, each command judged, on a connection of the gateway's own to the server.

mod line;
mod opening;
mod server;
mod statement;
mod talk;

pub(crate) use opening::begin;
