//! Rows that administrators change: what the ledger says of each, and how it is written.

use std::collections::BTreeMap;

use crate::model::{Account, Enrolment, Permit, Person, PersonKey, Record, Target};
use crate::ports::{Store, StoreError};
use crate::register;
use crate::road::enrolment_record;

/// A row that administrators change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// A person, with credentials.
    Person(Person),
    /// A key.
    Key(PersonKey),
    /// A target.
    Target(Target),
    /// An account.
    Account(Account),
    /// A setting: name and value.
    Setting(String, String),
    /// A code that lets a person bring a key: the person's name, and the code's hashes.
    Enrolment(String, Enrolment),
    /// A permit: never changed by administrators, only put back when its row is gone.
    Permit(Permit),
    /// The policies in force, file by file. Their record is all there is.
    Policies(BTreeMap<String, String>),
}

impl Row {
    /// What the ledger vouches for.
    pub(crate) fn records(&self) -> Vec<Record> {
        match self {
            Self::Person(person) => vec![register::person(person), register::credentials(person)],
            Self::Key(key) => vec![register::key(key)],
            Self::Target(target) => vec![register::target(target)],
            Self::Account(account) => vec![register::account(account)],
            Self::Enrolment(_, code) => vec![enrolment_record(code)],
            Self::Setting(name, value) => vec![register::setting(name, value)],
            Self::Permit(permit) => vec![register::permit(permit)],
            Self::Policies(files) => vec![register::policies(files)],
        }
    }

    /// The kind of its first record, which is its only one but for a person's.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Key(_) => "key",
            Self::Target(_) => "target",
            Self::Account(_) => "account",
            Self::Enrolment(..) => "enrolment",
            Self::Setting(..) => "setting",
            Self::Permit(_) => "permit",
            Self::Policies(_) => "policies",
        }
    }

    /// Writes it, whether it is there or not.
    pub(crate) async fn write(&self, store: &dyn Store) -> Result<(), StoreError> {
        match self {
            Self::Person(person) => match store.set_person(person).await {
                Err(StoreError::Missing(_)) => store.add_person(person).await,
                done => done,
            },
            Self::Key(key) => store.put_key(key).await,
            Self::Target(target) => match store.set_target(target).await {
                Err(StoreError::Missing(_)) => store.add_target(target).await,
                done => done,
            },
            Self::Account(account) => store.put_account(account).await,
            Self::Enrolment(_, code) => store.put_enrolment(&code.person, Some(code)).await,
            Self::Setting(name, value) => store.put_setting(name, Some(value)).await,
            Self::Permit(permit) => store.add_permit(permit).await,
            Self::Policies(_) => Ok(()),
        }
    }

    /// Takes it away. A person is never taken away: what they did stays theirs.
    pub(crate) async fn erase(&self, store: &dyn Store) -> Result<(), StoreError> {
        match self {
            Self::Key(key) => store.remove_key(&key.person, &key.fingerprint).await,
            Self::Target(target) => store.remove_target(&target.name).await,
            Self::Account(account) => store.remove_account(&account.target, &account.login).await,
            Self::Enrolment(_, code) => store.put_enrolment(&code.person, None).await,
            Self::Setting(name, _) => store.put_setting(name, None).await,
            Self::Person(_) | Self::Permit(_) | Self::Policies(_) => Ok(()),
        }
    }
}
