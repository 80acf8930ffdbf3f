//! Changes of targets: hosts and databases.

use identity::TargetName;
use policy::{Level, destination};

use super::plan::Plan;
use super::row::Row;
use super::valid::{self, valid};
use super::{Change, ChangeError};
use crate::model::{Database, Service, TLS_ACCOUNT, Target};
use crate::ports::StoreError;
use crate::road::Road;

impl Road {
    pub(super) async fn plan_target_add(&self, change: &Change) -> Result<Plan, ChangeError> {
        let Change::TargetAdd { name, host, port, labels, level, host_key } = change else {
            return Ok(Plan::default());
        };
        valid("name", TargetName::parse(name))?;
        valid::address(host, *port)?;
        valid::labels(labels)?;
        let target = Target {
            name: name.clone(),
            host: host.clone(),
            port: *port,
            labels: labels.clone(),
            level: valid::level(level)?,
            service: Service::Ssh { host_key: valid::host_key(host_key)? },
        };
        self.plan_new(target).await
    }

    async fn plan_new(&self, target: Target) -> Result<Plan, ChangeError> {
        let name = target.name.clone();
        if self.store().target(&name).await?.is_some() {
            return Err(StoreError::Exists(format!("target {name}")).into());
        }
        Ok(Plan::of(name).row(None, Some(Row::Target(target))))
    }

    pub(super) async fn plan_host_key(&self, name: &str, key: &str) -> Result<Plan, ChangeError> {
        let host_key = valid::host_key(key)?;
        self.plan_service(name, |service| match service {
            Service::Ssh { host_key: pinned } => {
                *pinned = host_key;
                Ok(())
            }
            Service::Database(_) | Service::Tls { .. } => {
                Err(valid::wrong("host key", "is what hosts have; this target has none"))
            }
        })
        .await
    }

    pub(super) async fn plan_database_add(&self, change: &Change) -> Result<Plan, ChangeError> {
        let Change::DatabaseAdd { name, host, port, labels, protocol, database, authority } = change else {
            return Ok(Plan::default());
        };
        valid("name", TargetName::parse(name))?;
        valid::address(host, *port)?;
        valid::labels(labels)?;
        valid::line("database", database)?;
        let service = Service::Database(Database {
            protocol: valid::protocol(protocol)?,
            name: database.clone(),
            authority: valid::authority(authority)?,
        });
        let (name, host, labels) = (name.clone(), host.clone(), labels.clone());
        self.plan_new(Target { name, host, port: *port, labels, level: Level::StatementGated, service }).await
    }

    /// Its one account comes and goes with it: the gateway logs in nowhere, but people, policies and permits name an account.
    pub(super) async fn plan_tls_add(&self, change: &Change) -> Result<Plan, ChangeError> {
        let Change::TlsAdd { name, host, port, labels, authority } = change else {
            return Ok(Plan::default());
        };
        valid("name", TargetName::parse(name))?;
        valid::label(name)?;
        destination::tcp(host, (*port).into())
            .map_err(|_| valid::wrong("host", "is where no policy can permit a connection"))?;
        valid::labels(labels)?;
        let authority = authority.as_deref().map(valid::authority).transpose()?;
        let (host, labels, port) = (host.clone(), labels.clone(), *port);
        let (level, service) = (Level::Counted, Service::Tls { authority });
        let target = Target { name: name.clone(), host, port, labels, level, service };
        let account = self.account_with(name, TLS_ACCOUNT, b"")?;
        Ok(self.plan_new(target).await?.row(None, Some(Row::Account(account))))
    }

    pub(super) async fn plan_authority(&self, name: &str, authority: &str) -> Result<Plan, ChangeError> {
        let authority = valid::authority(authority)?;
        self.plan_service(name, |service| match service {
            Service::Database(database) => {
                database.authority = authority;
                Ok(())
            }
            Service::Tls { authority: pinned } => {
                *pinned = Some(authority);
                Ok(())
            }
            Service::Ssh { .. } => {
                Err(valid::wrong("authority", "is not what a host has; it has a host key"))
            }
        })
        .await
    }

    pub(super) async fn plan_address(&self, name: &str, host: &str, port: u16) -> Result<Plan, ChangeError> {
        valid::address(host, port)?;
        self.plan_target(name, |target| (target.host, target.port) = (host.to_owned(), port)).await
    }

    pub(super) async fn plan_target_remove(&self, name: &str) -> Result<Plan, ChangeError> {
        let target = self.known_target(name).await?;
        let mut plan = Plan::of(name);
        for account in self.store().accounts(name).await? {
            plan = plan.row(Some(Row::Account(account)), None);
        }
        Ok(plan.row(Some(Row::Target(target)), None))
    }

    async fn plan_service(
        &self,
        name: &str,
        change: impl FnOnce(&mut Service) -> Result<(), ChangeError>,
    ) -> Result<Plan, ChangeError> {
        let before = self.known_target(name).await?;
        let mut after = before.clone();
        change(&mut after.service)?;
        Ok(Plan::of(name).row(Some(Row::Target(before)), Some(Row::Target(after))))
    }

    async fn plan_target(&self, name: &str, change: impl FnOnce(&mut Target)) -> Result<Plan, ChangeError> {
        let before = self.known_target(name).await?;
        let mut after = before.clone();
        change(&mut after);
        Ok(Plan::of(name).row(Some(Row::Target(before)), Some(Row::Target(after))))
    }

    pub(super) async fn known_target(&self, name: &str) -> Result<Target, ChangeError> {
        let target = self.store().target(name).await?;
        target.ok_or_else(|| StoreError::Missing(format!("target {name}")).into())
    }
}
