//! A store that shows only what the ledger explains: a row that nobody entered is as if it were not there, and is told
//! of once. What waits, what was consumed and what was signed is compared with the ledger too.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use recording::SessionId;

use crate::blind::Blind;
use crate::model::*;
use crate::ports::{Store, StoreError};
use crate::register::{self, Register};

type Done = Result<(), StoreError>;
type Found<T> = Result<T, StoreError>;

/// A store behind a register.
pub struct Explained {
    inner: Arc<dyn Store>,
    register: Arc<Register>,
}

impl Explained {
    /// Shows of `inner` what `register` vouches for.
    pub fn new(inner: Arc<dyn Store>, register: Arc<Register>) -> Self {
        Self { inner, register }
    }

    fn explains(&self, records: &[Record]) -> bool {
        let unexplained = records.iter().find(|record| !self.register.vouches_for(record));
        if let Some(record) = unexplained {
            self.register.find(unexplained_row(record));
        }
        unexplained.is_none()
    }

    fn person_is(&self, person: &Person) -> bool {
        self.explains(&[register::person(person), register::credentials(person)])
    }

    fn key_is(&self, key: &PersonKey) -> bool {
        let theirs = self.register.is_enrolled(key);
        if !theirs {
            self.register.find(unexplained_row(&register::key(key)));
        }
        theirs && self.explains(&[register::key(key)])
    }

    fn target_is(&self, target: &Target) -> bool {
        self.explains(&[register::target(target)])
    }

    fn account_is(&self, account: &Account) -> bool {
        self.explains(&[register::account(account)])
    }

    fn permit_is(&self, permit: &Permit) -> bool {
        self.explains(&[register::permit(permit)])
    }

    /// A code that nobody gave lets nobody in without one. It is no finding: a row is written before its login is entered.
    fn factor_is(&self, factor: &RememberedFactor, salt: &[u8; 16]) -> bool {
        let source = Blind(salt).commit("source", factor.source.to_canonical().to_string().as_bytes());
        self.register.was_given(factor, &source)
    }

    fn request_is(&self, request: &Request) -> bool {
        let explained = self.register.bears_out(request);
        if !explained {
            self.register.find(format!("request {} is not what the ledger says", request.id));
        }
        explained
    }

    fn decision_is(&self, decision: &Decision) -> bool {
        let explained = self.register.answered(decision).is_some();
        if !explained {
            let (request, person) = (decision.request, &decision.person.0);
            self.register
                .find(format!("a decision of {person} on request {request} is not what the ledger says"));
        }
        explained
    }

    /// The row is written, or will not be: what it was no longer counts.
    fn settle<T>(&self, rows: &[(&str, &str)], done: T) -> T {
        rows.iter().for_each(|(kind, id)| self.register.settle(kind, id));
        done
    }

    fn settle_person<T>(&self, id: &PersonId, done: T) -> T {
        self.settle(&[("person", &id.0), ("credentials", &id.0)], done)
    }
}

/// What an alert says of a row that the ledger does not explain.
pub(crate) fn unexplained_row(record: &Record) -> String {
    let (kind, id, digest) = (&record.kind, &record.id, &record.digest);
    format!("{kind} {id} is not what the ledger says (found {})", digest.get(..12).unwrap_or(digest))
}

#[async_trait]
impl Store for Explained {
    async fn add_person(&self, person: &Person) -> Done {
        let done = self.inner.add_person(person).await;
        self.settle_person(&person.id, done)
    }
    async fn person(&self, name: &str) -> Found<Option<Person>> {
        Ok(self.inner.person(name).await?.filter(|person| self.person_is(person)))
    }
    async fn person_by_id(&self, id: &PersonId) -> Found<Option<Person>> {
        Ok(self.inner.person_by_id(id).await?.filter(|person| self.person_is(person)))
    }
    async fn people(&self) -> Found<Vec<Person>> {
        let mut people = self.inner.people().await?;
        people.retain(|person| self.person_is(person));
        Ok(people)
    }
    async fn set_groups(&self, id: &PersonId, groups: &BTreeSet<String>) -> Done {
        let done = self.inner.set_groups(id, groups).await;
        self.settle_person(id, done)
    }
    async fn set_suspended(&self, id: &PersonId, suspended: bool) -> Done {
        let done = self.inner.set_suspended(id, suspended).await;
        self.settle_person(id, done)
    }
    async fn set_password(&self, id: &PersonId, hash: Option<&str>) -> Done {
        let done = self.inner.set_password(id, hash).await;
        self.settle_person(id, done)
    }
    async fn set_totp(&self, id: &PersonId, sealed: Option<&[u8]>) -> Done {
        let done = self.inner.set_totp(id, sealed).await;
        self.settle_person(id, done)
    }
    async fn use_totp_step(&self, id: &PersonId, step: u64) -> Found<bool> {
        self.inner.use_totp_step(id, step).await
    }
    async fn set_person(&self, person: &Person) -> Done {
        match self.inner.set_person(person).await {
            // It will be added.
            Err(StoreError::Missing(what)) => Err(StoreError::Missing(what)),
            done => self.settle_person(&person.id, done),
        }
    }

