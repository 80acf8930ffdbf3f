//! People and the keys that the ledger knows as theirs.

use std::collections::BTreeSet;

use access::model::{Person, PersonId, PersonKey};
use access::ports::StoreError;
use sqlx::query;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
use super::fault::{refused, unavailable};
use super::row::{Fields, bigint, json_list};

pub(super) async fn add(db: &Sqlite, person: &Person) -> Result<(), StoreError> {
    let step = person.totp_last_step.map(|step| bigint("people", "totp_last_step", step)).transpose()?;
    let insert = query(
        "INSERT INTO people (id, name, groups, suspended, password, totp, totp_last_step, salt)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&person.id.0)
    .bind(&person.name)
    .bind(json_list(&person.groups))
    .bind(person.suspended)
    .bind(&person.password)
    .bind(&person.totp)
    .bind(step)
    .bind(&person.salt[..]);
    let added = db.change(insert).await;
    added.map(drop).map_err(|error| refused(error, format!("person {}", person.name), name(&person.id)))
}

pub(super) async fn by_name(db: &Sqlite, name: &str) -> Result<Option<Person>, StoreError> {
    db.one(query("SELECT * FROM people WHERE name = $1").bind(name), parse).await
}

pub(super) async fn by_id(db: &Sqlite, id: &PersonId) -> Result<Option<Person>, StoreError> {
    db.one(query("SELECT * FROM people WHERE id = $1").bind(&id.0), parse).await
}

pub(super) async fn all(db: &Sqlite) -> Result<Vec<Person>, StoreError> {
    db.all(query("SELECT * FROM people ORDER BY name"), parse).await
}

pub(super) async fn set_groups(
    db: &Sqlite,
    id: &PersonId,
    groups: &BTreeSet<String>,
) -> Result<(), StoreError> {
    let update = query("UPDATE people SET groups = $2 WHERE id = $1").bind(&id.0).bind(json_list(groups));
    db.change_existing(name(id), update).await
}

pub(super) async fn set_suspended(db: &Sqlite, id: &PersonId, suspended: bool) -> Result<(), StoreError> {
    let update = query("UPDATE people SET suspended = $2 WHERE id = $1").bind(&id.0).bind(suspended);
    db.change_existing(name(id), update).await
}

pub(super) async fn set_password(db: &Sqlite, id: &PersonId, hash: Option<&str>) -> Result<(), StoreError> {
    let update = query("UPDATE people SET password = $2 WHERE id = $1").bind(&id.0).bind(hash);
    db.change_existing(name(id), update).await
}

pub(super) async fn set_totp(db: &Sqlite, id: &PersonId, sealed: Option<&[u8]>) -> Result<(), StoreError> {
    let update = query("UPDATE people SET totp = $2, totp_last_step = NULL WHERE id = $1");
    db.change_existing(name(id), update.bind(&id.0).bind(sealed)).await
}

/// Compares and sets in one statement: of two that present the same code, one changes a row.
pub(super) async fn use_totp_step(db: &Sqlite, id: &PersonId, step: u64) -> Result<bool, StoreError> {
    let update = query(
        "UPDATE people SET totp_last_step = $2
         WHERE id = $1 AND totp IS NOT NULL AND (totp_last_step IS NULL OR totp_last_step < $2)",
    )
    .bind(&id.0)
    .bind(bigint("people", "totp_last_step", step)?);
    Ok(db.change(update).await.map_err(unavailable)? == 1)
}

pub(super) async fn add_key(db: &Sqlite, key: &PersonKey) -> Result<(), StoreError> {
    let insert =
        query("INSERT INTO person_keys (fingerprint, person, line, enrolled_at) VALUES ($1, $2, $3, $4)")
            .bind(&key.fingerprint)
            .bind(&key.person.0)
            .bind(&key.line)
            .bind(bigint("person_keys", "enrolled_at", key.enrolled_at)?);
    let added = db.change(insert).await;
    added.map(drop).map_err(|error| refused(error, format!("key {}", key.fingerprint), name(&key.person)))
}

pub(super) async fn remove_key(db: &Sqlite, id: &PersonId, fingerprint: &str) -> Result<(), StoreError> {
    let delete = query("DELETE FROM person_keys WHERE person = $1 AND fingerprint = $2");
    let missing = format!("key {fingerprint} of {}", name(id));
    db.change_existing(missing, delete.bind(&id.0).bind(fingerprint)).await
}

pub(super) async fn keys(db: &Sqlite, id: &PersonId) -> Result<Vec<PersonKey>, StoreError> {
    let select = query("SELECT * FROM person_keys WHERE person = $1 ORDER BY enrolled_at, fingerprint");
    db.all(select.bind(&id.0), parse_key).await
}

pub(super) async fn key(db: &Sqlite, fingerprint: &str) -> Result<Option<PersonKey>, StoreError> {
    db.one(query("SELECT * FROM person_keys WHERE fingerprint = $1").bind(fingerprint), parse_key).await
}

/// How errors speak of a person.
pub(super) fn name(id: &PersonId) -> String {
    format!("person {}", id.0)
}

fn parse(row: &SqliteRow) -> Result<Person, StoreError> {
    let fields = Fields::of("people", &["id"], row);
    Ok(Person {
        id: fields.person("id")?,
        name: fields.value("name")?,
        groups: fields.list("groups")?,
        team: None,
        expires: None,
        suspended: fields.flag("suspended")?,
        password: fields.optional("password")?,
        totp: fields.optional("totp")?,
        totp_last_step: fields.optional_number("totp_last_step")?,
        salt: fields.salt("salt")?,
    })
}

fn parse_key(row: &SqliteRow) -> Result<PersonKey, StoreError> {
    let fields = Fields::of("person_keys", &["fingerprint"], row);
    Ok(PersonKey {
        person: fields.person("person")?,
        fingerprint: fields.value("fingerprint")?,
        line: fields.value("line")?,
        enrolled_at: fields.number("enrolled_at")?,
        device: None,
        expires: None,
        last_used: None,
    })
}
