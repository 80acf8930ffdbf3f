//! The road's trait, method by method, as statements of the module that knows the table.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use access::model::{
    Account, Attempts, Certificate, Decision, Enrolment, Notice, Outcome, Permit, PermitId, Person, PersonId,
    PersonKey, Record, RememberedFactor, Request, RequestId, RequestState, SessionRow, Target, Ticket,
    Timestamp,
};
use access::ports::{Store, StoreError};
use access::recording::SessionId;
use async_trait::async_trait;

use crate::database::{Database, Engine};
use crate::tables::{
    certificates, consents, counters, decisions, enrolments, factors, keys, outbox, people, permits, records,
    requests, sessions, settings, targets, tickets,
};

#[async_trait]
impl<E: Engine> Store for Database<E> {
    async fn add_person(&self, person: &Person) -> Result<(), StoreError> {
        people::add(self, person).await
    }

    async fn person(&self, name: &str) -> Result<Option<Person>, StoreError> {
        people::by_name(self, name).await
    }

    async fn person_by_id(&self, id: &PersonId) -> Result<Option<Person>, StoreError> {
        people::by_id(self, id).await
    }

    async fn people(&self) -> Result<Vec<Person>, StoreError> {
        people::all(self).await
    }

    async fn set_groups(&self, id: &PersonId, groups: &BTreeSet<String>) -> Result<(), StoreError> {
        people::set_groups(self, id, groups).await
    }

    async fn set_suspended(&self, id: &PersonId, suspended: bool) -> Result<(), StoreError> {
        people::set_suspended(self, id, suspended).await
    }

    async fn set_password(&self, id: &PersonId, hash: Option<&str>) -> Result<(), StoreError> {
        people::set_password(self, id, hash).await
    }

    async fn set_totp(&self, id: &PersonId, sealed: Option<&[u8]>) -> Result<(), StoreError> {
        people::set_totp(self, id, sealed).await
    }

    async fn use_totp_step(&self, id: &PersonId, step: u64) -> Result<bool, StoreError> {
        people::use_totp_step(self, id, step).await
    }

    async fn add_key(&self, key: &PersonKey) -> Result<(), StoreError> {
        keys::add(self, key).await
    }

    async fn remove_key(&self, id: &PersonId, fingerprint: &str) -> Result<(), StoreError> {
        keys::remove(self, id, fingerprint).await
    }

    async fn keys(&self, id: &PersonId) -> Result<Vec<PersonKey>, StoreError> {
        keys::of_person(self, id).await
    }

    async fn key(&self, fingerprint: &str) -> Result<Option<PersonKey>, StoreError> {
        keys::one(self, fingerprint).await
    }

    async fn add_target(&self, target: &Target) -> Result<(), StoreError> {
        targets::add(self, target).await
    }

    async fn set_target(&self, target: &Target) -> Result<(), StoreError> {
        targets::set(self, target).await
    }

    async fn remove_target(&self, name: &str) -> Result<(), StoreError> {
        targets::remove(self, name).await
    }

    async fn target(&self, name: &str) -> Result<Option<Target>, StoreError> {
        targets::one(self, name).await
    }

    async fn targets(&self) -> Result<Vec<Target>, StoreError> {
        targets::all(self).await
    }

    async fn put_account(&self, account: &Account) -> Result<(), StoreError> {
        targets::put_account(self, account).await
    }

    async fn remove_account(&self, target: &str, login: &str) -> Result<(), StoreError> {
        targets::remove_account(self, target, login).await
    }

    async fn account(&self, target: &str, login: &str) -> Result<Option<Account>, StoreError> {
        targets::account(self, target, login).await
    }

    async fn accounts(&self, target: &str) -> Result<Vec<Account>, StoreError> {
        targets::accounts(self, target).await
    }

    async fn remembered(
        &self,
        person: &PersonId,
        first: &str,
        source: IpAddr,
    ) -> Result<Option<RememberedFactor>, StoreError> {
        factors::remembered(self, person, first, source).await
    }

