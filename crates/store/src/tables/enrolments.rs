//! One-time codes, as hashes: one to enrol a key, several to get back in. Each is taken away by its first use.

use access::model::{Enrolment, PersonId};
use access::ports::StoreError;

use super::people;
use crate::database::{Database, Engine};
use crate::fault::refused;
use crate::row::{Columns, Fields};
use crate::statement::{Statement, query};

pub(crate) async fn put(
    db: &Database<impl Engine>,
    person: &PersonId,
    code: Option<&Enrolment>,
) -> Result<(), StoreError> {
    let change = match code {
        Some(code) => upsert(person, code),
        None => query("DELETE FROM enrolments WHERE person = $1").bind(&person.0),
    };
    let who = || people::name(person);
    let put = db.change(change).await;
    put.map(drop).map_err(|error| refused(error, format!("code of {}", who()), who()))
}

fn upsert(person: &PersonId, code: &Enrolment) -> Statement {
    query(
        "INSERT INTO enrolments (person, hash, expires) VALUES ($1, $2, $3)
         ON CONFLICT (person) DO UPDATE SET hash = excluded.hash, expires = excluded.expires",
    )
    .bind(&person.0)
    .bind(&code.hash)
    .bind(code.expires.0)
}

pub(crate) async fn one(
    db: &Database<impl Engine>,
    person: &PersonId,
) -> Result<Option<Enrolment>, StoreError> {
    db.one(query("SELECT * FROM enrolments WHERE person = $1").bind(&person.0), parse).await
}

/// Compares and deletes in one statement: of two that present the code, one takes it.
pub(crate) async fn take(db: &Database<impl Engine>, code: &Enrolment) -> Result<bool, StoreError> {
    let delete = query("DELETE FROM enrolments WHERE person = $1 AND hash = $2 AND expires = $3");
    db.change_if(delete.bind(&code.person.0).bind(&code.hash).bind(code.expires.0)).await
}

/// Old codes go and new ones come together.
pub(crate) async fn put_recovery(
    db: &Database<impl Engine>,
    person: &PersonId,
    hashes: &[String],
) -> Result<(), StoreError> {
    let delete = query("DELETE FROM recovery_codes WHERE person = $1").bind(&person.0);
    let insert = |hash: &String| {
        query("INSERT INTO recovery_codes (person, hash) VALUES ($1, $2)").bind(&person.0).bind(hash)
    };
    let who = || people::name(person);
    let put = db.change_all(std::iter::once(delete).chain(hashes.iter().map(insert)).collect()).await;
    put.map_err(|error| refused(error, format!("the same recovery code of {}", who()), who()))
}

pub(crate) async fn recovery(
    db: &Database<impl Engine>,
    person: &PersonId,
) -> Result<Vec<String>, StoreError> {
    db.all(query("SELECT * FROM recovery_codes WHERE person = $1").bind(&person.0), parse_recovery).await
}

/// Deletes in one statement: of two that present the code, one takes it.
pub(crate) async fn take_recovery(
    db: &Database<impl Engine>,
    person: &PersonId,
    hash: &str,
) -> Result<bool, StoreError> {
    let delete = query("DELETE FROM recovery_codes WHERE person = $1 AND hash = $2");
    db.change_if(delete.bind(&person.0).bind(hash)).await
}

fn parse(row: &dyn Columns) -> Result<Enrolment, StoreError> {
    let fields = Fields::of("enrolments", &["person"], row);
    Ok(Enrolment {
        person: fields.person("person")?,
        hash: fields.value("hash")?,
        expires: fields.time("expires")?,
    })
}

fn parse_recovery(row: &dyn Columns) -> Result<String, StoreError> {
    Fields::of("recovery_codes", &["person"], row).value("hash")
}
