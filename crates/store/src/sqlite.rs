//! One database file: a single writing connection and a few that can only read.

mod factors;
mod fault;
mod file;
mod open;
mod people;
mod port;
mod requests;
mod row;
mod schema;
mod sessions;
mod targets;

use access::ports::StoreError;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteArguments, SqliteRow};

pub use open::OpenError;

/// A statement with its values bound.
type Statement<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

/// How a row becomes a record.
type Parse<T> = fn(&SqliteRow) -> Result<T, StoreError>;

/// The state of one bastion in an SQLite file. Several processes may have the file open.
#[derive(Clone, Debug)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Sqlite {
    /// Finishes what is under way and closes the file, folding the write-ahead log into it.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Runs one changing statement; returns the number of rows that it changed.
    async fn change(&self, statement: Statement<'_>) -> Result<u64, sqlx::Error> {
        Ok(statement.execute(&self.writer).await?.rows_affected())
    }

    /// Runs one statement that must change a row; `name` says what is missing if it did not.
    async fn change_existing(&self, name: String, statement: Statement<'_>) -> Result<(), StoreError> {
        match self.change(statement).await.map_err(fault::unavailable)? {
            0 => Err(StoreError::Missing(name)),
            _ => Ok(()),
        }
    }

    /// Runs one changing statement with a `RETURNING` clause and parses the row that it gives.
    ///
    /// All rows are fetched because the commit comes after the last one: whoever stops at the first row would
    /// never hear that the commit failed.
    async fn change_returning<T>(
        &self,
        statement: Statement<'_>,
        parse: Parse<T>,
    ) -> Result<Option<T>, StoreError> {
        let rows = statement.fetch_all(&self.writer).await.map_err(fault::unavailable)?;
        rows.first().map(parse).transpose()
    }

    /// The row that a query finds, if any.
    async fn one<T>(&self, query: Statement<'_>, parse: Parse<T>) -> Result<Option<T>, StoreError> {
        let row = query.fetch_optional(&self.readers).await.map_err(fault::unavailable)?;
        row.as_ref().map(parse).transpose()
    }

    /// All rows that a query finds.
    async fn all<T>(&self, query: Statement<'_>, parse: Parse<T>) -> Result<Vec<T>, StoreError> {
        let rows = query.fetch_all(&self.readers).await.map_err(fault::unavailable)?;
        rows.iter().map(parse).collect()
    }
}
