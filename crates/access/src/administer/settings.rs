//! Changes of settings: how long recordings are kept, and which are kept longer.

use recording::SessionId;

use super::plan::Plan;
use super::row::Row;
use super::valid::{self, valid};
use super::{ChangeError, SHORTEST_RETENTION};
use crate::error::RoadError;
use crate::ports::StoreError;
use crate::road::Road;

impl Road {
    pub(super) async fn plan_setting(&self, name: &str, value: &str) -> Result<Plan, ChangeError> {
        valid::setting(name, value)?;
        self.plan_row(name, Some(value)).await
    }

    pub(super) async fn plan_hold(&self, session: &str, reason: &str) -> Result<Plan, ChangeError> {
        valid::line("reason", reason)?;
        let id = valid("session", session.parse::<SessionId>())?;
        if self.store().session(&id).await?.is_none() {
            return Err(StoreError::Missing(format!("session {session}")).into());
        }
        self.plan_row(&hold_name(&id), Some(reason)).await
    }

    pub(super) async fn plan_release(&self, session: &str) -> Result<Plan, ChangeError> {
        let id = valid("session", session.parse::<SessionId>())?;
        if !self.is_held(&id).await? {
            return Err(StoreError::Missing(format!("legal hold of session {session}")).into());
        }
        self.plan_row(&hold_name(&id), None).await
    }

    async fn plan_row(&self, name: &str, value: Option<&str>) -> Result<Plan, ChangeError> {
        let row = |value: String| Row::Setting(name.to_owned(), value);
        let before = self.store().setting(name).await?;
        Ok(Plan::of(name).row(before.map(row), value.map(|value| row(value.to_owned()))))
    }

    /// For how many days recordings are kept at least.
    pub async fn retention_days(&self) -> Result<u32, RoadError> {
        let set = self.store().setting("retention-days").await?;
        let days = set.and_then(|days| days.parse().ok()).unwrap_or(SHORTEST_RETENTION);
        Ok(days.max(SHORTEST_RETENTION))
    }

    /// Whether the recording of that session is kept whatever its age.
    pub async fn is_held(&self, session: &SessionId) -> Result<bool, RoadError> {
        Ok(self.store().setting(&hold_name(session)).await?.is_some())
    }
}

fn hold_name(session: &SessionId) -> String {
    format!("hold:{session}")
}
