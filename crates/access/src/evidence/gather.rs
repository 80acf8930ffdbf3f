//! Making a bundle: the entries of a request are picked out of the ledger, examined as a stranger would, and sealed by
//! an entry, which also puts on the record that somebody was handed them.

use identity::VerifiedIdentity;
use policy::Sources;

use super::cast::{Cast, Entries, missing, states};
use super::ending::is_no;
use super::gather_permit::Uses;
use super::gathering::{Gathering, leaf};
use super::protocol::{Failure, Protocol};
use super::verify::examine;
use super::{Bundle, Kept, SignedAnswer, Story, VERSION};
use crate::administer::Role;
use crate::entry::{Entry, Event};
use crate::error::RoadError;
use crate::model::{Decision, Request, RequestId, RequestKind, RequestState};
use crate::road::{Road, permit_kind};
use crate::text::{Language, NO_REQUEST, NOT_OVER_YET};

impl Road {
    /// The evidence of a request as one file, for audit administrators and whoever may see the request.
    pub async fn evidence(&self, who: &VerifiedIdentity, id: RequestId) -> Result<String, RoadError> {
        let person = self.person_now(who).await?;
        let request = match person.groups.contains(Role::Audit.group()) {
            true => self.request_there(id).await?,
            false => self.seen_by(&person, id).await?,
        };
        self.evidence_of(request, person.id.0).await
    }

    async fn request_there(&self, id: RequestId) -> Result<Request, RoadError> {
        let number = id.to_string();
        let none = || self.refusal(&NO_REQUEST, &[("request", &number)]);
        Ok(self.request(id).await?.ok_or_else(none)?)
    }

    async fn evidence_of(&self, request: Request, by: String) -> Result<String, RoadError> {
        let id = request.id;
        if request.state == RequestState::Waiting {
            return Err(self.refusal(&NOT_OVER_YET, &[("request", &id.to_string())]).into());
        }
        let story = self.story(request).await?;
        self.sealed(story, |digest| Event::Evidence { request: Some(id.0), permit: None, by, digest }).await
    }

    /// The file of a story that verifies, sealed.
    pub(super) async fn sealed(
        &self,
        story: Story,
        seal: impl FnOnce(String) -> Event,
    ) -> Result<String, RoadError> {
        fits(&story)?;
        let entry = Entry::new(self.now(), seal(story.digest()));
        // Handed out only once it is on the record.
        let index = self.append(entry.clone()).await?;
        let indices = story.entries.iter().map(|leaf| leaf.index).chain([index]).collect();
        let proven = self.archive().prove(indices).await?;
        let bundle = Bundle {
            checkpoint: proven.checkpoint,
            proofs: proven.paths,
            seal: leaf(index, &entry),
            story,
            version: VERSION.to_owned(),
        };
        Ok(bundle.encode())
    }

    async fn story(&self, request: Request) -> Result<Story, RoadError> {
        let decisions = self.store().decisions(request.id).await?;
        let id = request.id.0;
        let uses = match permit_kind(request.kind) {
            Some(_) => self.used_under(move |event| begins(event, id)).await?,
            None => Uses::default(),
        };
        let cast = Cast::of(&request, &decisions, uses.clone());
        let found = self.archive().find(Box::new(move |event| cast.concerns(event))).await?;
        let mut gathering = Requested::of(self, &request, Entries(found)).await?;
        let answers = gathering.answers(decisions).await?;
        gathering.bare_no()?;
        gathering.consequences(&uses).await?;
        let act = serde_json::from_str(&request.canonical);
        let act = act.map_err(|fault| RoadError::Inconsistent(format!("evidence: the act: {fault}")))?;
        Ok(gathering.parts.story(act, answers))
    }
}

fn begins(event: &Event, asked: i64) -> bool {
    matches!(event, Event::Permit { request: Some(request), .. } if *request == asked)
}

/// A bundle that would not verify is not made; the database may have been changed behind the road's back.
fn fits(story: &Story) -> Result<(), RoadError> {
    examine(story, &mut Protocol::default()).map(drop).map_err(|failure| {
        RoadError::Inconsistent(match failure {
            Failure::Unreadable(why) => format!("evidence: {why}"),
            Failure::Wrong { check, why, .. } => format!("evidence: {}: {why}", check.say(Language::English)),
        })
    })
}

/// The story of a request that is being put together.
struct Requested<'r> {
    request: &'r Request,
    parts: Gathering<'r>,
    end: u64,
    approvers: Vec<String>,
}

