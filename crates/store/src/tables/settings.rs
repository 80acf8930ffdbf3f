//! Settings that administrators change, as the ledger vouches for them.

use std::collections::BTreeMap;

use access::ports::StoreError;

use crate::database::{Database, Engine};
use crate::fault::unavailable;
use crate::row::{Columns, Fields};
use crate::statement::query;

pub(crate) async fn one(db: &Database<impl Engine>, name: &str) -> Result<Option<String>, StoreError> {
    let select = query("SELECT * FROM settings WHERE name = $1").bind(name);
    Ok(db.one(select, parse).await?.map(|(_, value)| value))
}

pub(crate) async fn all(db: &Database<impl Engine>) -> Result<BTreeMap<String, String>, StoreError> {
    Ok(db.all(query("SELECT * FROM settings"), parse).await?.into_iter().collect())
}

pub(crate) async fn put(
    db: &Database<impl Engine>,
    name: &str,
    value: Option<&str>,
) -> Result<(), StoreError> {
    let change = match value {
        Some(value) => query(
            "INSERT INTO settings (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value),
        None => query("DELETE FROM settings WHERE name = $1").bind(name),
    };
    db.change(change).await.map(drop).map_err(unavailable)
}

fn parse(row: &dyn Columns) -> Result<(String, String), StoreError> {
    let fields = Fields::of("settings", &["name"], row);
    Ok((fields.value("name")?, fields.value("value")?))
}
