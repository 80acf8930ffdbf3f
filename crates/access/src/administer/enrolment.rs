//! Codes that let a person bring a key, and people who start anew because a key or an authenticator is lost.

use super::keys::key_event;
use super::material::Material;
use super::plan::Plan;
use super::row::Row;
use super::{ChangeError, Changed};
use crate::model::Person;
use crate::road::Road;

impl Road {
    pub(super) async fn plan_enrol(&self, name: &str, material: &Material) -> Result<Plan, ChangeError> {
        let person = self.known(name).await?;
        self.with_code(Plan::of(&*person.id.0), &person, material)
    }

    /// Recovery codes that are left open nothing without a key or a password, and go when new ones come.
    pub(super) async fn plan_recover(&self, name: &str, material: &Material) -> Result<Plan, ChangeError> {
        let person = self.known(name).await?;
        let bare = Person { password: None, totp: None, ..person.clone() };
        let mut plan = Plan::of(&*person.id.0).forgetting(&person.id);
        for key in self.store().keys(&person.id).await? {
            let revoked = key_event(&person.id, &key.fingerprint, "revoked");
            plan = plan.event(revoked).row(Some(Row::Key(key)), None);
        }
        let plan = plan.row(Some(Row::Person(person.clone())), Some(Row::Person(bare)));
        self.with_code(plan, &person, material)
    }

    /// The second half is drawn anew each time: only the one that is entered is ever told.
    fn with_code(&self, plan: Plan, person: &Person, material: &Material) -> Result<Plan, ChangeError> {
        let first = material.first_half.as_ref().map_or("", |hash| hash.0.as_str());
        let (code, second) = self.code_of(&person.id, first)?;
        let mut plan = plan.row(None, Some(Row::Enrolment(person.name.clone(), code)));
        plan.changed = Changed {
            first_half: material.first_half_told.clone(),
            second_half: Some(second),
            ..Changed::default()
        };
        Ok(plan)
    }
}
