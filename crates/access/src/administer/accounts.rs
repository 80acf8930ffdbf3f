//! Changes of accounts on targets, with the gateway's credential for each.

use identity::AccountName;

use super::ChangeError;
use super::material::Material;
use super::plan::Plan;
use super::row::Row;
use super::valid::{self, valid};
use crate::error::RoadError;
use crate::model::{Account, Database, Protocol, Service, Target};
use crate::ports::StoreError;
use crate::road::{Road, credential_owner};

/// How an OpenSSH private key begins.
const PRIVATE_KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";

impl Road {
    pub(super) async fn plan_account_add(
        &self,
        target: &str,
        login: &str,
        material: &Material,
    ) -> Result<Plan, ChangeError> {
        valid("login", AccountName::parse(login))?;
        let place = self.hosting_accounts(target).await?;
        let is_key = material.credential.as_ref().is_some_and(|secret| secret.0.contains(PRIVATE_KEY));
        if is_key == place.database().is_some() {
            let why = "does not fit: a host takes a private key, a database a password";
            return Err(valid::wrong("credential", why));
        }
        let secret = material.credential.as_ref().map(|secret| secret.0.as_bytes()).unwrap_or_default();
        let before = self.store().account(target, login).await?;
        let reader = before.as_ref().and_then(|account| account.reader.clone());
        let after = Account { reader, ..self.account_with(target, login, secret)? };
        Ok(Plan::of(credential_owner(target, login)).row(before.map(Row::Account), Some(Row::Account(after))))
    }

    /// An account with that secret, sealed.
    pub(super) fn account_with(
        &self,
        target: &str,
        login: &str,
        secret: &[u8],
    ) -> Result<Account, ChangeError> {
        let owner = credential_owner(target, login);
        let sealed = self.vault().seal("credential", &owner, secret, self.entropy());
        let credential = sealed.map_err(RoadError::from)?;
        Ok(Account { target: target.to_owned(), login: login.to_owned(), credential, reader: None })
    }

    /// The target, if its accounts are administered one by one.
    async fn hosting_accounts(&self, target: &str) -> Result<Target, ChangeError> {
        let known = self.known_target(target).await?;
        match known.is_counted() {
            true => Err(valid::wrong("target", "has the one account that came with it, and no login")),
            false => Ok(known),
        }
    }

    /// Reads run as another account, which has no third one for its own.
    pub(super) async fn plan_account_reader(
        &self,
        target: &str,
        login: &str,
        reader: Option<&str>,
    ) -> Result<Plan, ChangeError> {
        let before = self.known_account(target, login).await?;
        if let Some(reader) = reader {
            let service = self.known_target(target).await?.service;
            if !matches!(service, Service::Database(Database { protocol: Protocol::Postgres, .. })) {
                return Err(valid::wrong("target", "is no PostgreSQL database: it has no second account"));
            }
            if self.known_account(target, reader).await?.reader.is_some() || reader == login {
                return Err(valid::wrong(
                    "reader",
                    "is an account whose own reads run as another, or the same",
                ));
            }
        }
        let after = Account { reader: reader.map(str::to_owned), ..before.clone() };
        Ok(Plan::of(credential_owner(target, login))
            .row(Some(Row::Account(before)), Some(Row::Account(after))))
    }

    pub(super) async fn plan_account_remove(&self, target: &str, login: &str) -> Result<Plan, ChangeError> {
        self.hosting_accounts(target).await?;
        let account = self.known_account(target, login).await?;
        Ok(Plan::of(credential_owner(target, login)).row(Some(Row::Account(account)), None))
    }

    async fn known_account(&self, target: &str, login: &str) -> Result<Account, ChangeError> {
        let missing = || StoreError::Missing(format!("account {login} on {target}"));
        self.store().account(target, login).await?.ok_or_else(|| missing().into())
    }
}
