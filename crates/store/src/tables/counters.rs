//! Numbers that only rise: of requests, of permits, and the one that makes every node look again.

use access::ports::StoreError;

use crate::database::{Database, Engine};
use crate::row::{Columns, Fields};
use crate::statement::query;

/// Takes the next number. Numbers outlive what they number, so none comes twice.
pub(crate) async fn next(db: &Database<impl Engine>, name: &str) -> Result<i64, StoreError> {
    let update = query("UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING *").bind(name);
    db.change_returning(update, parse).await?.ok_or_else(|| gone(name))
}

pub(crate) async fn value(db: &Database<impl Engine>, name: &str) -> Result<i64, StoreError> {
    let select = query("SELECT * FROM counters WHERE name = $1").bind(name);
    db.one(select, parse).await?.ok_or_else(|| gone(name))
}

fn gone(name: &str) -> StoreError {
    StoreError::Inconsistent { table: "counters", what: format!("name={name} is gone") }
}

fn parse(row: &dyn Columns) -> Result<i64, StoreError> {
    Fields::of("counters", &["name"], row).value("value")
}