impl<'r> Requested<'r> {
    /// With everything but the answers and what followed.
    async fn of(road: &'r Road, request: &'r Request, entries: Entries) -> Result<Self, RoadError> {
        let mut parts = Gathering::new(road, entries);
        let asked = parts.choose("the request", u64::MAX, |event| matches!(event, Event::Request { .. }))?;
        let end = parts.choose("the request's end", u64::MAX, |event| {
            matches!(event, Event::Grant { .. } | Event::RequestEnd { .. })
        })?;
        let approvers = match parts.entries.event(end) {
            Some(Event::Grant { approvers, .. }) => approvers.clone(),
            _ => Vec::new(),
        };
        let mut gathering = Self { request, parts, end, approvers };
        let came = gathering.session(asked)?;
        let requester = &request.requester.0;
        let login = |event: &Event| matches!(event, Event::Login { person, .. } if person == requester);
        gathering.parts.choose("the login", came, login)?;
        gathering.parts.vouched("person", requester, asked).await?;
        gathering.policies(asked).await?;
        Ok(gathering)
    }

    /// The session of an action, its decision, and its recording if the action ran. Returns where it began.
    fn session(&mut self, asked: u64) -> Result<u64, RoadError> {
        let Some(session) = self.request.session.map(|session| session.to_string()) else { return Ok(asked) };
        let held = |event: &Event| matches!(event, Event::Decision { request, .. } if *request == Some(self.request.id.0));
        self.parts.choose("the decision", asked, held)?;
        let opens = |event: &Event| matches!(event, Event::SessionOpen { session: id, .. } if *id == session);
        let opened = self.parts.choose("the session", asked, opens)?;
        if !self.approvers.is_empty() {
            self.parts.choose_all(opened, |event| {
                matches!(event, Event::Segment { .. } | Event::SessionClose { .. })
            });
        }
        Ok(opened)
    }

    /// What followed from a grant.
    async fn consequences(&mut self, uses: &Uses) -> Result<(), RoadError> {
        if self.request.kind == RequestKind::Change {
            let ours = Some(self.request.id.0);
            let states = self.parts.choose_all(
                self.end + 1,
                |event| matches!(event, Event::State { request, .. } if *request == ours),
            );
            self.parts.changed(&states).await?;
        }
        self.parts.used(uses).await
    }

    /// The policies that held it: the newest before it with the version that it names.
    async fn policies(&mut self, asked: u64) -> Result<(), RoadError> {
        let named = &self.request.policy_version;
        let states = self.parts.entries.all(0, |event| states(event, "policies", "policies"));
        for state in states.into_iter().rev().filter(|state| *state < asked) {
            let Some(content) = self.parts.content(state).await? else { continue };
            let files = serde_json::from_value(content.clone()).unwrap_or_default();
            if Sources::from_files(&files).version() == *named {
                self.parts.chosen.insert(state);
                self.parts.records.push(Kept { content, id: "policies".into(), kind: "policies".into() });
                return Ok(());
            }
        }
        Err(missing("the policies that held it"))
    }

    async fn answers(&mut self, decisions: Vec<Decision>) -> Result<Vec<SignedAnswer>, RoadError> {
        let mut answers = Vec::new();
        for decision in decisions {
            let index = self.parts.entries.approval(&decision)?;
            self.answer(index, &decision).await?;
            let Decision { signature, statement, .. } = decision;
            answers.push((index, SignedAnswer { signature, statement }));
        }
        answers.sort_by_key(|(index, _)| *index);
        Ok(answers.into_iter().map(|(_, answer)| answer).collect())
    }

    /// The no that ended it, if that is in no row.
    fn bare_no(&mut self) -> Result<(), RoadError> {
        let (id, end) = (self.request.id.0, self.end);
        let denied = matches!(self.parts.entries.event(end), Some(Event::RequestEnd { state, .. })
            if *state == RequestState::Denied.as_str());
        let chosen = self.parts.chosen.iter().filter_map(|index| self.parts.entries.event(*index));
        if denied && !chosen.into_iter().any(|event| is_no(event, id)) {
            self.parts.choose("the no", end, |event| is_no(event, id))?;
        }
        Ok(())
    }

    /// The answer's entry, its key's enrolment and later revocation, and who the signer was.
    async fn answer(&mut self, index: u64, decision: &Decision) -> Result<(), RoadError> {
        let (person, key) = (&decision.person.0, &decision.fingerprint);
        self.parts.chosen.insert(index);
        let until = if self.approvers.contains(person) { self.end } else { index };
        let changed = |event: &Event, wanted: &str| {
            matches!(event, Event::Key { person: whose, fingerprint, change }
                if whose == person && fingerprint == key && change == wanted)
        };
        let enrolled = self.parts.choose("the key's enrolment", index, |event| changed(event, "enrolled"))?;
        let revoked = self.parts.entries.all(enrolled, |event| changed(event, "revoked"));
        self.parts.chosen.extend(revoked.first());
        self.parts.vouched("key", key, until).await?;
        self.parts.vouched("person", person, until).await
    }
}
