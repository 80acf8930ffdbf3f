//! Decisions: one signed answer of one distinct person, checked before it counts.

use identity::VerifiedIdentity;
use policy::Quorum;

use super::Road;
use super::proof::Proof;
use crate::entry::Event;
use crate::error::{Refusal, RoadError};
use crate::model::{Answer, Decision, Person, Request, RequestId, RequestState};
use crate::ports::StoreError;
use crate::statement::statement;
use crate::text::{self, Line};

impl Road {
    /// Counts `who`'s signed answer, or says why not. The answer is what the person is told.
    pub async fn decide(
        &self,
        who: &VerifiedIdentity,
        id: RequestId,
        answer: Answer,
        signature: &[u8],
    ) -> Result<String, Refusal> {
        self.try_decide(who, id, answer, signature).await.map_err(|fault| self.tell(&fault))
    }

    async fn try_decide(
        &self,
        who: &VerifiedIdentity,
        id: RequestId,
        answer: Answer,
        signature: &[u8],
    ) -> Result<String, RoadError> {
        self.recorder_works()?;
        let person = self.person_now(who).await?;
        let request = self.seen_by(&person, id).await?;
        self.may_answer(&person, &request).await?;
        let decision = self.verify(who, &person, &request, answer, signature).await?;
        // Stamped with the moment that the row has, so that neither can be moved into other hours.
        self.note_at(decision.at, vec![Event::approval(&decision, self.local(decision.at))]).await?;
        match (self.store().add_decision(&decision).await, answer) {
            // Two connections of one person race here. The first row stays, but a no that is entered counts, even
            // against the same person's yes: nobody is to sign for what can never start.
            (Ok(()), _) | (Err(StoreError::Exists(_)), Answer::Deny) => {
                self.announce_decision(&request, &decision).await;
                self.counted(&request, answer).await
            }
            (Err(StoreError::Exists(_)), Answer::Approve) => {
                Err(self.turn_down(&person, id, &text::ANSWERED_ALREADY, &[]).await)
            }
            (Err(StoreError::Missing(_)), _) => Err(self.no_longer(id).await),
            (Err(fault), _) => Err(fault.into()),
        }
    }

    async fn counted(&self, request: &Request, answer: Answer) -> Result<String, RoadError> {
        let number = request.id.to_string();
        if answer == Answer::Deny {
            return self.deny(request).await;
        }
        let signers = self.signers(request).await?;
        let follows = match self.met(request, &signers).await? {
            Ok(_) => self.followed(request).await?,
            Err(missing) => self.say(&text::STILL_NEEDS, &[("missing", &missing)]),
        };
        Ok(self.say(&text::DECIDED_APPROVE, &[("request", &number), ("missing", &follows)]))
    }

    /// What follows from the last signature: an action is claimed by the session that waits, everything else here.
    async fn followed(&self, request: &Request) -> Result<String, RoadError> {
        match self.claim_unattended(request).await {
            Ok(told) => Ok(told.unwrap_or_else(|| self.say(&text::QUORUM_MET, &[]))),
            // Two last signatures at once: the other one has claimed it.
            Err(RoadError::Refused(why)) => match self.store().request(request.id).await? {
                Some(now) if now.state == RequestState::Used => Ok(self.say(&text::CLAIMED_ALREADY, &[])),
                _ => Err(why.into()),
            },
            Err(fault) => Err(fault),
        }
    }

    /// One no ends it. Who else takes the row from now on finds this no on the record, and starts nothing either.
    async fn deny(&self, request: &Request) -> Result<String, RoadError> {
        self.settle(request, RequestState::Denied).await?;
        Ok(self.say(&text::DECIDED_DENY, &[("request", &request.id.to_string())]))
    }

    /// The request, if this person may see it: it is theirs, or a quorum of it counts one of their groups.
    pub(crate) async fn seen_by(&self, person: &Person, id: RequestId) -> Result<Request, RoadError> {
        let request = self.request(id).await?;
        request
            .filter(|request| self.may_see(person, request))
            .ok_or_else(|| self.refusal(&text::NO_REQUEST, &[("request", &id.to_string())]).into())
    }