    async fn remember(&self, factor: &RememberedFactor) -> Result<(), StoreError> {
        factors::remember(self, factor).await
    }

    async fn forget(&self, person: &PersonId) -> Result<(), StoreError> {
        factors::forget(self, person).await
    }

    async fn attempts(&self, key: &str) -> Result<Attempts, StoreError> {
        factors::attempts(self, key).await
    }

    async fn count_failure(&self, key: &str, at: u64) -> Result<Attempts, StoreError> {
        factors::count_failure(self, key, at).await
    }

    async fn clear_failures(&self, key: &str) -> Result<(), StoreError> {
        factors::clear_failures(self, key).await
    }

    async fn add_session(&self, session: &SessionRow) -> Result<(), StoreError> {
        sessions::add(self, session).await
    }

    async fn close_session(&self, id: &SessionId, at: Timestamp, outcome: Outcome) -> Result<(), StoreError> {
        sessions::close(self, id, at, outcome).await
    }

    async fn session(&self, id: &SessionId) -> Result<Option<SessionRow>, StoreError> {
        sessions::one(self, id).await
    }

    async fn sessions(&self, limit: u32) -> Result<Vec<SessionRow>, StoreError> {
        sessions::newest(self, limit).await
    }

    async fn next_request_id(&self) -> Result<RequestId, StoreError> {
        requests::next_id(self).await
    }

    async fn add_request(&self, request: &Request) -> Result<(), StoreError> {
        requests::add(self, request).await
    }

    async fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError> {
        requests::one(self, id).await
    }

    async fn waiting_requests(&self) -> Result<Vec<Request>, StoreError> {
        requests::waiting(self).await
    }

    async fn requests(&self, limit: u32) -> Result<Vec<Request>, StoreError> {
        requests::newest(self, limit).await
    }

    async fn settle_request(
        &self,
        id: RequestId,
        version: i64,
        state: RequestState,
    ) -> Result<bool, StoreError> {
        requests::settle(self, id, version, state).await
    }

    async fn add_decision(&self, decision: &Decision) -> Result<(), StoreError> {
        decisions::add(self, decision).await
    }

    async fn decisions(&self, id: RequestId) -> Result<Vec<Decision>, StoreError> {
        decisions::on(self, id).await
    }

    async fn set_person(&self, person: &Person) -> Result<(), StoreError> {
        people::set(self, person).await
    }

    async fn put_key(&self, key: &PersonKey) -> Result<(), StoreError> {
        keys::put(self, key).await
    }

    async fn touch_key(&self, fingerprint: &str, at: Timestamp) -> Result<(), StoreError> {
        keys::touch(self, fingerprint, at).await
    }

    async fn all_keys(&self) -> Result<Vec<PersonKey>, StoreError> {
        keys::all(self).await
    }

    async fn open_sessions(&self) -> Result<Vec<SessionRow>, StoreError> {
        sessions::open(self).await
    }

    async fn keep_record(&self, record: &Record) -> Result<(), StoreError> {
        records::keep(self, record).await
    }

    async fn record(&self, kind: &str, id: &str, digest: &str) -> Result<Option<Record>, StoreError> {
        records::one(self, kind, id, digest).await
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        settings::one(self, name).await
    }

    async fn settings(&self) -> Result<BTreeMap<String, String>, StoreError> {
        settings::all(self).await
    }

    async fn put_setting(&self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        settings::put(self, name, value).await
    }

    async fn next_permit_id(&self) -> Result<PermitId, StoreError> {
        permits::next_id(self).await
    }

    async fn add_permit(&self, permit: &Permit) -> Result<(), StoreError> {
        permits::add(self, permit).await
    }

    async fn permit(&self, id: PermitId) -> Result<Option<Permit>, StoreError> {
        permits::one(self, id).await
    }

