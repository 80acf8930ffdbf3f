//! Changes of settings: how long recordings are kept, which are kept longer, and what day it is.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use recording::SessionId;

use super::plan::Plan;
use super::row::Row;
use super::valid::{self, valid};
use super::{CLOCK_CONFIRMED, ChangeError};
use crate::ports::StoreError;
use crate::register::{hold_of_person, hold_of_session};
use crate::road::Road;
use crate::statement::rfc3339;

/// How many seconds a day that people name may be over when the last of them has signed.
const DAY_GOES_ON: u64 = 2 * 86_400;

impl Road {
    pub(super) async fn plan_setting(&self, name: &str, value: &str) -> Result<Plan, ChangeError> {
        match name {
            CLOCK_CONFIRMED => self.is_today(value)?,
            _ => valid::setting(name, value)?,
        }
        self.plan_row(name, Some(value)).await
    }

    /// People and the clock agree on the day.
    fn is_today(&self, day: &str) -> Result<(), ChangeError> {
        let named = valid(CLOCK_CONFIRMED, day.parse::<Date>())?;
        let begin = valid(CLOCK_CONFIRMED, named.to_zoned(TimeZone::UTC))?.timestamp().as_second();
        let now = self.now().seconds();
        let days = begin.saturating_sub(86_400)..begin.saturating_add_unsigned(DAY_GOES_ON);
        match i64::try_from(now).is_ok_and(|now| days.contains(&now)) && named.to_string() == day {
            true => Ok(()),
            false => {
                let why = format!("is not today as YYYY-MM-DD; this clock says {}", rfc3339(self.now()));
                Err(ChangeError::Value { field: CLOCK_CONFIRMED, why })
            }
        }
    }

    pub(super) async fn plan_hold(&self, session: &str, reason: &str) -> Result<Plan, ChangeError> {
        valid::line("reason", reason)?;
        let id = valid("session", session.parse::<SessionId>())?;
        let there = self.store().session(&id).await?.is_some();
        if !there || self.register().erased(session).is_some() {
            return Err(StoreError::Missing(format!("recording of session {session}")).into());
        }
        self.plan_row(&hold_of_session(session), Some(reason)).await
    }

    pub(super) async fn plan_release(&self, session: &str) -> Result<Plan, ChangeError> {
        let id = valid("session", session.parse::<SessionId>())?;
        self.plan_no_hold(&hold_of_session(&id.to_string()), &format!("session {session}")).await
    }

    pub(super) async fn plan_person_hold(&self, name: &str, reason: &str) -> Result<Plan, ChangeError> {
        valid::line("reason", reason)?;
        let person = self.known(name).await?;
        self.plan_row(&hold_of_person(&person.id.0), Some(reason)).await
    }

    pub(super) async fn plan_person_release(&self, name: &str) -> Result<Plan, ChangeError> {
        let person = self.known(name).await?;
        self.plan_no_hold(&hold_of_person(&person.id.0), name).await
    }

    async fn plan_no_hold(&self, hold: &str, of: &str) -> Result<Plan, ChangeError> {
        if self.store().setting(hold).await?.is_none() {
            return Err(StoreError::Missing(format!("legal hold of {of}")).into());
        }
        self.plan_row(hold, None).await
    }

    async fn plan_row(&self, name: &str, value: Option<&str>) -> Result<Plan, ChangeError> {
        let row = |value: String| Row::Setting(name.to_owned(), value);
        let before = self.store().setting(name).await?;
        Ok(Plan::of(name).row(before.map(row), value.map(|value| row(value.to_owned()))))
    }
}
