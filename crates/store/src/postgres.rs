//! A PostgreSQL server, or one that speaks its protocol: several nodes share it.
//!
//! Each single statement is right at whatever isolation the server gives: it compares and sets one row, inserts under
//! a constraint, or locks what it depends on. What takes several statements is one serializable transaction. Whoever
//! meets another one in the middle is told to by the server and starts again.

mod nul;
mod open;
mod schema;

use std::time::Duration;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{PgPool, Row, query};

use crate::database::{Database, Engine};
use crate::row::Columns;
use crate::statement::{Statement, Value};

pub use open::OpenError;

/// How long an operation may take, with all its repetitions, before the database counts as not answering.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest pause before a repetition.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Serialization failure and deadlock: the server undid the whole transaction, and running it again may do.
const REPEATABLE: [&str; 2] = ["40001", "40P01"];

/// The state of one or more nodes in a PostgreSQL database.
pub type Postgres = Database<Server>;

/// The server, as the tables use it.
#[derive(Clone, Debug)]
pub struct Server {
    pool: PgPool,
}

impl Postgres {
    /// Finishes what is under way and closes the connections.
    pub async fn close(&self) {
        self.engine.pool.close().await;
    }
}

impl Engine for Server {
    type Row = PgRow;

    /// The lock on the request makes answers and settlement take turns; who had to wait looks at the state again. The
    /// number of arrival is taken under the lock.
    const DECIDE: &'static str =
        "INSERT INTO decisions (request, person, answer, fingerprint, statement, signature, decided, mfa_age)
         SELECT id, $2, $3, $4, $5, $6, $7, $8
         FROM requests WHERE id = $1 AND state = 'waiting' FOR UPDATE";

    async fn change(&self, statement: Statement) -> Result<u64, sqlx::Error> {
        let (pool, statement) = (&self.pool, &statement);
        let done = patiently(|| async move { bound(statement).execute(pool).await });
        Ok(done.await?.rows_affected())
    }

    async fn change_all(&self, statements: Vec<Statement>) -> Result<(), sqlx::Error> {
        let statements = &statements;
        patiently(|| async move { self.transact(statements).await }).await
    }

    async fn change_returning(&self, statement: Statement) -> Result<Vec<PgRow>, sqlx::Error> {
        self.fetch(&statement).await
    }

    async fn read(&self, statement: Statement) -> Result<Vec<PgRow>, sqlx::Error> {
        self.fetch(&statement).await
    }
}

impl Server {
    /// All rows are fetched because the commit comes after the last one: whoever stops at the first row would never
    /// hear that the commit failed.
    async fn fetch(&self, statement: &Statement) -> Result<Vec<PgRow>, sqlx::Error> {
        let pool = &self.pool;
        patiently(|| async move { bound(statement).fetch_all(pool).await }).await
    }

    /// Commit point: the server has answered `COMMIT`.
    async fn transact(&self, statements: &[Statement]) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await?;
        for statement in statements {
            bound(statement).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }
}

/// Runs `attempt` until it meets no other transaction, or patience is at its end.
///
/// A connection that was lost is no reason to repeat: the server may have committed.
async fn patiently<T, A>(attempt: impl Fn() -> A) -> Result<T, sqlx::Error>
where
    A: Future<Output = Result<T, sqlx::Error>>,
{
    let repeated = async {
        let mut pause = Duration::from_millis(1);
        loop {
            match attempt().await {
                Err(error) if is_repeatable(&error) => tokio::time::sleep(pause).await,
                done => return done,
            }
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    };
    tokio::time::timeout(PATIENCE, repeated).await.unwrap_or_else(|_| Err(too_slow()))
}

fn is_repeatable(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|fault| fault.code());
    code.is_some_and(|code| REPEATABLE.contains(&&*code))
}

fn too_slow() -> sqlx::Error {
    std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer within 10 seconds").into()
}

fn bound(statement: &Statement) -> sqlx::query::Query<'static, sqlx::Postgres, PgArguments> {
    statement.values.iter().cloned().fold(query(statement.sql), |query, value| match value {
        Value::Text(text) => query.bind(text.map(nul::hidden)),
        Value::Integer(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

impl Columns for PgRow {
    fn text(&self, column: &str) -> Result<Option<String>, sqlx::Error> {
        let text: Option<String> = self.try_get(column)?;
        text.map(nul::shown).transpose()
    }

    fn integer(&self, column: &str) -> Result<Option<i64>, sqlx::Error> {
        self.try_get(column)
    }

    fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, sqlx::Error> {
        self.try_get(column)
    }
}
