//! The road's [`Store`](access::ports::Store) over SQLite or PostgreSQL: the only home of SQL.
//!
//! The tables and their statements are written once, in `tables`; what differs between the two databases is an
//! [`Engine`]: how a statement is run, what keeps two that run at once apart, and the few statements that only one of
//! them understands. Every operation is one statement or one transaction, so whoever is killed, cancelled or overtaken
//! leaves a change whole or not made. Rows parse into the model or are reported with table and key; nothing here
//! panics on them.

mod database;
mod fault;
mod port;
pub mod postgres;
mod row;
pub mod sqlite;
mod statement;
mod tables;

pub use database::{Database, Engine};
pub use postgres::Postgres;
pub use row::Columns;
pub use sqlite::Sqlite;
pub use statement::{Statement, Value};
