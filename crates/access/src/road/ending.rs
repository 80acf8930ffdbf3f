//! The end of permits and of requests that nobody waits beside: by their time, by people, by a suspension.

use identity::VerifiedIdentity;

use super::Road;
use super::state::StateChange;
use crate::administer::Role;
use crate::announcement::Announcement;
use crate::entry::Event;
use crate::error::RoadError;
use crate::model::{Permit, PermitId, Person, RequestId, RequestState, Timestamp};
use crate::register;
use crate::terms::Terms;
use crate::text;

/// Those who may end any permit.
pub(super) const SECURITY: &str = "security-administrators";

impl Road {
    /// Ends what is over: requests, permits, tickets and certificates whose time has run out or whose person is suspended.
    /// Called every second, on every node; doing it twice does it once. Returns how much it ended.
    pub async fn sweep(&self) -> Result<usize, RoadError> {
        let asked_for = self.sweep_requests().await? + self.sweep_permits().await?;
        Ok(asked_for + self.sweep_tickets().await? + self.sweep_certificates().await?)
    }

    async fn sweep_requests(&self) -> Result<usize, RoadError> {
        let mut ended = 0;
        for request in self.store().waiting_requests().await? {
            let person = self.store().person_by_id(&request.requester).await?;
            let state = if self.now() >= request.expires {
                RequestState::Expired
            } else if person.is_none_or(|person| !self.is_active(&person)) {
                RequestState::Refused
            } else {
                continue;
            };
            ended += usize::from(self.settle(&request, state).await?);
        }
        Ok(ended)
    }

    async fn sweep_permits(&self) -> Result<usize, RoadError> {
        let mut ended = 0;
        for permit in self.not_ended().await? {
            let holder = self.store().person_by_id(&permit.holder).await?;
            let why = if self.now() >= permit.until {
                "lapsed"
            } else if holder.is_none_or(|holder| !self.is_active(&holder)) {
                "suspended"
            } else {
                continue;
            };
            ended += usize::from(self.end_permit(permit.id, why, None).await?);
        }
        Ok(ended)
    }

    /// Permits that nothing has ended yet, whether their time is over or not.
    async fn not_ended(&self) -> Result<Vec<Permit>, RoadError> {
        let mut permits = self.store().live_permits(Timestamp(i64::MIN)).await?;
        permits.retain(|permit| permit.ended.is_none());
        Ok(permits)
    }

    /// Ends a permit: its holder gives it back, or one who may decide about it takes it away.
    pub async fn revoke_permit(&self, who: &VerifiedIdentity, id: PermitId) -> Result<String, RoadError> {
        let person = self.person_now(who).await?;
        let none = || RoadError::from(self.refusal(&text::NO_PERMIT, &[("permit", &id.to_string())]));
        let permit = self.permit(id).await?.ok_or_else(none)?;
        let why = match permit.holder == person.id {
            true => "returned",
            false if self.may_revoke(&person, &permit).await? => "revoked",
            false => return Err(none()),
        };
        self.end_permit(id, why, Some(&person)).await?;
        Ok(self.say(&text::PERMIT_OVER, &[("permit", &id.to_string())]))
    }

    /// The permit, if it is this person's, or they may end or audit it.
    pub(crate) async fn permit_shown_to(
        &self,
        person: &Person,
        id: PermitId,
    ) -> Result<Option<Permit>, RoadError> {
        let Some(permit) = self.permit(id).await? else { return Ok(None) };
        let shown = permit.holder == person.id
            || person.groups.contains(Role::Audit.group())
            || self.may_revoke(person, &permit).await?;
        Ok(shown.then_some(permit))
    }

    async fn may_revoke(&self, person: &Person, permit: &Permit) -> Result<bool, RoadError> {
        if person.groups.contains(SECURITY) {
            return Ok(true);
        }
        let Some(id) = permit.request else { return Ok(false) };
        Ok(self.request(id).await?.is_some_and(|request| self.is_approver(person, &request)))
    }

    /// The permits that this person may see: their own, and those that they may end. Newest first.
    pub async fn permits_seen_by(&self, who: &VerifiedIdentity, all: bool) -> Result<Vec<Permit>, RoadError> {
        const MOST: u32 = 1000;
        let person = self.person_now(who).await?;
        let now = self.now();
        let mut seen = Vec::new();
        for permit in self.store().permits(MOST).await? {
            let runs = permit.ended.is_none() && now < permit.until;
            if (all || runs) && (permit.holder == person.id || self.may_revoke(&person, &permit).await?) {
                seen.push(permit);
            }
        }
        Ok(seen)
    }

    /// Ends a permit, unless somebody else was faster. The entry is durable first.
    pub(super) async fn end_permit(
        &self,
        id: PermitId,
        why: &str,
        by: Option<&Person>,
    ) -> Result<bool, RoadError> {
        let Some(_alone) = self.alone_with(id) else { return Ok(false) };
        let Some(permit) = self.permit(id).await?.filter(|permit| permit.ended.is_none()) else {
            return Ok(false);
        };
        let over = Permit { ended: Some((self.now(), why.to_owned())), ..permit };
        let by_id = by.map(|person| person.id.0.clone());
        let entry = Event::PermitEnd { permit: id.0, why: why.to_owned(), by: by_id };
        self.enter_state(vec![entry], vec![StateChange::Put(register::permit(&over))], None).await?;
        self.store().set_permit(&over).await?;
        self.store().stir().await?;
        self.announce_permit_end(&over, why, by).await?;
        Ok(true)
    }

    async fn announce_permit_end(
        &self,
        permit: &Permit,
        why: &str,
        by: Option<&Person>,
    ) -> Result<(), RoadError> {
        let holder = self.store().person_by_id(&permit.holder).await?;
        if let (Some(holder), Some(terms)) = (holder, Terms::read(&permit.terms)) {
            let about = self.about_permit(permit, &holder, &terms);
            let by = by.map(|person| person.name.clone());
            self.announce(Announcement::PermitEnded { about, why: why.to_owned(), by }).await;
        }
        Ok(())
    }

    /// Gives up a request of one's own that waits for others.
    pub async fn withdraw(&self, who: &VerifiedIdentity, id: RequestId) -> Result<String, RoadError> {
        let person = self.person_now(who).await?;
        let number = id.to_string();
        let request = self.request(id).await?;
        let own = request.filter(|request| request.requester == person.id && request.session.is_none());
        let Some(request) = own else {
            return Err(self.refusal(&text::NO_REQUEST, &[("request", &number)]).into());
        };
        if !self.settle(&request, RequestState::Abandoned).await? {
            return Err(self.ended(id, self.state_of(id).await?).await?.into());
        }
        Ok(self.say(&text::WITHDRAWN, &[("request", &number)]))
    }

    async fn state_of(&self, id: RequestId) -> Result<RequestState, RoadError> {
        let request = self.store().request(id).await?;
        Ok(request.map_or(RequestState::Refused, |request| request.state))
    }

    /// Keeps two tasks of this node from entering the end of one permit twice.
    fn alone_with(&self, id: PermitId) -> Option<Alone<'_>> {
        let mut ending = self.0.ending.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Made only by who is alone: dropping another would lock again what is locked here.
        ending.insert(id).then(|| Alone { road: self, id })
    }
}

struct Alone<'a> {
    road: &'a Road,
    id: PermitId,
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        let mut ending = self.road.0.ending.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        ending.remove(&self.id);
    }
}
