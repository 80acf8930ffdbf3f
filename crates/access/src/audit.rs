//! Reading the ledger: do its entries tell one consistent story? Used by `ledger verify` and at every start.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use recording::{ExpectedSegment, ExpectedSession, SealedSegment, SessionId, Totals};

use crate::blind::{self, hex, sha256_hex};
use crate::entry::{Entry, Event};
use crate::model::{RequestKind, Timestamp};
use crate::register::Register;

/// What the entries say of one session.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// Random identifier.
    pub id: SessionId,
    /// Who.
    pub person: String,
    /// What its files must be.
    pub files: ExpectedSession,
    /// What its segments add up to.
    pub totals: Totals,
}

/// An entry that contradicts the ones before it.
#[derive(Debug, thiserror::Error)]
#[error("entry {index}: {what}")]
pub struct Contradiction {
    /// Index of the entry.
    pub index: u64,
    /// What is wrong.
    pub what: String,
}

/// A fold over the entries, from the first to the last.
#[derive(Debug, Default)]
pub struct Audit {
    entries: u64,
    open: BTreeMap<String, SessionFacts>,
    closed: BTreeMap<[u8; 16], Totals>,
    requests: BTreeMap<i64, RequestFacts>,
    /// Granted requests without a session of which nothing has followed yet.
    unfinished: BTreeSet<i64>,
    /// Requests that a decision has announced, with their sessions.
    announced: BTreeMap<i64, String>,
    /// Everyone who ever logged in.
    entered: BTreeSet<String>,
    /// Keys that were ever enrolled, with their persons.
    enrolled: BTreeSet<(String, String)>,
    rows: rows::Rows,
    register: Arc<Register>,
}

#[derive(Debug)]
struct RequestFacts {
    session: Option<String>,
    asks: Option<String>,
    digest: String,
    requester: String,
    quorums: Vec<String>,
    expires: i64,
    approved: BTreeSet<String>,
    over: bool,
}

impl RequestFacts {
    /// Whether it asks for an action in any session of its requester.
    fn stays(&self) -> bool {
        self.asks.as_deref() == Some(RequestKind::Action.as_str())
    }
}

impl Audit {
    /// Reads the next leaf. Returns the session that it closes, if it does, for a look at its files.
    pub fn take(&mut self, index: u64, leaf: &[u8]) -> Result<Option<SessionFacts>, Contradiction> {
        let wrong = |what: String| Contradiction { index, what };
        let entry = Entry::decode(leaf).map_err(|e| wrong(e.to_string()))?;
        self.entries += 1;
        self.rows.take(&entry.event).map_err(wrong)?;
        if let Event::Erased { session, days } = &entry.event {
            self.register.may_erase(session, *days, Timestamp(entry.at)).map_err(wrong)?;
        }
        self.register.follow(&entry);
        self.follow(entry.at, entry.event).map_err(wrong)
    }

    /// What every row that matters must contain now.
    pub fn register(&self) -> Arc<Register> {
        self.register.settle_all();
        self.register.clone()
    }

    /// Number of entries read.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Number of sessions, open and closed.
    pub fn sessions(&self) -> usize {
        self.open.len() + self.closed.len()
    }

    /// Sessions without a closing entry.
    pub fn open_sessions(&self) -> impl Iterator<Item = &SessionFacts> {
        self.open.values()
    }

    /// The session of that id, while it is open.
    pub fn open_session(&self, id: &SessionId) -> Option<&SessionFacts> {
        self.open.get(&id.to_string())
    }

    /// How far the recording of that session is committed; `None` when the ledger does not know it.
    pub fn committed(&self, id: &SessionId) -> Option<Totals> {
        let open = self.open_session(id).map(|facts| facts.totals);
        open.or_else(|| self.closed.get(&id.0).copied())
    }

    /// Whether the ledger knows that session at all.
    pub fn knows(&self, id: &SessionId) -> bool {
        self.closed.contains_key(&id.0) || self.open_session(id).is_some()
    }

    /// Whether a tombstone says that the recording of that session is erased.
    pub fn is_erased(&self, id: &SessionId) -> bool {
        self.register.erased(&id.to_string()).is_some()
    }

    /// Sessions whose recordings have a tombstone.
    pub fn erased(&self) -> Vec<SessionId> {
        self.register.kinds().erased.iter().filter_map(|(id, _)| id.parse().ok()).collect()
    }

    /// Requests that were granted, and whose effect is not on the record.
    pub fn unfinished(&self) -> Vec<i64> {
        self.unfinished.iter().copied().collect()
    }

