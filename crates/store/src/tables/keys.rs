//! The keys that the ledger knows as people's.

use access::model::{Device, PersonId, PersonKey, Timestamp};
use access::ports::StoreError;

use super::people;
use crate::database::{Database, Engine};
use crate::fault::{refused, unavailable};
use crate::row::{Columns, Fields, bigint};
use crate::statement::{Statement, query};

pub(crate) async fn add(db: &Database<impl Engine>, key: &PersonKey) -> Result<(), StoreError> {
    let insert = query(
        "INSERT INTO person_keys (fingerprint, person, line, enrolled_at, device, expires, last_used)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let added = db.change(bind(insert, key)?).await;
    added.map(drop).map_err(|error| refused(error, name(key), people::name(&key.person)))
}

/// Another person's key is not replaced; a use that was noted is not forgotten.
pub(crate) async fn put(db: &Database<impl Engine>, key: &PersonKey) -> Result<(), StoreError> {
    let upsert = query(
        "INSERT INTO person_keys (fingerprint, person, line, enrolled_at, device, expires, last_used)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (fingerprint) DO UPDATE SET
             line = excluded.line, enrolled_at = excluded.enrolled_at, device = excluded.device,
             expires = excluded.expires, last_used = COALESCE(excluded.last_used, person_keys.last_used)
         WHERE person_keys.person = excluded.person",
    );
    let put = db.change(bind(upsert, key)?).await;
    match put.map_err(|error| refused(error, name(key), people::name(&key.person)))? {
        0 => Err(StoreError::Exists(name(key))),
        _ => Ok(()),
    }
}

fn bind(statement: Statement, key: &PersonKey) -> Result<Statement, StoreError> {
    Ok(statement
        .bind(&key.fingerprint)
        .bind(&key.person.0)
        .bind(&key.line)
        .bind(bigint("person_keys", "enrolled_at", key.enrolled_at)?)
        .bind(key.device.map(Device::as_str))
        .bind(key.expires.map(|at| at.0))
        .bind(key.last_used.map(|at| at.0)))
}

/// A use that is noted late never moves the last one back.
pub(crate) async fn touch(
    db: &Database<impl Engine>,
    fingerprint: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let update = query(
        "UPDATE person_keys SET last_used = $2
         WHERE fingerprint = $1 AND (last_used IS NULL OR last_used < $2)",
    );
    db.change(update.bind(fingerprint).bind(at.0)).await.map(drop).map_err(unavailable)
}

pub(crate) async fn remove(
    db: &Database<impl Engine>,
    id: &PersonId,
    fingerprint: &str,
) -> Result<(), StoreError> {
    let delete = query("DELETE FROM person_keys WHERE person = $1 AND fingerprint = $2");
    let missing = format!("key {fingerprint} of {}", people::name(id));
    db.change_existing(missing, delete.bind(&id.0).bind(fingerprint)).await
}

pub(crate) async fn of_person(
    db: &Database<impl Engine>,
    id: &PersonId,
) -> Result<Vec<PersonKey>, StoreError> {
    let select = query("SELECT * FROM person_keys WHERE person = $1 ORDER BY enrolled_at, fingerprint");
    db.all(select.bind(&id.0), parse).await
}

pub(crate) async fn one(
    db: &Database<impl Engine>,
    fingerprint: &str,
) -> Result<Option<PersonKey>, StoreError> {
    db.one(query("SELECT * FROM person_keys WHERE fingerprint = $1").bind(fingerprint), parse).await
}

pub(crate) async fn all(db: &Database<impl Engine>) -> Result<Vec<PersonKey>, StoreError> {
    db.all(query("SELECT * FROM person_keys ORDER BY enrolled_at, fingerprint"), parse).await
}

fn name(key: &PersonKey) -> String {
    format!("key {}", key.fingerprint)
}

fn parse(row: &dyn Columns) -> Result<PersonKey, StoreError> {
    let fields = Fields::of("person_keys", &["fingerprint"], row);
    Ok(PersonKey {
        person: fields.person("person")?,
        fingerprint: fields.value("fingerprint")?,
        line: fields.value("line")?,
        enrolled_at: fields.number("enrolled_at")?,
        device: fields.optional_word("device", Device::parse)?,
        expires: fields.optional_time("expires")?,
        last_used: fields.optional_time("last_used")?,
    })
}
