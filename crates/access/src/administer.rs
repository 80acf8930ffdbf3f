//! Administrative changes: one list of what can be changed, each applied on the record.
//!
//! In this version whoever holds the gateway's own account on its host makes these changes; docs/threat-model.md says
//! what that means, and what a quorum of administrators will change about it.

use std::collections::{BTreeMap, BTreeSet};

use identity::{AccountName, GroupName, Password, PasswordHash, PersonName, PublicKey, TargetName, totp};
use policy::Level;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::announcement::Announcement;
use crate::blind::{Blind, hex, sha256_hex};
use crate::entry::{Event, canonical};
use crate::error::RoadError;
use crate::model::{Account, Person, PersonId, PersonKey, Target};
use crate::ports::StoreError;
use crate::road::{Road, credential_owner};
use crate::statement::visible;

/// Characters that a password needs at least; a code is asked for beside it.
const SHORTEST_PASSWORD: usize = 12;

/// A change that an administrator asks for. Secrets are fields of their own, so that they stay out of the digest.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// A new person, without any credential.
    PersonAdd {
        /// Login name.
        name: String,
        /// Groups.
        groups: BTreeSet<String>,
    },
    /// Suspends a person: no entry, no signature counts.
    PersonSuspend {
        /// Login name.
        name: String,
    },
    /// Re-admits a suspended person.
    PersonResume {
        /// Login name.
        name: String,
    },
    /// Replaces a person's groups.
    PersonGroups {
        /// Login name.
        name: String,
        /// All groups from now on.
        groups: BTreeSet<String>,
    },
    /// Sets the password.
    PersonPassword {
        /// Login name.
        name: String,
        /// The password.
        password: Secret,
    },
    /// Makes a new TOTP seed; the answer carries it once.
    PersonTotp {
        /// Login name.
        name: String,
    },
    /// Enrols a public key.
    KeyAdd {
        /// Login name.
        name: String,
        /// One `authorized_keys` line without options.
        key: String,
    },
    /// Removes a key; it neither opens a session nor signs from now on.
    KeyRemove {
        /// Login name.
        name: String,
        /// `SHA256:…`.
        fingerprint: String,
    },
    /// A new target.
    TargetAdd {
        /// Name in logins.
        name: String,
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
        /// Labels for policies.
        labels: BTreeMap<String, String>,
        /// Assurance level, by its word.
        level: String,
        /// Pinned host key, `known_hosts` key form.
        host_key: String,
    },
    /// Pins another host key.
    TargetHostKey {
        /// Target.
        name: String,
        /// The new key.
        host_key: String,
    },
    /// Moves a target to another address; its host key stays pinned.
    TargetAddress {
        /// Target.
        name: String,
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// Removes a target and its accounts.
    TargetRemove {
        /// Target.
        name: String,
    },
    /// Adds or replaces an account and its credential.
    AccountAdd {
        /// Target.
        target: String,
        /// Login on it.
        login: String,
        /// OpenSSH private key without a passphrase.
        private_key: Secret,
    },
    /// Removes an account.
    AccountRemove {
        /// Target.
        target: String,
        /// Login on it.
        login: String,
    },
}

/// A secret on its way in: never in `Debug`, never in the digest of a change.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub Zeroizing<String>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// A value is not acceptable.
    #[error("{field}: {why}")]
    Value {
        /// Which value.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The store or the ledger refused.
    #[error(transparent)]
    Road(#[from] RoadError),
}

impl From<StoreError> for ChangeError {
    fn from(fault: StoreError) -> Self {
        Self::Road(fault.into())
    }
}

/// What a change answers: a TOTP seed, shown once.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Changed {
    /// Base32 seed of a new TOTP secret.
    pub totp_secret: Option<Secret>,
    /// `otpauth://` URI of it.
    pub totp_uri: Option<Secret>,
}

