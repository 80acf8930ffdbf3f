//! The road's trait, method by method, as statements of the module that knows the table.

use std::collections::BTreeSet;
use std::net::IpAddr;

use access::model::{
    Account, Attempts, Decision, Outcome, Person, PersonId, PersonKey, RememberedFactor, Request, RequestId,
    RequestState, SessionRow, Target, Timestamp,
};
use access::ports::{Store, StoreError};
use access::recording::SessionId;
use async_trait::async_trait;

use super::{Sqlite, factors, people, requests, sessions, targets};

#[async_trait]
impl Store for Sqlite {
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
        people::add_key(self, key).await
    }

    async fn remove_key(&self, id: &PersonId, fingerprint: &str) -> Result<(), StoreError> {
        people::remove_key(self, id, fingerprint).await
    }

    async fn keys(&self, id: &PersonId) -> Result<Vec<PersonKey>, StoreError> {
        people::keys(self, id).await
    }

    async fn key(&self, fingerprint: &str) -> Result<Option<PersonKey>, StoreError> {
        people::key(self, fingerprint).await
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
        requests::decide(self, decision).await
    }

    async fn decisions(&self, id: RequestId) -> Result<Vec<Decision>, StoreError> {
        requests::decisions(self, id).await
    }
}
