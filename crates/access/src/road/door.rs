//! The door: two factors, one answer for everybody who does not belong, back-off and lockout, codes that work once.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use identity::lockout::{Failures, Limits, Standing, Subject};
use identity::proof::Credential;
use identity::totp::TotpError;
use identity::{
    EnrolledKey, FirstFactor, Password, PasswordHash, PersonName, PublicKey, Remembered, SecondFactor,
    VerifiedIdentity,
};

use super::Road;
use crate::blind::{Blind, hex};
use crate::entry::Event;
use crate::error::{Refusal, RoadError};
use crate::model::{Person, PersonId, RememberedFactor, Timestamp};
use crate::text::{KEY_REVOKED, NOT_ADMITTED, SUSPENDED};

/// What follows a first factor.
#[derive(Debug)]
pub enum Entered {
    /// The second factor is remembered for this person, credential and address.
    Complete(VerifiedIdentity),
    /// A code is needed.
    NeedsCode(FirstFactor),
}

impl Road {
    /// Whether a login with that key could go on. Decides nothing, counts nothing.
    pub async fn knows_key(&self, person: &str, key: &PublicKey) -> bool {
        matches!(self.enrolled(person, key).await, Ok(Some(_)))
    }

    /// A login whose transport has verified a signature by `key` over this connection.
    pub async fn enter_with_key(
        &self,
        person: &str,
        key: &PublicKey,
        source: IpAddr,
    ) -> Result<Entered, Refusal> {
        self.admit(Attempt { guesses: None, name: person, source }, self.try_key(person, key, source)).await
    }

    /// A login with a password. Spends the same work for a person that does not exist.
    ///
    /// Blocks the thread for the tens of milliseconds that Argon2 takes.
    pub async fn enter_with_password(
        &self,
        person: &str,
        password: &str,
        source: IpAddr,
    ) -> Result<Entered, Refusal> {
        let attempt = Attempt { guesses: Some("password"), name: person, source };
        self.admit(attempt, self.try_password(person, password, source)).await
    }

    /// The code that follows a first factor. A code works once, whatever else happens.
    pub async fn second_factor(
        &self,
        first: FirstFactor,
        code: &str,
        source: IpAddr,
    ) -> Result<VerifiedIdentity, Refusal> {
        let name = first.person().as_str().to_owned();
        let attempt = Attempt { guesses: Some("code"), name: &name, source };
        self.admit(attempt, self.try_code(first, code, source)).await
    }

    /// Lets an attempt be made at all, and says the same to everybody who fails.
    async fn admit<T>(
        &self,
        attempt: Attempt<'_>,
        trial: impl Future<Output = Result<T, Failed>>,
    ) -> Result<T, Refusal> {
        let outcome = match self.count_first(&attempt).await {
            Ok(true) => trial.await,
            // Not tried and not noted: a flood of attempts must not grow the ledger. The transport makes every
            // rejection take the same time.
            Ok(false) => return Err(self.refusal(&NOT_ADMITTED, &[])),
            Err(fault) => Err(Failed::Fault(fault)),
        };
        let told = match outcome {
            Ok(value) => self.forgive(&attempt).await.map(|()| value),
            Err(Failed::Person(why)) => match self.turn_away(&attempt, why).await {
                Ok(refusal) => return Err(refusal),
                Err(fault) => Err(fault),
            },
            Err(Failed::Fault(fault)) => Err(fault),
        };
        told.map_err(|fault| self.tell(&fault))
    }

    async fn try_key(&self, name: &str, key: &PublicKey, source: IpAddr) -> Result<Entered, Failed> {
        let (person, enrolled) = self.enrolled(name, key).await?.ok_or(Failed::Person("key"))?;
        let first = FirstFactor::key(enrolled.person(), &enrolled).map_err(|_| Failed::Person("key"))?;
        self.after_first(&person, first, source).await
    }

