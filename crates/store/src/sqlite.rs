//! One database file: a single writing connection and a few that can only read.

mod file;
mod open;
mod schema;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row, query};

use crate::database::{Database, Engine};
use crate::row::Columns;
use crate::statement::{Statement, Value};

pub use open::OpenError;

/// The state of one bastion in an SQLite file. Several processes may have the file open.
pub type Sqlite = Database<File>;

/// The file, as the tables use it.
#[derive(Clone, Debug)]
pub struct File {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Sqlite {
    /// Finishes what is under way and closes the file, folding the write-ahead log into it.
    pub async fn close(&self) {
        self.engine.readers.close().await;
        self.engine.writer.close().await;
    }
}

impl Engine for File {
    type Row = SqliteRow;

    /// There is one writer, so nothing is settled between the look and the insertion.
    const DECIDE: &'static str =
        "INSERT INTO decisions (request, arrival, person, answer, fingerprint, statement, signature, decided, mfa_age)
         SELECT id, (SELECT COUNT(*) + 1 FROM decisions WHERE request = $1), $2, $3, $4, $5, $6, $7, $8
         FROM requests WHERE id = $1 AND state = 'waiting'";

    /// Commit point of a change: SQLite has synced the write-ahead log when this returns.
    async fn change(&self, statement: Statement) -> Result<u64, sqlx::Error> {
        Ok(bound(statement).execute(&self.writer).await?.rows_affected())
    }

    async fn change_all(&self, statements: Vec<Statement>) -> Result<(), sqlx::Error> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        for statement in statements {
            bound(statement).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    /// All rows are fetched because the commit comes after the last one: whoever stops at the first row would never
    /// hear that the commit failed.
    async fn change_returning(&self, statement: Statement) -> Result<Vec<SqliteRow>, sqlx::Error> {
        bound(statement).fetch_all(&self.writer).await
    }

    async fn read(&self, statement: Statement) -> Result<Vec<SqliteRow>, sqlx::Error> {
        bound(statement).fetch_all(&self.readers).await
    }
}

fn bound(statement: Statement) -> sqlx::query::Query<'static, sqlx::Sqlite, SqliteArguments> {
    statement.values.into_iter().fold(query(statement.sql), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Integer(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

impl Columns for SqliteRow {
    fn text(&self, column: &str) -> Result<Option<String>, sqlx::Error> {
        self.try_get(column)
    }

    fn integer(&self, column: &str) -> Result<Option<i64>, sqlx::Error> {
        self.try_get(column)
    }

    fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, sqlx::Error> {
        self.try_get(column)
    }
}
