//! Who accepted which version of the notice about recording.

use access::model::{PersonId, Timestamp};
use access::ports::StoreError;

use super::people;
use crate::database::{Database, Engine};
use crate::fault::refused;
use crate::row::{Columns, Fields};
use crate::statement::query;

/// The first acceptance of a version counts.
pub(crate) async fn add(
    db: &Database<impl Engine>,
    person: &PersonId,
    version: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let insert = query(
        "INSERT INTO consents (person, version, accepted) VALUES ($1, $2, $3)
         ON CONFLICT (person, version) DO NOTHING",
    )
    .bind(&person.0)
    .bind(version)
    .bind(at.0);
    let who = || people::name(person);
    let added = db.change(insert).await;
    added.map(drop).map_err(|error| refused(error, format!("consent of {}", who()), who()))
}

pub(crate) async fn one(
    db: &Database<impl Engine>,
    person: &PersonId,
    version: &str,
) -> Result<Option<Timestamp>, StoreError> {
    let select = query("SELECT * FROM consents WHERE person = $1 AND version = $2");
    db.one(select.bind(&person.0).bind(version), parse).await
}

fn parse(row: &dyn Columns) -> Result<Timestamp, StoreError> {
    Fields::of("consents", &["person", "version"], row).time("accepted")
}
