//! People.

use std::collections::BTreeSet;

use access::model::{Person, PersonId};
use access::ports::StoreError;

use crate::database::{Database, Engine};
use crate::fault::refused;
use crate::row::{Columns, Fields, bigint, json_list};
use crate::statement::query;

pub(crate) async fn add(db: &Database<impl Engine>, person: &Person) -> Result<(), StoreError> {
    let step = person.totp_last_step.map(|step| bigint("people", "totp_last_step", step)).transpose()?;
    let insert = query(
        "INSERT INTO people (id, name, groups, team, expires, suspended, password, totp, salt, totp_last_step)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(&person.id.0)
    .bind(&person.name)
    .bind(json_list(&person.groups))
    .bind(&person.team)
    .bind(person.expires.map(|at| at.0))
    .bind(person.suspended)
    .bind(&person.password)
    .bind(&person.totp)
    .bind(&person.salt[..])
    .bind(step);
    let added = db.change(insert).await;
    added.map(drop).map_err(|error| refused(error, login(person), name(&person.id)))
}

/// The last step stays, so that no code that was used works again.
pub(crate) async fn set(db: &Database<impl Engine>, person: &Person) -> Result<(), StoreError> {
    let update = query(
        "UPDATE people SET name = $2, groups = $3, team = $4, expires = $5, suspended = $6, password = $7,
             totp = $8, salt = $9
         WHERE id = $1",
    )
    .bind(&person.id.0)
    .bind(&person.name)
    .bind(json_list(&person.groups))
    .bind(&person.team)
    .bind(person.expires.map(|at| at.0))
    .bind(person.suspended)
    .bind(&person.password)
    .bind(&person.totp)
    .bind(&person.salt[..]);
    let set = db.change(update).await;
    match set.map_err(|error| refused(error, login(person), name(&person.id)))? {
        0 => Err(StoreError::Missing(name(&person.id))),
        _ => Ok(()),
    }
}

pub(crate) async fn by_name(db: &Database<impl Engine>, name: &str) -> Result<Option<Person>, StoreError> {
    db.one(query("SELECT * FROM people WHERE name = $1").bind(name), parse).await
}

pub(crate) async fn by_id(db: &Database<impl Engine>, id: &PersonId) -> Result<Option<Person>, StoreError> {
    db.one(query("SELECT * FROM people WHERE id = $1").bind(&id.0), parse).await
}

/// Sorted here: databases order text by rules of their own, and two nodes should not list people differently.
pub(crate) async fn all(db: &Database<impl Engine>) -> Result<Vec<Person>, StoreError> {
    let mut people = db.all(query("SELECT * FROM people"), parse).await?;
    people.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(people)
}

pub(crate) async fn set_groups(
    db: &Database<impl Engine>,
    id: &PersonId,
    groups: &BTreeSet<String>,
) -> Result<(), StoreError> {
    let update = query("UPDATE people SET groups = $2 WHERE id = $1").bind(&id.0).bind(json_list(groups));
    db.change_existing(name(id), update).await
}

pub(crate) async fn set_suspended(
    db: &Database<impl Engine>,
    id: &PersonId,
    suspended: bool,
) -> Result<(), StoreError> {
    let update = query("UPDATE people SET suspended = $2 WHERE id = $1").bind(&id.0).bind(suspended);
    db.change_existing(name(id), update).await
}

pub(crate) async fn set_password(
    db: &Database<impl Engine>,
    id: &PersonId,
    hash: Option<&str>,
) -> Result<(), StoreError> {
    let update = query("UPDATE people SET password = $2 WHERE id = $1").bind(&id.0).bind(hash);
    db.change_existing(name(id), update).await
}

pub(crate) async fn set_totp(
    db: &Database<impl Engine>,
    id: &PersonId,
    sealed: Option<&[u8]>,
) -> Result<(), StoreError> {
    let update = query("UPDATE people SET totp = $2, totp_last_step = NULL WHERE id = $1");
    db.change_existing(name(id), update.bind(&id.0).bind(sealed)).await
}

/// Compares and sets in one statement: of two that present the same code, one changes a row.
pub(crate) async fn use_totp_step(
    db: &Database<impl Engine>,
    id: &PersonId,
    step: u64,
) -> Result<bool, StoreError> {
    let update = query(
        "UPDATE people SET totp_last_step = $2
         WHERE id = $1 AND totp IS NOT NULL AND (totp_last_step IS NULL OR totp_last_step < $2)",
    )
    .bind(&id.0)
    .bind(bigint("people", "totp_last_step", step)?);
    db.change_if(update).await
}

/// How errors speak of a login name.
fn login(person: &Person) -> String {
    format!("person {}", person.name)
}

/// How errors speak of a person.
pub(crate) fn name(id: &PersonId) -> String {
    format!("person {}", id.0)
}

fn parse(row: &dyn Columns) -> Result<Person, StoreError> {
    let fields = Fields::of("people", &["id"], row);
    Ok(Person {
        id: fields.person("id")?,
        name: fields.value("name")?,
        groups: fields.list("groups")?,
        team: fields.optional("team")?,
        expires: fields.optional_time("expires")?,
        suspended: fields.flag("suspended")?,
        password: fields.optional("password")?,
        totp: fields.optional("totp")?,
        totp_last_step: fields.optional_number("totp_last_step")?,
        salt: fields.salt("salt")?,
    })
}