impl Road {
    /// Makes a change for `by` (the local account). The entry is durable before the change is in force.
    pub async fn administer(&self, by: &str, change: &Change) -> Result<Changed, ChangeError> {
        match change {
            Change::PersonAdd { name, groups } => self.add_person(by, change, name, groups).await,
            Change::PersonSuspend { name } => self.suspend(by, change, name, true).await,
            Change::PersonResume { name } => self.suspend(by, change, name, false).await,
            Change::PersonGroups { name, groups } => self.regroup(by, change, name, groups).await,
            Change::PersonPassword { name, password } => self.set_password(by, change, name, password).await,
            Change::PersonTotp { name } => self.set_totp(by, change, name).await,
            Change::KeyAdd { name, key } => self.enrol(by, change, name, key).await,
            Change::KeyRemove { name, fingerprint } => self.revoke(by, change, name, fingerprint).await,
            Change::TargetAdd { .. } => self.add_target(by, change).await,
            Change::TargetHostKey { name, host_key } => self.pin(by, change, name, host_key).await,
            Change::TargetAddress { name, host, port } => self.readdress(by, change, name, host, *port).await,
            Change::TargetRemove { name } => self.remove_target(by, change, name).await,
            Change::AccountAdd { target, login, private_key } => {
                self.add_account(by, change, target, login, private_key).await
            }
            Change::AccountRemove { target, login } => self.remove_account(by, change, target, login).await,
        }
    }

    async fn add_person(
        &self,
        by: &str,
        change: &Change,
        name: &str,
        groups: &BTreeSet<String>,
    ) -> Result<Changed, ChangeError> {
        valid("name", PersonName::parse(name))?;
        valid_groups(groups)?;
        if self.store().person(name).await?.is_some() {
            return Err(StoreError::Exists(format!("person {name}")).into());
        }
        let id = PersonId(format!("p-{}", hex(&self.random::<8>())));
        self.note_change(by, change, &id.0, vec![]).await?;
        self.store()
            .add_person(&Person {
                id,
                name: name.to_owned(),
                groups: groups.clone(),
                team: None,
                expires: None,
                suspended: false,
                password: None,
                totp: None,
                totp_last_step: None,
                salt: self.random(),
            })
            .await?;
        Ok(Changed::default())
    }

    async fn suspend(
        &self,
        by: &str,
        change: &Change,
        name: &str,
        suspended: bool,
    ) -> Result<Changed, ChangeError> {
        let person = self.known(name).await?;
        self.note_change(by, change, &person.id.0, vec![]).await?;
        self.store().set_suspended(&person.id, suspended).await?;
        self.store().forget(&person.id).await?;
        if suspended {
            let (person, by) = (person.name, by.to_owned());
            self.announce(Announcement::PersonSuspended { person, by }).await;
        }
        Ok(Changed::default())
    }

    async fn regroup(
        &self,
        by: &str,
        change: &Change,
        name: &str,
        groups: &BTreeSet<String>,
    ) -> Result<Changed, ChangeError> {
        valid_groups(groups)?;
        let person = self.known(name).await?;
        self.note_change(by, change, &person.id.0, vec![]).await?;
        self.store().set_groups(&person.id, groups).await?;
        Ok(Changed::default())
    }

    async fn set_password(
        &self,
        by: &str,
        change: &Change,
        name: &str,
        password: &Secret,
    ) -> Result<Changed, ChangeError> {
        if password.0.chars().count() < SHORTEST_PASSWORD {
            let why = format!("has fewer than {SHORTEST_PASSWORD} characters");
            return Err(ChangeError::Value { field: "password", why });
        }
        let typed = valid("password", Password::new(password.0.clone()))?;
        let hash = valid("password", PasswordHash::make(&typed, self.random()))?;
        let person = self.known(name).await?;
        self.note_change(by, change, &person.id.0, vec![]).await?;
        self.store().set_password(&person.id, Some(&hash.to_phc_string())).await?;
        self.store().forget(&person.id).await?;
        Ok(Changed::default())
    }

    async fn set_totp(&self, by: &str, change: &Change, name: &str) -> Result<Changed, ChangeError> {
        let login = valid("name", PersonName::parse(name))?;
        let person = self.known(name).await?;
        let secret = totp::Secret::generate(&mut |buffer| self.entropy().fill(buffer));
        let sealed = self.vault().seal("totp", &person.id.0, secret.as_bytes(), self.entropy());
        let sealed = sealed.map_err(RoadError::from)?;
        self.note_change(by, change, &person.id.0, vec![]).await?;
        self.store().set_totp(&person.id, Some(&sealed)).await?;
        self.store().forget(&person.id).await?;
        Ok(Changed {
            totp_secret: Some(Secret(secret.to_base32())),
            totp_uri: Some(Secret(secret.to_uri("Countersign", &login))),
        })
    }

