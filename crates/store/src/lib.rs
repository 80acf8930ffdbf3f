//! The road's [`Store`](access::ports::Store) over SQLite: the only home of SQL.
//!
//! Every operation of the trait is one statement, so whoever is killed, cancelled or overtaken leaves a change
//! whole or not made. Rows parse into the model or are reported with table and key; nothing here panics on them.

pub mod sqlite;

pub use sqlite::{OpenError, Sqlite};
