//! Emergencies: declared by one person, told to everybody, over soon, and open until somebody else has reviewed them.

use std::collections::BTreeSet;

use identity::VerifiedIdentity;
use policy::Verdict;

use super::Road;
use super::asking::covers;
use super::permits::act_of;
use super::state::StateChange;
use crate::announcement::Announcement;
use crate::blind::{Blind, sha256_hex};
use crate::desk_command::{Because, EmergencyWanted};
use crate::entry::{Event, canonical};
use crate::error::RoadError;
use crate::model::{Permit, PermitId, PermitKind, Person, Record};
use crate::register;
use crate::statement::{rfc3339, visible};
use crate::terms::Terms;
use crate::text;

/// Permits and requests looked at, newest first.
const RECENT: u32 = 10_000;

impl Road {
    /// Declares an emergency for oneself. Everybody who is configured is told before it begins.
    pub async fn declare_emergency(
        &self,
        who: &VerifiedIdentity,
        wanted: &EmergencyWanted,
    ) -> Result<String, RoadError> {
        let person = self.person_now(who).await?;
        let most = self.policies().emergencies().longest_seconds();
        if !(60..=most).contains(&wanted.seconds) {
            let most = (most / 60).to_string();
            return Err(self.refusal(&text::EMERGENCY_LENGTH, &[("most", &most)]).into());
        }
        self.owes_no_review(&person).await?;
        let (scope, targets) = self.place(&wanted.place).await?;
        let terms = Terms {
            account: None,
            asked: self.as_asked(who).await?,
            covers: covers(&targets),
            duration_seconds: wanted.seconds,
            level: None,
            reason: wanted.because.text(),
            runbook: None,
            scope,
            session: None,
            ticket: None,
        };
        self.bounded(&terms)?;
        let act = act_of(PermitKind::Emergency);
        for target in &targets {
            match self.judge_terms(act, &terms, &person, target, &BTreeSet::new()) {
                Verdict::Allow(_) => {}
                // Who would have to wait for others asks for access instead.
                Verdict::Hold(held) => {
                    return Err(self.refuse_at_desk(&person, act, target, (&held.rules, "")).await);
                }
                Verdict::Deny(denied) => {
                    return Err(self
                        .refuse_at_desk(&person, act, target, (&denied.rules, &denied.reason))
                        .await);
                }
            }
        }
        self.begin_emergency(&person, &terms).await
    }

    async fn begin_emergency(&self, person: &Person, terms: &Terms) -> Result<String, RoadError> {
        let permit = self.new_permit(PermitKind::Emergency, None, person, terms).await?;
        let about = self.about_permit(&permit, person, terms);
        let reason = visible(&terms.reason);
        self.announce_first(Announcement::EmergencyDeclared { about, reason }).await?;
        self.enter_permit(&permit).await?;
        let values = [
            ("permit", &*permit.id.to_string()),
            ("scope", &visible(&terms.scope.to_string())),
            ("until", &rfc3339(permit.until)),
        ];
        Ok(self.say(&text::EMERGENCY_BEGAN, &values))
    }

    /// One at a time, and none while an older one waits too long for its review.
    async fn owes_no_review(&self, person: &Person) -> Result<(), RoadError> {
        let policies = self.policies();
        let rules = policies.emergencies();
        let reviewers = Vec::from_iter(rules.reviewers.iter().map(|group| visible(group))).join(", ");
        for permit in self.open_emergencies().await?.iter().filter(|permit| permit.holder == person.id) {
            let number = permit.id.to_string();
            let values = [("permit", &*number), ("reviewers", &*reviewers)];
            let over = over_at(permit);
            if self.now() < over {
                return Err(self.refusal(&text::EMERGENCY_ALREADY, &values).into());
            }
            if self.now() >= over.plus_seconds(rules.review_seconds()) {
                return Err(self.refusal(&text::EMERGENCY_UNREVIEWED, &values).into());
            }
        }
        Ok(())
    }

