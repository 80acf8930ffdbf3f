//! Requests and their compare-and-swap.

use access::model::{Request, RequestId, RequestKind, RequestState};
use access::ports::StoreError;

use super::{counters, people, sessions};
use crate::database::{Database, Engine};
use crate::fault::refused;
use crate::row::{Columns, Fields, json_list};
use crate::statement::query;

pub(crate) async fn next_id(db: &Database<impl Engine>) -> Result<RequestId, StoreError> {
    counters::next(db, "request").await.map(RequestId)
}

pub(crate) async fn add(db: &Database<impl Engine>, request: &Request) -> Result<(), StoreError> {
    let insert = query(
        "INSERT INTO requests
             (id, nonce, session, channel, requester, target, account, submitted, run, canonical, digest,
              quorums, effects, policy_version, created, expires, state, version, kind, sealed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
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
    .bind(request.version)
    .bind(request.kind.as_str())
    .bind(&request.sealed);
    let added = db.change(insert).await;
    added.map(drop).map_err(|error| refused(error, name(request.id), parents(request)))
}

fn parents(request: &Request) -> String {
    let session = request.session.as_ref().map(sessions::name);
    session.into_iter().chain([people::name(&request.requester)]).collect::<Vec<_>>().join(" or ")
}

pub(crate) async fn one(db: &Database<impl Engine>, id: RequestId) -> Result<Option<Request>, StoreError> {
    db.one(query("SELECT * FROM requests WHERE id = $1").bind(id.0), parse).await
}

pub(crate) async fn waiting(db: &Database<impl Engine>) -> Result<Vec<Request>, StoreError> {
    db.all(query("SELECT * FROM requests WHERE state = 'waiting' ORDER BY id"), parse).await
}

pub(crate) async fn newest(db: &Database<impl Engine>, limit: u32) -> Result<Vec<Request>, StoreError> {
    db.all(query("SELECT * FROM requests ORDER BY id DESC LIMIT $1").bind(i64::from(limit)), parse).await
}

/// Compares and sets in one statement: of two that settle at once, one changes a row. There is no way back to waiting.
pub(crate) async fn settle(
    db: &Database<impl Engine>,
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
    db.change_if(update).await
}

/// How errors speak of a request.
pub(crate) fn name(id: RequestId) -> String {
    format!("request {id}")
}

fn parse(row: &dyn Columns) -> Result<Request, StoreError> {
    let fields = Fields::of("requests", &["id"], row);
    Ok(Request {
        id: RequestId(fields.value("id")?),
        nonce: fields.value("nonce")?,
        kind: fields.word("kind", RequestKind::parse)?,
        session: fields.optional_word("session", |text| text.parse().ok())?,
        channel: fields.number("channel")?,
        requester: fields.person("requester")?,
        target: fields.value("target")?,
        account: fields.value("account")?,
        text: fields.value("submitted")?,
        run: fields.value("run")?,
        sealed: fields.optional("sealed")?,
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
