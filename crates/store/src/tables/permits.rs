//! Permits: one a request, ended once, and changed by compare-and-swap.

use access::model::{Permit, PermitId, PermitKind, PersonId, RequestId, Timestamp};
use access::ports::StoreError;

use super::{counters, people, requests};
use crate::database::{Database, Engine};
use crate::fault::refused;
use crate::row::{Columns, Fields};
use crate::statement::query;

pub(crate) async fn next_id(db: &Database<impl Engine>) -> Result<PermitId, StoreError> {
    counters::next(db, "permit").await.map(PermitId)
}

pub(crate) async fn add(db: &Database<impl Engine>, permit: &Permit) -> Result<(), StoreError> {
    let (ended, reason) = permit.ended.as_ref().map(|(at, why)| (at.0, why.as_str())).unzip();
    let insert = query(
        "INSERT INTO permits
             (id, kind, request, holder, terms, valid_from, valid_until, ended, reason, reviewed, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(permit.id.0)
    .bind(permit.kind.as_str())
    .bind(permit.request.map(|request| request.0))
    .bind(&permit.holder.0)
    .bind(&permit.terms)
    .bind(permit.from.0)
    .bind(permit.until.0)
    .bind(ended)
    .bind(reason)
    .bind(reviewer(permit))
    .bind(permit.version);
    let added = db.change(insert).await;
    added.map(drop).map_err(|error| refused(error, name(permit.id), parents(permit)))
}

pub(crate) async fn one(db: &Database<impl Engine>, id: PermitId) -> Result<Option<Permit>, StoreError> {
    db.one(query("SELECT * FROM permits WHERE id = $1").bind(id.0), parse).await
}

/// A look that is still owed keeps an emergency in this list after its time.
pub(crate) async fn live(db: &Database<impl Engine>, now: Timestamp) -> Result<Vec<Permit>, StoreError> {
    let select = query(
        "SELECT * FROM permits
         WHERE (ended IS NULL AND valid_until > $1) OR (kind = 'emergency' AND reviewed IS NULL)
         ORDER BY id",
    );
    db.all(select.bind(now.0), parse).await
}

pub(crate) async fn newest(db: &Database<impl Engine>, limit: u32) -> Result<Vec<Permit>, StoreError> {
    db.all(query("SELECT * FROM permits ORDER BY id DESC LIMIT $1").bind(i64::from(limit)), parse).await
}

/// Compares and sets in one statement. The first end counts, with its reason.
pub(crate) async fn set(db: &Database<impl Engine>, permit: &Permit) -> Result<bool, StoreError> {
    let (ended, reason) = permit.ended.as_ref().map(|(at, why)| (at.0, why.as_str())).unzip();
    let update = query(
        "UPDATE permits SET
             reason = CASE WHEN ended IS NULL THEN $4 ELSE reason END,
             ended = CASE WHEN ended IS NULL THEN $3 ELSE ended END,
             reviewed = $5,
             version = version + 1
         WHERE id = $1 AND version = $2",
    )
    .bind(permit.id.0)
    .bind(permit.version)
    .bind(ended)
    .bind(reason)
    .bind(reviewer(permit));
    let set = db.change(update).await;
    set.map(|changed| changed == 1).map_err(|error| refused(error, name(permit.id), parents(permit)))
}

fn reviewer(permit: &Permit) -> Option<&str> {
    permit.reviewed.as_ref().map(|person| person.0.as_str())
}

fn name(id: PermitId) -> String {
    format!("permit {id}")
}

fn parents(permit: &Permit) -> String {
    let people = [Some(&permit.holder), permit.reviewed.as_ref()].into_iter().flatten().map(people::name);
    people.chain(permit.request.map(requests::name)).collect::<Vec<_>>().join(" or ")
}

fn parse(row: &dyn Columns) -> Result<Permit, StoreError> {
    let fields = Fields::of("permits", &["id"], row);
    Ok(Permit {
        id: PermitId(fields.value("id")?),
        kind: fields.word("kind", PermitKind::parse)?,
        request: fields.optional("request")?.map(RequestId),
        holder: fields.person("holder")?,
        terms: fields.value("terms")?,
        from: fields.time("valid_from")?,
        until: fields.time("valid_until")?,
        ended: parse_end(&fields)?,
        reviewed: fields.optional("reviewed")?.map(PersonId),
        version: fields.value("version")?,
    })
}

/// Moment and reason come together or not at all.
fn parse_end(fields: &Fields<'_>) -> Result<Option<(Timestamp, String)>, StoreError> {
    let runs = fields.optional::<i64>("ended")?.is_none() && fields.optional::<String>("reason")?.is_none();
    if runs {
        return Ok(None);
    }
    Ok(Some((fields.time("ended")?, fields.value("reason")?)))
}
