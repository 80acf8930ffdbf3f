//! A held act: bound by a digest, waited for, and ended when it will not run.

use std::collections::BTreeSet;

use policy::{Act, Clause, Held, Quorum};

use super::Road;
use super::judged::Judged;
use super::sessions::{Session, labels};
use crate::blind::hex;
use crate::entry::{Entry, Event};
use crate::error::{Refusal, RoadError};
use crate::impact::Impact;
use crate::model::{Person, PersonId, Request, RequestId, RequestKind, RequestState, Target, Timestamp};
use crate::statement::{BoundAct, bears_out, rfc3339, session_words, submitted, visible};
use crate::text::{self, quorums};

/// An act that waits in its session for other people. Nothing of it has reached the target.
pub struct Pending {
    pub(super) id: RequestId,
    pub(super) session: Session,
    pub(super) channel: u32,
    pub(super) judged: Judged,
    notice: String,
}

impl Pending {
    /// What it would reach, as it was told to whoever signs.
    pub fn impact(&self) -> Option<&Impact> {
        self.judged.foreseen.impact.as_ref()
    }

    /// Whether it waits in an open transaction.
    pub fn is_in_transaction(&self) -> bool {
        self.judged.foreseen.transaction.is_some()
    }

    /// Number of the request.
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// Whether it stays on the table when nobody waits beside it.
    pub fn stays(&self) -> bool {
        self.judged.stays()
    }

    /// What the requester is told at once, several lines.
    pub fn notice(&self) -> &str {
        &self.notice
    }
}

/// How a held act stands.
#[derive(Debug)]
pub enum Progress {
    /// Not yet; the line changes when someone signs.
    Waiting(String),
    /// A quorum has signed: [`Road::claim`] it.
    Met,
    /// It will not run.
    Ended(Refusal),
}

impl Road {
    pub(super) async fn hold(
        &self,
        session: &Session,
        channel: u32,
        judged: Judged,
        held: &Held,
    ) -> Result<Pending, RoadError> {
        let stayed = self.stayed(session, &judged).await?;
        let is_new = stayed.is_none();
        let request = match stayed {
            Some(request) => request,
            None => self.draft(self.store().next_request_id().await?, session, channel, &judged, held),
        };
        let id = request.id;
        let mut story = vec![self.decision(session, channel, &judged, "hold", &held.rules, Some(id))];
        if is_new {
            story.push(asked(&request));
        }
        self.note_all(story).await?;
        if is_new {
            self.store().add_request(&request).await?;
            self.announce_request(&request).await;
        }
        let notice = self.held_notice(session, &judged, &request, &held.quorums).await?;
        Ok(Pending { id, session: session.clone(), channel, judged, notice })
    }

    fn draft(&self, id: RequestId, session: &Session, channel: u32, judged: &Judged, held: &Held) -> Request {
        let created = self.now();
        let lapse = held.quorums.iter().map(|quorum| quorum.expires_seconds).min().unwrap_or(0);
        let lapse = judged.limit_seconds().map_or(lapse, |limit| limit.min(lapse));
        let mut request = Request {
            id,
            nonce: hex(&self.random::<16>()),
            kind: RequestKind::Action,
            session: (!judged.stays()).then(|| session.id()),
            channel: if judged.stays() { 0 } else { channel },
            requester: session.person().id.clone(),
            target: session.target_name().to_owned(),
            account: session.account().to_owned(),
            text: judged.text.clone(),
            run: String::from_utf8_lossy(&judged.run).into_owned(),
            sealed: None,
            canonical: String::new(),
            digest: String::new(),
            quorums: held.quorums.iter().map(|quorum| quorum.name.clone()).collect(),
            effects: judged.effect_words(),
            policy_version: self.policies().version().to_owned(),
            created,
            expires: created.plus_seconds(lapse),
            state: RequestState::Waiting,
            version: 0,
        };
        let act = bind(&request, &session.person().name, session.target(), judged);
        (request.canonical, request.digest) = act.seal();
        request
    }

    async fn held_notice(
        &self,
        session: &Session,
        judged: &Judged,
        request: &Request,
        quorums: &[Quorum],
    ) -> Result<String, RoadError> {
        let mut needs = Vec::new();
        for quorum in quorums {
            needs.push(self.needs(quorum, &request.requester.0).await?);
        }
        let mut notice = self.say(
            &text::HELD,
            &[
                ("request", &request.id.to_string()),
                ("target", &request.target),
                ("labels", &labels(session.target())),
                ("account", &request.account),
                ("run", &visible(&request.run)),
                ("effects", &because(judged)),
                ("needs", &needs.join(" / ")),
                ("until", &rfc3339(request.expires)),
            ],
        );
        notice.push_str(&self.impact_told(judged.act, judged.foreseen.impact.as_ref()));
        notice.push_str(&self.locks_told(judged));
        if judged.closes_stdin() {
            notice.push('\n');
            notice.push_str(&self.say(&text::STDIN_CLOSED, &[]));
        }
        Ok(notice)
    }

