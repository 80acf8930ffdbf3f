//! Requests, their compare-and-swap, and the decisions on them.

use access::model::{Answer, Decision, Request, RequestId, RequestKind, RequestState};
use access::ports::StoreError;
use sqlx::query;
use sqlx::sqlite::SqliteRow;

use super::fault::{refused, unavailable};
use super::row::{Fields, json_list};
use super::{Sqlite, people, sessions};

pub(super) async fn next_id(db: &Sqlite) -> Result<RequestId, StoreError> {
    let update = query("UPDATE counters SET value = value + 1 WHERE name = 'request' RETURNING *");
    let taken = db
        .change_returning(update, |row| Fields::of("counters", &["name"], row).value("value").map(RequestId));
    let missing = || StoreError::Inconsistent { table: "counters", what: "name=request is gone".into() };
    taken.await?.ok_or_else(missing)
}

pub(super) async fn add(db: &Sqlite, request: &Request) -> Result<(), StoreError> {
    let insert = query(
        "INSERT INTO requests
             (id, nonce, session, channel, requester, target, account, submitted, run, canonical, digest,
              quorums, effects, policy_version, created, expires, state, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
    )
    .bind(request.id.0)
    .bind(&request.nonce)
    .bind(request.session.map(|session| session.to_string()))
    .bind(i64::from(request.channel))
    .bind(&request.requester.0)
    .bind(&request.target)
    .bind(&request.account)
    .bind(&request.text)
    .bind(&request.run)
    .bind(&request.canonical)
    .bind(&request.digest)
    .bind(json_list(&request.quorums))
    .bind(json_list(&request.effects))
    .bind(&request.policy_version)
    .bind(request.created.0)
    .bind(request.expires.0)
    .bind(request.state.as_str())
    .bind(request.version);
    let parents = || {
        format!(
            "{} or {}",
            request.session.as_ref().map(sessions::name).unwrap_or_default(),
            people::name(&request.requester)
        )
    };
    let added = db.change(insert).await;
    added.map(drop).map_err(|error| refused(error, name(request.id), parents()))
}

pub(super) async fn one(db: &Sqlite, id: RequestId) -> Result<Option<Request>, StoreError> {
    db.one(query("SELECT * FROM requests WHERE id = $1").bind(id.0), parse).await
}

pub(super) async fn waiting(db: &Sqlite) -> Result<Vec<Request>, StoreError> {
    db.all(query("SELECT * FROM requests WHERE state = 'waiting' ORDER BY id"), parse).await
}

pub(super) async fn newest(db: &Sqlite, limit: u32) -> Result<Vec<Request>, StoreError> {
    db.all(query("SELECT * FROM requests ORDER BY id DESC LIMIT $1").bind(i64::from(limit)), parse).await
}

/// Compares and sets in one statement: of two that settle at once, one changes a row. There is no way back to waiting.
pub(super) async fn settle(
    db: &Sqlite,
    id: RequestId,
    version: i64,
    state: RequestState,
) -> Result<bool, StoreError> {
    let update = query(
        "UPDATE requests SET state = $3, version = version + 1
         WHERE id = $1 AND version = $2 AND state = 'waiting' AND $3 <> 'waiting'",
    )
    .bind(id.0)
    .bind(version)
    .bind(state.as_str());
    Ok(db.change(update).await.map_err(unavailable)? == 1)
}

/// Looks at the state and inserts in one statement, so no answer slips in after a request is settled.
pub(super) async fn decide(db: &Sqlite, decision: &Decision) -> Result<(), StoreError> {
    let insert = query(
        "INSERT INTO decisions (request, arrival, person, answer, fingerprint, statement, signature, decided)
         SELECT id, (SELECT COUNT(*) + 1 FROM decisions WHERE request = $1), $2, $3, $4, $5, $6, $7
         FROM requests WHERE id = $1 AND state = 'waiting'",
    )
    .bind(decision.request.0)
    .bind(&decision.person.0)
    .bind(decision.answer.as_str())
    .bind(&decision.fingerprint)
    .bind(&decision.statement)
    .bind(&decision.signature)
    .bind(decision.at.0);
    let person = people::name(&decision.person);
    let again = format!("a decision of {person} on {}", name(decision.request));
    match db.change(insert).await.map_err(|error| refused(error, again, person))? {
        0 => Err(StoreError::Missing(format!("a waiting {}", name(decision.request)))),
        _ => Ok(()),
    }
}

pub(super) async fn decisions(db: &Sqlite, id: RequestId) -> Result<Vec<Decision>, StoreError> {
    let select = query("SELECT * FROM decisions WHERE request = $1 ORDER BY arrival");
    db.all(select.bind(id.0), parse_decision).await
}

fn name(id: RequestId) -> String {
    format!("request {id}")
}

fn parse(row: &SqliteRow) -> Result<Request, StoreError> {
    let fields = Fields::of("requests", &["id"], row);
    Ok(Request {
        id: RequestId(fields.value("id")?),
        nonce: fields.value("nonce")?,
        kind: RequestKind::Action,
        session: Some(fields.session("session")?),
        channel: fields.number("channel")?,
        requester: fields.person("requester")?,
        target: fields.value("target")?,
        account: fields.value("account")?,
        text: fields.value("submitted")?,
        run: fields.value("run")?,
        sealed: None,
        canonical: fields.value("canonical")?,
        digest: fields.value("digest")?,
        quorums: fields.list("quorums")?,
        effects: fields.list("effects")?,
        policy_version: fields.value("policy_version")?,
        created: fields.time("created")?,
        expires: fields.time("expires")?,
        state: fields.word("state", RequestState::parse)?,
        version: fields.value("version")?,
    })
}

fn parse_decision(row: &SqliteRow) -> Result<Decision, StoreError> {
    let fields = Fields::of("decisions", &["request", "arrival"], row);
    Ok(Decision {
        request: RequestId(fields.value("request")?),
        person: fields.person("person")?,
        answer: fields.word("answer", Answer::parse)?,
        fingerprint: fields.value("fingerprint")?,
        statement: fields.value("statement")?,
        signature: fields.value("signature")?,
        at: fields.time("decided")?,
    })
}
