//! Client certificates, as digests.

use access::model::{Certificate, PersonId, Timestamp};
use access::ports::StoreError;

use super::people;
use crate::database::{Database, Engine};
use crate::fault::{refused, unavailable};
use crate::row::{Columns, Fields};
use crate::statement::query;

pub(crate) async fn add(db: &Database<impl Engine>, certificate: &Certificate) -> Result<(), StoreError> {
    let insert = query(
        "INSERT INTO certificates (id, person, credential, passed, source, expires)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&certificate.id)
    .bind(&certificate.person.0)
    .bind(&certificate.credential)
    .bind(certificate.passed.0)
    .bind(certificate.source.to_string())
    .bind(certificate.expires.0);
    let added = db.change(insert).await;
    let (row, parent) = (format!("certificate {}", certificate.id), people::name(&certificate.person));
    added.map(drop).map_err(|error| refused(error, row, parent))
}

pub(crate) async fn one(db: &Database<impl Engine>, id: &str) -> Result<Option<Certificate>, StoreError> {
    db.one(query("SELECT * FROM certificates WHERE id = $1").bind(id), parse).await
}

pub(crate) async fn of(
    db: &Database<impl Engine>,
    person: &PersonId,
) -> Result<Vec<Certificate>, StoreError> {
    let all = query("SELECT * FROM certificates WHERE person = $1 ORDER BY expires DESC, id");
    db.all(all.bind(&person.0), parse).await
}

pub(crate) async fn lapsed(
    db: &Database<impl Engine>,
    now: Timestamp,
) -> Result<Vec<Certificate>, StoreError> {
    let over = query(
        "SELECT certificates.* FROM certificates JOIN people ON people.id = certificates.person
         WHERE certificates.expires <= $1 OR people.suspended = 1 ORDER BY certificates.id",
    );
    db.all(over.bind(now.0), parse).await
}

pub(crate) async fn remove(db: &Database<impl Engine>, id: &str) -> Result<(), StoreError> {
    let delete = query("DELETE FROM certificates WHERE id = $1").bind(id);
    db.change(delete).await.map(drop).map_err(unavailable)
}

fn parse(row: &dyn Columns) -> Result<Certificate, StoreError> {
    let fields = Fields::of("certificates", &["id"], row);
    Ok(Certificate {
        id: fields.value("id")?,
        person: fields.person("person")?,
        credential: fields.value("credential")?,
        passed: fields.time("passed")?,
        source: fields.word("source", |text| text.parse().ok())?,
        expires: fields.time("expires")?,
    })
}
