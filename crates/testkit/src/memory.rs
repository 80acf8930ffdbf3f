//! A store in memory that keeps the same contract as the databases, for tests of everything above a store.

mod countersigned;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use access::model::{
    Account, Attempts, Certificate, Decision, Enrolment, Notice, Outcome, Permit, PermitId, Person, PersonId,
    PersonKey, Record, RememberedFactor, Request, RequestId, RequestState, SessionRow, Target, Ticket,
    Timestamp,
};
use access::ports::{Store, StoreError};
use access::recording::SessionId;
use async_trait::async_trait;

type Done = Result<(), StoreError>;

/// The whole state of a bastion behind one lock, so every operation is atomic.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    people: BTreeMap<PersonId, Person>,
    keys: BTreeMap<String, PersonKey>,
    targets: BTreeMap<String, Target>,
    accounts: BTreeMap<(String, String), Account>,
    factors: BTreeMap<(PersonId, String, IpAddr), RememberedFactor>,
    attempts: BTreeMap<String, Attempts>,
    sessions: BTreeMap<SessionId, SessionRow>,
    last_request: i64,
    requests: BTreeMap<RequestId, Request>,
    decisions: BTreeMap<RequestId, Vec<Decision>>,
    records: BTreeMap<(String, String, String), Record>,
    settings: BTreeMap<String, String>,
    last_permit: i64,
    permits: BTreeMap<PermitId, Permit>,
    enrolments: BTreeMap<PersonId, Enrolment>,
    recovery: BTreeMap<PersonId, BTreeSet<String>>,
    consents: BTreeMap<(PersonId, String), Timestamp>,
    tickets: BTreeMap<String, Ticket>,
    certificates: BTreeMap<String, Certificate>,
    last_notice: i64,
    outbox: BTreeMap<i64, Notice>,
    stirred: i64,
}

impl State {
    fn person(&mut self, id: &PersonId) -> Result<&mut Person, StoreError> {
        self.people.get_mut(id).ok_or_else(|| missing(format!("person {}", id.0)))
    }

    fn require_target(&self, name: &str) -> Done {
        present(self.targets.contains_key(name), || format!("target {name}"))
    }

    fn require_session(&self, id: &SessionId) -> Done {
        present(self.sessions.contains_key(id), || format!("session {id}"))
    }

    fn holds_request_like(&self, new: &Request) -> bool {
        let alike = |old: &Request| old.id == new.id || old.nonce == new.nonce || old.digest == new.digest;
        self.requests.values().any(alike)
    }

    fn waiting(&mut self, id: RequestId) -> Option<&mut Request> {
        self.requests.get_mut(&id).filter(|request| request.state == RequestState::Waiting)
    }
}

fn in_order_of_enrolment(one: &PersonKey, other: &PersonKey) -> std::cmp::Ordering {
    (one.enrolled_at, &one.fingerprint).cmp(&(other.enrolled_at, &other.fingerprint))
}

fn missing(what: String) -> StoreError {
    StoreError::Missing(what)
}

fn present(present: bool, what: impl FnOnce() -> String) -> Done {
    if present { Ok(()) } else { Err(missing(what())) }
}

fn free(taken: bool, what: impl FnOnce() -> String) -> Done {
    if taken { Err(StoreError::Exists(what())) } else { Ok(()) }
}

