//! Contents that the ledger vouches for, by digest.

use access::model::Record;
use access::ports::StoreError;

use crate::database::{Database, Engine};
use crate::fault::unavailable;
use crate::row::{Columns, Fields};
use crate::statement::query;

/// The first content of a digest stays: a digest has one content, and whoever says otherwise is not believed.
pub(crate) async fn keep(db: &Database<impl Engine>, record: &Record) -> Result<(), StoreError> {
    let insert = query(
        "INSERT INTO records (kind, id, digest, content) VALUES ($1, $2, $3, $4)
         ON CONFLICT (kind, id, digest) DO NOTHING",
    )
    .bind(&record.kind)
    .bind(&record.id)
    .bind(&record.digest)
    .bind(&record.content);
    db.change(insert).await.map(drop).map_err(unavailable)
}

pub(crate) async fn one(
    db: &Database<impl Engine>,
    kind: &str,
    id: &str,
    digest: &str,
) -> Result<Option<Record>, StoreError> {
    let select = query("SELECT * FROM records WHERE kind = $1 AND id = $2 AND digest = $3");
    db.one(select.bind(kind).bind(id).bind(digest), parse).await
}

fn parse(row: &dyn Columns) -> Result<Record, StoreError> {
    let fields = Fields::of("records", &["kind", "id", "digest"], row);
    Ok(Record {
        kind: fields.value("kind")?,
        id: fields.value("id")?,
        digest: fields.value("digest")?,
        content: fields.value("content")?,
    })
}
