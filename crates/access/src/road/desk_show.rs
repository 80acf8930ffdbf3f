//! A request in full, the text that is signed for it, and how it goes on.

use identity::VerifiedIdentity;
use policy::Act;

use super::Road;
use super::sessions::labels;
use crate::error::{Refusal, RoadError};
use crate::model::{Answer, Person, Request, RequestId, RequestKind, RequestState};
use crate::statement::{ANY_SESSION, rfc3339, statement, visible};
use crate::text;

/// How a request goes on: lines that only grow in number, until it is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// What there is to read so far, the earliest first.
    pub lines: Vec<String>,
    /// Nothing more will happen to it.
    pub over: bool,
}

impl Road {
    /// How a request stands at this moment, for whoever may see it.
    pub async fn watch(&self, who: &VerifiedIdentity, id: RequestId) -> Result<Watched, Refusal> {
        self.try_watch(who, id).await.map_err(|fault| self.tell(&fault))
    }

    async fn try_watch(&self, who: &VerifiedIdentity, id: RequestId) -> Result<Watched, RoadError> {
        let person = self.person_now(who).await?;
        let request = self.seen_by(&person, id).await?;
        let mut lines = vec![self.heading(&request).await?];
        for decision in self.store().decisions(id).await? {
            let (name, at) = (self.name_of(&decision.person).await?, rfc3339(decision.at));
            lines.push(format!("{at}  {}  {name}", decision.answer.as_str()));
        }
        let lapsed = request.state == RequestState::Waiting && self.now() >= request.expires;
        let state = if lapsed { RequestState::Expired } else { request.state };
        let over = state != RequestState::Waiting;
        if over {
            let values = [("request", &*id.to_string()), ("state", state.as_str())];
            lines.push(self.say(&text::WATCH_OVER, &values));
        }
        Ok(Watched { lines, over })
    }

    async fn heading(&self, request: &Request) -> Result<String, RoadError> {
        let mut needs = Vec::new();
        for quorum in self.quorums_of(request) {
            needs.push(self.needs(&quorum, &request.requester.0).await?);
        }
        Ok(self.say(
            &text::WATCH_HEAD,
            &[
                ("request", &request.id.to_string()),
                ("who", &self.name_of(&request.requester).await?),
                ("target", &request.target),
                ("run", &first_line(&request.run)),
                ("needs", &needs.join(" / ")),
                ("until", &rfc3339(request.expires)),
            ],
        ))
    }

    pub(super) async fn show(&self, person: &Person, id: RequestId) -> Result<String, RoadError> {
        let request = self.seen_by(person, id).await?;
        let mut text = self.describe(&request).await?;
        if request.kind != RequestKind::Action {
            text += &self.terms_in_full(&request);
        }
        text += &self.signed_impact(&request);
        if request.state == RequestState::Waiting {
            text += &self.say(&text::SHOW_HOW, &[("request", &id.to_string())]);
        }
        Ok(text + "\n")
    }

    async fn describe(&self, request: &Request) -> Result<String, RoadError> {
        let target = self.store().target(&request.target).await?;
        let mut needs = Vec::new();
        for quorum in self.quorums_of(request) {
            needs.push(self.needs(&quorum, &request.requester.0).await?);
        }
        let signed: Vec<_> = self.signers(request).await?.into_iter().map(|(name, _)| name).collect();
        let effects: Vec<_> = request.effects.iter().map(String::as_str).collect();
        Ok(self.say(
            &text::SHOW,
            &[
                ("request", &request.id.to_string()),
                ("state", request.state.as_str()),
                ("target", &request.target),
                ("labels", &target.as_ref().map(labels).unwrap_or_default()),
                ("account", &request.account),
                ("who", &self.name_of(&request.requester).await?),
                ("created", &rfc3339(request.created)),
                ("run", &in_full(&request.run)),
                ("effects", &effects.join(", ")),
                ("needs", &needs.join(" / ")),
                ("signed", &signed.join(", ")),
                ("until", &rfc3339(request.expires)),
                ("session", &where_it_runs(request)),
                ("digest", &request.digest),
            ],
        ))
    }

    /// What a statement would reach, as it stands in what is signed.
    fn signed_impact(&self, request: &Request) -> String {
        let signed: serde_json::Value = serde_json::from_str(&request.canonical).unwrap_or_default();
        if signed.get("act").and_then(serde_json::Value::as_str) != Some(Act::Statement.as_str()) {
            return String::new();
        }
        let impact = signed.get("impact").cloned().and_then(|impact| serde_json::from_value(impact).ok());
        self.impact_told(Act::Statement, impact.as_ref())
    }

    /// What a request without a session is about, to the last field: scripts and changes too.
    fn terms_in_full(&self, request: &Request) -> String {
        let terms: serde_json::Value = serde_json::from_slice(&request.text).unwrap_or_default();
        let mut text = format!("\n{}", self.say(&text::SHOW_TERMS, &[]));
        for (name, value) in terms.as_object().into_iter().flatten() {
            let value = match value {
                serde_json::Value::String(value) => in_full(value),
                value => visible(&value.to_string()),
            };
            text += &format!("\n  {:<10} {value}", visible(name));
        }
        text
    }

    pub(super) async fn to_sign(
        &self,
        person: &Person,
        id: RequestId,
        answer: Answer,
    ) -> Result<String, RoadError> {
        let request = self.seen_by(person, id).await?;
        Ok(statement(id, &request.canonical, &request.digest, answer))
    }
}

/// The first line of a text, and whether there is more.
pub(super) fn first_line(text: &str) -> String {
    match text.split_once('\n') {
        Some((first, rest)) if !rest.trim().is_empty() => visible(first) + " …",
        Some((first, _)) => visible(first),
        None => visible(text),
    }
}

/// The session that an action is bound to; or that it is bound to none, and what else it depends on.
fn where_it_runs(request: &Request) -> String {
    match (request.session, request.kind) {
        (Some(session), _) => session.to_string(),
        (None, RequestKind::Action) => {
            let act: serde_json::Value = serde_json::from_str(&request.canonical).unwrap_or_default();
            let place = act.get("directory").and_then(serde_json::Value::as_str).unwrap_or_default();
            format!("{ANY_SESSION}, {}", visible(place))
        }
        (None, _) => String::new(),
    }
}

/// Every line of a text, none of which hides anything; those after the first stand under it.
fn in_full(text: &str) -> String {
    let lines: Vec<_> = text.trim_end_matches('\n').split('\n').map(visible).collect();
    lines.join("\n             ")
}
