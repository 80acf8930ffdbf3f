//! A store that lets a test change what it returns, or act between two of the road's steps. It yields a
//! few times before each of its own, so that tasks which run at once meet in ever other orders, the same in every run.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use access::model::{
    Account, Attempts, Certificate, Decision, Enrolment, Notice, Outcome, Permit, PermitId, PermitKind,
    Person, PersonId, PersonKey, Record, RememberedFactor, Request, RequestId, RequestState, SessionRow,
    Target, Ticket, Timestamp,
};
use access::ports::{Store, StoreError};
use access::recording::SessionId;
use async_trait::async_trait;
use testkit::MemoryStore;
use tokio::task::yield_now;

type Alteration = Box<dyn Fn(&mut Request) + Send>;
type Retelling = Box<dyn Fn(&mut Decision) + Send>;
type Act = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A [`MemoryStore`] whose rows somebody can change behind the road's back.
#[derive(Default)]
pub struct Interlude {
    inner: MemoryStore,
    alteration: Mutex<Option<Alteration>>,
    retelling: Mutex<Option<Retelling>>,
    permits: Mutex<BTreeMap<PermitId, Option<Permit>>>,
    before_settling: Mutex<Option<Act>>,
    steps: AtomicU64,
    /// Whether nothing is answered.
    pub silent: AtomicBool,
    /// Whether no notice can be posted.
    pub outbox_is_full: AtomicBool,
}

impl Interlude {
    /// From now on every request is read with this change.
    pub fn alter(&self, change: impl Fn(&mut Request) + Send + 'static) {
        *lock(&self.alteration) = Some(Box::new(change));
    }

    /// From now on every decision is read with this change.
    pub fn retell(&self, change: impl Fn(&mut Decision) + Send + 'static) {
        *lock(&self.retelling) = Some(Box::new(change));
    }

    /// Writes the row of a permit as no road does, or takes it away until somebody adds it again.
    pub fn rewrite_permit(&self, id: PermitId, row: Option<Permit>) {
        lock(&self.permits).insert(id, row);
    }

    fn as_rewritten(&self, permit: Permit) -> Option<Permit> {
        lock(&self.permits).get(&permit.id).cloned().unwrap_or(Some(permit))
    }

    /// Sets a request that is over back to waiting.
    pub fn reopen(&self, id: RequestId) {
        self.inner.reopen(id);
    }

    /// From now on requests are read as they were written.
    pub fn restore(&self) {
        *lock(&self.alteration) = None;
    }

    /// Does `act` once, just before the next request is settled.
    pub fn before_settling(&self, act: impl Future<Output = ()> + Send + 'static) {
        *lock(&self.before_settling) = Some(Box::pin(act));
    }

    /// Has tasks that run at once meet in another order than for any other `round`.
    pub fn shuffle(&self, round: u64) {
        self.steps.store(round * 1_000_003, Ordering::Relaxed);
    }

    fn answers(&self) -> Result<(), StoreError> {
        match self.silent.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable("no connection".to_owned())),
            false => Ok(()),
        }
    }

    async fn pause(&self) {
        let step = self.steps.fetch_add(1, Ordering::Relaxed);
        // The top bits of a multiplicative hash are as good as random.
        for _ in 0..step.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61 {
            yield_now().await;
        }
    }

    fn altered(&self, mut request: Request) -> Request {
        if let Some(change) = &*lock(&self.alteration) {
            change(&mut request);
        }
        request
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

macro_rules! store {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Store for Interlude {
            async fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError> {
                self.pause().await;
                self.answers()?;
                Ok(self.inner.request(id).await?.map(|request| self.altered(request)))
            }

            async fn waiting_requests(&self) -> Result<Vec<Request>, StoreError> {
                Ok(self.inner.waiting_requests().await?.into_iter().map(|request| self.altered(request)).collect())
            }

            async fn settle_request(
                &self,
                id: RequestId,
                version: i64,
                state: RequestState,
            ) -> Result<bool, StoreError> {
                let act = lock(&self.before_settling).take();
                self.pause().await;
                if let Some(act) = act {
                    act.await;
                }
                self.answers()?;
                self.inner.settle_request(id, version, state).await
            }

            async fn decisions(&self, id: RequestId) -> Result<Vec<Decision>, StoreError> {
                self.pause().await;
                let mut decisions = self.inner.decisions(id).await?;
                if let Some(change) = &*lock(&self.retelling) {
                    decisions.iter_mut().for_each(change);
                }
                Ok(decisions)
            }

            async fn add_permit(&self, permit: &Permit) -> Result<(), StoreError> {
                self.pause().await;
                if let Some(row @ None) = lock(&self.permits).get_mut(&permit.id) {
                    *row = Some(permit.clone());
                    return Ok(());
                }
                self.inner.add_permit(permit).await
            }

            async fn set_permit(&self, permit: &Permit) -> Result<bool, StoreError> {
                self.pause().await;
                let set = self.inner.set_permit(permit).await?;
                lock(&self.permits).remove(&permit.id);
                Ok(set)
            }

            async fn permit(&self, id: PermitId) -> Result<Option<Permit>, StoreError> {
                self.pause().await;
                Ok(self.inner.permit(id).await?.and_then(|permit| self.as_rewritten(permit)))
            }

            async fn live_permits(&self, now: Timestamp) -> Result<Vec<Permit>, StoreError> {
                self.pause().await;
                let permits = self.inner.permits(u32::MAX).await?;
                let live = |permit: &Permit| {
                    let owed = permit.kind == PermitKind::Emergency && permit.reviewed.is_none();
                    (permit.ended.is_none() && now < permit.until) || owed
                };
                Ok(permits.into_iter().filter_map(|permit| self.as_rewritten(permit)).filter(live).collect())
            }

            async fn permits(&self, limit: u32) -> Result<Vec<Permit>, StoreError> {
                self.pause().await;
                let permits = self.inner.permits(limit).await?;
                Ok(permits.into_iter().filter_map(|permit| self.as_rewritten(permit)).collect())
            }

            async fn post(&self, notices: &[Notice]) -> Result<(), StoreError> {
                match self.outbox_is_full.load(Ordering::SeqCst) {
                    true => Err(StoreError::Unavailable("the outbox is full".to_owned())),
                    false => self.inner.post(notices).await,
                }
            }

            $(async fn $name(&self, $($argument: $kind),*) -> Result<$answer, StoreError> {
                self.pause().await;
                self.answers()?;
                self.inner.$name($($argument),*).await
            })*
        }
    };
}

