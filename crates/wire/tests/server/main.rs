//! The session between real clients (psql, pgbench) and a real server, and what it takes for granted about that server.

mod asking;
mod assumptions;
mod clients;
mod counting;
mod line;
