//! What the tables ask of a database, and what every database gives them.

use access::ports::StoreError;

use crate::fault;
use crate::row::Columns;
use crate::statement::Statement;

/// How a row becomes a record.
pub(crate) type Parse<T> = fn(&dyn Columns) -> Result<T, StoreError>;

/// One kind of database. Whatever returns `Ok` is durable; whatever returns an error has changed nothing, unless the
/// connection was lost while the database committed.
pub trait Engine: Send + Sync {
    /// What a query gives.
    type Row: Columns;

    /// Adds a decision if its request waits, so that none is there that a settlement at the same moment did not see.
    /// The values are request, person, answer, fingerprint, statement, signature, moment, age of the second factor.
    const DECIDE: &'static str;

    /// Runs one changing statement; returns the number of rows that it changed.
    fn change(&self, statement: Statement) -> impl Future<Output = Result<u64, sqlx::Error>> + Send;

    /// Runs several changing statements, all or none.
    fn change_all(&self, statements: Vec<Statement>) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Runs one changing statement with a `RETURNING` clause; returns the rows that it gives, once they are committed.
    fn change_returning(
        &self,
        statement: Statement,
    ) -> impl Future<Output = Result<Vec<Self::Row>, sqlx::Error>> + Send;

    /// Runs one query.
    fn read(&self, statement: Statement) -> impl Future<Output = Result<Vec<Self::Row>, sqlx::Error>> + Send;
}

/// The state of a bastion in a database. Several processes may have it open.
#[derive(Clone, Debug)]
pub struct Database<E> {
    pub(crate) engine: E,
}

impl<E: Engine> Database<E> {
    /// The same state, with everything that is run going through another engine.
    pub fn through<F: Engine>(self, wrap: impl FnOnce(E) -> F) -> Database<F> {
        Database { engine: wrap(self.engine) }
    }

    /// Runs one changing statement; returns the number of rows that it changed.
    pub(crate) async fn change(&self, statement: Statement) -> Result<u64, sqlx::Error> {
        self.engine.change(statement).await
    }

    /// Runs one statement that must change a row; `name` says what is missing if it did not.
    pub(crate) async fn change_existing(&self, name: String, statement: Statement) -> Result<(), StoreError> {
        match self.change(statement).await.map_err(fault::unavailable)? {
            0 => Err(StoreError::Missing(name)),
            _ => Ok(()),
        }
    }

    /// Runs one statement that compares and sets: whether it changed its row.
    pub(crate) async fn change_if(&self, statement: Statement) -> Result<bool, StoreError> {
        Ok(self.change(statement).await.map_err(fault::unavailable)? == 1)
    }

    /// Runs several changing statements, all or none.
    pub(crate) async fn change_all(&self, statements: Vec<Statement>) -> Result<(), sqlx::Error> {
        self.engine.change_all(statements).await
    }

    /// Runs one changing statement with a `RETURNING` clause and parses the row that it gives.
    pub(crate) async fn change_returning<T>(
        &self,
        statement: Statement,
        parse: Parse<T>,
    ) -> Result<Option<T>, StoreError> {
        let rows = self.engine.change_returning(statement).await.map_err(fault::unavailable)?;
        rows.first().map(|row| parse(row)).transpose()
    }

    /// The row that a query finds, if any.
    pub(crate) async fn one<T>(&self, query: Statement, parse: Parse<T>) -> Result<Option<T>, StoreError> {
        let rows = self.engine.read(query).await.map_err(fault::unavailable)?;
        rows.first().map(|row| parse(row)).transpose()
    }

    /// All rows that a query finds.
    pub(crate) async fn all<T>(&self, query: Statement, parse: Parse<T>) -> Result<Vec<T>, StoreError> {
        let rows = self.engine.read(query).await.map_err(fault::unavailable)?;
        rows.iter().map(|row| parse(row)).collect()
    }
}
