//! Claiming a held act: everything is checked again, and the met request is consumed, once.

use std::collections::BTreeSet;

use policy::{Requester, Signer, Verdict};
use recording::SessionId;

use super::Road;
use super::grant::Grant;
use super::holds::{Pending, bind};
use super::judged::Judged;
use super::proof::Proof;
use super::sessions::Session;
use crate::entry::Event;
use crate::error::{Refusal, RoadError};
use crate::model::{Answer, Decision, Person, PersonId, Request, RequestId, RequestState, Timestamp};
use crate::register::WhenSigned;
use crate::statement::statement;
use crate::text::{self, quorums};

impl Road {
    /// Claims a met request: re-analyses, re-judges, verifies every signature again, and consumes it, once.
    pub async fn claim(&self, pending: Pending) -> Result<Grant, Refusal> {
        match self.try_claim(&pending).await {
            Ok(grant) => Ok(grant),
            Err(fault) => {
                tracing::warn!(request = %pending.id, %fault, "claim refused");
                Err(self.tell(&fault))
            }
        }
    }

    async fn try_claim(&self, pending: &Pending) -> Result<Grant, RoadError> {
        self.recorder_works()?;
        let session = &pending.session;
        let request = self.waiting(pending.id).await?;
        let now = self.now();
        if now >= request.expires {
            self.settle(&request, RequestState::Expired).await?;
            return Err(self.ended(pending.id, RequestState::Expired).await?.into());
        }
        self.not_denied(&request).await?;
        let person = self.requester(session, &request).await?;
        let judged = self.rederive(pending, &request, &person).await?;
        let signers = self.signers(&request).await?;
        let quorums = match self.met(&request, &signers).await? {
            Ok(quorums) => quorums,
            Err(missing) => {
                let why = self.say(&text::CHANGED_PEOPLE, &[("missing", &missing)]);
                return Err(self.spoil(&request, &why).await);
            }
        };
        let verdict =
            self.ask(session.who(), &person, session.target(), session.account(), &judged, &quorums).await?;
        let Verdict::Allow(allowed) = verdict else {
            let why = self.say(&text::CHANGED_POLICY, &[]);
            return Err(self.spoil(&request, &why).await);
        };
        let approvals = self.consume(&request, Some(session.id()), &quorums, &signers, now).await?;
        Ok(Grant::approved(&judged, &allowed, approvals))
    }

    /// The requester, if they and their session are still what they were; else the request ends here for everybody.
    async fn requester(&self, session: &Session, request: &Request) -> Result<Person, RoadError> {
        match self.still_there(session).await {
            Err(RoadError::Refused(why)) => {
                match (session.is_over(), request.session.is_none()) {
                    // Another session of theirs may still come for it.
                    (true, true) => {}
                    (true, false) => drop(self.settle(request, RequestState::Abandoned).await?),
                    (false, _) => drop(self.settle(request, RequestState::Refused).await?),
                }
                Err(why.into())
            }
            other => other,
        }
    }

    /// What would run, derived afresh. Anything that differs from what was signed ends the request.
    async fn rederive(
        &self,
        pending: &Pending,
        request: &Request,
        person: &Person,
    ) -> Result<Judged, RoadError> {
        let (session, target) = (&pending.session, pending.session.target());
        if self.policies().version() != request.policy_version {
            let why = self.say(&text::CHANGED_POLICY, &[]);
            return Err(self.spoil(request, &why).await);
        }
        let judged = pending.judged.again(target.level, self.policies().table());
        let stays = judged.stays();
        let same_place = request.session == (!stays).then(|| session.id())
            && (stays || request.channel == pending.channel)
            && request.requester == person.id
            && request.account == session.account()
            && request.target == target.name;
        let (canonical, digest) = bind(request, &person.name, target, &judged).seal();
        if !same_place || canonical != request.canonical || digest != request.digest {
            let why = self.say(&text::CHANGED_ACT, &[]);
            return Err(self.spoil(request, &why).await);
        }
        Ok(judged)
    }

    /// Returns the line that tells who approved.
    pub(super) async fn consume(
        &self,
        request: &Request,
        session: Option<SessionId>,
        quorums: &BTreeSet<String>,
        signers: &[(String, Signer)],
        now: Timestamp,
    ) -> Result<String, RoadError> {
        // Consumed here and nowhere else: whoever loses this race starts nothing.
        if !self.store().settle_request(request.id, request.version, RequestState::Used).await? {
            return Err(self.ended(request.id, RequestState::Used).await?.into());
        }
        // A no that arrived before the row was taken is a no, even if it was not read above.
        if self.is_denied(request.id).await? {
            self.note(Event::request_end(request.id, RequestState::Denied)).await?;
            self.announce_end(request, RequestState::Denied).await;
            return Err(self.ended(request.id, RequestState::Denied).await?.into());
        }
        let names: Vec<_> = signers.iter().map(|(name, _)| name.clone()).collect();
        let granted = Event::Grant {
            request: request.id.0,
            session: session.map(|session| session.to_string()),
            digest: request.digest.clone(),
            quorum: quorums.iter().next().cloned().unwrap_or_default(),
            approvers: signers.iter().map(|(_, signer)| signer.person.clone()).collect(),
        };
        // Stamped with the moment at which it had not lapsed, which is what an audit checks.
        self.note_at(now, vec![granted]).await?;
        self.announce_end(request, RequestState::Used).await;
        let values = [("request", &*request.id.to_string()), ("who", &names.join(", "))];
        Ok(self.say(&text::APPROVED, &values))
    }

