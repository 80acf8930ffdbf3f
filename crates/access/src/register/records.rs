//! Rows that matter as records: what of each the ledger vouches for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::blind::{hex, sha256_hex};
use crate::entry::canonical;
use crate::model::{
    Account, Certificate, Permit, Person, PersonKey, Record, Service, Target, Ticket, Timestamp,
};

/// A person, without credentials. The salt keeps the digest from being guessed, and gives nothing else away.
pub fn person(person: &Person) -> Record {
    let content = json!({
        "expires": person.expires.map(|Timestamp(micros)| micros),
        "groups": person.groups,
        "id": person.id.0,
        "name": person.name,
        "salt": derived_salt(person),
        "suspended": person.suspended,
        "team": person.team,
    });
    record("person", &person.id.0, &content)
}

/// What a person proves themselves with besides keys: a hash and a sealed seed.
pub fn credentials(person: &Person) -> Record {
    let content = json!({
        "id": person.id.0,
        "password": person.password,
        // The whole salt: nobody is ever shown this record, and a lost row can be made again from it.
        "salt": hex(&person.salt),
        "totp": person.totp.as_deref().map(hex),
    });
    record("credentials", &person.id.0, &content)
}

/// A key. When it was last used is nobody's decision and not in it.
pub fn key(key: &PersonKey) -> Record {
    let content = json!({
        "device": key.device.map(|device| device.as_str()),
        "expires": key.expires.map(|Timestamp(micros)| micros),
        "fingerprint": key.fingerprint,
        "line": key.line,
        "person": key.person.0,
    });
    record("key", &key.fingerprint, &content)
}

/// A target.
pub fn target(target: &Target) -> Record {
    let mut content = json!({
        "host": target.host,
        "labels": target.labels,
        "level": target.level.as_str(),
        "name": target.name,
        "port": target.port,
    });
    match &target.service {
        Service::Ssh { host_key } => content["host_key"] = json!(host_key),
        Service::Database(database) => {
            content["authority"] = json!(database.authority);
            content["database"] = json!(database.name);
            content["protocol"] = json!(database.protocol.as_str());
        }
        Service::Tls { authority } => {
            content["authority"] = json!(authority);
            content["protocol"] = json!("tls");
        }
    }
    record("target", &target.name, &content)
}

/// An account, with its sealed credential.
pub fn account(account: &Account) -> Record {
    let mut content = json!({
        "credential": hex(&account.credential),
        "login": account.login,
        "target": account.target,
    });
    if let Some(reader) = &account.reader {
        content["reader"] = json!(reader);
    }
    record("account", &format!("{}@{}", account.login, account.target), &content)
}

/// A permit, with how it stands.
pub fn permit(permit: &Permit) -> Record {
    let content = json!({
        "ended": permit.ended.as_ref().map(|(Timestamp(micros), why)| json!({"at": micros, "why": why})),
        "from": permit.from.0,
        "holder": permit.holder.0,
        "kind": permit.kind.as_str(),
        "permit": permit.id.0,
        "request": permit.request.map(|request| request.0),
        "reviewed": permit.reviewed.as_ref().map(|person| &person.0),
        "terms": permit.terms,
        "until": permit.until.0,
    });
    record("permit", &permit.id.to_string(), &content)
}

/// A ticket. How often it can still be used is not in it: the last use takes it away.
pub fn ticket(ticket: &Ticket) -> Record {
    let content = json!({
        "account": ticket.account,
        "credential": ticket.credential,
        "digest": ticket.digest,
        "expires": ticket.expires.0,
        "id": ticket.id,
        "passed": ticket.passed.0,
        "person": ticket.person.0,
        "source": ticket.source.to_string(),
        "target": ticket.target,
    });
    record("ticket", &ticket.id, &content)
}

/// A setting.
pub fn setting(name: &str, value: &str) -> Record {
    record("setting", name, &json!({"name": name, "value": value}))
}

/// The policies in force, file by file. Its identifier is always `policies`.
pub fn policies(files: &BTreeMap<String, String>) -> Record {
    record("policies", "policies", &json!(files))
}

/// Any other kind of row.
pub(crate) fn record(kind: &str, id: &str, content: &Value) -> Record {
    let content = canonical(content);
    Record { kind: kind.into(), id: id.into(), digest: sha256_hex(content.as_bytes()), content }
}

/// Derived, so that a record can be shown to somebody without opening the person's other commitments.
fn derived_salt(person: &Person) -> String {
    sha256_hex(&[b"person".as_slice(), &[0], &person.salt].concat())
}

/// A client certificate.
pub fn certificate(certificate: &Certificate) -> Record {
    let content = json!({
        "credential": certificate.credential,
        "expires": certificate.expires.0,
        "id": certificate.id,
        "passed": certificate.passed.0,
        "person": certificate.person.0,
        "source": certificate.source.to_string(),
    });
    record("certificate", &certificate.id, &content)
}
