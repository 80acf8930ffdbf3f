//! Changes of people and of what they prove themselves with besides keys.

use std::collections::BTreeSet;

use identity::PersonName;

use super::material::Material;
use super::plan::Plan;
use super::row::Row;
use super::valid::{self, valid};
use super::{ChangeError, Changed, Secret};
use crate::error::RoadError;
use crate::model::{Person, PersonId, Timestamp};
use crate::ports::StoreError;
use crate::road::Road;

impl Road {
    pub(super) async fn plan_person_add(
        &self,
        name: &str,
        groups: &BTreeSet<String>,
        material: &Material,
    ) -> Result<Plan, ChangeError> {
        valid("name", PersonName::parse(name))?;
        valid::groups(groups)?;
        if self.store().person(name).await?.is_some() {
            return Err(StoreError::Exists(format!("person {name}")).into());
        }
        let (id, salt) = material.person.clone().unwrap_or_default();
        let person = Person {
            id: PersonId(id),
            name: name.to_owned(),
            groups: groups.clone(),
            team: None,
            expires: None,
            suspended: false,
            password: None,
            totp: None,
            totp_last_step: None,
            salt,
        };
        Ok(Plan::of(&*person.id.0).row(None, Some(Row::Person(person))))
    }

    pub(super) async fn plan_suspended(&self, name: &str, suspended: bool) -> Result<Plan, ChangeError> {
        let plan = self.plan_person(name, |person| person.suspended = suspended).await?;
        let id = PersonId(plan.subject.clone());
        Ok(plan.forgetting(&id))
    }

    pub(super) async fn plan_groups(
        &self,
        name: &str,
        groups: &BTreeSet<String>,
    ) -> Result<Plan, ChangeError> {
        valid::groups(groups)?;
        self.plan_person(name, |person| person.groups.clone_from(groups)).await
    }

    pub(super) async fn plan_team(&self, name: &str, team: Option<&str>) -> Result<Plan, ChangeError> {
        team.map_or(Ok(()), |team| valid::line("team", team))?;
        self.plan_person(name, |person| person.team = team.map(str::to_owned)).await
    }

    pub(super) async fn plan_expiry(&self, name: &str, expires: Option<i64>) -> Result<Plan, ChangeError> {
        self.plan_person(name, |person| person.expires = expires.map(Timestamp)).await
    }

    pub(super) async fn plan_password(&self, name: &str, material: &Material) -> Result<Plan, ChangeError> {
        let hash = material.password.as_ref().map(|hash| (*hash.0).clone());
        let plan = self.plan_person(name, |person| person.password = hash).await?;
        let id = PersonId(plan.subject.clone());
        Ok(plan.forgetting(&id))
    }

    pub(super) async fn plan_totp(&self, name: &str, material: &Material) -> Result<Plan, ChangeError> {
        let login = valid("name", PersonName::parse(name))?;
        let secret = material.seed()?;
        let id = self.known(name).await?.id;
        let sealed = self.vault().seal("totp", &id.0, secret.as_bytes(), self.entropy());
        let sealed = sealed.map_err(RoadError::from)?;
        let mut plan = self.plan_person(name, |person| person.totp = Some(sealed.clone())).await?;
        plan.seed = Some((id.clone(), sealed));
        plan.changed = Changed {
            totp_secret: Some(Secret(secret.to_base32())),
            totp_uri: Some(Secret(secret.to_uri("Countersign", &login))),
            ..Changed::default()
        };
        Ok(plan.forgetting(&id))
    }

    async fn plan_person(&self, name: &str, change: impl FnOnce(&mut Person)) -> Result<Plan, ChangeError> {
        let before = self.known(name).await?;
        let mut after = before.clone();
        change(&mut after);
        let id = before.id.0.clone();
        Ok(Plan::of(id).row(Some(Row::Person(before)), Some(Row::Person(after))))
    }

    pub(super) async fn known(&self, name: &str) -> Result<Person, ChangeError> {
        let person = self.store().person(name).await?;
        person.ok_or_else(|| StoreError::Missing(format!("person {name}")).into())
    }
}
