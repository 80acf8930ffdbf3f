//! Guesses at the door: counted before they are checked, with back-off, a lock, and the same answer to everybody.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use identity::lockout::{Failures, Limits, Standing, Subject};

use super::Road;
use crate::blind::{Blind, hex};
use crate::entry::Event;
use crate::error::{Refusal, RoadError};
use crate::model::Timestamp;
use crate::text::NOT_ADMITTED;

/// Who tries what, and from where.
pub(super) struct Attempt<'a> {
    /// What is guessed: `password`, `code` or `enrolment`; nothing for a key or a ticket.
    pub(super) guesses: Option<&'static str>,
    pub(super) name: &'a str,
    pub(super) source: IpAddr,
}

impl Attempt<'_> {
    /// Whether somebody who has proved nothing could make it. Only such attempts count against an address: many
    /// people sit behind one, and one of them must not shut the others out.
    fn is_anybodys(&self) -> bool {
        matches!(self.guesses, Some("password" | "enrolment"))
    }
}

impl Road {
    /// Counts a guess *before* it is checked, so that many connections at once get no more guesses than one.
    /// `false`: no guess may be made now. A key is no guess: a stranger's wrong passwords must not lock its holder out.
    pub(super) async fn count_first(&self, attempt: &Attempt<'_>) -> Result<bool, RoadError> {
        let Some(subject) = self.subject_guess(attempt) else { return Ok(true) };
        let now = self.now().seconds();
        if attempt.is_anybodys() {
            let place = self.failures(&self.subject_source(attempt.source)).await?;
            if !Standing::after(&place, now, &Limits::SOURCE).is_open() {
                return Ok(false);
            }
        }
        let limits = self.settings().lockout;
        // Of guesses at once, the ones that meet another's forgetting are not made.
        if !self.forget_old(&subject, now, &limits).await? {
            return Ok(false);
        }
        let before = self.failures(&subject).await?;
        if !Standing::after(&before, now, &limits).is_open() {
            return Ok(false);
        }
        let after = self.count(&subject, now).await?;
        // Somebody else's guess came between: then this one waits for that one's pause.
        let raced = Failures { count: after.count.saturating_sub(1), last_at: now };
        Ok(after.count <= before.count.saturating_add(1) || Standing::after(&raced, now, &limits).is_open())
    }

    pub(super) async fn forgive(&self, attempt: &Attempt<'_>) -> Result<(), RoadError> {
        match self.subject_guess(attempt) {
            Some(subject) => Ok(self.store().clear_failures(&subject).await?),
            None => Ok(()),
        }
    }

    pub(super) async fn turn_away(&self, attempt: &Attempt<'_>, why: &str) -> Result<Refusal, RoadError> {
        let now = self.now().seconds();
        let name = self.note_refused(attempt, why).await?;
        if attempt.is_anybodys() {
            let place = self.subject_source(attempt.source);
            self.forget_old(&place, now, &Limits::SOURCE).await?;
            self.count(&place, now).await?;
        }
        if let Some(subject) = self.subject_guess(attempt) {
            let failures = self.failures(&subject).await?;
            if let Standing::Locked { until } = Standing::after(&failures, now, &self.settings().lockout) {
                let until = Timestamp(0).plus_seconds(until);
                self.note(Event::Lockout { name, until: until.0 }).await?;
                self.announce_lockout(attempt.name, attempt.source, until).await;
            }
        }
        Ok(self.refusal(&NOT_ADMITTED, &[]))
    }

    /// Both factors were right, so this was no guess; what the holder is told is said plainly.
    pub(super) async fn dismiss(&self, attempt: &Attempt<'_>, why: Refusal) -> Result<Refusal, RoadError> {
        self.forgive(attempt).await?;
        self.note_refused(attempt, "expired").await?;
        Ok(why.plainly())
    }

    pub(super) async fn note_refused(&self, attempt: &Attempt<'_>, why: &str) -> Result<String, RoadError> {
        let salt = Blind(&self.settings().node_salt);
        let name = salt.commit("name", attempt.name.as_bytes());
        self.note(Event::LoginRefused {
            name: name.clone(),
            source: salt.commit("source", attempt.source.to_string().as_bytes()),
            why: why.to_owned(),
        })
        .await?;
        Ok(name)
    }

    async fn count(&self, subject: &str, now: u64) -> Result<Failures, RoadError> {
        let after = self.store().count_failure(subject, now).await?;
        Ok(Failures { count: after.failures, last_at: after.last })
    }

    /// Wipes failures that are old enough. `false`: somebody else is at it, who must not wipe what is counted now.
    async fn forget_old(&self, subject: &str, now: u64, limits: &Limits) -> Result<bool, RoadError> {
        let is_old = |kept: Failures| kept.count > 0 && kept.is_forgotten(now, limits);
        if !is_old(self.failures(subject).await?) {
            return Ok(true);
        }
        let Some(_turn) = Turn::take(&self.0.forgetting, subject) else { return Ok(false) };
        // Read again: it may have been wiped, and counted anew, before this turn.
        if is_old(self.failures(subject).await?) {
            self.store().clear_failures(subject).await?;
        }
        Ok(true)
    }

    async fn failures(&self, subject: &str) -> Result<Failures, RoadError> {
        let kept = self.store().attempts(subject).await?;
        Ok(Failures { count: kept.failures, last_at: kept.last })
    }

    fn subject_guess(&self, attempt: &Attempt<'_>) -> Option<String> {
        let name = format!("{} {}", attempt.guesses?, attempt.name);
        Some(hex(Subject::name(&self.subject_key(), name.as_bytes()).as_bytes()))
    }

    fn subject_source(&self, source: IpAddr) -> String {
        hex(Subject::source(&self.subject_key(), source).as_bytes())
    }

    fn subject_key(&self) -> [u8; 32] {
        let salt = self.settings().node_salt;
        let mut key = [0; 32];
        key.iter_mut().zip(salt.iter().cycle()).for_each(|(to, from)| *to = *from);
        key
    }
}

/// One task's turn with a subject; given back when dropped, also by a task that is cancelled.
struct Turn<'a> {
    taken: &'a Mutex<BTreeSet<String>>,
    subject: &'a str,
}

impl<'a> Turn<'a> {
    fn take(taken: &'a Mutex<BTreeSet<String>>, subject: &'a str) -> Option<Self> {
        let free = taken.lock().unwrap_or_else(PoisonError::into_inner).insert(subject.to_owned());
        // Made only when it is free: a turn that is dropped gives the subject back.
        free.then(|| Self { taken, subject })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(self.subject);
    }
}
