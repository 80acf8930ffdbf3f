//! Changes of accounts on targets, with the gateway's credential for each.

use identity::AccountName;

use super::ChangeError;
use super::material::Material;
use super::plan::Plan;
use super::row::Row;
use super::valid::{self, valid};
use crate::error::RoadError;
use crate::model::Account;
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
        let is_key = material.credential.as_ref().is_some_and(|secret| secret.0.contains(PRIVATE_KEY));
        if is_key == self.known_target(target).await?.database().is_some() {
            let why = "does not fit: a host takes a private key, a database a password";
            return Err(valid::wrong("credential", why));
        }
        let owner = credential_owner(target, login);
        let secret = material.credential.as_ref().map(|secret| secret.0.as_bytes()).unwrap_or_default();
        let sealed = self.vault().seal("credential", &owner, secret, self.entropy());
        let credential = sealed.map_err(RoadError::from)?;
        let before = self.store().account(target, login).await?;
        let after = Account { target: target.to_owned(), login: login.to_owned(), credential };
        Ok(Plan::of(owner).row(before.map(Row::Account), Some(Row::Account(after))))
    }

    pub(super) async fn plan_account_remove(&self, target: &str, login: &str) -> Result<Plan, ChangeError> {
        let account = self.store().account(target, login).await?;
        let missing = || StoreError::Missing(format!("account {login} on {target}"));
        let account = account.ok_or_else(missing)?;
        Ok(Plan::of(credential_owner(target, login)).row(Some(Row::Account(account)), None))
    }
}
