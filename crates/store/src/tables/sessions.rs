//! Sessions, as lists show them; their recordings are elsewhere.

use access::model::{Outcome, SessionRow, Timestamp};
use access::ports::StoreError;
use access::recording::SessionId;

use super::people;
use crate::database::{Database, Engine};
use crate::fault::{refused, unavailable};
use crate::row::{Columns, Fields};
use crate::statement::query;

pub(crate) async fn add(db: &Database<impl Engine>, session: &SessionRow) -> Result<(), StoreError> {
    let (closed, outcome) = session.closed.unzip();
    let insert = query(
        "INSERT INTO sessions
             (id, person, person_name, target, account, way, source, salt, opened, closed, outcome)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(session.id.to_string())
    .bind(&session.person.0)
    .bind(&session.person_name)
    .bind(&session.target)
    .bind(&session.account)
    .bind(&session.way)
    .bind(session.source.to_string())
    .bind(&session.salt[..])
    .bind(session.opened.0)
    .bind(closed.map(|at| at.0))
    .bind(outcome.map(Outcome::as_str));
    let added = db.change(insert).await;
    added.map(drop).map_err(|error| refused(error, name(&session.id), people::name(&session.person)))
}

/// The first end counts. Sessions are never deleted, so looking afterwards whether there is one cannot race.
pub(crate) async fn close(
    db: &Database<impl Engine>,
    id: &SessionId,
    at: Timestamp,
    outcome: Outcome,
) -> Result<(), StoreError> {
    let update = query("UPDATE sessions SET closed = $2, outcome = $3 WHERE id = $1 AND closed IS NULL")
        .bind(id.to_string())
        .bind(at.0)
        .bind(outcome.as_str());
    match db.change(update).await.map_err(unavailable)? {
        0 => one(db, id).await?.map(drop).ok_or_else(|| StoreError::Missing(name(id))),
        _ => Ok(()),
    }
}

pub(crate) async fn one(
    db: &Database<impl Engine>,
    id: &SessionId,
) -> Result<Option<SessionRow>, StoreError> {
    db.one(query("SELECT * FROM sessions WHERE id = $1").bind(id.to_string()), parse).await
}

pub(crate) async fn newest(db: &Database<impl Engine>, limit: u32) -> Result<Vec<SessionRow>, StoreError> {
    let select = query("SELECT * FROM sessions ORDER BY opened DESC, id DESC LIMIT $1");
    db.all(select.bind(i64::from(limit)), parse).await
}

pub(crate) async fn open(db: &Database<impl Engine>) -> Result<Vec<SessionRow>, StoreError> {
    db.all(query("SELECT * FROM sessions WHERE closed IS NULL ORDER BY opened, id"), parse).await
}

/// How errors speak of a session.
pub(crate) fn name(id: &SessionId) -> String {
    format!("session {id}")
}

fn parse(row: &dyn Columns) -> Result<SessionRow, StoreError> {
    let fields = Fields::of("sessions", &["id"], row);
    Ok(SessionRow {
        id: fields.session("id")?,
        person: fields.person("person")?,
        person_name: fields.value("person_name")?,
        target: fields.value("target")?,
        account: fields.value("account")?,
        way: fields.value("way")?,
        source: fields.word("source", |text| text.parse().ok())?,
        salt: fields.salt("salt")?,
        opened: fields.time("opened")?,
        closed: parse_end(&fields)?,
    })
}

/// Time and outcome come together or not at all.
fn parse_end(fields: &Fields<'_>) -> Result<Option<(Timestamp, Outcome)>, StoreError> {
    let open = fields.optional::<i64>("closed")?.is_none() && fields.optional::<String>("outcome")?.is_none();
    if open {
        return Ok(None);
    }
    Ok(Some((fields.time("closed")?, fields.word("outcome", Outcome::parse)?)))
}