    async fn live_permits(&self, now: Timestamp) -> Result<Vec<Permit>, StoreError> {
        permits::live(self, now).await
    }

    async fn permits(&self, limit: u32) -> Result<Vec<Permit>, StoreError> {
        permits::newest(self, limit).await
    }

    async fn set_permit(&self, permit: &Permit) -> Result<bool, StoreError> {
        permits::set(self, permit).await
    }

    async fn put_enrolment(&self, person: &PersonId, code: Option<&Enrolment>) -> Result<(), StoreError> {
        enrolments::put(self, person, code).await
    }

    async fn enrolment(&self, person: &PersonId) -> Result<Option<Enrolment>, StoreError> {
        enrolments::one(self, person).await
    }

    async fn use_enrolment(&self, code: &Enrolment) -> Result<bool, StoreError> {
        enrolments::take(self, code).await
    }

    async fn put_recovery(&self, person: &PersonId, hashes: &[String]) -> Result<(), StoreError> {
        enrolments::put_recovery(self, person, hashes).await
    }

    async fn recovery(&self, person: &PersonId) -> Result<Vec<String>, StoreError> {
        enrolments::recovery(self, person).await
    }

    async fn use_recovery(&self, person: &PersonId, hash: &str) -> Result<bool, StoreError> {
        enrolments::take_recovery(self, person, hash).await
    }

    async fn add_consent(&self, person: &PersonId, version: &str, at: Timestamp) -> Result<(), StoreError> {
        consents::add(self, person, version, at).await
    }

    async fn consent(&self, person: &PersonId, version: &str) -> Result<Option<Timestamp>, StoreError> {
        consents::one(self, person, version).await
    }

    async fn add_ticket(&self, ticket: &Ticket) -> Result<(), StoreError> {
        tickets::add(self, ticket).await
    }

    async fn ticket(&self, id: &str) -> Result<Option<Ticket>, StoreError> {
        tickets::one(self, id).await
    }

    async fn use_ticket(&self, id: &str) -> Result<bool, StoreError> {
        tickets::take(self, id).await
    }

    async fn lapsed_tickets(&self, now: Timestamp) -> Result<Vec<Ticket>, StoreError> {
        tickets::lapsed(self, now).await
    }

    async fn drop_ticket(&self, id: &str) -> Result<(), StoreError> {
        tickets::remove(self, id).await
    }

    async fn add_certificate(&self, certificate: &Certificate) -> Result<(), StoreError> {
        certificates::add(self, certificate).await
    }

    async fn certificate(&self, id: &str) -> Result<Option<Certificate>, StoreError> {
        certificates::one(self, id).await
    }

    async fn certificates(&self, person: &PersonId) -> Result<Vec<Certificate>, StoreError> {
        certificates::of(self, person).await
    }

    async fn lapsed_certificates(&self, now: Timestamp) -> Result<Vec<Certificate>, StoreError> {
        certificates::lapsed(self, now).await
    }

    async fn drop_certificate(&self, id: &str) -> Result<(), StoreError> {
        certificates::remove(self, id).await
    }

    async fn post(&self, notices: &[Notice]) -> Result<(), StoreError> {
        outbox::post(self, notices).await
    }

    async fn due(&self, receiver: &str, now: Timestamp, limit: u32) -> Result<Vec<Notice>, StoreError> {
        outbox::due(self, receiver, now, limit).await
    }

    async fn delivered(&self, id: i64) -> Result<(), StoreError> {
        outbox::delivered(self, id).await
    }

    async fn postpone(&self, id: i64, attempts: u32, due: Timestamp) -> Result<bool, StoreError> {
        outbox::postpone(self, id, attempts, due).await
    }

    async fn stirred(&self) -> Result<i64, StoreError> {
        counters::value(self, "stir").await
    }

    async fn stir(&self) -> Result<(), StoreError> {
        counters::next(self, "stir").await.map(drop)
    }
}
