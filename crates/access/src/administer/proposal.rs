//! A change that an administrator proposes: at once when it only takes away, else once others have signed for it.

use std::collections::BTreeSet;

use identity::VerifiedIdentity;

use super::material::Material;
use super::{Author, Change, ChangeError, Changed};
use crate::error::RoadError;
use crate::model::{Person, Request, RequestId, RequestKind};
use crate::ports::StoreError;
use crate::road::{Draft, Road};
use crate::statement::rfc3339;
use crate::text;

/// What became of a proposal.
#[derive(Debug)]
pub enum Proposed {
    /// It is in force.
    Applied(Changed),
    /// It waits for others.
    Waiting {
        /// The request that they sign.
        request: RequestId,
        /// What the proposer is told.
        told: String,
    },
}

impl Road {
    /// Proposes a change. Only who has the responsible role may.
    pub async fn propose(&self, who: &VerifiedIdentity, change: &Change) -> Result<Proposed, ChangeError> {
        let person = self.person_now(who).await?;
        self.is_responsible(&person, change).await?;
        self.is_timely(change)?;
        let material = self.draw(change)?;
        let mut plan = self.plan(change, &material).await?;
        let quorums = self.needed(change, &person).await?;
        if quorums.is_empty() {
            plan.rests_on = self.rests_on(change, &person).await?;
            let author = Author::person(&person);
            return Ok(Proposed::Applied(self.carry_out(&author, change, plan, None).await?));
        }
        let draft = Draft {
            kind: RequestKind::Change,
            target: String::new(),
            account: String::new(),
            terms: change.public(),
            run: plan.diff(),
            sealed: material.seal(self, &change.digest())?,
            effects: BTreeSet::from(["privilege.change".to_owned()]),
            quorums: quorums.iter().map(|quorum| quorum.name.clone()).collect(),
            lasts_seconds: quorums.iter().map(|quorum| quorum.expires_seconds).min().unwrap_or(0),
        };
        let request = self.ask_for(&person, draft).await?;
        let mut needs = Vec::new();
        for quorum in &quorums {
            needs.push(self.needs(quorum, &person.id.0).await?);
        }
        let told = self.waits(&request, &needs.join(" / "), &plan.changed);
        Ok(Proposed::Waiting { request: request.id, told })
    }

    async fn is_responsible(&self, person: &Person, change: &Change) -> Result<(), RoadError> {
        if !self.register().ceremony_held() {
            return Err(self.refusal(&text::NO_CEREMONY_YET, &[]).into());
        }
        let role = change.role();
        let may = match change {
            // Nobody brings a key for somebody else, whatever their role.
            Change::KeyBring { name, .. } => *name == person.name,
            _ => person.groups.contains(role.group()) || self.stands_in(person, change).await?,
        };
        match may {
            true => Ok(()),
            false => {
                let values = [("change", &*change.word()), ("group", role.group())];
                Err(self.refusal(&text::NOT_RESPONSIBLE, &values).into())
            }
        }
    }

    fn waits(&self, request: &Request, needs: &str, changed: &Changed) -> String {
        let values = [
            ("request", &*request.id.to_string()),
            ("needs", needs),
            ("until", &rfc3339(request.expires)),
            ("diff", &request.run),
        ];
        let mut told = self.say(&text::CHANGE_WAITS, &values);
        if let (Some(secret), Some(uri)) = (&changed.totp_secret, &changed.totp_uri) {
            // Shown to whoever proposes it and to nobody else; it counts once others have signed.
            told += &format!("\n{}\n{}", *secret.0, *uri.0);
        }
        if let Some(half) = &changed.first_half {
            told += &format!("\n{}", self.say(&text::CODE_FIRST, &[("half", &half.0)]));
        }
        told
    }