    fn follow(&mut self, at: i64, event: Event) -> Result<Option<SessionFacts>, String> {
        match event {
            Event::SessionOpen { session, person, key_commitment, key_digest, .. } => {
                let files = expected(&key_commitment, &key_digest)?;
                self.session_open(session, person, files).map(|()| None)
            }
            Event::Segment { .. } => self.segment(event).map(|()| None),
            Event::SessionClose { session, segments, frames, bytes, chain, .. } => {
                let chain = bytes32(&chain)?;
                let claimed = Totals { segments, frames, bytes, chain, ..Totals::default() };
                self.session_close(&session, &claimed).map(Some)
            }
            Event::Decision { session, verdict, request, .. } => {
                self.decision(session, &verdict, request).map(|()| None)
            }
            Event::Request { .. } => self.request(event).map(|()| None),
            Event::Approval { request, person, answer, key, .. } => {
                self.approval(request, person, &answer, key).map(|()| None)
            }
            Event::Grant { .. } => self.grant(at, event).map(|()| None),
            Event::RequestEnd { request, .. } => self.live(request).map(|facts| {
                facts.over = true;
                None
            }),
            Event::State { request: Some(request), .. } | Event::Permit { request: Some(request), .. } => {
                self.unfinished.remove(&request);
                Ok(None)
            }
            Event::State { request: None, .. } | Event::Permit { request: None, .. } => Ok(None),
            Event::Login { person, .. } => {
                self.entered.insert(person);
                Ok(None)
            }
            Event::Key { person, fingerprint, change } => {
                if change == "enrolled" {
                    self.enrolled.insert((fingerprint, person));
                }
                Ok(None)
            }
            Event::Start { .. }
            | Event::Stop {}
            | Event::Policy { .. }
            | Event::LoginRefused { .. }
            | Event::Lockout { .. }
            | Event::ApprovalRefused { .. }
            | Event::Refusal { .. }
            | Event::Admin { .. }
            | Event::Ceremony { .. }
            | Event::PermitEnd { .. }
            | Event::EmergencyReviewed { .. }
            | Event::Consent { .. }
            | Event::Killed { .. }
            | Event::Alert { .. }
            | Event::Evidence { .. }
            | Event::Reported { .. }
            | Event::Erased { .. }
            | Event::Quiet {}
            | Event::ReplayViewed { .. } => Ok(None),
        }
    }

    fn session_open(
        &mut self,
        session: String,
        person: String,
        files: ExpectedSession,
    ) -> Result<(), String> {
        let id: SessionId = session.parse().map_err(|_| format!("{session} is not a session id"))?;
        if self.knows(&id) {
            return Err(format!("session {session} is opened twice"));
        }
        if !self.entered.contains(&person) {
            return Err(format!("session {session} is opened for {person}, who never logged in"));
        }
        self.open.insert(session, SessionFacts { id, person, files, totals: Totals::default() });
        Ok(())
    }

    fn segment(&mut self, event: Event) -> Result<(), String> {
        let sealed = sealed_segment(event)?;
        let facts = self.must_be_open(&sealed.session.to_string())?;
        let before = facts.totals;
        let chain = sha256_hex(&[before.chain, sealed.digest].concat());
        let follows = sealed.number == before.segments + 1
            && sealed.first_frame == before.frames + 1
            && sealed.last_frame >= sealed.first_frame
            && hex(&sealed.chain) == chain;
        if !follows {
            return Err(format!(
                "segment {} of session {} does not follow segment {}",
                sealed.number, sealed.session, before.segments
            ));
        }
        facts.totals.extend(&sealed);
        facts.files.segments.push(ExpectedSegment::from(&sealed));
        Ok(())
    }

    fn session_close(&mut self, session: &str, claimed: &Totals) -> Result<SessionFacts, String> {
        let mut facts = self.open.remove(session).ok_or_else(|| format!("session {session} is not open"))?;
        let found = facts.totals;
        let agrees = found.segments == claimed.segments
            && found.frames == claimed.frames
            && found.bytes == claimed.bytes
            && found.chain == claimed.chain;
        if !agrees {
            return Err(format!("the totals of session {session} are not those of its segments"));
        }
        facts.files.closed = true;
        self.closed.insert(facts.id.0, facts.totals);
        Ok(facts)
    }

    fn must_be_open(&mut self, session: &str) -> Result<&mut SessionFacts, String> {
        self.open.get_mut(session).ok_or_else(|| format!("session {session} is not open"))
    }

    fn decision(&mut self, session: String, verdict: &str, request: Option<i64>) -> Result<(), String> {
        self.must_be_open(&session)?;
        match (verdict, request) {
            ("allow" | "deny", None) => Ok(()),
            ("hold", Some(request)) => {
                self.announced.insert(request, session);
                Ok(())
            }
            _ => Err(format!("a decision says {verdict} with request {request:?}")),
        }
    }

