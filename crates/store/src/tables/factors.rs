//! Second factors that were passed, and failed attempts.

use std::net::IpAddr;

use access::model::{Attempts, PersonId, RememberedFactor};
use access::ports::StoreError;

use super::people;
use crate::database::{Database, Engine};
use crate::fault::{refused, unavailable};
use crate::row::{Columns, Fields, bigint};
use crate::statement::query;

pub(crate) async fn remembered(
    db: &Database<impl Engine>,
    person: &PersonId,
    first: &str,
    source: IpAddr,
) -> Result<Option<RememberedFactor>, StoreError> {
    let select =
        query("SELECT * FROM remembered_factors WHERE person = $1 AND first_factor = $2 AND source = $3");
    db.one(select.bind(&person.0).bind(first).bind(source.to_string()), parse).await
}

pub(crate) async fn remember(
    db: &Database<impl Engine>,
    factor: &RememberedFactor,
) -> Result<(), StoreError> {
    let upsert = query(
        "INSERT INTO remembered_factors (person, first_factor, source, passed) VALUES ($1, $2, $3, $4)
         ON CONFLICT (person, first_factor, source) DO UPDATE SET passed = excluded.passed",
    )
    .bind(&factor.person.0)
    .bind(&factor.first)
    .bind(factor.source.to_string())
    .bind(factor.passed.0);
    let parent = || people::name(&factor.person);
    let put = db.change(upsert).await;
    put.map(drop).map_err(|error| refused(error, format!("factor of {}", parent()), parent()))
}

pub(crate) async fn forget(db: &Database<impl Engine>, person: &PersonId) -> Result<(), StoreError> {
    let delete = query("DELETE FROM remembered_factors WHERE person = $1").bind(&person.0);
    db.change(delete).await.map(drop).map_err(unavailable)
}

pub(crate) async fn attempts(db: &Database<impl Engine>, key: &str) -> Result<Attempts, StoreError> {
    let select = query("SELECT * FROM attempts WHERE subject = $1").bind(key);
    Ok(db.one(select, parse_attempts).await?.unwrap_or_default())
}

/// Counts in one statement. A failure that is reported late never moves the time of the last one back.
pub(crate) async fn count_failure(
    db: &Database<impl Engine>,
    key: &str,
    at: u64,
) -> Result<Attempts, StoreError> {
    let upsert = query(
        "INSERT INTO attempts (subject, failures, last_failure) VALUES ($1, 1, $2)
         ON CONFLICT (subject) DO UPDATE SET
             failures = attempts.failures + 1,
             last_failure = CASE WHEN excluded.last_failure > attempts.last_failure
                                 THEN excluded.last_failure ELSE attempts.last_failure END
         RETURNING *",
    )
    .bind(key)
    .bind(bigint("attempts", "last_failure", at)?);
    let counted = db.change_returning(upsert, parse_attempts).await?;
    counted.ok_or_else(|| StoreError::Unavailable("counting a failure returned no row".into()))
}

pub(crate) async fn clear_failures(db: &Database<impl Engine>, key: &str) -> Result<(), StoreError> {
    let delete = query("DELETE FROM attempts WHERE subject = $1").bind(key);
    db.change(delete).await.map(drop).map_err(unavailable)
}

fn parse(row: &dyn Columns) -> Result<RememberedFactor, StoreError> {
    let fields = Fields::of("remembered_factors", &["person", "first_factor", "source"], row);
    Ok(RememberedFactor {
        person: fields.person("person")?,
        first: fields.value("first_factor")?,
        source: fields.word("source", |text| text.parse().ok())?,
        passed: fields.time("passed")?,
    })
}

fn parse_attempts(row: &dyn Columns) -> Result<Attempts, StoreError> {
    let fields = Fields::of("attempts", &["subject"], row);
    Ok(Attempts { failures: fields.number("failures")?, last: fields.number("last_failure")? })
}
