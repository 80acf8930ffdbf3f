//! The door: two factors, one answer for everybody who does not belong, codes that work once.

use std::net::IpAddr;

use identity::proof::Credential;
use identity::totp::TotpError;
use identity::{
    Code, FirstFactor, Password, PasswordHash, PublicKey, Remembered, SecondFactor, VerifiedIdentity,
};

use super::Road;
use super::door_guesses::Attempt;
use crate::blind::Blind;
use crate::entry::Event;
use crate::error::{Refusal, RoadError};
use crate::model::{Person, RememberedFactor, Timestamp};
use crate::text::NOT_ADMITTED;

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
    pub(super) async fn admit<T>(
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
            Err(Failed::Person(why)) => self.turn_away(&attempt, why).await.and_then(|no| Err(no.into())),
            Err(Failed::Lapsed(why)) => self.dismiss(&attempt, why).await.and_then(|no| Err(no.into())),
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
        if let Credential::Key(key) = first.credential()
            && self.key_of(&person.id, key.as_str()).await?.is_none()
        {
            return Err(Failed::Person("key"));
        }
        let second = match Code::read(code) {
            Some(code) => self.recover_with(&person, &first, &code).await?.ok_or(Failed::Person("code"))?,
            None => self.check_code(&person, &first, code).await?,
        };
        let who = VerifiedIdentity::join(first, second, source).map_err(|_| Failed::Person("code"))?;
        if who.is_worth_remembering() {
            self.remember(&person, &who).await?;
        }
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

    /// The login is an entry before anything can be done with it. An account or key that is over gets no further than
    /// here, where both factors have shown that it is its holder who is told.
    pub(super) async fn welcome(&self, person: &Person, who: &VerifiedIdentity) -> Result<(), Failed> {
        if let Some(why) = self.lapsed(person, who).await? {
            return Err(Failed::Lapsed(why));
        }
        if let Credential::Key(key) = who.credential() {
            self.key_was_used(key.as_str()).await;
        }
        self.note(Event::Login {
            person: person.id.0.clone(),
            how: who.how(),
            source: Blind(&person.salt).commit("source", who.source().to_string().as_bytes()),
        })
        .await?;
        Ok(())
    }
}

/// Why an attempt did not pass: the person's doing, or a fault of ours that must not count against them.
pub(super) enum Failed {
    Person(&'static str),
    /// Both factors are right, but the account or the key is over.
    Lapsed(Refusal),
    Fault(RoadError),
}

impl From<RoadError> for Failed {
    fn from(fault: RoadError) -> Self {
        Self::Fault(fault)
    }
}