    /// Emergencies that nobody has reviewed, live ones among them.
    pub async fn open_emergencies(&self) -> Result<Vec<Permit>, RoadError> {
        let mut open = self.store().permits(RECENT).await?;
        open.retain(|permit| {
            permit.kind == PermitKind::Emergency
                && permit.reviewed.is_none()
                && self.register().vouches_for(&register::permit(permit))
        });
        Ok(open)
    }

    /// Closes somebody else's emergency after a look at what was done in it.
    pub async fn review_emergency(
        &self,
        who: &VerifiedIdentity,
        id: PermitId,
        finding: &Because,
    ) -> Result<String, RoadError> {
        let person = self.person_now(who).await?;
        let permit = self.reviewable_by(&person, id).await?;
        let holder = self.store().person_by_id(&permit.holder).await?;
        let salt = holder.map_or([0; 16], |holder| holder.salt);
        let text = finding.text();
        let entry = Event::EmergencyReviewed {
            permit: id.0,
            by: person.id.0.clone(),
            finding: Blind(&salt).commit("finding", text.as_bytes()),
        };
        let content = canonical(&serde_json::json!({ "by": person.id.0, "finding": text, "permit": id.0 }));
        let digest = sha256_hex(content.as_bytes());
        self.store()
            .keep_record(&Record { kind: "finding".into(), id: id.to_string(), digest, content })
            .await?;
        let reviewed = Permit { reviewed: Some(person.id.clone()), ..permit };
        self.enter_state(vec![entry], vec![StateChange::Put(register::permit(&reviewed))], None).await?;
        self.store().set_permit(&reviewed).await?;
        self.announce_review(&reviewed, &person).await?;
        Ok(self.say(&text::EMERGENCY_REVIEWED, &[("permit", &id.to_string())]))
    }

    /// The emergency, if this person may judge it: one of those who review, not its holder, and not who helped in it.
    async fn reviewable_by(&self, person: &Person, id: PermitId) -> Result<Permit, RoadError> {
        let number = id.to_string();
        let values = [("permit", &*number)];
        let reviews = !person.groups.is_disjoint(&self.policies().emergencies().reviewers);
        let open = self.permit(id).await?.filter(|permit| {
            permit.kind == PermitKind::Emergency && permit.reviewed.is_none() && permit.holder != person.id
        });
        let Some(permit) = open.filter(|_| reviews) else {
            return Err(self.refusal(&text::NO_EMERGENCY, &values).into());
        };
        if self.now() < over_at(&permit) {
            return Err(self.refusal(&text::EMERGENCY_NOT_OVER, &values).into());
        }
        if self.helped_in(person, &permit).await? {
            return Err(self.refusal(&text::EMERGENCY_INVOLVED, &values).into());
        }
        Ok(permit)
    }

    /// Whether the person answered a request that the holder made while it lasted.
    async fn helped_in(&self, person: &Person, permit: &Permit) -> Result<bool, RoadError> {
        let within = permit.from..over_at(permit);
        for request in self.store().requests(RECENT).await? {
            if request.requester == permit.holder && within.contains(&request.created) {
                let decisions = self.store().decisions(request.id).await?;
                if decisions.iter().any(|decision| decision.person == person.id) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    async fn announce_review(&self, permit: &Permit, by: &Person) -> Result<(), RoadError> {
        let holder = self.store().person_by_id(&permit.holder).await?;
        if let (Some(holder), Some(terms)) = (holder, Terms::read(&permit.terms)) {
            let about = self.about_permit(permit, &holder, &terms);
            self.announce(Announcement::EmergencyReviewed { about, by: by.name.clone() }).await;
        }
        Ok(())
    }
}

/// When it was, or will be, over.
fn over_at(permit: &Permit) -> crate::model::Timestamp {
    permit.ended.as_ref().map_or(permit.until, |(at, _)| *at)
}
