//! Notices that wait for delivery: what is in here survives a restart and is tried again.

use access::model::{Notice, Timestamp};
use access::ports::StoreError;

use crate::database::{Database, Engine};
use crate::fault::unavailable;
use crate::row::{Columns, Fields};
use crate::statement::{Statement, query};

pub(crate) async fn post(db: &Database<impl Engine>, notices: &[Notice]) -> Result<(), StoreError> {
    db.change_all(notices.iter().map(insert).collect()).await.map_err(unavailable)
}

/// The database gives the number.
fn insert(notice: &Notice) -> Statement {
    query(
        "INSERT INTO outbox (receiver, event, body, created, due, attempts) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&notice.receiver)
    .bind(&notice.event)
    .bind(&notice.body)
    .bind(notice.created.0)
    .bind(notice.due.0)
    .bind(i64::from(notice.attempts))
}

pub(crate) async fn due(
    db: &Database<impl Engine>,
    receiver: &str,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Notice>, StoreError> {
    let select = query("SELECT * FROM outbox WHERE receiver = $1 AND due <= $2 ORDER BY id LIMIT $3");
    db.all(select.bind(receiver).bind(now.0).bind(i64::from(limit)), parse).await
}

pub(crate) async fn delivered(db: &Database<impl Engine>, id: i64) -> Result<(), StoreError> {
    let delete = query("DELETE FROM outbox WHERE id = $1").bind(id);
    db.change(delete).await.map(drop).map_err(unavailable)
}

/// Compares and sets in one statement: of two nodes that take a notice on, one has it.
pub(crate) async fn postpone(
    db: &Database<impl Engine>,
    id: i64,
    attempts: u32,
    due: Timestamp,
) -> Result<bool, StoreError> {
    let update = query("UPDATE outbox SET due = $3, attempts = attempts + 1 WHERE id = $1 AND attempts = $2");
    db.change_if(update.bind(id).bind(i64::from(attempts)).bind(due.0)).await
}

fn parse(row: &dyn Columns) -> Result<Notice, StoreError> {
    let fields = Fields::of("outbox", &["id"], row);
    Ok(Notice {
        id: fields.value("id")?,
        receiver: fields.value("receiver")?,
        event: fields.value("event")?,
        body: fields.value("body")?,
        created: fields.time("created")?,
        due: fields.time("due")?,
        attempts: fields.number("attempts")?,
    })
}