    async fn enrol(&self, by: &str, change: &Change, name: &str, key: &str) -> Result<Changed, ChangeError> {
        let key = valid("key", PublicKey::parse(key))?;
        let person = self.known(name).await?;
        let fingerprint = key.fingerprint().as_str().to_owned();
        if self.store().key(&fingerprint).await?.is_some() {
            return Err(StoreError::Exists(format!("key {fingerprint}")).into());
        }
        let enrolled = key_event(&person.id, &fingerprint, "enrolled");
        let at = self.note_change(by, change, &person.id.0, vec![enrolled]).await?;
        let row = PersonKey {
            person: person.id,
            fingerprint,
            line: key.to_line(),
            enrolled_at: at,
            device: None,
            expires: None,
            last_used: None,
        };
        self.store().add_key(&row).await?;
        Ok(Changed::default())
    }

    async fn revoke(
        &self,
        by: &str,
        change: &Change,
        name: &str,
        fingerprint: &str,
    ) -> Result<Changed, ChangeError> {
        let person = self.known(name).await?;
        let revoked = key_event(&person.id, fingerprint, "revoked");
        if self.store().key(fingerprint).await?.is_none_or(|key| key.person != person.id) {
            return Err(StoreError::Missing(format!("key {fingerprint} of {name}")).into());
        }
        self.note_change(by, change, &person.id.0, vec![revoked]).await?;
        self.store().remove_key(&person.id, fingerprint).await?;
        self.store().forget(&person.id).await?;
        Ok(Changed::default())
    }

    async fn add_target(&self, by: &str, change: &Change) -> Result<Changed, ChangeError> {
        let Change::TargetAdd { name, host, port, labels, level, host_key } = change else {
            return Ok(Changed::default());
        };
        valid("name", TargetName::parse(name))?;
        let host_key = host_key_line(host_key)?;
        let level = enforced_level(level)?;
        valid_address(host, *port)?;
        valid_labels(labels)?;
        if self.store().target(name).await?.is_some() {
            return Err(StoreError::Exists(format!("target {name}")).into());
        }
        self.note_change(by, change, name, vec![]).await?;
        self.store()
            .add_target(&Target {
                name: name.clone(),
                host: host.clone(),
                port: *port,
                labels: labels.clone(),
                level,
                host_key,
            })
            .await?;
        Ok(Changed::default())
    }

    async fn pin(&self, by: &str, change: &Change, name: &str, key: &str) -> Result<Changed, ChangeError> {
        let host_key = host_key_line(key)?;
        let target = self.known_target(name).await?;
        self.note_change(by, change, name, vec![]).await?;
        self.store().set_target(&Target { host_key, ..target }).await?;
        Ok(Changed::default())
    }

    async fn readdress(
        &self,
        by: &str,
        change: &Change,
        name: &str,
        host: &str,
        port: u16,
    ) -> Result<Changed, ChangeError> {
        valid_address(host, port)?;
        let target = self.known_target(name).await?;
        self.note_change(by, change, name, vec![]).await?;
        self.store().set_target(&Target { host: host.to_owned(), port, ..target }).await?;
        Ok(Changed::default())
    }

    async fn remove_target(&self, by: &str, change: &Change, name: &str) -> Result<Changed, ChangeError> {
        self.known_target(name).await?;
        self.note_change(by, change, name, vec![]).await?;
        self.store().remove_target(name).await?;
        Ok(Changed::default())
    }

    async fn add_account(
        &self,
        by: &str,
        change: &Change,
        target: &str,
        login: &str,
        private_key: &Secret,
    ) -> Result<Changed, ChangeError> {
        valid("login", AccountName::parse(login))?;
        self.known_target(target).await?;
        check_private_key(&private_key.0)?;
        let owner = credential_owner(target, login);
        let sealed = self.vault().seal("credential", &owner, private_key.0.as_bytes(), self.entropy());
        let credential = sealed.map_err(RoadError::from)?;
        self.note_change(by, change, &owner, vec![]).await?;
        let account = Account { target: target.to_owned(), login: login.to_owned(), credential };
        self.store().put_account(&account).await?;
        Ok(Changed::default())
    }

    async fn remove_account(
        &self,
        by: &str,
        change: &Change,
        target: &str,
        login: &str,
    ) -> Result<Changed, ChangeError> {
        if self.store().account(target, login).await?.is_none() {
            return Err(StoreError::Missing(format!("account {login} on {target}")).into());
        }
        self.note_change(by, change, &credential_owner(target, login), vec![]).await?;
        self.store().remove_account(target, login).await?;
        Ok(Changed::default())
    }

    /// Records that someone on the gateway's host looked at a recording; durable before the first frame is shown.
    pub async fn note_replay(&self, by: &str, session: &recording::SessionId) -> Result<(), RoadError> {
        let by = self.blind_local(by);
        self.note(Event::ReplayViewed { session: session.to_string(), by: Some(by), person: None }).await?;
        Ok(())
    }

