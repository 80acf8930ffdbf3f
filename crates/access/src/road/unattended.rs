//! Requests without a session: access, runbooks, changes, looks at recordings. Nobody waits beside them; whoever brings
//! the last signature has them claimed at once.

use std::collections::BTreeSet;

use super::Road;
use crate::announcement::Announcement;
use crate::blind::hex;
use crate::entry::{Event, canonical};
use crate::error::RoadError;
use crate::model::{Person, Request, RequestKind, RequestState};
use crate::statement::BoundRequest;
use crate::text;

/// What somebody asks for outside every session, before it has a number.
pub(crate) struct Draft {
    /// Anything but an action.
    pub kind: RequestKind,
    /// Where; empty when it concerns no target, or several.
    pub target: String,
    /// As whom there; empty without a target.
    pub account: String,
    /// The terms or the change, without secrets.
    pub terms: serde_json::Value,
    /// What will happen, in words.
    pub run: String,
    /// A secret that the change needs, sealed.
    pub sealed: Option<Vec<u8>>,
    /// What it would do.
    pub effects: BTreeSet<String>,
    /// Quorums of which any one suffices.
    pub quorums: Vec<String>,
    /// How long it may wait.
    pub lasts_seconds: u64,
}

impl Road {
    /// Makes a request that waits: its entry is durable, then the row is there.
    pub(crate) async fn ask_for(&self, requester: &Person, draft: Draft) -> Result<Request, RoadError> {
        self.recorder_works()?;
        let request = self.drafted(requester, draft).await?;
        self.note(Event::Request {
            request: request.id.0,
            session: None,
            asks: Some(request.kind.as_str().to_owned()),
            requester: Some(request.requester.0.clone()),
            digest: request.digest.clone(),
            quorums: request.quorums.clone(),
            expires: request.expires.0,
        })
        .await?;
        self.store().add_request(&request).await?;
        self.announce_request(&request).await;
        Ok(request)
    }

    async fn drafted(&self, requester: &Person, draft: Draft) -> Result<Request, RoadError> {
        let created = self.now();
        let mut request = Request {
            id: self.store().next_request_id().await?,
            nonce: hex(&self.random::<16>()),
            kind: draft.kind,
            session: None,
            channel: 0,
            requester: requester.id.clone(),
            target: draft.target,
            account: draft.account,
            text: canonical(&draft.terms).into_bytes(),
            run: draft.run,
            sealed: draft.sealed,
            canonical: String::new(),
            digest: String::new(),
            quorums: draft.quorums,
            effects: draft.effects,
            policy_version: self.policies().version().to_owned(),
            created,
            expires: created.plus_seconds(draft.lasts_seconds),
            state: RequestState::Waiting,
            version: 0,
        };
        (request.canonical, request.digest) = BoundRequest::of(&request, &requester.name).seal();
        Ok(request)
    }

    /// Claims a request whose quorum is met: everything is checked again, it is consumed once, and takes effect. Returns
    /// what has happened; none while it still waits for others.
    pub(super) async fn claim_unattended(&self, request: &Request) -> Result<Option<String>, RoadError> {
        if request.kind == RequestKind::Action {
            return Ok(None);
        }
        let request = self.waiting(request.id).await?;
        let now = self.now();
        if now >= request.expires {
            self.settle(&request, RequestState::Expired).await?;
            return Err(self.ended(request.id, RequestState::Expired).await?.into());
        }
        self.not_denied(&request).await?;
        let signers = self.signers(&request).await?;
        let Ok(quorums) = self.met(&request, &signers).await? else { return Ok(None) };
        let person = self.still_its_requester(&request).await?;
        self.still_needed(&request, &person, &quorums).await?;
        self.never_ended(&request).await?;
        self.consume(&request, None, &quorums, &signers, now).await?;
        // From here on a crash leaves a grant without its effect, which the next start completes from this row.
        self.take_effect(&request).await.map(Some)
    }

