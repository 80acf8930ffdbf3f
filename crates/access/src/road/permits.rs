//! Permits: what a met quorum, or a declared emergency, yields for a time. Each use checks again all that it came from.

use std::collections::BTreeSet;

use policy::{Act, TargetFacts, Verdict};

use super::Road;
use super::judged::Judged;
use super::setting::Setting;
use super::state::StateChange;
use crate::announcement::{AboutPermit, Announcement};
use crate::blind::sha256_hex;
use crate::entry::Event;
use crate::error::RoadError;
use crate::model::{
    Permit, PermitId, PermitKind, Person, PersonId, Request, RequestKind, RequestState, Target,
};
use crate::register;
use crate::statement::rfc3339;
use crate::terms::Terms;
use crate::text;

/// A permit whose row, holder and approvals hold at this moment. What it covers is asked target by target.
pub(super) struct Live {
    pub permit: Permit,
    pub holder: Person,
    pub terms: Terms,
    /// The quorums that its approvals meet now.
    pub quorums: BTreeSet<String>,
}

impl Road {
    /// Whether the policies would still allow what a request asks for with those quorums, on every target that it named.
    pub(super) async fn recheck_terms(
        &self,
        request: &Request,
        person: &Person,
        quorums: &BTreeSet<String>,
    ) -> Result<(), RoadError> {
        let changed = || RoadError::from(self.refusal(&text::CHANGED_POLICY, &[]));
        let kind = permit_kind(request.kind).ok_or_else(changed)?;
        let terms = read_terms(&String::from_utf8_lossy(&request.text))?;
        if terms.covers.is_empty() || terms.runbook.as_ref().is_some_and(|runbook| !runbook.is_whole()) {
            return Err(changed());
        }
        for name in terms.covers.keys() {
            let target = self.store().target(name).await?;
            let target = target.filter(|target| terms.fit_target(target));
            let allowed =
                target.is_some_and(|target| self.allows(act_of(kind), &terms, person, &target, quorums));
            if !allowed {
                return Err(changed());
            }
        }
        Ok(())
    }

    /// What the policies in force say to terms as they were asked, on a target as it is now.
    pub(super) fn judge_terms(
        &self,
        act: Act,
        terms: &Terms,
        person: &Person,
        target: &Target,
        quorums: &BTreeSet<String>,
    ) -> Verdict {
        let at = crate::model::Timestamp(0).plus_seconds(terms.asked.at);
        let (minute_of_day, weekday) = self.local(at);
        let setting = Setting {
            person: person.name.clone(),
            groups: person.groups.clone(),
            target: TargetFacts {
                name: target.name.clone(),
                level: target.level,
                labels: target.labels.clone(),
            },
            account: terms.account.clone().unwrap_or_default(),
            source: terms.asked.source,
            mfa_age_seconds: terms.asked.mfa_age_seconds,
            minute_of_day,
            weekday,
            granted: false,
            emergency: false,
            device_bound: terms.asked.device_bound,
            duration_seconds: terms.duration_seconds,
            quorums: quorums.clone(),
        };
        let judged = Judged::at_the_desk(act, target.level, terms.duration_seconds);
        self.policies().judge(&setting.question(&judged))
    }

    fn allows(
        &self,
        act: Act,
        terms: &Terms,
        person: &Person,
        target: &Target,
        quorums: &BTreeSet<String>,
    ) -> bool {
        matches!(self.judge_terms(act, terms, person, target, quorums), Verdict::Allow(_))
    }

    /// The permit that a granted request yields. What is on the record already is never granted again: `Audit::unfinished`.
    pub(super) async fn give_permit(&self, request: &Request) -> Result<String, RoadError> {
        let gone = || RoadError::Inconsistent(format!("request {}: no permit follows from it", request.id));
        let kind = permit_kind(request.kind).ok_or_else(gone)?;
        let holder = self.store().person_by_id(&request.requester).await?.ok_or_else(gone)?;
        let terms = read_terms(&String::from_utf8_lossy(&request.text))?;
        let permit = self.begin_permit(kind, Some(request), &holder, &terms).await?;
        Ok(self.permit_line(&permit))
    }

    pub(super) fn permit_line(&self, permit: &Permit) -> String {
        let values = [("permit", &*permit.id.to_string()), ("until", &rfc3339(permit.until))];
        self.say(&text::PERMIT_BEGAN, &values)
    }

    /// Begins a permit for the time that its terms name.
    pub(super) async fn begin_permit(
        &self,
        kind: PermitKind,
        request: Option<&Request>,
        holder: &Person,
        terms: &Terms,
    ) -> Result<Permit, RoadError> {
        let permit = self.new_permit(kind, request, holder, terms).await?;
        self.enter_permit(&permit).await?;
        let about = self.about_permit(&permit, holder, terms);
        self.announce(Announcement::PermitBegan { about }).await;
        Ok(permit)
    }

    pub(super) async fn new_permit(
        &self,
        kind: PermitKind,
        request: Option<&Request>,
        holder: &Person,
        terms: &Terms,
    ) -> Result<Permit, RoadError> {
        let from = self.now();
        Ok(Permit {
            id: self.store().next_permit_id().await?,
            kind,
            request: request.map(|request| request.id),
            holder: holder.id.clone(),
            terms: terms.to_text(),
            from,
            until: from.plus_seconds(terms.duration_seconds),
            ended: None,
            reviewed: None,
            version: 0,
        })
    }