    async fn note_change(
        &self,
        by: &str,
        change: &Change,
        subject: &str,
        more: Vec<Event>,
    ) -> Result<u64, RoadError> {
        let (word, digest) = describe(change);
        let mut events = vec![Event::Admin {
            change: word,
            subject: subject.to_owned(),
            by: self.blind_local(by),
            digest,
        }];
        events.extend(more);
        self.note_all(events).await
    }

    fn blind_local(&self, by: &str) -> String {
        Blind(&self.settings().node_salt).commit("local-account", by.as_bytes())
    }

    async fn known(&self, name: &str) -> Result<Person, ChangeError> {
        let person = self.store().person(name).await?;
        person.ok_or_else(|| StoreError::Missing(format!("person {name}")).into())
    }

    async fn known_target(&self, name: &str) -> Result<Target, ChangeError> {
        let target = self.store().target(name).await?;
        target.ok_or_else(|| StoreError::Missing(format!("target {name}")).into())
    }
}

/// The change's word and the digest of its content, without secrets.
fn describe(change: &Change) -> (String, String) {
    let mut value = serde_json::to_value(change).unwrap_or_default();
    let fields = value.as_object_mut();
    let word = fields.and_then(|fields| {
        fields.remove("password");
        fields.remove("private_key");
        fields.get("change").and_then(|word| word.as_str()).map(str::to_owned)
    });
    (word.unwrap_or_default(), sha256_hex(canonical(&value).as_bytes()))
}

fn key_event(person: &PersonId, fingerprint: &str, change: &str) -> Event {
    Event::Key { person: person.0.clone(), fingerprint: fingerprint.to_owned(), change: change.to_owned() }
}

fn valid<T, E: std::fmt::Display>(field: &'static str, value: Result<T, E>) -> Result<T, ChangeError> {
    value.map_err(|why| ChangeError::Value { field, why: why.to_string() })
}

fn valid_address(host: &str, port: u16) -> Result<(), ChangeError> {
    if host.is_empty() || host.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(ChangeError::Value { field: "host", why: "is not a host name or address".into() });
    }
    match port {
        0 => Err(ChangeError::Value { field: "port", why: "must be from 1 to 65535".into() }),
        _ => Ok(()),
    }
}

/// Labels stand beside what approvers weigh, as `name=value, name=value`: they must not look like anything else.
fn valid_labels(labels: &BTreeMap<String, String>) -> Result<(), ChangeError> {
    let plain = |text: &String| !text.is_empty() && visible(text) == *text && !text.contains([',', '=']);
    match labels.iter().find(|(name, value)| !plain(name) || !plain(value)) {
        None => Ok(()),
        Some((name, _)) => Err(ChangeError::Value {
            field: "label",
            why: format!("{} is empty or has characters that hide, ',' or '='", visible(name)),
        }),
    }
}

fn valid_groups(groups: &BTreeSet<String>) -> Result<(), ChangeError> {
    groups.iter().try_for_each(|group| valid("group", GroupName::parse(group)).map(drop))
}

/// The gateway must be able to use it unattended: OpenSSH format, no passphrase.
fn check_private_key(pem: &str) -> Result<(), ChangeError> {
    let key = valid("private key", ssh_key::PrivateKey::from_openssh(pem))?;
    match key.is_encrypted() {
        false => Ok(()),
        true => {
            Err(ChangeError::Value { field: "private key", why: "has a passphrase; store it without".into() })
        }
    }
}

/// A level that this version enforces: a target must not be promised what nothing keeps.
fn enforced_level(word: &str) -> Result<Level, ChangeError> {
    match valid("level", word.parse())? {
        level @ (Level::Recorded | Level::CommandGated) => Ok(level),
        level => {
            let why = format!("{level} is not enforced by this version; use recorded or command-gated");
            Err(ChangeError::Value { field: "level", why })
        }
    }
}

/// A host key in its plain form: algorithm and base64, no comment.
fn host_key_line(key: &str) -> Result<String, ChangeError> {
    // A known_hosts line, as ssh-keyscan prints it, has the host's name before the key.
    let bare = key.split_once(' ').map(|(_, rest)| rest).filter(|rest| rest.split(' ').count() >= 2);
    let parsed = PublicKey::parse(key).or_else(|wrong| bare.map_or(Err(wrong), PublicKey::parse));
    let key = valid("host key", parsed)?;
    Ok(key.to_line().split(' ').take(2).collect::<Vec<_>>().join(" "))
}
