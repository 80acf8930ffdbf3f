//! The answers to requests: one a person, and none that comes after the request is settled.

use access::model::{Answer, Decision, RequestId};
use access::ports::StoreError;

use super::{people, requests};
use crate::database::{Database, Engine};
use crate::fault::refused;
use crate::row::{Columns, Fields};
use crate::statement::query;

pub(crate) async fn add<E: Engine>(db: &Database<E>, decision: &Decision) -> Result<(), StoreError> {
    let insert = query(E::DECIDE)
        .bind(decision.request.0)
        .bind(&decision.person.0)
        .bind(decision.answer.as_str())
        .bind(&decision.fingerprint)
        .bind(&decision.statement)
        .bind(&decision.signature)
        .bind(decision.at.0)
        .bind(decision.mfa_age_seconds.and_then(|age| i64::try_from(age).ok()));
    let (person, request) = (people::name(&decision.person), requests::name(decision.request));
    let again = format!("a decision of {person} on {request}");
    match db.change(insert).await.map_err(|error| refused(error, again, person))? {
        0 => Err(StoreError::Missing(format!("a waiting {request}"))),
        _ => Ok(()),
    }
}

pub(crate) async fn on(db: &Database<impl Engine>, id: RequestId) -> Result<Vec<Decision>, StoreError> {
    let select = query("SELECT * FROM decisions WHERE request = $1 ORDER BY arrival");
    db.all(select.bind(id.0), parse).await
}

fn parse(row: &dyn Columns) -> Result<Decision, StoreError> {
    let fields = Fields::of("decisions", &["request", "arrival"], row);
    Ok(Decision {
        request: RequestId(fields.value("request")?),
        person: fields.person("person")?,
        answer: fields.word("answer", Answer::parse)?,
        fingerprint: fields.value("fingerprint")?,
        statement: fields.value("statement")?,
        signature: fields.value("signature")?,
        at: fields.time("decided")?,
        mfa_age_seconds: fields.optional_number("mfa_age")?,
    })
}