    pub(super) fn may_see(&self, person: &Person, request: &Request) -> bool {
        request.requester == person.id || self.is_approver(person, request)
    }

    pub(super) fn is_approver(&self, person: &Person, request: &Request) -> bool {
        self.quorums_of(request)
            .iter()
            .flat_map(|quorum| &quorum.clauses)
            .any(|clause| person.groups.contains(&clause.of))
    }

    pub(super) fn quorums_of(&self, request: &Request) -> Vec<Quorum> {
        let policies = self.policies();
        request.quorums.iter().filter_map(|name| self.quorum_named(&policies, name)).collect()
    }

    async fn may_answer(&self, person: &Person, request: &Request) -> Result<(), RoadError> {
        let id = request.id;
        if request.requester == person.id {
            return Err(self.turn_down(person, id, &text::OWN_REQUEST, &[]).await);
        }
        if !self.is_approver(person, request) {
            let needs = request.quorums.join(" / ");
            return Err(self.turn_down(person, id, &text::NOT_APPROVER, &[("needs", &needs)]).await);
        }
        if request.state == RequestState::Waiting && self.now() >= request.expires {
            self.settle(request, RequestState::Expired).await?;
            return Err(self.no_longer(id).await);
        }
        if request.state != RequestState::Waiting {
            return Err(self.no_longer(id).await);
        }
        let answered = self.store().decisions(id).await?;
        if answered.iter().any(|decision| decision.person == person.id) {
            return Err(self.turn_down(person, id, &text::ANSWERED_ALREADY, &[]).await);
        }
        Ok(())
    }

    async fn verify(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        request: &Request,
        answer: Answer,
        signature: &[u8],
    ) -> Result<Decision, RoadError> {
        let expected = statement(request.id, &request.canonical, &request.digest, answer);
        let fingerprint = match Proof::Sshsig(signature).verify(&expected) {
            Ok(fingerprint) => fingerprint,
            Err(wrong) => {
                let why = self.why_not(request, answer, signature).unwrap_or_else(|| wrong.to_string());
                let values = [("answer", answer.as_str()), ("why", &why)];
                return Err(self.turn_down(person, request.id, &text::BAD_SIGNATURE, &values).await);
            }
        };
        if self.key_in_force(&person.id, &fingerprint).await?.is_none() {
            let values = [("key", &*fingerprint)];
            return Err(self.turn_down(person, request.id, &text::KEY_NOT_ENROLLED, &values).await);
        }
        self.key_was_used(&fingerprint).await;
        let now = self.now();
        Ok(Decision {
            request: request.id,
            person: person.id.clone(),
            answer,
            fingerprint,
            statement: expected,
            signature: String::from_utf8_lossy(signature).into_owned(),
            at: now,
            mfa_age_seconds: Some(who.mfa_age(now.seconds())),
        })
    }

    /// A better reason than "it does not fit": the person signed the other answer.
    fn why_not(&self, request: &Request, answer: Answer, signature: &[u8]) -> Option<String> {
        let other = match answer {
            Answer::Approve => Answer::Deny,
            Answer::Deny => Answer::Approve,
        };
        let text = statement(request.id, &request.canonical, &request.digest, other);
        Proof::Sshsig(signature).verify(&text).ok()?;
        Some(self.say(&text::OTHER_ANSWER, &[("signed", other.as_str()), ("answer", answer.as_str())]))
    }

    async fn no_longer(&self, id: RequestId) -> RoadError {
        let state = match self.store().request(id).await {
            Ok(request) => request.map_or(RequestState::Refused, |request| request.state),
            Err(fault) => return fault.into(),
        };
        let values = [("request", &*id.to_string()), ("state", state.as_str())];
        self.refusal(&text::NOT_WAITING, &values).into()
    }

    /// A decision that does not count is on the record too.
    async fn turn_down(
        &self,
        person: &Person,
        id: RequestId,
        line: &Line,
        values: &[(&str, &str)],
    ) -> RoadError {
        let number = id.to_string();
        let refusal = self.refusal(line, &[&[("request", &*number)], values].concat());
        match self.note(Event::approval_refused(id, &person.id, line.name())).await {
            Ok(_) => refusal.into(),
            Err(fault) => fault,
        }
    }
}
