//! The policies in force: a set of files that the ledger names by its digest, kept for ever.

use std::collections::BTreeMap;

use policy::{Policies, Sources};

use super::ChangeError;
use super::plan::Plan;
use super::row::Row;
use super::valid::valid;
use crate::entry::Event;
use crate::error::RoadError;
use crate::ports::Store;
use crate::register::Register;
use crate::road::{Road, StateChange};

/// The files of a policy folder by their paths in it.
pub type PolicyFiles = BTreeMap<String, String>;

impl Road {
    pub(super) async fn plan_policies(&self, files: &PolicyFiles) -> Result<Plan, ChangeError> {
        let policies = valid("policies", parse_policies(files))?;
        let before = self.policy_files().await?.map(Row::Policies);
        let plan = Plan::of("policies").event(Event::Policy { policy: policies.version().to_owned() });
        Ok(plan.row(before, Some(Row::Policies(files.clone()))))
    }

    /// The files of the set that the ledger names; none before there was one.
    pub async fn policy_files(&self) -> Result<Option<PolicyFiles>, RoadError> {
        approved_policies(self.store(), self.register()).await
    }

    /// What a folder holds, offered at the start and when it is read again. As long as the bootstrap lasts it is put in
    /// force, on the record; after it only the approved set is, and a folder that differs is refused and told of.
    pub async fn offer_policies(&self, files: &PolicyFiles) -> Result<(), ChangeError> {
        let policies = valid("policies", parse_policies(files))?;
        let record = crate::register::policies(files);
        let approved = self.register().vouches_for(&record);
        if approved && self.policy_version() == policies.version() {
            return Ok(());
        }
        if !self.register().ceremony_held() {
            let changed = Event::Policy { policy: policies.version().to_owned() };
            self.enter_state(vec![changed], vec![StateChange::Put(record)], None).await?;
            self.register().settle("policies", "policies");
            self.put_in_force(policies);
            return Ok(());
        }
        let found = format!("the policy folder holds {}, which nobody approved", policies.version());
        self.register().find(found);
        self.raise_alerts().await?;
        Err(ChangeError::NotApproved)
    }
}

/// The files of the set that the ledger names, as they were kept; none before there was one.
pub async fn approved_policies(
    store: &dyn Store,
    register: &Register,
) -> Result<Option<PolicyFiles>, RoadError> {
    let Some(digest) = register.digest("policies", "policies") else { return Ok(None) };
    let record = store.record("policies", "policies", &digest).await?;
    let wrong = || RoadError::Inconsistent(format!("the policies {digest} were not kept, or are altered"));
    let record = record.ok_or_else(wrong)?;
    let files: PolicyFiles = serde_json::from_str(&record.content).map_err(|_| wrong())?;
    match crate::register::policies(&files).digest == digest {
        true => Ok(Some(files)),
        false => Err(wrong()),
    }
}

/// Reads and checks a set of files.
pub fn parse_policies(files: &PolicyFiles) -> Result<Policies, String> {
    if !files.keys().any(|name| name.ends_with(".cedar")) {
        return Err("there is no *.cedar file: nothing would be allowed".to_owned());
    }
    Policies::parse(&Sources::from_files(files)).map_err(|fault| fault.to_string())
}
