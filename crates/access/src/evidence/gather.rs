//! Making a bundle: the entries of a request are picked out of the ledger, examined as a stranger would, and sealed by
//! an entry, which also puts on the record that somebody was handed them.

use std::collections::BTreeSet;

use identity::VerifiedIdentity;
use policy::Sources;

use super::cast::{Cast, Entries, missing, states};
use super::protocol::{Failure, Protocol};
use super::verify::examine;
use super::{Bundle, Kept, Leaf, SignedAnswer, Story, VERSION};
use crate::administer::Role;
use crate::entry::{Entry, Event};
use crate::error::RoadError;
use crate::model::{Decision, Request, RequestId, RequestState};
use crate::road::Road;
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
        fits(&story)?;
        let sealed = Event::Evidence { request: id.0, by, digest: story.digest() };
        let entry = Entry::new(self.now(), sealed);
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
        let cast = Cast::of(&request, &decisions);
        let found = self.archive().find(Box::new(move |event| cast.concerns(event))).await?;
        let gathered = Gathering::of(self, &request, Entries(found)).await?;
        gathered.with_answers(decisions).await
    }
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

fn leaf(index: u64, entry: &Entry) -> Leaf {
    Leaf { entry: serde_json::to_value(entry).unwrap_or_default(), index }
}

/// A story that is being put together.
struct Gathering<'r> {
    road: &'r Road,
    request: &'r Request,
    entries: Entries,
    chosen: BTreeSet<u64>,
    records: Vec<Kept>,
    end: u64,
    approvers: Vec<String>,
}

impl<'r> Gathering<'r> {
    /// With everything but the answers.
    async fn of(road: &'r Road, request: &'r Request, entries: Entries) -> Result<Self, RoadError> {
        let asked = entries.last("the request", u64::MAX, |event| matches!(event, Event::Request { .. }))?;
        let end = entries.last("the request's end", u64::MAX, |event| {
            matches!(event, Event::Grant { .. } | Event::RequestEnd { .. })
        })?;
        let approvers = match entries.event(end) {
            Some(Event::Grant { approvers, .. }) => approvers.clone(),
            _ => Vec::new(),
        };
        let mut gathering =
            Self { road, request, entries, chosen: [asked, end].into(), records: Vec::new(), end, approvers };
        let came = gathering.session(asked)?;
        let requester = &request.requester.0;
        gathering.choose(
            "the login",
            came,
            |event| matches!(event, Event::Login { person, .. } if person == requester),
        )?;
        gathering.vouched("person", requester, asked).await?;
        gathering.policies(asked).await?;
        gathering.consequences();
        Ok(gathering)
    }

    fn choose(&mut self, what: &str, bound: u64, wanted: impl Fn(&Event) -> bool) -> Result<u64, RoadError> {
        let index = self.entries.last(what, bound, wanted)?;
        self.chosen.insert(index);
        Ok(index)
    }

    /// The session of an action, its decision, and its recording if the action ran. Returns where it began.
    fn session(&mut self, asked: u64) -> Result<u64, RoadError> {
        if self.request.session.is_none() {
            return Ok(asked);
        }
        self.choose("the decision", asked, |event| matches!(event, Event::Decision { .. }))?;
        let opened = self.choose("the session", asked, |event| matches!(event, Event::SessionOpen { .. }))?;
        if !self.approvers.is_empty() {
            let recording = self
                .entries
                .all(opened, |event| matches!(event, Event::Segment { .. } | Event::SessionClose { .. }));
            self.chosen.extend(recording);
        }
        Ok(opened)
    }

    /// What followed from a grant.
    fn consequences(&mut self) {
        let ours = self.request.id.0;
        let followed = self.entries.all(self.end + 1, |event| {
            matches!(event, Event::Permit { request, .. } | Event::State { request, .. } if *request == Some(ours))
        });
        self.chosen.extend(followed);
    }

    /// The row as the ledger last had it before `bound`.
    async fn vouched(&mut self, kind: &str, id: &str, bound: u64) -> Result<(), RoadError> {
        let what = format!("the state of {kind} {id}");
        let state = self.choose(&what, bound, |event| states(event, kind, id))?;
        let content = self.content(state).await?.ok_or_else(|| missing(&what))?;
        self.records.push(Kept { content, id: id.to_owned(), kind: kind.to_owned() });
        Ok(())
    }

    /// The content that a `state` entry vouches for, as it was kept.
    async fn content(&self, state: u64) -> Result<Option<serde_json::Value>, RoadError> {
        let Some(Event::State { of, id, after: Some(digest), .. }) = self.entries.event(state) else {
            return Ok(None);
        };
        let record = self.road.store().record(of, id, digest).await?;
        Ok(record.and_then(|record| serde_json::from_str(&record.content).ok()))
    }

    /// The policies that held it: the newest before it with the version that it names.
    async fn policies(&mut self, asked: u64) -> Result<(), RoadError> {
        let named = &self.request.policy_version;
        let states = self.entries.all(0, |event| states(event, "policies", "policies"));
        for state in states.into_iter().rev().filter(|state| *state < asked) {
            let Some(content) = self.content(state).await? else { continue };
            let files = serde_json::from_value(content.clone()).unwrap_or_default();
            if Sources::from_files(&files).version() == *named {
                self.chosen.insert(state);
                self.records.push(Kept { content, id: "policies".into(), kind: "policies".into() });
                return Ok(());
            }
        }
        Err(missing("the policies that held it"))
    }

    async fn with_answers(mut self, decisions: Vec<Decision>) -> Result<Story, RoadError> {
        let mut answers = Vec::new();
        for decision in decisions {
            let index = self.entries.approval(&decision)?;
            self.answer(index, &decision).await?;
            let Decision { signature, statement, .. } = decision;
            answers.push((index, SignedAnswer { signature, statement }));
        }
        answers.sort_by_key(|(index, _)| *index);
        self.records.sort_by(|one, other| (&one.kind, &one.id).cmp(&(&other.kind, &other.id)));
        let act = serde_json::from_str(&self.request.canonical);
        let act = act.map_err(|fault| RoadError::Inconsistent(format!("evidence: the act: {fault}")))?;
        let chosen = self.entries.0.iter().filter(|(index, _)| self.chosen.contains(index));
        Ok(Story {
            act,
            answers: answers.into_iter().map(|(_, answer)| answer).collect(),
            entries: chosen.map(|(index, entry)| leaf(*index, entry)).collect(),
            records: self.records,
        })
    }

    /// The answer's entry, its key's enrolment and later revocation, and who the signer was.
    async fn answer(&mut self, index: u64, decision: &Decision) -> Result<(), RoadError> {
        let (person, key) = (&decision.person.0, &decision.fingerprint);
        self.chosen.insert(index);
        let until = if self.approvers.contains(person) { self.end } else { index };
        let changed = |event: &Event, wanted: &str| {
            matches!(event, Event::Key { person: whose, fingerprint, change }
                if whose == person && fingerprint == key && change == wanted)
        };
        let enrolled = self.choose("the key's enrolment", index, |event| changed(event, "enrolled"))?;
        let revoked = self.entries.all(enrolled, |event| changed(event, "revoked"));
        self.chosen.extend(revoked.first());
        self.vouched("key", key, until).await?;
        self.vouched("person", person, until).await
    }
}