store! {
    add_person(person: &Person) -> ();
    person(name: &str) -> Option<Person>;
    person_by_id(id: &PersonId) -> Option<Person>;
    people() -> Vec<Person>;
    set_groups(id: &PersonId, groups: &BTreeSet<String>) -> ();
    set_suspended(id: &PersonId, suspended: bool) -> ();
    set_password(id: &PersonId, hash: Option<&str>) -> ();
    set_totp(id: &PersonId, sealed: Option<&[u8]>) -> ();
    use_totp_step(id: &PersonId, step: u64) -> bool;
    add_key(key: &PersonKey) -> ();
    remove_key(id: &PersonId, fingerprint: &str) -> ();
    keys(id: &PersonId) -> Vec<PersonKey>;
    key(fingerprint: &str) -> Option<PersonKey>;
    add_target(target: &Target) -> ();
    set_target(target: &Target) -> ();
    remove_target(name: &str) -> ();
    target(name: &str) -> Option<Target>;
    targets() -> Vec<Target>;
    put_account(account: &Account) -> ();
    remove_account(target: &str, login: &str) -> ();
    account(target: &str, login: &str) -> Option<Account>;
    accounts(target: &str) -> Vec<Account>;
    remembered(person: &PersonId, first: &str, source: IpAddr) -> Option<RememberedFactor>;
    remember(factor: &RememberedFactor) -> ();
    forget(person: &PersonId) -> ();
    attempts(key: &str) -> Attempts;
    count_failure(key: &str, at: u64) -> Attempts;
    clear_failures(key: &str) -> ();
    add_session(session: &SessionRow) -> ();
    close_session(id: &SessionId, at: Timestamp, outcome: Outcome) -> ();
    session(id: &SessionId) -> Option<SessionRow>;
    sessions(limit: u32) -> Vec<SessionRow>;
    next_request_id() -> RequestId;
    add_request(request: &Request) -> ();
    requests(limit: u32) -> Vec<Request>;
    add_decision(decision: &Decision) -> ();
    set_person(person: &Person) -> ();
    put_key(key: &PersonKey) -> ();
    touch_key(fingerprint: &str, at: Timestamp) -> ();
    all_keys() -> Vec<PersonKey>;
    open_sessions() -> Vec<SessionRow>;
    keep_record(record: &Record) -> ();
    record(kind: &str, id: &str, digest: &str) -> Option<Record>;
    setting(name: &str) -> Option<String>;
    settings() -> BTreeMap<String, String>;
    put_setting(name: &str, value: Option<&str>) -> ();
    next_permit_id() -> PermitId;
    put_enrolment(person: &PersonId, code: Option<&Enrolment>) -> ();
    enrolment(person: &PersonId) -> Option<Enrolment>;
    use_enrolment(code: &Enrolment) -> bool;
    put_recovery(person: &PersonId, hashes: &[String]) -> ();
    recovery(person: &PersonId) -> Vec<String>;
    use_recovery(person: &PersonId, hash: &str) -> bool;
    add_consent(person: &PersonId, version: &str, at: Timestamp) -> ();
    consent(person: &PersonId, version: &str) -> Option<Timestamp>;
    add_ticket(ticket: &Ticket) -> ();
    ticket(id: &str) -> Option<Ticket>;
    use_ticket(id: &str) -> bool;
    lapsed_tickets(now: Timestamp) -> Vec<Ticket>;
    drop_ticket(id: &str) -> ();
    add_certificate(certificate: &Certificate) -> ();
    certificate(id: &str) -> Option<Certificate>;
    certificates(person: &PersonId) -> Vec<Certificate>;
    lapsed_certificates(now: Timestamp) -> Vec<Certificate>;
    drop_certificate(id: &str) -> ();
    due(receiver: &str, now: Timestamp, limit: u32) -> Vec<Notice>;
    delivered(id: i64) -> ();
    postpone(id: i64, attempts: u32, due: Timestamp) -> bool;
    stirred() -> i64;
    stir() -> ();
}