    fn request(&mut self, event: Event) -> Result<(), String> {
        let Event::Request { request, session, asks, requester, digest, quorums, expires } = event else {
            return Err("not a request".to_owned());
        };
        let requester = match (&session, &asks, requester) {
            (Some(session), None, None) => self.announced_in(request, session)?,
            (None, Some(_), Some(requester)) if self.entered.contains(&requester) => requester,
            _ => return Err(format!("request {request} is of nobody who is here")),
        };
        let approved = BTreeSet::new();
        let facts =
            RequestFacts { session, asks, digest, requester, quorums, expires, approved, over: false };
        match self.requests.insert(request, facts) {
            None => Ok(()),
            Some(_) => Err(format!("request {request} is made twice")),
        }
    }

    /// Who asks for an action: the person of the session in which a decision has announced the request.
    fn announced_in(&mut self, request: i64, session: &String) -> Result<String, String> {
        let requester = self.must_be_open(session)?.person.clone();
        match self.announced.remove(&request).as_ref() == Some(session) {
            true => Ok(requester),
            false => Err(format!("request {request} follows from no decision")),
        }
    }

    fn live(&mut self, request: i64) -> Result<&mut RequestFacts, String> {
        let facts = self.requests.get_mut(&request);
        let facts = facts.ok_or_else(|| format!("request {request} was never made"))?;
        if facts.over {
            return Err(format!("request {request} is over already"));
        }
        Ok(facts)
    }

    fn approval(&mut self, request: i64, person: String, answer: &str, key: String) -> Result<(), String> {
        // Ever, since a key may be revoked between the check of a signature and its entry.
        let signer = (key, person);
        if !self.enrolled.contains(&signer) {
            return Err(format!(
                "request {request} is answered with key {}, never enrolled for {}",
                signer.0, signer.1
            ));
        }
        let person = signer.1;
        // An answer may lose the race against the request's end: it is on the record, and counts for nothing.
        let facts = self.requests.get_mut(&request);
        let facts = facts.ok_or_else(|| format!("request {request} was never made"))?;
        if facts.requester == person {
            return Err(format!("request {request} is answered by its own requester"));
        }
        if answer == "approve" && !facts.over {
            facts.approved.insert(person);
        }
        Ok(())
    }

    fn grant(&mut self, at: i64, event: Event) -> Result<(), String> {
        let Event::Grant { request, session, digest, quorum, approvers } = event else {
            return Err("not a grant".to_owned());
        };
        let person = match &session {
            Some(session) => Some(self.must_be_open(session)?.person.clone()),
            None => None,
        };
        let facts = self.live(request)?;
        if at >= facts.expires {
            return Err(format!("request {request} is granted after it had lapsed"));
        }
        let distinct: BTreeSet<_> = approvers.iter().cloned().collect();
        let in_place = match facts.stays() {
            // Whichever of the requester's sessions has used it.
            true => person.as_ref() == Some(&facts.requester),
            false => facts.session == session,
        };
        let sound = in_place
            && facts.digest == digest
            && facts.quorums.contains(&quorum)
            && !approvers.is_empty()
            && distinct.len() == approvers.len()
            && distinct.is_subset(&facts.approved);
        if !sound {
            return Err(format!("the grant of request {request} is not borne out by its approvals"));
        }
        facts.over = true;
        if let Some(asks) = facts.asks.clone().filter(|_| !facts.stays()) {
            self.rows.granted(request, &asks);
            self.unfinished.insert(request);
        }
        Ok(())
    }
}

fn expected(key_commitment: &str, key_digest: &str) -> Result<ExpectedSession, String> {
    Ok(ExpectedSession {
        key_commitment: bytes32(key_commitment)?,
        key_digest: bytes32(key_digest)?,
        segments: Vec::new(),
        closed: false,
        erased: false,
    })
}

fn sealed_segment(event: Event) -> Result<SealedSegment, String> {
    let Event::Segment {
        session,
        number,
        first_frame,
        last_frame,
        first_us,
        last_us,
        plain_bytes,
        file_bytes,
        digest,
        chain,
    } = event
    else {
        return Err("not a segment".to_owned());
    };
    Ok(SealedSegment {
        session: session.parse().map_err(|_| format!("{session} is not a session id"))?,
        number,
        first_frame,
        last_frame,
        first_us,
        last_us,
        plain_bytes,
        file_bytes,
        digest: bytes32(&digest)?,
        chain: bytes32(&chain)?,
    })
}

fn bytes32(text: &str) -> Result<[u8; 32], String> {
    blind::bytes32(text).ok_or_else(|| format!("{text} is not 64 hex digits"))
}
