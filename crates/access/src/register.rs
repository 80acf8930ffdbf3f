//! The register: what every row that matters must contain, as the ledger says. A row that it does not vouch for is not
//! honoured, whoever wrote it.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use serde_json::{Value, json};

use crate::blind::{hex, sha256_hex};
use crate::entry::canonical;
use crate::model::{Account, Permit, Person, PersonKey, Record, Target, Timestamp};

/// Digests of rows by kind and identifier, in step with the ledger. Shared by the road and by what guards the store.
#[derive(Debug, Default)]
pub struct Register(RwLock<BTreeMap<(String, String), String>>);

impl Register {
    /// Whether the ledger's last word on the record is exactly this content.
    pub fn vouches_for(&self, record: &Record) -> bool {
        self.digest(&record.kind, &record.id).is_some_and(|digest| digest == record.digest)
    }

    /// The digest that the row must have; none when the ledger knows no such row, or that it is gone.
    pub fn digest(&self, kind: &str, id: &str) -> Option<String> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        rows.get(&(kind.to_owned(), id.to_owned())).cloned()
    }

    /// All rows that must be there: kind, identifier, digest.
    pub fn all(&self) -> Vec<(String, String, String)> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        rows.iter().map(|((kind, id), digest)| (kind.clone(), id.clone(), digest.clone())).collect()
    }

    /// Takes over what a `state` entry says. Called after that entry is durable, and when the ledger is read.
    pub fn enter(&self, kind: &str, id: &str, after: Option<&str>) {
        let mut rows = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let key = (kind.to_owned(), id.to_owned());
        match after {
            Some(digest) => drop(rows.insert(key, digest.to_owned())),
            None => drop(rows.remove(&key)),
        }
    }
}

/// A person, without credentials. The salt keeps the digest from being guessed, and gives nothing else away.
pub fn person(person: &Person) -> Record {
    let content = json!({
        "expires": person.expires.map(|Timestamp(micros)| micros),
        "groups": person.groups,
        "id": person.id.0,
        "name": person.name,
        "salt": salt(person, "person"),
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
        "salt": salt(person, "credentials"),
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
    let content = json!({
        "host": target.host,
        "host_key": target.host_key,
        "labels": target.labels,
        "level": target.level.as_str(),
        "name": target.name,
        "port": target.port,
    });
    record("target", &target.name, &content)
}

/// An account, with its sealed credential.
pub fn account(account: &Account) -> Record {
    let content = json!({
        "credential": hex(&account.credential),
        "login": account.login,
        "target": account.target,
    });
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
fn salt(person: &Person, purpose: &str) -> String {
    sha256_hex(&[purpose.as_bytes(), &[0], &person.salt].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_word_is_vouched_for() {
        let register = Register::default();
        let (old, new) = (setting("retention-days", "200"), setting("retention-days", "1"));
        assert!(!register.vouches_for(&old));
        register.enter("setting", "retention-days", Some(&old.digest));
        assert!(register.vouches_for(&old) && !register.vouches_for(&new));
        register.enter("setting", "retention-days", None);
        assert!(!register.vouches_for(&old));
    }
}
