//! Comparing the database with the ledger: at the start, and again and again while the gateway serves. What the ledger
//! does not explain is not honoured anyway ([`crate::explained`]); here it is found, told, and put right where it can be.

use std::collections::BTreeSet;

use identity::totp::latest_step;

use super::Road;
use super::proof::Proof;
use crate::administer::Row;
use crate::announcement::Announcement;
use crate::entry::Event;
use crate::error::RoadError;
use crate::model::{Decision, Request, RequestState};
use crate::ports::StoreError;
use crate::register;
use crate::statement::statement;

/// Kinds whose rows must be there. A code or a consent that is gone lets nobody in; who reads those compares them.
const COMPARED: [&str; 8] =
    ["person", "credentials", "key", "target", "account", "permit", "setting", "policies"];

/// Kind and identifier of a row.
type Rows = BTreeSet<(String, String)>;

impl Road {
    /// Looks at everything once, and raises an alert for each finding that was not told of yet. `at_rest`: nothing else
    /// happens meanwhile, so what is missing is not merely on its way.
    pub async fn inspect(&self, at_rest: bool) -> Result<(), RoadError> {
        self.register().look();
        // What is read here and not explained is found by the store that shows only what the ledger explains.
        let shown = self.shown().await?;
        let compared = |(kind, ..): &(String, String, String)| COMPARED.contains(&kind.as_str());
        for (kind, id, _) in self.register().all().into_iter().filter(compared) {
            if !shown.contains(&(kind.clone(), id.clone())) && !self.register().is_moving(&kind, &id) {
                self.put_back(&kind, &id).await?;
            }
        }
        self.look_for_sessions(at_rest).await?;
        self.look_at_requests(at_rest).await?;
        self.raise_alerts().await
    }

    /// Enters, announces and logs what was found since the last call.
    pub async fn raise_alerts(&self) -> Result<(), RoadError> {
        for what in self.register().findings() {
            tracing::error!(what, "the database is not what the ledger says");
            self.note(Event::Alert { what: what.clone() }).await?;
            self.announce(Announcement::Alert { what }).await;
        }
        Ok(())
    }

    /// The rows that are there and explained.
    async fn shown(&self) -> Result<Rows, RoadError> {
        let mut records = Vec::new();
        for person in self.store().people().await? {
            records.extend([register::person(&person), register::credentials(&person)]);
        }
        records.extend(self.store().all_keys().await?.iter().map(register::key));
        for target in self.store().targets().await? {
            records.extend(self.store().accounts(&target.name).await?.iter().map(register::account));
            records.push(register::target(&target));
        }
        records.extend(self.store().permits(u32::MAX).await?.iter().map(register::permit));
        let settings = self.store().settings().await?;
        records.extend(settings.iter().map(|(name, value)| register::setting(name, value)));
        let mut rows: Rows = records.into_iter().map(|record| (record.kind, record.id)).collect();
        if self.policy_files().await.is_ok() {
            rows.insert(("policies".to_owned(), "policies".to_owned()));
        }
        Ok(rows)
    }

    /// The ledger has a row that the database has not, or not like that.
    async fn put_back(&self, kind: &str, id: &str) -> Result<(), RoadError> {
        let put = match self.kept(kind, id).await? {
            Some(row) => self.write_back(&row).await.is_ok(),
            None => false,
        };
        let outcome = if put { "was put back" } else { "cannot be put back" };
        self.register().find(format!("{kind} {id} was missing or altered, and {outcome}"));
        Ok(())
    }

    async fn write_back(&self, row: &Row) -> Result<(), StoreError> {
        row.write(self.store()).await?;
        if let Row::Person(person) = row {
            // Which code was the last one is in the lost row alone. All that could have passed by now count as used.
            self.store().use_totp_step(&person.id, latest_step(self.now().seconds())).await?;
        }
        Ok(())
    }

    async fn look_for_sessions(&self, at_rest: bool) -> Result<(), RoadError> {
        let known = self.register().sessions();
        let there: BTreeSet<_> =
            self.store().sessions(u32::MAX).await?.iter().map(|session| session.id.to_string()).collect();
        for session in known.iter().filter(|session| !there.contains(*session)) {
            self.found(at_rest, format!("session {session} is missing from the database"));
        }
        Ok(())
    }

    async fn look_at_requests(&self, at_rest: bool) -> Result<(), RoadError> {
        for request in self.store().requests(u32::MAX).await? {
            self.look_at(&request, at_rest).await?;
        }
        Ok(())
    }

    async fn look_at(&self, request: &Request, at_rest: bool) -> Result<(), RoadError> {
        if request.state != RequestState::Waiting && !self.register().is_over(request.id) {
            let (id, state) = (request.id, request.state.as_str());
            self.found(at_rest, format!("request {id} is {state}, which is not in the ledger"));
        }
        // Reading them is enough: what is not entered like that, to the last byte of the signature, is found.
        let decisions = self.store().decisions(request.id).await?;
        // What was entered was verified before. Only an altered ledger says otherwise, and that changes at rest.
        for decision in decisions.iter().filter(|_| at_rest) {
            if let Err(why) = self.is_signed(request, decision) {
                let (id, person) = (request.id, &decision.person.0);
                self.register()
                    .find(format!("the decision of {person} on request {id} does not hold: {why}"));
            }
        }
        Ok(())
    }

    /// Whether the signature is of this answer to this request, by the key that the row names.
    fn is_signed(&self, request: &Request, decision: &Decision) -> Result<(), String> {
        let expected = statement(request.id, &request.canonical, &request.digest, decision.answer);
        let signed = Proof::kept(&decision.signature).verify(&expected).map_err(|wrong| wrong.to_string())?;
        match signed == decision.fingerprint && decision.statement == expected {
            true => Ok(()),
            false => Err("it is of another statement, or by another key".to_owned()),
        }
    }

    /// What may be on its way is found only when the next look sees the same.
    fn found(&self, at_rest: bool, what: String) {
        match at_rest {
            true => self.register().find(what),
            false => self.register().suspect(what),
        }
    }
}