    /// What a statement would reach, as lines below the others; nothing for any other act.
    pub(super) fn impact_told(&self, act: Act, impact: Option<&Impact>) -> String {
        if act != Act::Statement {
            return String::new();
        }
        let told = impact.map(|impact| impact.told(self.language()).join("\n             "));
        let told = told.unwrap_or_else(|| self.say(&text::NO_ESTIMATE, &[]));
        self.say(&text::HELD_IMPACT, &[("impact", &told)])
    }

    /// What waits in an open transaction keeps others waiting.
    fn locks_told(&self, judged: &Judged) -> String {
        let Some(transaction) = judged.foreseen.transaction.as_ref().filter(|_| !judged.stays()) else {
            return String::new();
        };
        let seconds = transaction.limit_seconds.to_string();
        let locked = match transaction.locked.as_slice() {
            [] => self.say(&text::LOCKED, &[]),
            tables => visible(&tables.join(", ")),
        };
        self.say(&text::HELD_LOCKS, &[("seconds", &seconds), ("locked", &locked)])
    }

    /// `2 of dba-leads (bob, carol)`: the clauses with the people who could sign.
    pub(crate) async fn needs(&self, quorum: &Quorum, requester: &str) -> Result<String, RoadError> {
        let people = self.store().people().await?;
        let asking = people.iter().find(|person| person.id.0 == requester);
        let team = asking.and_then(|person| person.team.as_ref());
        let signers = |clause: &Clause| {
            let elsewhere = |person: &Person| person.team.as_ref().zip(team).is_some_and(|(a, b)| a != b);
            let able = |person: &&Person| {
                self.is_active(person)
                    && person.groups.contains(&clause.of)
                    && person.id.0 != requester
                    && (!clause.other_team || elsewhere(person))
            };
            people.iter().filter(able).map(|person| person.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        Ok(quorums::clauses_with(self.language(), quorum, signers))
    }

    /// How a held act stands now. A request whose time is over lapses here; silence is never consent.
    pub async fn progress(&self, pending: &Pending) -> Progress {
        match self.try_progress(pending).await {
            Ok(progress) => progress,
            Err(fault) => Progress::Ended(self.tell(&fault)),
        }
    }

    async fn try_progress(&self, pending: &Pending) -> Result<Progress, RoadError> {
        self.recorder_works()?;
        let request = self.waiting(pending.id).await?;
        if self.now() >= request.expires {
            self.settle(&request, RequestState::Expired).await?;
            return Ok(Progress::Ended(self.ended(pending.id, RequestState::Expired).await?));
        }
        let signers = self.signers(&request).await?;
        let names: Vec<_> = signers.iter().map(|(name, _)| name.as_str()).collect();
        match self.met(&request, &signers).await? {
            Ok(_) => Ok(Progress::Met),
            Err(missing) => Ok(Progress::Waiting(self.waiting_line(&request, &names, &missing))),
        }
    }

    fn waiting_line(&self, request: &Request, names: &[&str], missing: &str) -> String {
        let nobody = self.say(&text::NOBODY, &[]);
        let signed = if names.is_empty() { nobody } else { names.join(", ") };
        let values = [("request", &*request.id.to_string()), ("signed", &signed), ("missing", missing)];
        self.say(&text::WAITING, &values)
    }

    /// Gives a held act up: the client left, or typed Ctrl-C.
    pub async fn abandon(&self, pending: Pending) -> Refusal {
        match self.try_abandon(&pending).await {
            Ok(refusal) => refusal,
            Err(fault) => self.tell(&fault),
        }
    }

    async fn try_abandon(&self, pending: &Pending) -> Result<Refusal, RoadError> {
        let request = self.waiting(pending.id).await?;
        self.settle(&request, RequestState::Abandoned).await?;
        self.ended(pending.id, RequestState::Abandoned).await
    }

    /// Ends a held act that has become another one while people signed: what its names stand for has changed.
    pub async fn end_changed(&self, pending: Pending) -> Refusal {
        let fault = match self.waiting(pending.id).await {
            Ok(request) => self.spoil(&request, &self.say(&text::CHANGED_ACT, &[])).await,
            Err(fault) => fault,
        };
        self.tell(&fault)
    }

    /// Ends a held act that would by now reach far more than what people were told.
    pub async fn end_outgrown(&self, pending: Pending, now: &Impact) -> Refusal {
        let told = now.told(self.language()).join("; ");
        let fault = match self.waiting(pending.id).await {
            Ok(request) => self.spoil(&request, &self.say(&text::CHANGED_IMPACT, &[("impact", &told)])).await,
            Err(fault) => fault,
        };
        self.tell(&fault)
    }

    /// Ends what earlier processes left waiting: their sessions are gone, so nothing of it can run.
    pub async fn abandon_orphans(&self) -> Result<usize, RoadError> {
        let mut given_up = 0;
        for request in self.store().waiting_requests().await? {
            // Whatever has no session waits on: nobody has to stay beside it.
            if request.session.is_some() {
                self.settle(&request, RequestState::Abandoned).await?;
                given_up += 1;
            }
        }
        Ok(given_up)
    }

    /// The request of that number. A row whose columns are not what was signed is no request.
    pub(crate) async fn request(&self, id: RequestId) -> Result<Option<Request>, RoadError> {
        match self.store().request(id).await? {
            Some(request) if request.id != id || !bears_out(&request) => Err(RoadError::Inconsistent(
                format!("request {id}: its columns are not what its digest covers"),
            )),
            sound => Ok(sound),
        }
    }

    /// The request, if it still waits.
    pub(super) async fn waiting(&self, id: RequestId) -> Result<Request, RoadError> {
        let missing = || RoadError::Inconsistent(format!("request {id}"));
        let request = self.request(id).await?.ok_or_else(missing)?;
        match request.state {
            RequestState::Waiting => Ok(request),
            state => Err(self.ended(id, state).await?.into()),
        }
    }

    /// Ends a request without running it. The row decides who wins against a claim; only the winner is entered.
    pub(super) async fn settle(&self, request: &Request, state: RequestState) -> Result<bool, RoadError> {
        let won = self.store().settle_request(request.id, request.version, state).await?;
        if won {
            self.note(Event::request_end(request.id, state)).await?;
            self.announce_end(request, state).await;
        }
        Ok(won)
    }

    pub(super) async fn spoil(&self, request: &Request, why: &str) -> RoadError {
        if let Err(fault) = self.settle(request, RequestState::Refused).await {
            return fault;
        }
        self.refusal(&text::ENDED_REFUSED, &[("request", &request.id.to_string()), ("why", why)]).into()
    }

    pub(super) async fn ended(&self, id: RequestId, state: RequestState) -> Result<Refusal, RoadError> {
        let number = id.to_string();
        let request = ("request", &*number);
        Ok(match state {
            RequestState::Waiting | RequestState::Used => self.refusal(&text::ENDED_USED, &[request]),
            RequestState::Denied => {
                let who = self.names_of(self.deniers(id).await?).await?;
                self.refusal(&text::ENDED_DENIED, &[request, ("who", &who)])
            }
            RequestState::Expired => self.refusal(&text::ENDED_EXPIRED, &[request]),
            RequestState::Abandoned => self.refusal(&text::ENDED_ABANDONED, &[request]),
            RequestState::Refused => {
                let why = self.say(&text::CHANGED_ACT, &[]);
                self.refusal(&text::ENDED_REFUSED, &[request, ("why", &why)])
            }
        })
    }

    async fn names_of(&self, people: BTreeSet<PersonId>) -> Result<String, RoadError> {
        let mut names = Vec::new();
        for person in &people {
            names.push(self.name_of(person).await?);
        }
        Ok(names.join(", "))
    }

    pub(crate) fn say(&self, line: &text::Line, values: &[(&str, &str)]) -> String {
        line.say(self.language(), values)
    }

    /// Several entries of this moment, in order, durable on return.
    pub(crate) async fn note_all(&self, events: Vec<Event>) -> Result<u64, RoadError> {
        self.note_at(self.now(), events).await
    }

    pub(super) async fn note_at(&self, at: Timestamp, events: Vec<Event>) -> Result<u64, RoadError> {
        self.append_all(events.into_iter().map(|event| Entry::new(at, event)).collect()).await
    }
}

/// The entry of a request for an action: in its session, or in any of its requester's.
fn asked(request: &Request) -> Event {
    let stays = request.session.is_none();
    Event::Request {
        request: request.id.0,
        session: request.session.map(|session| session.to_string()),
        asks: stays.then(|| request.kind.as_str().to_owned()),
        requester: stays.then(|| request.requester.0.clone()),
        digest: request.digest.clone(),
        quorums: request.quorums.clone(),
        expires: request.expires.0,
    }
}

/// Why it is held, effect by effect.
fn because(judged: &Judged) -> String {
    let reasons = judged.analysis.iter().flat_map(|analysis| analysis.reasons());
    let lines: Vec<_> =
        reasons.map(|reason| format!("{} ({})", reason.effect, visible(&reason.because))).collect();
    lines.join("; ")
}

pub(super) fn bind(request: &Request, requester: &str, target: &Target, judged: &Judged) -> BoundAct {
    BoundAct {
        account: request.account.clone(),
        act: judged.act.to_string(),
        channel: request.channel,
        created: rfc3339(request.created),
        directory: judged.directory().to_owned(),
        effects: judged.effect_words(),
        expires: rfc3339(request.expires),
        impact: judged.foreseen.impact.clone(),
        labels: target.labels.clone(),
        level: target.level.to_string(),
        nonce: request.nonce.clone(),
        policy: request.policy_version.clone(),
        programs: judged.programs(),
        quorums: request.quorums.clone(),
        request: request.id.0,
        requester: requester.to_owned(),
        run: String::from_utf8_lossy(&judged.run).into_owned(),
        session: session_words(request.session),
        stdin: if judged.closes_stdin() { "closed" } else { "open" },
        submitted: submitted(&judged.text),
        target: target.name.clone(),
        target_host_key: target.pinned().to_owned(),
    }
}
