//! What a failed statement means: a constraint that refused the row, or a database that cannot be used.

use access::ports::StoreError;
use sqlx::error::ErrorKind;

/// The database failed. The messages of both databases name tables and columns; the values are in PostgreSQL's
/// details, which are not part of this text.
pub(crate) fn unavailable(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// An insertion failed: `row` is there already, or `parent`, to which it refers, is not.
pub(crate) fn refused(error: sqlx::Error, row: String, parent: String) -> StoreError {
    match error.as_database_error().map(|fault| fault.kind()) {
        Some(ErrorKind::UniqueViolation) => StoreError::Exists(row),
        Some(ErrorKind::ForeignKeyViolation) => StoreError::Missing(parent),
        _ => unavailable(error),
    }
}
