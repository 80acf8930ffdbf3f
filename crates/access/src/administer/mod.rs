//! Administrative changes: each is worked out, entered with what every row contains from now on, and only then written.
//!
//! Until the ceremony the gateway's own account makes them alone ([`Road::administer`]); after it they are proposed by
//! administrators, and what widens anything waits for somebody else's signature.

mod accounts;
mod bringing;
mod ceremony;
mod change;
mod diff;
mod enrolment;
mod kept;
mod keys;
mod material;
mod people;
mod plan;
mod policies;
mod proposal;
mod quorums;
mod role;
mod row;
mod settings;
mod targets;
mod valid;

use serde::{Deserialize, Serialize};

pub(crate) use bringing::Challenge;
pub use bringing::KEY_NAMESPACE;
pub use ceremony::First;
pub(crate) use change::NARROWING;
pub use change::{Change, Secret};
use material::Material;
use plan::Plan;
pub use policies::{PolicyFiles, approved_policies, parse_policies};
pub use proposal::Proposed;
pub(crate) use quorums::change_quorum;
pub use role::Role;
pub(crate) use row::Row;

use crate::announcement::Announcement;
use crate::blind::Blind;
use crate::entry::Event;
use crate::error::RoadError;
use crate::model::{Person, RequestId};
use crate::ports::StoreError;
use crate::road::Road;

/// Days that recordings are kept at least, whatever anybody decides: six months.
pub const SHORTEST_RETENTION: u32 = 184;

/// The setting that says how many days recordings are kept.
pub(crate) const RETENTION_DAYS: &str = "retention-days";

/// The setting by which people say what day it is, after time has leapt.
pub(crate) const CLOCK_CONFIRMED: &str = "clock-confirmed";

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// A value is not acceptable.
    #[error("{field}: {why}")]
    Value {
        /// Which value.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The bootstrap is over.
    #[error(
        "the three administrators are enrolled: nobody changes anything alone any more. Propose it over SSH: countersign admin --gateway NAME@HOST …"
    )]
    BootstrapOver,
    /// A policy folder holds something else than what was approved.
    #[error(
        "the policies in the folder are not the approved ones, which stay in force. Propose them: countersign admin --gateway NAME@HOST policies DIR"
    )]
    NotApproved,
    /// Somebody else changes the same at this moment.
    #[error("it is being changed at this moment; look again, and try again")]
    Meanwhile,
    /// The store or the ledger refused.
    #[error(transparent)]
    Road(#[from] RoadError),
}

impl From<StoreError> for ChangeError {
    fn from(fault: StoreError) -> Self {
        Self::Road(fault.into())
    }
}

/// What a change answers: a TOTP seed or an enrolment code, shown once.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Changed {
    /// Base32 seed of a new TOTP secret.
    pub totp_secret: Option<Secret>,
    /// `otpauth://` URI of it.
    pub totp_uri: Option<Secret>,
    /// First half of an enrolment code, for whoever proposed it.
    #[serde(default)]
    pub first_half: Option<Secret>,
    /// Its second half, for whoever completed the approval.
    #[serde(default)]
    pub second_half: Option<Secret>,
}

/// Who makes a change.
pub(crate) struct Author {
    /// What the entry says: a person's identifier, or a commitment to the local account.
    entered: String,
    /// What people read.
    shown: String,
}

impl Author {
    fn person(person: &Person) -> Self {
        Self { entered: person.id.0.clone(), shown: person.name.clone() }
    }
}

impl Road {
    /// Makes a change for `by`, the local account, as long as the bootstrap lasts. The entries are durable before the
    /// change is in force.
    pub async fn administer(&self, by: &str, change: &Change) -> Result<Changed, ChangeError> {
        if self.register().ceremony_held() {
            return Err(ChangeError::BootstrapOver);
        }
        self.change_alone(by, change).await
    }

    async fn change_alone(&self, by: &str, change: &Change) -> Result<Changed, ChangeError> {
        let plan = self.plan(change, &self.draw(change)?).await?;
        let author = Author { entered: self.blind_local(by), shown: by.to_owned() };
        self.carry_out(&author, change, plan, None).await
    }