    /// The requester, if they are who asked and may still have anything; and the text is what this row says.
    async fn still_its_requester(&self, request: &Request) -> Result<Person, RoadError> {
        if self.policies().version() != request.policy_version {
            let why = self.say(&text::CHANGED_POLICY, &[]);
            return Err(self.spoil(request, &why).await);
        }
        let person = self.store().person_by_id(&request.requester).await?;
        let Some(person) = person.filter(|person| self.is_active(person)) else {
            let why = self.say(&text::REQUESTER_GONE, &[]);
            return Err(self.spoil(request, &why).await);
        };
        if BoundRequest::of(request, &person.name).seal()
            != (request.canonical.clone(), request.digest.clone())
        {
            let why = self.say(&text::CHANGED_ACT, &[]);
            return Err(self.spoil(request, &why).await);
        }
        Ok(person)
    }

    /// Whether it would still be held for one of the quorums that it has, and allowed with them; else it ends here.
    async fn still_needed(
        &self,
        request: &Request,
        person: &Person,
        quorums: &BTreeSet<String>,
    ) -> Result<(), RoadError> {
        let judged = match request.kind {
            RequestKind::Change => self.change_still_stands(request).await,
            RequestKind::Access | RequestKind::Runbook | RequestKind::Replay | RequestKind::Action => {
                self.recheck_terms(request, person, quorums).await
            }
        };
        match judged {
            Err(RoadError::Refused(why)) => Err(self.spoil(request, &why.to_string()).await),
            other => other,
        }
    }

    /// What the ledger has ended stays ended, whoever sets the row back to waiting.
    async fn never_ended(&self, request: &Request) -> Result<(), RoadError> {
        let id = request.id;
        let ends = move |event: &Event| matches!(event, Event::Grant { request, .. } | Event::RequestEnd { request, .. } if *request == id.0);
        match self.archive().find(Box::new(ends)).await?.is_empty() {
            true => Ok(()),
            false => {
                Err(RoadError::Inconsistent(format!("request {id}: it waits, but the ledger has ended it")))
            }
        }
    }

    /// What a granted request brings about. Doing it twice does it once.
    async fn take_effect(&self, request: &Request) -> Result<String, RoadError> {
        match request.kind {
            RequestKind::Change => self.apply_change(request).await,
            RequestKind::Access | RequestKind::Runbook | RequestKind::Replay | RequestKind::Action => {
                self.give_permit(request).await
            }
        }
    }

    /// Brings about what an earlier process granted and did not finish, and claims what was met when it stopped.
    /// `granted`: the requests with a grant and nothing that followed from it, as the ledger says.
    pub async fn resume(&self, granted: &[i64]) -> Result<usize, RoadError> {
        let mut done = 0;
        for id in granted {
            done += usize::from(self.finish(crate::model::RequestId(*id)).await?);
        }
        for request in self.store().waiting_requests().await? {
            match self.claim_unattended(&request).await {
                Ok(told) => done += usize::from(told.is_some()),
                Err(RoadError::Refused(why)) => tracing::warn!(request = %request.id, %why, "not claimed"),
                // One altered row must not keep the gateway from starting.
                Err(RoadError::Inconsistent(what)) => self.alert(what).await?,
                Err(fault) => return Err(fault),
            }
        }
        Ok(done)
    }

    async fn alert(&self, what: String) -> Result<(), RoadError> {
        tracing::error!(what, "a request is not what the ledger says");
        self.note(Event::Alert { what: what.clone() }).await?;
        self.announce(Announcement::Alert { what }).await;
        Ok(())
    }

    async fn finish(&self, id: crate::model::RequestId) -> Result<bool, RoadError> {
        let Some(request) = self.request(id).await?.filter(|request| request.state == RequestState::Used)
        else {
            tracing::error!(request = %id, "the ledger grants a request that the database does not have as used");
            return Ok(false);
        };
        match self.take_effect(&request).await {
            Ok(told) => tracing::info!(request = %id, told, "finished what was granted before the stop"),
            Err(RoadError::Refused(why)) => {
                tracing::error!(request = %id, %why, "what was granted before the stop cannot be done any more");
                return Ok(false);
            }
            Err(fault) => return Err(fault),
        }
        Ok(true)
    }

    /// Neither suspended nor past the end of their account.
    pub(crate) fn is_active(&self, person: &Person) -> bool {
        !person.suspended && person.expires.is_none_or(|end| self.now() < end)
    }
}