impl MemoryStore {
    /// Sets a request that is over back to waiting, as somebody with the database's password can.
    pub fn reopen(&self, id: RequestId) {
        if let Some(request) = self.state().requests.get_mut(&id) {
            request.state = RequestState::Waiting;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn add_person(&self, person: &Person) -> Done {
        let mut state = self.state();
        let alike = |other: &Person| other.id == person.id || other.name == person.name;
        free(state.people.values().any(alike), || format!("person {}", person.name))?;
        state.people.insert(person.id.clone(), person.clone());
        Ok(())
    }

    async fn person(&self, name: &str) -> Result<Option<Person>, StoreError> {
        Ok(self.state().people.values().find(|person| person.name == name).cloned())
    }

    async fn person_by_id(&self, id: &PersonId) -> Result<Option<Person>, StoreError> {
        Ok(self.state().people.get(id).cloned())
    }

    async fn people(&self) -> Result<Vec<Person>, StoreError> {
        let mut people: Vec<_> = self.state().people.values().cloned().collect();
        people.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(people)
    }

    async fn set_groups(&self, id: &PersonId, groups: &BTreeSet<String>) -> Done {
        self.state().person(id)?.groups = groups.clone();
        Ok(())
    }

    async fn set_suspended(&self, id: &PersonId, suspended: bool) -> Done {
        self.state().person(id)?.suspended = suspended;
        Ok(())
    }

    async fn set_password(&self, id: &PersonId, hash: Option<&str>) -> Done {
        self.state().person(id)?.password = hash.map(str::to_owned);
        Ok(())
    }

    async fn set_totp(&self, id: &PersonId, sealed: Option<&[u8]>) -> Done {
        let mut state = self.state();
        let person = state.person(id)?;
        person.totp = sealed.map(<[u8]>::to_vec);
        person.totp_last_step = None;
        Ok(())
    }

    async fn use_totp_step(&self, id: &PersonId, step: u64) -> Result<bool, StoreError> {
        let mut state = self.state();
        let fresh = |person: &&mut Person| person.totp.is_some() && person.totp_last_step < Some(step);
        let person = state.people.get_mut(id).filter(fresh);
        Ok(person.map(|person| person.totp_last_step = Some(step)).is_some())
    }

    async fn add_key(&self, key: &PersonKey) -> Done {
        let mut state = self.state();
        free(state.keys.contains_key(&key.fingerprint), || format!("key {}", key.fingerprint))?;
        state.person(&key.person)?;
        state.keys.insert(key.fingerprint.clone(), key.clone());
        Ok(())
    }

    async fn remove_key(&self, id: &PersonId, fingerprint: &str) -> Done {
        let mut state = self.state();
        let theirs = state.keys.get(fingerprint).is_some_and(|key| key.person == *id);
        present(theirs, || format!("key {fingerprint} of person {}", id.0))?;
        state.keys.remove(fingerprint);
        Ok(())
    }

    async fn keys(&self, id: &PersonId) -> Result<Vec<PersonKey>, StoreError> {
        let mut keys: Vec<_> = self.state().keys.values().filter(|key| key.person == *id).cloned().collect();
        keys.sort_by(in_order_of_enrolment);
        Ok(keys)
    }

    async fn key(&self, fingerprint: &str) -> Result<Option<PersonKey>, StoreError> {
        Ok(self.state().keys.get(fingerprint).cloned())
    }

    async fn add_target(&self, target: &Target) -> Done {
        let mut state = self.state();
        free(state.targets.contains_key(&target.name), || format!("target {}", target.name))?;
        state.targets.insert(target.name.clone(), target.clone());
        Ok(())
    }

    async fn set_target(&self, target: &Target) -> Done {
        let mut state = self.state();
        state.require_target(&target.name)?;
        state.targets.insert(target.name.clone(), target.clone());
        Ok(())
    }

    async fn remove_target(&self, name: &str) -> Done {
        let mut state = self.state();
        state.require_target(name)?;
        state.targets.remove(name);
        state.accounts.retain(|(target, _), _| target != name);
        Ok(())
    }

    async fn target(&self, name: &str) -> Result<Option<Target>, StoreError> {
        Ok(self.state().targets.get(name).cloned())
    }

    async fn targets(&self) -> Result<Vec<Target>, StoreError> {
        Ok(self.state().targets.values().cloned().collect())
    }

    async fn put_account(&self, account: &Account) -> Done {
        let mut state = self.state();
        state.require_target(&account.target)?;
        state.accounts.insert((account.target.clone(), account.login.clone()), account.clone());
        Ok(())
    }

    async fn remove_account(&self, target: &str, login: &str) -> Done {
        let removed = self.state().accounts.remove(&(target.into(), login.into()));
        present(removed.is_some(), || format!("account {login} on {target}"))
    }

    async fn account(&self, target: &str, login: &str) -> Result<Option<Account>, StoreError> {
        Ok(self.state().accounts.get(&(target.into(), login.into())).cloned())
    }

    async fn accounts(&self, target: &str) -> Result<Vec<Account>, StoreError> {
        Ok(self.state().accounts.values().filter(|account| account.target == target).cloned().collect())
    }

    async fn remembered(
        &self,
        person: &PersonId,
        first: &str,
        source: IpAddr,
    ) -> Result<Option<RememberedFactor>, StoreError> {
        Ok(self.state().factors.get(&(person.clone(), first.into(), source)).cloned())
    }

    async fn remember(&self, factor: &RememberedFactor) -> Done {
        let mut state = self.state();
        state.person(&factor.person)?;
        let place = (factor.person.clone(), factor.first.clone(), factor.source);
        state.factors.insert(place, factor.clone());
        Ok(())
    }

    async fn forget(&self, person: &PersonId) -> Done {
        self.state().factors.retain(|(whose, ..), _| whose != person);
        Ok(())
    }

    async fn attempts(&self, key: &str) -> Result<Attempts, StoreError> {
        Ok(self.state().attempts.get(key).copied().unwrap_or_default())
    }

    async fn count_failure(&self, key: &str, at: u64) -> Result<Attempts, StoreError> {
        let mut state = self.state();
        let attempts = state.attempts.entry(key.into()).or_default();
        *attempts = Attempts { failures: attempts.failures + 1, last: attempts.last.max(at) };
        Ok(*attempts)
    }

    async fn clear_failures(&self, key: &str) -> Done {
        self.state().attempts.remove(key);
        Ok(())
    }

    async fn add_session(&self, session: &SessionRow) -> Done {
        let mut state = self.state();
        free(state.sessions.contains_key(&session.id), || format!("session {}", session.id))?;
        state.person(&session.person)?;
        state.sessions.insert(session.id, session.clone());
        Ok(())
    }

    async fn close_session(&self, id: &SessionId, at: Timestamp, outcome: Outcome) -> Done {
        let mut state = self.state();
        let session = state.sessions.get_mut(id).ok_or_else(|| missing(format!("session {id}")))?;
        session.closed.get_or_insert((at, outcome));
        Ok(())
    }

    async fn session(&self, id: &SessionId) -> Result<Option<SessionRow>, StoreError> {
        Ok(self.state().sessions.get(id).cloned())
    }

    async fn sessions(&self, limit: u32) -> Result<Vec<SessionRow>, StoreError> {
        let mut sessions: Vec<_> = self.state().sessions.values().cloned().collect();
        sessions.sort_by_key(|session| std::cmp::Reverse((session.opened, session.id)));
        sessions.truncate(limit as usize);
        Ok(sessions)
    }

    async fn next_request_id(&self) -> Result<RequestId, StoreError> {
        let mut state = self.state();
        state.last_request += 1;
        Ok(RequestId(state.last_request))
    }

    async fn add_request(&self, request: &Request) -> Done {
        let mut state = self.state();
        free(state.holds_request_like(request), || format!("request {}", request.id))?;
        request.session.iter().try_for_each(|session| state.require_session(session))?;
        state.person(&request.requester)?;
        state.requests.insert(request.id, request.clone());
        Ok(())
    }

    async fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError> {
        Ok(self.state().requests.get(&id).cloned())
    }

    async fn waiting_requests(&self) -> Result<Vec<Request>, StoreError> {
        let waits = |request: &&Request| request.state == RequestState::Waiting;
        Ok(self.state().requests.values().filter(waits).cloned().collect())
    }

    async fn requests(&self, limit: u32) -> Result<Vec<Request>, StoreError> {
        Ok(self.state().requests.values().rev().take(limit as usize).cloned().collect())
    }

    async fn settle_request(
        &self,
        id: RequestId,
        version: i64,
        to: RequestState,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let unchanged = |request: &&mut Request| request.version == version && to != RequestState::Waiting;
        let Some(request) = state.waiting(id).filter(unchanged) else { return Ok(false) };
        request.state = to;
        request.version += 1;
        Ok(true)
    }

    async fn add_decision(&self, decision: &Decision) -> Done {
        let mut state = self.state();
        let (id, person) = (decision.request, &decision.person);
        present(state.waiting(id).is_some(), || format!("a waiting request {id}"))?;
        let answered = state.decisions.get(&id).is_some_and(|all| all.iter().any(|d| d.person == *person));
        free(answered, || format!("a decision of person {} on request {id}", person.0))?;
        state.person(person)?;
        state.decisions.entry(id).or_default().push(decision.clone());
        Ok(())
    }

    async fn decisions(&self, id: RequestId) -> Result<Vec<Decision>, StoreError> {
        Ok(self.state().decisions.get(&id).cloned().unwrap_or_default())
    }

    async fn set_person(&self, person: &Person) -> Done {
        self.state().set_person(person)
    }

    async fn put_key(&self, key: &PersonKey) -> Done {
        self.state().put_key(key)
    }

    async fn touch_key(&self, fingerprint: &str, at: Timestamp) -> Done {
        self.state().touch_key(fingerprint, at);
        Ok(())
    }

    async fn all_keys(&self) -> Result<Vec<PersonKey>, StoreError> {
        let mut keys: Vec<_> = self.state().keys.values().cloned().collect();
        keys.sort_by(in_order_of_enrolment);
        Ok(keys)
    }

    async fn open_sessions(&self) -> Result<Vec<SessionRow>, StoreError> {
        Ok(self.state().open_sessions())
    }

    async fn keep_record(&self, record: &Record) -> Done {
        self.state().keep_record(record);
        Ok(())
    }

    async fn record(&self, kind: &str, id: &str, digest: &str) -> Result<Option<Record>, StoreError> {
        Ok(self.state().records.get(&(kind.into(), id.into(), digest.into())).cloned())
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.state().settings.get(name).cloned())
    }

    async fn settings(&self) -> Result<BTreeMap<String, String>, StoreError> {
        Ok(self.state().settings.clone())
    }

    async fn put_setting(&self, name: &str, value: Option<&str>) -> Done {
        self.state().put_setting(name, value);
        Ok(())
    }

    async fn next_permit_id(&self) -> Result<PermitId, StoreError> {
        let mut state = self.state();
        state.last_permit += 1;
        Ok(PermitId(state.last_permit))
    }

    async fn add_permit(&self, permit: &Permit) -> Done {
        self.state().add_permit(permit)
    }

    async fn permit(&self, id: PermitId) -> Result<Option<Permit>, StoreError> {
        Ok(self.state().permits.get(&id).cloned())
    }

    async fn live_permits(&self, now: Timestamp) -> Result<Vec<Permit>, StoreError> {
        Ok(self.state().live_permits(now))
    }

    async fn permits(&self, limit: u32) -> Result<Vec<Permit>, StoreError> {
        Ok(self.state().permits.values().rev().take(limit as usize).cloned().collect())
    }

    async fn set_permit(&self, permit: &Permit) -> Result<bool, StoreError> {
        self.state().set_permit(permit)
    }

    async fn put_enrolment(&self, person: &PersonId, code: Option<&Enrolment>) -> Done {
        self.state().put_enrolment(person, code)
    }

    async fn enrolment(&self, person: &PersonId) -> Result<Option<Enrolment>, StoreError> {
        Ok(self.state().enrolments.get(person).cloned())
    }

    async fn use_enrolment(&self, code: &Enrolment) -> Result<bool, StoreError> {
        Ok(self.state().use_enrolment(code))
    }

    async fn put_recovery(&self, person: &PersonId, hashes: &[String]) -> Done {
        self.state().put_recovery(person, hashes)
    }

    async fn recovery(&self, person: &PersonId) -> Result<Vec<String>, StoreError> {
        Ok(self.state().recovery.get(person).into_iter().flatten().cloned().collect())
    }

    async fn use_recovery(&self, person: &PersonId, hash: &str) -> Result<bool, StoreError> {
        Ok(self.state().recovery.get_mut(person).is_some_and(|hashes| hashes.remove(hash)))
    }

    async fn add_consent(&self, person: &PersonId, version: &str, at: Timestamp) -> Done {
        self.state().add_consent(person, version, at)
    }

    async fn consent(&self, person: &PersonId, version: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.state().consents.get(&(person.clone(), version.into())).copied())
    }