    async fn add_key(&self, key: &PersonKey) -> Done {
        let done = self.inner.add_key(key).await;
        self.settle(&[("key", &key.fingerprint)], done)
    }
    async fn put_key(&self, key: &PersonKey) -> Done {
        let done = self.inner.put_key(key).await;
        self.settle(&[("key", &key.fingerprint)], done)
    }
    async fn remove_key(&self, id: &PersonId, fingerprint: &str) -> Done {
        let done = self.inner.remove_key(id, fingerprint).await;
        self.settle(&[("key", fingerprint)], done)
    }
    async fn touch_key(&self, fingerprint: &str, at: Timestamp) -> Done {
        self.inner.touch_key(fingerprint, at).await
    }
    async fn keys(&self, id: &PersonId) -> Found<Vec<PersonKey>> {
        let mut keys = self.inner.keys(id).await?;
        keys.retain(|key| self.key_is(key));
        Ok(keys)
    }
    async fn all_keys(&self) -> Found<Vec<PersonKey>> {
        let mut keys = self.inner.all_keys().await?;
        keys.retain(|key| self.key_is(key));
        Ok(keys)
    }
    async fn key(&self, fingerprint: &str) -> Found<Option<PersonKey>> {
        Ok(self.inner.key(fingerprint).await?.filter(|key| self.key_is(key)))
    }

    async fn add_target(&self, target: &Target) -> Done {
        let done = self.inner.add_target(target).await;
        self.settle(&[("target", &target.name)], done)
    }
    async fn set_target(&self, target: &Target) -> Done {
        match self.inner.set_target(target).await {
            Err(StoreError::Missing(what)) => Err(StoreError::Missing(what)),
            done => self.settle(&[("target", &target.name)], done),
        }
    }
    async fn remove_target(&self, name: &str) -> Done {
        let done = self.inner.remove_target(name).await;
        self.settle(&[("target", name)], done)
    }
    async fn target(&self, name: &str) -> Found<Option<Target>> {
        Ok(self.inner.target(name).await?.filter(|target| self.target_is(target)))
    }
    async fn targets(&self) -> Found<Vec<Target>> {
        let mut targets = self.inner.targets().await?;
        targets.retain(|target| self.target_is(target));
        Ok(targets)
    }
    async fn put_account(&self, account: &Account) -> Done {
        let done = self.inner.put_account(account).await;
        self.settle(&[("account", &register::account(account).id)], done)
    }
    async fn remove_account(&self, target: &str, login: &str) -> Done {
        let done = self.inner.remove_account(target, login).await;
        self.settle(&[("account", &format!("{login}@{target}"))], done)
    }
    async fn account(&self, target: &str, login: &str) -> Found<Option<Account>> {
        Ok(self.inner.account(target, login).await?.filter(|account| self.account_is(account)))
    }
    async fn accounts(&self, target: &str) -> Found<Vec<Account>> {
        let mut accounts = self.inner.accounts(target).await?;
        accounts.retain(|account| self.account_is(account));
        Ok(accounts)
    }

