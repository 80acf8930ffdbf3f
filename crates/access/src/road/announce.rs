//! Announcing: what happened goes to the outbox, from which it is delivered. Nothing here waits for a receiver.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::atomic::Ordering;

use serde_json::Value;

use super::Road;
use crate::announcement::{AboutRequest, Announcement, Receiver};
use crate::entry::{Event, canonical};
use crate::error::RoadError;
use crate::model::{Decision, Notice, PersonId, Request, RequestKind, RequestState, Timestamp};
use crate::statement::{rfc3339, visible};

impl Road {
    /// Puts what happened into the outbox, for every receiver that wants it. An outbox that cannot be written is
    /// entered as an alert and stops nothing: what is announced has happened, and its entry is durable.
    pub async fn announce(&self, announcement: Announcement) {
        self.announce_to(&BTreeSet::new(), announcement).await;
    }

    /// The same for what must not happen unless everybody was told: the caller stops when this fails.
    pub async fn announce_first(&self, announcement: Announcement) -> Result<(), RoadError> {
        let outcome = self.post(&BTreeSet::new(), &announcement).await;
        self.watch_outbox(announcement.event(), &outcome).await;
        outcome
    }

    /// To those receivers alone, if there are any.
    async fn announce_to(&self, named: &BTreeSet<String>, announcement: Announcement) {
        let outcome = self.post(named, &announcement).await;
        self.watch_outbox(announcement.event(), &outcome).await;
    }

    pub(super) async fn announce_request(&self, request: &Request) {
        let (quorums, expires) = (request.quorums.clone(), rfc3339(request.expires));
        self.announce_about(request, |about| Announcement::RequestMade { about, quorums, expires }).await;
    }

    pub(super) async fn announce_decision(&self, request: &Request, decision: &Decision) {
        let answer = decision.answer.as_str().to_owned();
        let by = self.shown_name(&decision.person).await;
        self.announce_about(request, |about| Announcement::RequestDecided { about, by, answer }).await;
    }

    pub(super) async fn announce_end(&self, request: &Request, state: RequestState) {
        let state = state.as_str().to_owned();
        self.announce_about(request, |about| Announcement::RequestEnded { about, state }).await;
    }

    pub(super) async fn announce_lockout(&self, name: &str, source: IpAddr, until: Timestamp) {
        // What was typed as a name may be a password.
        let known = self.store().person(name).await.ok().flatten().map(|person| person.name);
        let (source, until) = (source.to_string(), rfc3339(until));
        self.announce(Announcement::LoginLockedOut { person: known, source, until }).await;
    }

    async fn announce_about(&self, request: &Request, make: impl FnOnce(AboutRequest) -> Announcement) {
        if self.receivers().is_empty() {
            return;
        }
        let about = self.about(request).await;
        self.announce_to(&self.named_by_quorums(request), make(about)).await;
    }

    /// The receivers that the request's quorums want told; a name that the configuration lacks is nobody's.
    fn named_by_quorums(&self, request: &Request) -> BTreeSet<String> {
        let is_known = |name: &String| self.receivers().iter().any(|receiver| receiver.name == *name);
        self.quorums_of(request).into_iter().flat_map(|quorum| quorum.tell).filter(is_known).collect()
    }

    /// What notices say of a request. A row that cannot be read leaves its field thinner, never the notice out.
    async fn about(&self, request: &Request) -> AboutRequest {
        let target = self.store().target(&request.target).await.ok().flatten();
        let runs = matches!(request.kind, RequestKind::Action | RequestKind::Runbook);
        let text = Some(visible(&request.run));
        let (command, summary) = if runs { (text, None) } else { (None, text) };
        AboutRequest {
            request: request.id.0,
            kind: request.kind.as_str().to_owned(),
            requester: self.shown_name(&request.requester).await,
            target: request.target.clone(),
            labels: target.map(|target| target.labels).unwrap_or_default(),
            account: request.account.clone(),
            effects: request.effects.clone(),
            program: first_program(request),
            command,
            summary,
        }
    }

    async fn shown_name(&self, person: &PersonId) -> String {
        self.name_of(person).await.unwrap_or_else(|_| person.0.clone())
    }

    async fn post(&self, named: &BTreeSet<String>, announcement: &Announcement) -> Result<(), RoadError> {
        let is_told = |receiver: &Receiver| named.is_empty() || named.contains(&receiver.name);
        let wants = |receiver: &&Receiver| is_told(receiver) && receiver.wants(announcement.event());
        let notices: Vec<_> =
            self.receivers().iter().filter(wants).map(|to| self.notice(to, announcement)).collect();
        if !notices.is_empty() {
            self.store().post(&notices).await?;
        }
        Ok(())
    }

    fn notice(&self, to: &Receiver, announcement: &Announcement) -> Notice {
        let seen = match to.commands {
            true => announcement.clone(),
            false => announcement.clone().without_command(),
        };
        let now = self.now();
        Notice {
            id: 0,
            receiver: to.name.clone(),
            event: announcement.event().to_owned(),
            body: canonical(&seen),
            created: now,
            due: now,
            attempts: 0,
        }
    }

    /// Enters an alert when the outbox begins to fail, not again for each notice until it works.
    async fn watch_outbox(&self, event: &str, outcome: &Result<(), RoadError>) {
        let failing = outcome.is_err();
        if let Err(fault) = outcome {
            tracing::error!(event, %fault, "a notice could not be put into the outbox");
        }
        if !self.0.outbox_failing.swap(failing, Ordering::SeqCst) && failing {
            let what = "notices cannot be put into the outbox".to_owned();
            if let Err(fault) = self.note(Event::Alert { what }).await {
                tracing::error!(%fault, "the alert could not be entered");
            }
        }
    }

    fn receivers(&self) -> &[Receiver] {
        &self.settings().receivers
    }
}

/// The first program in what the request's digest covers.
fn first_program(request: &Request) -> Option<String> {
    let act: Value = serde_json::from_str(&request.canonical).ok()?;
    act.pointer("/programs/0/0").and_then(Value::as_str).map(visible)
}