    async fn add_ticket(&self, ticket: &Ticket) -> Done {
        self.state().add_ticket(ticket)
    }

    async fn ticket(&self, id: &str) -> Result<Option<Ticket>, StoreError> {
        Ok(self.state().tickets.get(id).cloned())
    }

    async fn use_ticket(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.state().use_ticket(id))
    }

    async fn lapsed_tickets(&self, now: Timestamp) -> Result<Vec<Ticket>, StoreError> {
        Ok(self.state().tickets.values().filter(|ticket| ticket.expires <= now).cloned().collect())
    }

    async fn drop_ticket(&self, id: &str) -> Done {
        self.state().tickets.remove(id);
        Ok(())
    }

    async fn add_certificate(&self, certificate: &Certificate) -> Done {
        self.state().add_certificate(certificate)
    }

    async fn certificate(&self, id: &str) -> Result<Option<Certificate>, StoreError> {
        Ok(self.state().certificates.get(id).cloned())
    }

    async fn certificates(&self, person: &PersonId) -> Result<Vec<Certificate>, StoreError> {
        Ok(self.state().certificates_of(person))
    }

    async fn lapsed_certificates(&self, now: Timestamp) -> Result<Vec<Certificate>, StoreError> {
        Ok(self.state().lapsed_certificates(now))
    }

    async fn drop_certificate(&self, id: &str) -> Done {
        self.state().certificates.remove(id);
        Ok(())
    }

    async fn post(&self, notices: &[Notice]) -> Done {
        let mut state = self.state();
        notices.iter().for_each(|notice| state.post(notice));
        Ok(())
    }

    async fn due(&self, receiver: &str, now: Timestamp, limit: u32) -> Result<Vec<Notice>, StoreError> {
        Ok(self.state().due(receiver, now, limit))
    }

    async fn delivered(&self, id: i64) -> Done {
        self.state().outbox.remove(&id);
        Ok(())
    }

    async fn postpone(&self, id: i64, attempts: u32, due: Timestamp) -> Result<bool, StoreError> {
        Ok(self.state().postpone(id, attempts, due))
    }

    async fn stirred(&self) -> Result<i64, StoreError> {
        Ok(self.state().stirred)
    }

    async fn stir(&self) -> Done {
        self.state().stirred += 1;
        Ok(())
    }
}
