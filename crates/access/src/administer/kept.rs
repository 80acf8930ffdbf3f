//! Rows read back from the records that are kept of them, to put right what a crash or somebody's hand left wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::row::Row;
use crate::blind::sha256_hex;
use crate::entry::Event;
use crate::error::RoadError;
use crate::model::{
    Account, Database, Device, Permit, PermitId, PermitKind, Person, PersonId, PersonKey, Protocol,
    RequestId, Service, Target, Timestamp,
};
use crate::road::Road;

#[derive(Deserialize)]
struct KeptPerson {
    expires: Option<i64>,
    groups: BTreeSet<String>,
    name: String,
    suspended: bool,
    team: Option<String>,
}

#[derive(Deserialize)]
struct KeptCredentials {
    password: Option<String>,
    salt: String,
    totp: Option<String>,
}

#[derive(Deserialize)]
struct KeptKey {
    device: Option<String>,
    expires: Option<i64>,
    fingerprint: String,
    line: String,
    person: String,
}

#[derive(Deserialize)]
struct KeptTarget {
    host: String,
    labels: BTreeMap<String, String>,
    level: String,
    name: String,
    port: u16,
    #[serde(flatten)]
    service: KeptService,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum KeptService {
    Ssh { host_key: String },
    Database { authority: String, database: String, protocol: String },
    Tls { authority: Option<String> },
}

#[derive(Deserialize)]
struct KeptAccount {
    credential: String,
    login: String,
    #[serde(default)]
    reader: Option<String>,
    target: String,
}

#[derive(Deserialize)]
struct KeptPermit {
    ended: Option<KeptEnd>,
    from: i64,
    holder: String,
    kind: String,
    permit: i64,
    request: Option<i64>,
    reviewed: Option<String>,
    terms: String,
    until: i64,
}

#[derive(Deserialize)]
struct KeptEnd {
    at: i64,
    why: String,
}

#[derive(Deserialize)]
struct KeptSetting {
    name: String,
    value: String,
}

impl Road {
    /// The row as the ledger says it is; none when its content was not kept, or is of a kind that is not put back.
    pub(crate) async fn kept(&self, kind: &str, id: &str) -> Result<Option<Row>, RoadError> {
        Ok(match kind {
            "person" | "credentials" => self.kept_person(id).await?,
            "key" => match self.content(kind, id).await? {
                Some(kept) => Some(key(kept, self.enrolled_at(id).await?)),
                None => None,
            },
            "target" => self.content(kind, id).await?.and_then(target),
            "account" => self.content(kind, id).await?.and_then(account),
            "permit" => self.content(kind, id).await?.and_then(permit),
            "setting" => {
                let kept: Option<KeptSetting> = self.content(kind, id).await?;
                kept.map(|kept| Row::Setting(kept.name, kept.value))
            }
            _ => None,
        })
    }

    async fn kept_person(&self, id: &str) -> Result<Option<Row>, RoadError> {
        let person: Option<KeptPerson> = self.content("person", id).await?;
        let credentials: Option<KeptCredentials> = self.content("credentials", id).await?;
        let (Some(person), Some(credentials)) = (person, credentials) else { return Ok(None) };
        let Some(salt) = bytes(&credentials.salt).and_then(|salt| salt.try_into().ok()) else {
            return Ok(None);
        };
        Ok(Some(Row::Person(Person {
            id: PersonId(id.to_owned()),
            name: person.name,
            groups: person.groups,
            team: person.team,
            expires: person.expires.map(Timestamp),
            suspended: person.suspended,
            password: credentials.password,
            totp: credentials.totp.as_deref().and_then(bytes),
            totp_last_step: None,
            salt,
        })))
    }

    /// Index of the last entry that enrolled a key.
    async fn enrolled_at(&self, key: &str) -> Result<u64, RoadError> {
        let key = key.to_owned();
        let enrols = move |event: &Event| matches!(event, Event::Key { fingerprint, change, .. } if *fingerprint == key && change == "enrolled");
        let found = self.archive().find(Box::new(enrols)).await?;
        Ok(found.last().map_or(0, |(index, _)| *index))
    }

    /// The content that the ledger names, if it was kept and still is that.
    async fn content<T: DeserializeOwned>(&self, kind: &str, id: &str) -> Result<Option<T>, RoadError> {
        let Some(digest) = self.register().digest(kind, id) else { return Ok(None) };
        let record = self.store().record(kind, id, &digest).await?;
        let sound = record.filter(|record| sha256_hex(record.content.as_bytes()) == digest);
        Ok(sound.and_then(|record| serde_json::from_str(&record.content).ok()))
    }
}

fn key(kept: KeptKey, enrolled_at: u64) -> Row {
    Row::Key(PersonKey {
        person: PersonId(kept.person),
        fingerprint: kept.fingerprint,
        line: kept.line,
        enrolled_at,
        device: kept.device.as_deref().and_then(Device::parse),
        expires: kept.expires.map(Timestamp),
        last_used: None,
    })
}

fn target(kept: KeptTarget) -> Option<Row> {
    let service = match kept.service {
        KeptService::Ssh { host_key } => Service::Ssh { host_key },
        KeptService::Database { authority, database: name, protocol } => {
            Service::Database(Database { protocol: Protocol::parse(&protocol)?, name, authority })
        }
        KeptService::Tls { authority } => Service::Tls { authority },
    };
    Some(Row::Target(Target {
        name: kept.name,
        host: kept.host,
        port: kept.port,
        labels: kept.labels,
        level: kept.level.parse().ok()?,
        service,
    }))
}

fn account(kept: KeptAccount) -> Option<Row> {
    let credential = bytes(&kept.credential)?;
    let KeptAccount { target, login, reader, .. } = kept;
    Some(Row::Account(Account { target, login, credential, reader }))
}

fn permit(kept: KeptPermit) -> Option<Row> {
    Some(Row::Permit(Permit {
        id: PermitId(kept.permit),
        kind: PermitKind::parse(&kept.kind)?,
        request: kept.request.map(RequestId),
        holder: PersonId(kept.holder),
        terms: kept.terms,
        from: Timestamp(kept.from),
        until: Timestamp(kept.until),
        ended: kept.ended.map(|end| (Timestamp(end.at), end.why)),
        reviewed: kept.reviewed.map(PersonId),
        version: 0,
    }))
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks_exact(2);
    let whole = digits.remainder().is_empty();
    let bytes = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    bytes.collect::<Option<_>>().filter(|_| whole)
}