    /// Whether a waiting change could still be made, comes to the same, and needs what was asked for.
    pub(crate) async fn would_still_make(&self, request: &Request) -> Result<(), RoadError> {
        let (requester, change, material) = self.unpack(request).await?;
        self.is_responsible(&requester, &change).await?;
        let plan = self.plan(&change, &material).await.map_err(|fault| self.no_longer_possible(fault))?;
        let needed: Vec<_> =
            self.needed(&change, &requester).await?.into_iter().map(|quorum| quorum.name).collect();
        // Where the role had nobody else, the others' agreement counts for as long as that is so.
        if plan.diff() != request.run || !(needed.is_empty() || request.quorums == needed) {
            return Err(self.refusal(&text::CHANGED_MEANWHILE, &[]).into());
        }
        Ok(())
    }

    /// Makes a granted change. Its entries name the request, which makes it once.
    pub(crate) async fn make_granted(&self, request: &Request) -> Result<String, RoadError> {
        let (requester, change, material) = self.unpack(request).await?;
        let plan = self.plan(&change, &material).await.map_err(|fault| self.no_longer_possible(fault))?;
        let author = Author::person(&requester);
        let made = self.carry_out(&author, &change, plan, Some(request.id)).await;
        let changed = made.map_err(|fault| self.no_longer_possible(fault))?;
        let mut told = self.say(&text::CHANGE_APPLIED, &[("change", &change.word())]);
        if let Some(half) = &changed.second_half {
            let minutes = (self.settings().enrolment_seconds / 60).to_string();
            let values = [("half", &**half.0), ("minutes", &*minutes)];
            told += &format!("\n{}", self.say(&text::CODE_SECOND, &values));
        }
        Ok(told)
    }

    async fn unpack(&self, request: &Request) -> Result<(Person, Change, Material), RoadError> {
        let wrong = |what: &str| RoadError::Inconsistent(format!("request {}: {what}", request.id));
        let change: Change = serde_json::from_slice(&request.text).map_err(|_| wrong("not a change"))?;
        let material = Material::open(self, &change.digest(), request.sealed.as_deref())?;
        let requester = self.store().person_by_id(&request.requester).await?;
        Ok((requester.ok_or_else(|| wrong("nobody asks for it"))?, change, material))
    }

    fn no_longer_possible(&self, fault: ChangeError) -> RoadError {
        match fault {
            ChangeError::Road(RoadError::Store(fault @ (StoreError::Exists(_) | StoreError::Missing(_)))) => {
                self.refusal(&text::CHANGE_REFUSED, &[("why", &fault.to_string())]).into()
            }
            ChangeError::Road(fault) => fault,
            other => self.refusal(&text::CHANGE_REFUSED, &[("why", &other.to_string())]).into(),
        }
    }

    /// The desk's `change`: a change as JSON on standard input. Returns what the person is told.
    pub async fn change_command(&self, who: &VerifiedIdentity, json: &[u8]) -> Result<String, RoadError> {
        let change: Change = serde_json::from_slice(json).map_err(|fault| {
            RoadError::from(self.refusal(&text::CHANGE_REFUSED, &[("why", &fault.to_string())]))
        })?;
        self.change_of(who, &change).await
    }

    /// Proposes, and says what came of it.
    pub(crate) async fn change_of(
        &self,
        who: &VerifiedIdentity,
        change: &Change,
    ) -> Result<String, RoadError> {
        match self.propose(who, change).await {
            Ok(Proposed::Waiting { told, .. }) => Ok(told + "\n"),
            Ok(Proposed::Applied(_)) => {
                Ok(self.say(&text::CHANGE_APPLIED, &[("change", &change.word())]) + "\n")
            }
            Err(fault) => Err(self.no_longer_possible(fault)),
        }
    }

    /// Makes a change that takes away from nobody but its author.
    pub(crate) async fn change_oneself(&self, person: &Person, change: &Change) -> Result<String, RoadError> {
        let made = match self.plan(change, &Material::default()).await {
            Ok(plan) => self.carry_out(&Author::person(person), change, plan, None).await,
            Err(fault) => Err(fault),
        };
        made.map_err(|fault| self.no_longer_possible(fault))?;
        Ok(self.say(&text::CHANGE_APPLIED, &[("change", &change.word())]) + "\n")
    }
}