    /// What the change comes to, given how things are now.
    async fn plan(&self, change: &Change, material: &Material) -> Result<Plan, ChangeError> {
        match change {
            Change::PersonAdd { name, groups } => self.plan_person_add(name, groups, material).await,
            Change::PersonSuspend { name } => self.plan_suspended(name, true).await,
            Change::PersonResume { name } => self.plan_suspended(name, false).await,
            Change::PersonGroups { name, groups } => self.plan_groups(name, groups).await,
            Change::PersonTeam { name, team } => self.plan_team(name, team.as_deref()).await,
            Change::PersonExpiry { name, expires } => self.plan_expiry(name, *expires).await,
            Change::PersonPassword { name, .. } => self.plan_password(name, material).await,
            Change::PersonTotp { name } => self.plan_totp(name, material).await,
            Change::PersonEnrol { name } => self.plan_enrol(name, material).await,
            Change::PersonRecover { name } => self.plan_recover(name, material).await,
            Change::KeyAdd { name, key } => self.plan_key_add(name, key).await,
            Change::KeyBring { name, key, until, signature } => {
                self.plan_key_bring(name, key, *until, signature).await
            }
            Change::KeyExpiry { name, fingerprint, expires } => {
                self.plan_key_expiry(name, fingerprint, *expires).await
            }
            Change::KeyRemove { name, fingerprint } => self.plan_key_remove(name, fingerprint).await,
            Change::TargetAdd { .. } => self.plan_target_add(change).await,
            Change::DatabaseAdd { .. } => self.plan_database_add(change).await,
            Change::TlsAdd { .. } => self.plan_tls_add(change).await,
            Change::DatabaseAuthority { name, authority } => self.plan_authority(name, authority).await,
            Change::TargetHostKey { name, host_key } => self.plan_host_key(name, host_key).await,
            Change::TargetAddress { name, host, port } => self.plan_address(name, host, *port).await,
            Change::TargetRemove { name } => self.plan_target_remove(name).await,
            Change::AccountAdd { target, login, .. } => self.plan_account_add(target, login, material).await,
            Change::AccountReader { target, login, reader } => {
                self.plan_account_reader(target, login, reader.as_deref()).await
            }
            Change::AccountRemove { target, login } => self.plan_account_remove(target, login).await,
            Change::SettingSet { name, value } => self.plan_setting(name, value).await,
            Change::LegalHold { session, reason } => self.plan_hold(session, reason).await,
            Change::LegalHoldRelease { session } => self.plan_release(session).await,
            Change::PersonHold { name, reason } => self.plan_person_hold(name, reason).await,
            Change::PersonHoldRelease { name } => self.plan_person_release(name).await,
            Change::PoliciesSet { files } => self.plan_policies(files).await,
        }
    }

    /// Enters the change with its rows, then writes them. `request` is what it follows from, if anybody had to agree.
    async fn carry_out(
        &self,
        by: &Author,
        change: &Change,
        plan: Plan,
        request: Option<RequestId>,
    ) -> Result<Changed, ChangeError> {
        let claimed = self.register().claim(&plan.claims(), &plan.claims_new());
        let claimed = claimed.ok_or(ChangeError::Meanwhile)?;
        let mut events = vec![Event::Admin {
            change: change.word(),
            subject: plan.subject.clone(),
            by: by.entered.clone(),
            digest: change.digest(),
        }];
        events.extend(plan.events.iter().cloned());
        let at = self.enter_state(events, plan.states(), request).await?;
        // From here on the change is in force: the next start writes the rows if this one cannot.
        let changed = self.write(plan, at).await;
        drop(claimed);
        self.store().stir().await?;
        self.announce_change(by, change).await;
        changed
    }

    async fn announce_change(&self, by: &Author, change: &Change) {
        let by = by.shown.clone();
        let announcement = match change {
            Change::PersonSuspend { name } => Announcement::PersonSuspended { person: name.clone(), by },
            Change::KeyAdd { name, key } | Change::KeyBring { name, key, .. } => {
                match identity::PublicKey::parse(key) {
                    Ok(key) => {
                        let fingerprint = key.fingerprint().as_str().to_owned();
                        Announcement::KeyEnrolled { person: name.clone(), fingerprint, by }
                    }
                    Err(_) => return,
                }
            }
            _ => return,
        };
        self.announce(announcement).await;
    }

    async fn write(&self, plan: Plan, at: u64) -> Result<Changed, ChangeError> {
        for (before, after) in plan.rows {
            match (before, after) {
                (_, Some(Row::Policies(files))) => self.enforce(&files)?,
                (None, Some(Row::Key(mut key))) => {
                    key.enrolled_at = at;
                    Row::Key(key).write(self.store()).await?;
                }
                (_, Some(row)) => row.write(self.store()).await?,
                (Some(row), None) => row.erase(self.store()).await?,
                (None, None) => {}
            }
        }
        if let Some((person, sealed)) = plan.seed {
            self.store().set_totp(&person, Some(&sealed)).await?;
        }
        if let Some(person) = plan.forgets {
            self.store().forget(&person).await?;
        }
        Ok(plan.changed)
    }

    fn enforce(&self, files: &PolicyFiles) -> Result<(), ChangeError> {
        self.put_in_force(valid::valid("policies", parse_policies(files))?);
        Ok(())
    }

    /// Records that someone on the gateway's host looked at a recording; durable before the first frame is shown.
    pub async fn note_replay(&self, by: &str, session: &recording::SessionId) -> Result<(), RoadError> {
        let by = self.blind_local(by);
        let session = session.to_string();
        self.note(Event::ReplayViewed { session, by: Some(by), person: None, permit: None }).await?;
        Ok(())
    }

    pub(crate) fn blind_local(&self, by: &str) -> String {
        Blind(&self.settings().node_salt).commit("local-account", by.as_bytes())
    }
}
