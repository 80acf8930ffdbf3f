//! Changes of accounts on targets, with the gateway's credential for each.

use identity::AccountName;

use super::ChangeError;
use super::material::Material;
use super::plan::Plan;
use super::row::Row;
use super::valid::valid;
use crate::error::RoadError;
use crate::model::Account;
use crate::ports::StoreError;
use crate::road::{Road, credential_owner};

impl Road {
    pub(super) async fn plan_account_add(
        &self,
        target: &str,
        login: &str,
        material: &Material,
    ) -> Result<Plan, ChangeError> {
        valid("login", AccountName::parse(login))?;
        self.known_target(target).await?;
        let owner = credential_owner(target, login);
        let pem = material.private_key.as_ref().map(|key| key.0.as_bytes()).unwrap_or_default();
        let sealed = self.vault().seal("credential", &owner, pem, self.entropy());
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