    async fn remembered(
        &self,
        person: &PersonId,
        first: &str,
        source: IpAddr,
    ) -> Found<Option<RememberedFactor>> {
        let Some(factor) = self.inner.remembered(person, first, source).await? else { return Ok(None) };
        let salt = self.inner.person_by_id(person).await?.map(|person| person.salt).unwrap_or_default();
        Ok(self.factor_is(&factor, &salt).then_some(factor))
    }
    async fn remember(&self, factor: &RememberedFactor) -> Done {
        self.inner.remember(factor).await
    }
    async fn forget(&self, person: &PersonId) -> Done {
        self.inner.forget(person).await
    }
    async fn attempts(&self, key: &str) -> Found<Attempts> {
        self.inner.attempts(key).await
    }
    async fn count_failure(&self, key: &str, at: u64) -> Found<Attempts> {
        self.inner.count_failure(key, at).await
    }
    async fn clear_failures(&self, key: &str) -> Done {
        self.inner.clear_failures(key).await
    }

    async fn add_session(&self, session: &SessionRow) -> Done {
        self.inner.add_session(session).await
    }
    async fn close_session(&self, id: &SessionId, at: Timestamp, outcome: Outcome) -> Done {
        self.inner.close_session(id, at, outcome).await
    }
    async fn session(&self, id: &SessionId) -> Found<Option<SessionRow>> {
        self.inner.session(id).await
    }
    async fn sessions(&self, limit: u32) -> Found<Vec<SessionRow>> {
        self.inner.sessions(limit).await
    }
    async fn open_sessions(&self) -> Found<Vec<SessionRow>> {
        self.inner.open_sessions().await
    }

    async fn next_request_id(&self) -> Found<RequestId> {
        self.inner.next_request_id().await
    }
    async fn add_request(&self, request: &Request) -> Done {
        self.inner.add_request(request).await
    }
    async fn request(&self, id: RequestId) -> Found<Option<Request>> {
        Ok(self.inner.request(id).await?.filter(|request| self.request_is(request)))
    }
    async fn waiting_requests(&self) -> Found<Vec<Request>> {
        let mut requests = self.inner.waiting_requests().await?;
        requests.retain(|request| self.request_is(request));
        Ok(requests)
    }
    async fn requests(&self, limit: u32) -> Found<Vec<Request>> {
        let mut requests = self.inner.requests(limit).await?;
        requests.retain(|request| self.request_is(request));
        Ok(requests)
    }
    async fn settle_request(&self, id: RequestId, version: i64, state: RequestState) -> Found<bool> {
        // A row that was set back to waiting is not consumed a second time.
        if self.register.is_over(id) {
            return Ok(false);
        }
        self.inner.settle_request(id, version, state).await
    }
    async fn add_decision(&self, decision: &Decision) -> Done {
        self.inner.add_decision(decision).await
    }
    async fn decisions(&self, id: RequestId) -> Found<Vec<Decision>> {
        let mut decisions = self.inner.decisions(id).await?;
        decisions.retain(|decision| self.decision_is(decision));
        Ok(decisions)
    }

    async fn keep_record(&self, record: &Record) -> Done {
        self.inner.keep_record(record).await
    }
    async fn record(&self, kind: &str, id: &str, digest: &str) -> Found<Option<Record>> {
        self.inner.record(kind, id, digest).await
    }

    async fn setting(&self, name: &str) -> Found<Option<String>> {
        let value = self.inner.setting(name).await?;
        Ok(value.filter(|value| self.explains(&[register::setting(name, value)])))
    }
    async fn settings(&self) -> Found<BTreeMap<String, String>> {
        let mut settings = self.inner.settings().await?;
        settings.retain(|name, value| self.explains(&[register::setting(name, value)]));
        Ok(settings)
    }
    async fn put_setting(&self, name: &str, value: Option<&str>) -> Done {
        let done = self.inner.put_setting(name, value).await;
        self.settle(&[("setting", name)], done)
    }

    async fn next_permit_id(&self) -> Found<PermitId> {
        self.inner.next_permit_id().await
    }
    async fn add_permit(&self, permit: &Permit) -> Done {
        let done = self.inner.add_permit(permit).await;
        self.settle(&[("permit", &permit.id.to_string())], done)
    }
    async fn permit(&self, id: PermitId) -> Found<Option<Permit>> {
        Ok(self.inner.permit(id).await?.filter(|permit| self.permit_is(permit)))
    }
    async fn live_permits(&self, now: Timestamp) -> Found<Vec<Permit>> {
        let mut permits = self.inner.live_permits(now).await?;
        permits.retain(|permit| self.permit_is(permit));
        Ok(permits)
    }
    async fn permits(&self, limit: u32) -> Found<Vec<Permit>> {
        let mut permits = self.inner.permits(limit).await?;
        permits.retain(|permit| self.permit_is(permit));
        Ok(permits)
    }
    async fn set_permit(&self, permit: &Permit) -> Found<bool> {
        let done = self.inner.set_permit(permit).await;
        self.settle(&[("permit", &permit.id.to_string())], done)
    }

