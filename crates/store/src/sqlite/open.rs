//! Opening a database file: permissions first, then connections, then the schema.

use std::path::{Path, PathBuf};
use std::time::Duration;

use access::ports::StoreError;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{File, Sqlite, file, schema};
use crate::database::Database;

/// How long a statement waits for another process that is writing.
const BUSY: Duration = Duration::from_secs(5);
/// How long a statement waits for a connection; longer than [`BUSY`], so the cause is what gets reported.
const QUEUE: Duration = Duration::from_secs(10);
const READERS: u32 = 4;

/// The database file cannot be used. The message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file system refused.
    #[error("cannot use the database file {}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something else has the name.
    #[error("{} is not a file: name a database file", .0.display())]
    NotAFile(PathBuf),
    /// Others than the owner can open the file, which holds password hashes.
    #[error("{path} can be opened by others (mode {mode:04o}): run `chmod 600 {path}`", path = path.display())]
    Shared {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A later version of the program has changed the schema.
    #[error(
        "{} was written by a newer version (schema {found}, this one knows {known}): run that version",
        path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Newest migration that was applied to it.
        found: i64,
        /// Newest migration that this program has.
        known: i64,
    },
    /// The schema is not the one that this program would have made.
    #[error("the schema of {} is not this program's: {why}", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What differs.
        why: String,
    },
    /// SQLite cannot read or write the file.
    #[error("cannot open the database {}: {source}", path.display())]
    Database {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl Sqlite {
    /// Opens the database at `path`, creating it for the owner alone (mode 0600) and bringing its schema up to date.
    ///
    /// Refuses a file that its group or others can open, and one that a newer version has written.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        file::prepare(path)?;
        let writer =
            writer(path).await.map_err(|source| OpenError::Database { path: path.to_owned(), source })?;
        schema::migrate(path, &writer).await?;
        Ok(Database { engine: File { writer, readers: readers(path) } })
    }
}

/// The one connection that writes: SQLite allows no second writer, so others of this process wait here in order.
async fn writer(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    let options = connection(path)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "ON");
    pool(1).connect_with(options).await
}

fn readers(path: &Path) -> SqlitePool {
    pool(READERS).connect_lazy_with(connection(path).read_only(true))
}

/// `trusted_schema=OFF`: a schema that someone tampered with cannot call functions with side effects.
fn connection(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(BUSY).pragma("trusted_schema", "OFF")
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(QUEUE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}