    async fn try_password(&self, name: &str, typed: &str, source: IpAddr) -> Result<Entered, Failed> {
        let typed = Password::new(typed.to_owned()).map_err(|_| Failed::Person("password"))?;
        let known = self.person_named(name).await?.and_then(|(name, person)| {
            let hash = PasswordHash::parse(person.password.as_deref()?).ok()?;
            Some((name, person, hash))
        });
        let Some((name, person, hash)) = known else {
            identity::password::verify_unknown(&typed);
            return Err(Failed::Person("password"));
        };
        let first = FirstFactor::password(&name, &hash, &typed).ok_or(Failed::Person("password"))?;
        self.after_first(&person, first, source).await
    }

    async fn after_first(
        &self,
        person: &Person,
        first: FirstFactor,
        source: IpAddr,
    ) -> Result<Entered, Failed> {
        if person.suspended {
            return Err(Failed::Person("suspended"));
        }
        let Some(second) = self.remembered(person, &first, source).await? else {
            return Ok(Entered::NeedsCode(first));
        };
        let who = VerifiedIdentity::join(first, second, source).map_err(|_| Failed::Person("code"))?;
        self.welcome(person, &who).await?;
        Ok(Entered::Complete(who))
    }

    async fn remembered(
        &self,
        person: &Person,
        first: &FirstFactor,
        source: IpAddr,
    ) -> Result<Option<SecondFactor>, RoadError> {
        let word = first.credential().to_string();
        let source = source.to_canonical();
        let Some(row) = self.store().remembered(&person.id, &word, source).await? else { return Ok(None) };
        let kept = Remembered::restored(
            first.person().clone(),
            first.credential().clone(),
            row.source,
            row.passed.seconds(),
        );
        let keep = self.settings().remember_seconds;
        Ok(SecondFactor::remembered(&kept, first, source, self.now().seconds(), keep).ok())
    }

    async fn try_code(
        &self,
        first: FirstFactor,
        code: &str,
        source: IpAddr,
    ) -> Result<VerifiedIdentity, Failed> {
        let name = first.person().as_str().to_owned();
        let (_, person) = self.person_named(&name).await?.ok_or(Failed::Person("code"))?;
        if person.suspended {
            return Err(Failed::Person("suspended"));
        }
        if !self.still_holds(&person, first.credential()).await? {
            return Err(Failed::Person("key"));
        }
        let second = self.check_code(&person, &first, code).await?;
        let who = VerifiedIdentity::join(first, second, source).map_err(|_| Failed::Person("code"))?;
        self.remember(&person, &who).await?;
        self.welcome(&person, &who).await?;
        Ok(who)
    }

    async fn check_code(
        &self,
        person: &Person,
        first: &FirstFactor,
        code: &str,
    ) -> Result<SecondFactor, Failed> {
        let sealed = person.totp.as_deref().ok_or(Failed::Person("code"))?;
        let opened = self.vault().open("totp", &person.id.0, sealed).map_err(RoadError::from)?;
        let secret = identity::totp::Secret::from_bytes(&opened)
            .map_err(|_| RoadError::Inconsistent("TOTP seed".to_owned()))?;
        let second =
            SecondFactor::totp(first.person(), &secret, code, self.now().seconds(), person.totp_last_step)
                .map_err(|wrong| {
                    Failed::Person(match wrong {
                        TotpError::AlreadyUsed => "code-reused",
                        _ => "code",
                    })
                })?;
        let step = second.step().map_or(0, |step| step.number());
        // The store decides, not the row read above: two connections may hold the same code.
        if !self.store().use_totp_step(&person.id, step).await.map_err(RoadError::from)? {
            return Err(Failed::Person("code-reused"));
        }
        Ok(second)
    }

    async fn remember(&self, person: &Person, who: &VerifiedIdentity) -> Result<(), RoadError> {
        let factor = RememberedFactor {
            person: person.id.clone(),
            first: who.credential().to_string(),
            source: who.source(),
            passed: Timestamp(0).plus_seconds(who.mfa_at()),
        };
        Ok(self.store().remember(&factor).await?)
    }