    async fn put_enrolment(&self, person: &PersonId, code: Option<&Enrolment>) -> Done {
        let done = self.inner.put_enrolment(person, code).await;
        self.settle(&[("enrolment", &person.0)], done)
    }
    async fn enrolment(&self, person: &PersonId) -> Found<Option<Enrolment>> {
        self.inner.enrolment(person).await
    }
    async fn use_enrolment(&self, code: &Enrolment) -> Found<bool> {
        self.inner.use_enrolment(code).await
    }
    async fn put_recovery(&self, person: &PersonId, hashes: &[String]) -> Done {
        self.inner.put_recovery(person, hashes).await
    }
    async fn recovery(&self, person: &PersonId) -> Found<Vec<String>> {
        self.inner.recovery(person).await
    }
    async fn use_recovery(&self, person: &PersonId, hash: &str) -> Found<bool> {
        self.inner.use_recovery(person, hash).await
    }
    async fn add_consent(&self, person: &PersonId, version: &str, at: Timestamp) -> Done {
        self.inner.add_consent(person, version, at).await
    }
    async fn consent(&self, person: &PersonId, version: &str) -> Found<Option<Timestamp>> {
        self.inner.consent(person, version).await
    }

    async fn add_ticket(&self, ticket: &Ticket) -> Done {
        let done = self.inner.add_ticket(ticket).await;
        self.settle(&[("ticket", &ticket.id)], done)
    }
    async fn ticket(&self, id: &str) -> Found<Option<Ticket>> {
        let ticket = self.inner.ticket(id).await?;
        Ok(ticket.filter(|ticket| self.explains(&[register::ticket(ticket)])))
    }
    async fn use_ticket(&self, id: &str) -> Found<bool> {
        self.inner.use_ticket(id).await
    }
    async fn lapsed_tickets(&self, now: Timestamp) -> Found<Vec<Ticket>> {
        self.inner.lapsed_tickets(now).await
    }
    async fn drop_ticket(&self, id: &str) -> Done {
        let done = self.inner.drop_ticket(id).await;
        self.settle(&[("ticket", id)], done)
    }

    async fn add_certificate(&self, certificate: &Certificate) -> Done {
        let done = self.inner.add_certificate(certificate).await;
        self.settle(&[("certificate", &certificate.id)], done)
    }
    async fn certificate(&self, id: &str) -> Found<Option<Certificate>> {
        let certificate = self.inner.certificate(id).await?;
        Ok(certificate.filter(|certificate| self.explains(&[register::certificate(certificate)])))
    }
    async fn certificates(&self, person: &PersonId) -> Found<Vec<Certificate>> {
        let mut certificates = self.inner.certificates(person).await?;
        certificates.retain(|certificate| self.explains(&[register::certificate(certificate)]));
        Ok(certificates)
    }
    async fn lapsed_certificates(&self, now: Timestamp) -> Found<Vec<Certificate>> {
        self.inner.lapsed_certificates(now).await
    }
    async fn drop_certificate(&self, id: &str) -> Done {
        let done = self.inner.drop_certificate(id).await;
        self.settle(&[("certificate", id)], done)
    }

    async fn post(&self, notices: &[Notice]) -> Done {
        self.inner.post(notices).await
    }
    async fn due(&self, receiver: &str, now: Timestamp, limit: u32) -> Found<Vec<Notice>> {
        self.inner.due(receiver, now, limit).await
    }
    async fn delivered(&self, id: i64) -> Done {
        self.inner.delivered(id).await
    }
    async fn postpone(&self, id: i64, attempts: u32, due: Timestamp) -> Found<bool> {
        self.inner.postpone(id, attempts, due).await
    }
    async fn stirred(&self) -> Found<i64> {
        self.inner.stirred().await
    }
    async fn stir(&self) -> Done {
        self.register.stir();
        self.inner.stir().await
    }
}
