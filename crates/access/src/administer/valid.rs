//! What is acceptable in a change.

use std::collections::{BTreeMap, BTreeSet};

use identity::{GroupName, PublicKey};
use policy::Level;

use super::{ChangeError, Role, Secret};
use crate::model::Protocol;
use crate::statement::visible;

/// Characters that a password needs at least; a code is asked for beside it.
const SHORTEST_PASSWORD: usize = 12;

/// The value, or which field is wrong and why.
pub(super) fn valid<T, E: std::fmt::Display>(
    field: &'static str,
    value: Result<T, E>,
) -> Result<T, ChangeError> {
    value.map_err(|why| ChangeError::Value { field, why: why.to_string() })
}

pub(super) fn wrong(field: &'static str, why: impl Into<String>) -> ChangeError {
    ChangeError::Value { field, why: why.into() }
}

pub(super) fn password(typed: &str) -> Result<(), ChangeError> {
    match typed.chars().count() < SHORTEST_PASSWORD {
        true => Err(wrong("password", format!("has fewer than {SHORTEST_PASSWORD} characters"))),
        false => Ok(()),
    }
}

pub(super) fn address(host: &str, port: u16) -> Result<(), ChangeError> {
    if host.is_empty() || host.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(wrong("host", "is not a host name or address"));
    }
    match port {
        0 => Err(wrong("port", "must be from 1 to 65535")),
        _ => Ok(()),
    }
}

/// Labels stand beside what approvers weigh, as `name=value, name=value`: they must not look like anything else.
pub(super) fn labels(labels: &BTreeMap<String, String>) -> Result<(), ChangeError> {
    let plain = |text: &String| !text.is_empty() && visible(text) == *text && !text.contains([',', '=']);
    match labels.iter().find(|(name, value)| !plain(name) || !plain(value)) {
        None => Ok(()),
        Some((name, _)) => {
            Err(wrong("label", format!("{} is empty or has characters that hide, ',' or '='", visible(name))))
        }
    }
}

/// Well-formed, and of one administrator's role at most.
pub(super) fn groups(groups: &BTreeSet<String>) -> Result<(), ChangeError> {
    groups.iter().try_for_each(|group| valid("group", GroupName::parse(group)).map(drop))?;
    match Role::held_in(groups).as_slice() {
        [one, other, ..] => {
            let (one, other) = (one.group(), other.group());
            Err(wrong("group", format!("{one} and {other} exclude each other")))
        }
        _ => Ok(()),
    }
}

/// What an account is opened with: a private key, or a password for a database.
pub(super) fn credential(key: &Secret, password: &Secret) -> Result<Secret, ChangeError> {
    match (key.0.is_empty(), password.0.is_empty()) {
        (false, true) => private_key(&key.0).map(|()| key.clone()),
        (true, false) if password.0.chars().any(char::is_control) => {
            Err(wrong("password", "has control characters"))
        }
        (true, false) => Ok(password.clone()),
        _ => Err(wrong("credential", "is missing, or there are two; give a private key or a password")),
    }
}

/// The gateway must be able to use it unattended: OpenSSH format, no passphrase.
pub(super) fn private_key(pem: &str) -> Result<(), ChangeError> {
    let key = valid("private key", ssh_key::PrivateKey::from_openssh(pem))?;
    match key.is_encrypted() {
        false => Ok(()),
        true => Err(wrong("private key", "has a passphrase; store it without")),
    }
}

/// A level that this version enforces: a target must not be promised what nothing keeps.
pub(super) fn level(word: &str) -> Result<Level, ChangeError> {
    match valid("level", word.parse())? {
        level @ (Level::Recorded | Level::CommandGated) => Ok(level),
        level => {
            let why = format!("{level} is not enforced by this version; use recorded or command-gated");
            Err(wrong("level", why))
        }
    }
}

/// A host key in its plain form: algorithm and base64, no comment.
pub(super) fn host_key(key: &str) -> Result<String, ChangeError> {
    // A known_hosts line, as ssh-keyscan prints it, has the host's name before the key.
    let bare = key.split_once(' ').map(|(_, rest)| rest).filter(|rest| rest.split(' ').count() >= 2);
    let parsed = PublicKey::parse(key).or_else(|wrong| bare.map_or(Err(wrong), PublicKey::parse));
    let key = valid("host key", parsed)?;
    Ok(key.to_line().split(' ').take(2).collect::<Vec<_>>().join(" "))
}

/// A protocol that the gateway speaks.
pub(super) fn protocol(word: &str) -> Result<Protocol, ChangeError> {
    Protocol::parse(word)
        .ok_or_else(|| wrong("protocol", format!("{} is not postgres or mysql", visible(word))))
}

/// The name of a target that clients name in a TLS handshake: one label of a DNS name (RFC 1123, section 2.1), which a
/// certificate for `*.` covers.
pub(super) fn label(name: &str) -> Result<(), ChangeError> {
    match name.len() <= 63 && !name.contains(['.', '_']) && !name.ends_with('-') {
        true => Ok(()),
        false => Err(wrong("name", "is not one label of a DNS name, by which TLS clients could ask for it")),
    }
}

/// Certificates in PEM, at least one, and nothing else.
pub(super) fn authority(pem: &str) -> Result<String, ChangeError> {
    valid("authority", identity::authority::parse(pem))?;
    Ok(pem.trim().to_owned() + "\n")
}

/// A setting that there is, with a value that it may have.
pub(super) fn setting(name: &str, value: &str) -> Result<(), ChangeError> {
    match name {
        "retention-days" => match value.parse() {
            Ok(days @ 0..super::SHORTEST_RETENTION) => {
                let least = super::SHORTEST_RETENTION;
                Err(wrong(
                    "retention-days",
                    format!("{days} is fewer than {least}, the least that is lawful"),
                ))
            }
            Ok(super::SHORTEST_RETENTION..=36_500) => Ok(()),
            _ => Err(wrong("retention-days", "is not a number of days")),
        },
        "unused-days" => match value.parse() {
            Ok(1..=3650_u32) => Ok(()),
            _ => Err(wrong("unused-days", "is not a number of days from 1 to 3650")),
        },
        _ => Err(wrong("setting", format!("there is no setting {}", visible(name)))),
    }
}

/// Something that people read in one line.
pub(super) fn line(field: &'static str, text: &str) -> Result<(), ChangeError> {
    match text.trim().is_empty() || text.len() > 500 || text.chars().any(char::is_control) {
        true => Err(wrong(field, "is empty, longer than 500 bytes or has control characters")),
        false => Ok(()),
    }
}