    /// Puts a permit on the record, and then into the store.
    pub(super) async fn enter_permit(&self, permit: &Permit) -> Result<(), RoadError> {
        let began = Event::Permit {
            permit: permit.id.0,
            permits: permit.kind.as_str().to_owned(),
            request: permit.request.map(|request| request.0),
            holder: permit.holder.0.clone(),
            terms: sha256_hex(permit.terms.as_bytes()),
            until: permit.until.0,
        };
        let row = StateChange::Put(register::permit(permit));
        self.enter_state(vec![began], vec![row], permit.request).await?;
        Ok(self.store().add_permit(permit).await?)
    }

    pub(super) fn about_permit(&self, permit: &Permit, holder: &Person, terms: &Terms) -> AboutPermit {
        AboutPermit {
            permit: permit.id.0,
            kind: permit.kind.as_str().to_owned(),
            holder: holder.name.clone(),
            scope: terms.scope.to_string(),
            account: terms.account.clone().unwrap_or_default(),
            until: rfc3339(permit.until),
            request: permit.request.map(|request| request.0),
        }
    }

    /// The permits among `wanted` that hold now: the ledger vouches for the row, its time runs, the holder may be here, and
    /// its approvals still hold.
    pub(super) async fn live(&self, wanted: impl Fn(&Permit) -> bool) -> Result<Vec<Live>, RoadError> {
        let mut all = Vec::new();
        for permit in self.store().live_permits(self.now()).await? {
            if wanted(&permit)
                && let Some(live) = self.in_force(permit).await?
            {
                all.push(live);
            }
        }
        Ok(all)
    }

    async fn in_force(&self, permit: Permit) -> Result<Option<Live>, RoadError> {
        let now = self.now();
        let runs = permit.ended.is_none() && permit.from <= now && now < permit.until;
        if !runs || !self.register().vouches_for(&register::permit(&permit)) {
            return Ok(None);
        }
        let holder = self.store().person_by_id(&permit.holder).await?;
        let (Some(holder), Some(terms)) =
            (holder.filter(|holder| self.is_active(holder)), Terms::read(&permit.terms))
        else {
            return Ok(None);
        };
        let Some(quorums) = self.approvals_of(&permit, &permit.holder).await? else { return Ok(None) };
        Ok(Some(Live { permit, holder, terms, quorums }))
    }

    /// The quorums that the approvals of a permit meet now for one who uses it: none needed when no request led to it,
    /// nothing when the request is not the one that it names or no quorum of it holds any more.
    pub(super) async fn approvals_of(
        &self,
        permit: &Permit,
        user: &PersonId,
    ) -> Result<Option<BTreeSet<String>>, RoadError> {
        let Some(id) = permit.request else { return Ok(Some(BTreeSet::new())) };
        let Some(request) = self.store().request(id).await?.filter(crate::statement::bears_out) else {
            return Ok(None);
        };
        let theirs = request.id == id
            && request.state == RequestState::Used
            && request.requester == permit.holder
            && permit_kind(request.kind) == Some(permit.kind)
            && request.text == permit.terms.as_bytes();
        if !theirs {
            return Ok(None);
        }
        let mut signers = self.signers(&request).await?;
        // Nobody is their own second person, whether they asked or only use it.
        signers.retain(|(_, signer)| signer.person != user.0);
        Ok(self.met(&request, &signers).await?.ok())
    }

    /// Whether a live permit is one for this place, and the policies in force would still give it here.
    pub(super) fn covers(&self, live: &Live, target: &Target, account: &str) -> bool {
        let act = act_of(live.permit.kind);
        live.terms.fit(target, account) && self.allows(act, &live.terms, &live.holder, target, &live.quorums)
    }

    /// The person's permits of that kind which cover this account on this target now.
    pub(super) async fn covering(
        &self,
        kind: PermitKind,
        person: &Person,
        target: &Target,
        account: &str,
    ) -> Result<Vec<Live>, RoadError> {
        let theirs = |permit: &Permit| permit.kind == kind && permit.holder == person.id;
        let mut live = self.live(theirs).await?;
        live.retain(|live| self.covers(live, target, account));
        Ok(live)
    }

    /// The permit of that number, if its row is what the ledger says.
    pub(super) async fn permit(&self, id: PermitId) -> Result<Option<Permit>, RoadError> {
        let permit = self.store().permit(id).await?;
        Ok(permit.filter(|permit| self.register().vouches_for(&register::permit(permit))))
    }
}

pub(crate) fn permit_kind(kind: RequestKind) -> Option<PermitKind> {
    match kind {
        RequestKind::Access => Some(PermitKind::Access),
        RequestKind::Runbook => Some(PermitKind::Runbook),
        RequestKind::Replay => Some(PermitKind::Replay),
        RequestKind::Action | RequestKind::Change => None,
    }
}

/// The act that policies know the asking by.
pub(super) fn act_of(kind: PermitKind) -> Act {
    match kind {
        PermitKind::Access => Act::RequestAccess,
        PermitKind::Runbook => Act::RequestRunbook,
        PermitKind::Emergency => Act::DeclareEmergency,
        PermitKind::Replay => Act::ViewReplay,
    }
}

fn read_terms(text: &str) -> Result<Terms, RoadError> {
    Terms::read(text).ok_or_else(|| RoadError::Inconsistent("terms that were not written here".to_owned()))
}
