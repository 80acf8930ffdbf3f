//! Short passwords for database clients, as digests.

use access::model::{Ticket, Timestamp};
use access::ports::StoreError;

use super::people;
use crate::database::{Database, Engine};
use crate::fault::{refused, unavailable};
use crate::row::{Columns, Fields};
use crate::statement::query;

pub(crate) async fn add(db: &Database<impl Engine>, ticket: &Ticket) -> Result<(), StoreError> {
    let insert = query(
        "INSERT INTO tickets (id, digest, person, credential, passed, source, target, account, expires, uses)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(&ticket.id)
    .bind(&ticket.digest)
    .bind(&ticket.person.0)
    .bind(&ticket.credential)
    .bind(ticket.passed.0)
    .bind(ticket.source.to_string())
    .bind(&ticket.target)
    .bind(&ticket.account)
    .bind(ticket.expires.0)
    .bind(i64::from(ticket.uses));
    let added = db.change(insert).await;
    let (row, parent) = (format!("ticket {}", ticket.id), people::name(&ticket.person));
    added.map(drop).map_err(|error| refused(error, row, parent))
}

pub(crate) async fn one(db: &Database<impl Engine>, id: &str) -> Result<Option<Ticket>, StoreError> {
    db.one(query("SELECT * FROM tickets WHERE id = $1").bind(id), parse).await
}

/// Counts down in one statement: of two that present the last use, one has it.
pub(crate) async fn take(db: &Database<impl Engine>, id: &str) -> Result<bool, StoreError> {
    db.change_if(query("UPDATE tickets SET uses = uses - 1 WHERE id = $1 AND uses > 0").bind(id)).await
}

pub(crate) async fn lapsed(db: &Database<impl Engine>, now: Timestamp) -> Result<Vec<Ticket>, StoreError> {
    db.all(query("SELECT * FROM tickets WHERE expires <= $1").bind(now.0), parse).await
}

pub(crate) async fn remove(db: &Database<impl Engine>, id: &str) -> Result<(), StoreError> {
    let delete = query("DELETE FROM tickets WHERE id = $1").bind(id);
    db.change(delete).await.map(drop).map_err(unavailable)
}

fn parse(row: &dyn Columns) -> Result<Ticket, StoreError> {
    let fields = Fields::of("tickets", &["id"], row);
    Ok(Ticket {
        id: fields.value("id")?,
        digest: fields.value("digest")?,
        person: fields.person("person")?,
        credential: fields.value("credential")?,
        passed: fields.time("passed")?,
        source: fields.word("source", |text| text.parse().ok())?,
        target: fields.value("target")?,
        account: fields.value("account")?,
        expires: fields.time("expires")?,
        uses: fields.number("uses")?,
    })
}