    /// Whether somebody has said no: one no ends it.
    async fn is_denied(&self, id: RequestId) -> Result<bool, RoadError> {
        Ok(!self.deniers(id).await?.is_empty())
    }

    /// Who has said no, by the rows or by the ledger: a row may be on its way, or never come.
    pub(super) async fn deniers(&self, id: RequestId) -> Result<BTreeSet<PersonId>, RoadError> {
        let mut deniers = self.register().deniers(id);
        let rows = self.store().decisions(id).await?.into_iter();
        deniers.extend(rows.filter(|row| row.answer == Answer::Deny).map(|row| row.person));
        Ok(deniers)
    }

    /// Ends a request that was denied by somebody who could not end it: their connection or this process was cut off.
    pub(super) async fn not_denied(&self, request: &Request) -> Result<(), RoadError> {
        if self.is_denied(request.id).await? {
            self.settle(request, RequestState::Denied).await?;
            return Err(self.ended(request.id, RequestState::Denied).await?.into());
        }
        Ok(())
    }

    /// The approvals that hold at this moment: on the record, signature verified again, key still enrolled, person not suspended and
    /// still an approver, and not the requester.
    pub(super) async fn signers(&self, request: &Request) -> Result<Vec<(String, Signer)>, RoadError> {
        let mut signers = Vec::new();
        for decision in self.store().decisions(request.id).await? {
            let Some(when) = self.register().answered(&decision) else { continue };
            if let Some(person) = self.holds(request, &decision).await? {
                signers.push((person.name.clone(), signer(person, when)));
            }
        }
        Ok(signers)
    }

    async fn holds(&self, request: &Request, decision: &Decision) -> Result<Option<Person>, RoadError> {
        let expected = statement(request.id, &request.canonical, &request.digest, Answer::Approve);
        let Ok(fingerprint) = Proof::kept(&decision.signature).verify(&expected) else { return Ok(None) };
        let theirs = self.key_in_force(&decision.person, &fingerprint).await?.is_some();
        let person = self.store().person_by_id(&decision.person).await?;
        let counts = |person: &Person| {
            theirs
                && self.is_active(person)
                && decision.answer == Answer::Approve
                && person.id != request.requester
                && self.is_approver(person, request)
        };
        Ok(person.filter(counts))
    }

    /// The quorums that the signers meet, or what the nearest one lacks.
    pub(super) async fn met(
        &self,
        request: &Request,
        signers: &[(String, Signer)],
    ) -> Result<Result<BTreeSet<String>, String>, RoadError> {
        let policies = self.policies();
        let requester = self.store().person_by_id(&request.requester).await?;
        let team = requester.and_then(|person| person.team);
        let requester = Requester { person: request.requester.0.clone(), team };
        let name_of = |id: &str| {
            let known = signers.iter().find(|(_, signer)| signer.person == id);
            known.map_or_else(|| id.to_owned(), |(name, _)| name.clone())
        };
        let all: Vec<_> = signers.iter().map(|(_, signer)| signer.clone()).collect();
        let mut met = BTreeSet::new();
        let mut missing = Vec::new();
        for name in &request.quorums {
            let Some(quorum) = self.quorum_named(&policies, name) else { continue };
            match quorum.met_by(&requester, &all) {
                Ok(()) => drop(met.insert(name.clone())),
                Err(lack) => missing.push(quorums::missing(self.language(), &quorum, &lack, name_of)),
            }
        }
        Ok(if met.is_empty() { Err(missing.join(" / ")) } else { Ok(met) })
    }
}

/// What quorums look at in a signature that holds: when it was given, as the ledger says.
fn signer(person: Person, when: WhenSigned) -> Signer {
    // An hour that was not entered is on no weekday, and in nobody's hours.
    let (minute_of_day, weekday) = when.local.unwrap_or_default();
    Signer {
        person: person.id.0,
        groups: person.groups,
        team: person.team,
        mfa_age_seconds: when.mfa_age_seconds,
        minute_of_day,
        weekday,
    }
}