    /// The login is an entry before anything can be done with it.
    async fn welcome(&self, person: &Person, who: &VerifiedIdentity) -> Result<(), RoadError> {
        self.note(Event::Login {
            person: person.id.0.clone(),
            how: who.how(),
            source: Blind(&person.salt).commit("source", who.source().to_string().as_bytes()),
        })
        .await?;
        Ok(())
    }

    /// Counts a guess *before* it is checked, so that many connections at once get no more guesses than one.
    /// `false`: no guess may be made now. A key is no guess: a stranger's wrong passwords must not lock its holder out.
    async fn count_first(&self, attempt: &Attempt<'_>) -> Result<bool, RoadError> {
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

    async fn forgive(&self, attempt: &Attempt<'_>) -> Result<(), RoadError> {
        match self.subject_guess(attempt) {
            Some(subject) => Ok(self.store().clear_failures(&subject).await?),
            None => Ok(()),
        }
    }

    async fn turn_away(&self, attempt: &Attempt<'_>, why: &str) -> Result<Refusal, RoadError> {
        let now = self.now().seconds();
        let salt = Blind(&self.settings().node_salt);
        let name = salt.commit("name", attempt.name.as_bytes());
        self.note(Event::LoginRefused {
            name: name.clone(),
            source: salt.commit("source", attempt.source.to_string().as_bytes()),
            why: why.to_owned(),
        })
        .await?;
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

    async fn enrolled(
        &self,
        name: &str,
        key: &PublicKey,
    ) -> Result<Option<(Person, EnrolledKey)>, RoadError> {
        let Some((name, person)) = self.person_named(name).await? else { return Ok(None) };
        let row = self.store().key(key.fingerprint().as_str()).await?;
        let theirs = row.is_some_and(|row| row.person == person.id) && !person.suspended;
        Ok(theirs.then(|| (person, EnrolledKey::new(name, key.clone()))))
    }

    async fn person_named(&self, name: &str) -> Result<Option<(PersonName, Person)>, RoadError> {
        let Ok(name) = PersonName::parse(name) else { return Ok(None) };
        let person = self.store().person(name.as_str()).await?;
        Ok(person.map(|person| (name, person)))
    }

    /// The person behind an identity, as the store has them now: groups, suspension and a revoked key take effect at
    /// once, also on connections that are open already.
    pub(crate) async fn person_now(&self, who: &VerifiedIdentity) -> Result<Person, RoadError> {
        let person = self.store().person(who.person().as_str()).await?;
        let Some(person) = person.filter(|person| !person.suspended) else {
            return Err(self.refusal(&SUSPENDED, &[]).into());
        };
        match self.still_holds(&person, who.credential()).await? {
            true => Ok(person),
            false => Err(self.refusal(&KEY_REVOKED, &[("key", &who.credential().to_string())]).into()),
        }
    }

    /// Whether a key is still enrolled for the person. A password leaves no trace to compare.
    async fn still_holds(&self, person: &Person, credential: &Credential) -> Result<bool, RoadError> {
        let Credential::Key(fingerprint) = credential else { return Ok(true) };
        let row = self.store().key(fingerprint.as_str()).await?;
        Ok(row.is_some_and(|row| row.person == person.id))
    }

    /// The login name behind an identifier, for what people read.
    pub(super) async fn name_of(&self, id: &PersonId) -> Result<String, RoadError> {
        Ok(self.store().person_by_id(id).await?.map_or_else(|| id.0.clone(), |person| person.name))
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

/// Who tries what, and from where.
struct Attempt<'a> {
    /// What is guessed: `password` or `code`; nothing for a key.
    guesses: Option<&'static str>,
    name: &'a str,
    source: IpAddr,
}

impl Attempt<'_> {
    /// Whether somebody who has proved nothing could make it. Only such attempts count against an address: many
    /// people sit behind one, and one of them must not shut the others out.
    fn is_anybodys(&self) -> bool {
        self.guesses == Some("password")
    }
}

/// Why an attempt did not pass: the person's doing, or a fault of ours that must not count against them.
enum Failed {
    Person(&'static str),
    Fault(RoadError),
}

impl From<RoadError> for Failed {
    fn from(fault: RoadError) -> Self {
        Self::Fault(fault)
    }
}
