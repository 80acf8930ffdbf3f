//! Sessions: opened on the record, ended on the record, with the credential that only the gateway sees.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity::{Destination, VerifiedIdentity};
use policy::{Level, Verdict};
use recording::{SessionId, SessionRecorder};
use zeroize::Zeroizing;

use super::Road;
use super::footing::Footing;
use super::judged::Judged;
use crate::blind::Blind;
use crate::entry::Event;
use crate::error::{Refusal, RoadError};
use crate::model::{Account, Outcome, Person, Service, SessionRow, Target, Way};
use crate::ports::StoreError;
use crate::statement::visible;
use crate::text::{self, GREETING, NO_SUCH_DESTINATION};

/// One authenticated connection of one person to one target. Cheap to clone.
#[derive(Clone)]
pub struct Session(Arc<SessionParts>);

struct SessionParts {
    id: SessionId,
    who: VerifiedIdentity,
    person: Person,
    target: Target,
    account: String,
    salt: [u8; 16],
    recorder: SessionRecorder,
    greeting: String,
    over: AtomicBool,
    /// Whether policies let it begin only because of a permit.
    by_permit: bool,
    /// Which warnings about the end of a permit were given, one bit each.
    warned: AtomicU8,
    /// What it was found to stand on last.
    footing: Mutex<Option<Arc<Footing>>>,
}

/// What the gateway dials a target with. Never shown, never logged.
pub struct TargetCredential {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Login on the target.
    pub login: String,
    /// A host's private key in OpenSSH form, or a database's password.
    pub secret: Zeroizing<String>,
    /// What answers there, and what it must prove.
    pub service: Service,
}

impl Session {
    /// Random identifier.
    pub fn id(&self) -> SessionId {
        self.0.id
    }

    /// Name of the target.
    pub fn target_name(&self) -> &str {
        &self.0.target.name
    }

    /// Login on the target.
    pub fn account(&self) -> &str {
        &self.0.account
    }

    /// Where its frames go.
    pub fn recorder(&self) -> &SessionRecorder {
        &self.0.recorder
    }

    /// One line that names the target, its labels and its level, for the client's standard error.
    pub fn greeting(&self) -> &str {
        &self.0.greeting
    }

    /// Who proved themselves for it.
    pub fn who(&self) -> &VerifiedIdentity {
        &self.0.who
    }

    /// The target as it was when the session began.
    pub fn target(&self) -> &Target {
        &self.0.target
    }

    pub(super) fn person(&self) -> &Person {
        &self.0.person
    }

    /// Whether its closing entry is written, or about to be: no entry of it may follow.
    pub(super) fn is_over(&self) -> bool {
        self.0.over.load(Ordering::Acquire)
    }

    /// Whether policies let it begin only because of a permit.
    pub(super) fn came_by_permit(&self) -> bool {
        self.0.by_permit
    }

    /// Whether this warning was not given before; from now on it was.
    pub(super) fn warn_once(&self, minutes: u64) -> bool {
        let bit = if minutes > 1 { 2 } else { 1 };
        self.0.warned.fetch_or(bit, Ordering::AcqRel) & bit == 0
    }

    pub(super) fn footing(&self) -> Option<Arc<Footing>> {
        self.remembered().clone()
    }

    pub(super) fn stand_on(&self, footing: Arc<Footing>) {
        *self.remembered() = Some(footing);
    }

    fn remembered(&self) -> MutexGuard<'_, Option<Arc<Footing>>> {
        self.0.footing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn blind(&self) -> Blind<'_> {
        Blind(&self.0.salt)
    }
}

impl Road {
    /// Opens a session, if policy lets this person connect. The session-open entry is durable on return.
    pub async fn open(&self, who: &VerifiedIdentity, to: &Destination, way: Way) -> Result<Session, Refusal> {
        self.try_open(who, to, way).await.map_err(|fault| self.tell(&fault))
    }

    async fn try_open(
        &self,
        who: &VerifiedIdentity,
        to: &Destination,
        way: Way,
    ) -> Result<Session, RoadError> {
        self.recorder_works()?;
        let person = self.person_now(who).await?;
        let target = self.reachable(who, &person, to, way).await?;
        let by_permit = self.needs_permit(who, &person, &target, to.account.as_str()).await?;
        let session = self.begin(who, person, target, to.account.as_str(), by_permit)?;
        self.enter_open(&session, way).await?;
        Ok(session)
    }

    /// The target, if it exists, has that account, and policy lets the person connect. One answer for all else.
    async fn reachable(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        to: &Destination,
        way: Way,
    ) -> Result<Target, RoadError> {
        let (name, login) = (to.target.as_str(), to.account.as_str());
        let target = self.store().target(name).await?.filter(|target| way.leads_to(&target.service));
        let account = self.store().account(name, login).await?;
        if let (Some(target), Some(_)) = (target, account)
            && self.may_connect(who, person, &target, login).await?
        {
            return Ok(target);
        }
        self.note(Event::Refusal {
            session: None,
            person: person.id.0.clone(),
            what: format!("connect to {name}"),
        })
        .await?;
        Err(self.refusal(&NO_SUCH_DESTINATION, &[("target", name), ("account", login)]).into())
    }

    /// Whether there is such a target and policy lets this person connect to some account on it.
    pub async fn may_reach(&self, who: &VerifiedIdentity, target: &str) -> bool {
        self.try_may_reach(who, target).await.unwrap_or(false)
    }

    async fn try_may_reach(&self, who: &VerifiedIdentity, target: &str) -> Result<bool, RoadError> {
        let person = self.person_now(who).await?;
        let Some(target) = self.store().target(target).await? else { return Ok(false) };
        let accounts = self.store().accounts(&target.name).await?;
        for account in &accounts {
            if self.may_connect(who, &person, &target, &account.login).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether policy lets this person connect there, with nobody's approval.
    pub(super) async fn may_connect(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        target: &Target,
        login: &str,
    ) -> Result<bool, RoadError> {
        let connect = Judged::connecting(target.level);
        let verdict = self.ask(who, person, target, login, &connect, &Default::default()).await?;
        Ok(matches!(verdict, Verdict::Allow(_)))
    }

    /// The session's person, if everything that let the session begin is still so.
    pub(super) async fn still_there(&self, session: &Session) -> Result<Person, RoadError> {
        if session.is_over() {
            return Err(self.refusal(&text::SESSION_OVER, &[]).into());
        }
        let person = self.person_now(session.who()).await?;
        self.place_unchanged(session).await?;
        Ok(person)
    }

    /// The target and the account are as they were when the session began.
    pub(super) async fn place_unchanged(&self, session: &Session) -> Result<(), RoadError> {
        let target = self.store().target(session.target_name()).await?;
        let account = self.store().account(session.target_name(), session.account()).await?;
        if target.as_ref() == Some(session.target()) && account.is_some() {
            return Ok(());
        }
        let values = [("target", session.target_name()), ("account", session.account())];
        Err(self.refusal(&text::PLACE_CHANGED, &values).into())
    }

    fn begin(
        &self,
        who: &VerifiedIdentity,
        person: Person,
        target: Target,
        account: &str,
        by_permit: bool,
    ) -> Result<Session, RoadError> {
        let id = SessionId(self.random());
        let recorder = self.recorder().begin(id).map_err(|e| RoadError::Recorder(e.to_string()))?;
        let greeting = self.greet(&target, account, &id);
        Ok(Session(Arc::new(SessionParts {
            id,
            who: who.clone(),
            person,
            target,
            account: account.to_owned(),
            salt: self.random(),
            recorder,
            greeting,
            over: AtomicBool::new(false),
            by_permit,
            warned: AtomicU8::new(0),
            footing: Mutex::default(),
        })))
    }

    async fn enter_open(&self, session: &Session, way: Way) -> Result<(), RoadError> {
        let source = session.who().source();
        let permits = self.carrying(session.person(), session.target(), session.account()).await?;
        self.note(Event::SessionOpen {
            session: session.id().to_string(),
            person: session.person().id.0.clone(),
            target: session.target_name().to_owned(),
            account: session.account().to_owned(),
            way: way.as_str().to_owned(),
            source: session.blind().commit("source", source.to_string().as_bytes()),
            key_commitment: crate::blind::hex(&session.recorder().key_commitment),
            key_digest: crate::blind::hex(&session.recorder().key_digest),
            policy: self.policies().version().to_owned(),
            permits: permits.iter().map(|live| live.permit.id.0).collect(),
        })
        .await?;
        let row = SessionRow {
            id: session.id(),
            person: session.person().id.clone(),
            person_name: session.person().name.clone(),
            target: session.target_name().to_owned(),
            account: session.account().to_owned(),
            way: way.as_str().to_owned(),
            source,
            salt: session.0.salt,
            opened: self.now(),
            closed: None,
        };
        Ok(self.store().add_session(&row).await?)
    }

    fn greet(&self, target: &Target, account: &str, id: &SessionId) -> String {
        let language = self.language();
        let meaning = match target.level {
            Level::Recorded => text::LEVEL_RECORDED,
            Level::CommandGated => text::LEVEL_GATED,
            Level::StatementGated => text::LEVEL_STATEMENTS,
            Level::Counted => text::LEVEL_COUNTED,
            Level::ExecGated => text::LEVEL_OTHER,
        };
        GREETING.say(
            language,
            &[
                ("target", &target.name),
                ("labels", &labels(target)),
                ("account", account),
                ("level", &target.level.to_string()),
                ("meaning", &meaning.say(language, &[])),
                ("session", &id.to_string()),
            ],
        )
    }

    /// The credential for the session's account, opened for this dial only.
    pub async fn credential(&self, session: &Session) -> Result<TargetCredential, Refusal> {
        self.try_credential(session).await.map_err(|fault| self.tell(&fault))
    }

    /// The credential for what only reads, if the session's account has another one for that.
    pub async fn reading_credential(&self, session: &Session) -> Result<Option<TargetCredential>, Refusal> {
        self.try_reading_credential(session).await.map_err(|fault| self.tell(&fault))
    }

    async fn try_credential(&self, session: &Session) -> Result<TargetCredential, RoadError> {
        let account = self.account_of(session.target(), session.account()).await?;
        self.credential_of(session.target(), &account)
    }

    async fn try_reading_credential(&self, session: &Session) -> Result<Option<TargetCredential>, RoadError> {
        let account = self.account_of(session.target(), session.account()).await?;
        let Some(reader) = account.reader else { return Ok(None) };
        let reader = self.account_of(session.target(), &reader).await?;
        self.credential_of(session.target(), &reader).map(Some)
    }

    async fn account_of(&self, target: &Target, login: &str) -> Result<Account, RoadError> {
        let account = self.store().account(&target.name, login).await?;
        account.ok_or_else(|| RoadError::Inconsistent(format!("account {login} of {}", target.name)))
    }

    fn credential_of(&self, target: &Target, account: &Account) -> Result<TargetCredential, RoadError> {
        Ok(TargetCredential {
            host: target.host.clone(),
            port: target.port,
            login: account.login.clone(),
            secret: self.open_credential(account)?,
            service: target.service.clone(),
        })
    }

    fn open_credential(&self, account: &Account) -> Result<Zeroizing<String>, RoadError> {
        let opened = self.vault().open(
            "credential",
            &credential_owner(&account.target, &account.login),
            &account.credential,
        )?;
        let text = std::str::from_utf8(&opened)
            .map_err(|_| RoadError::Inconsistent(format!("credential of {}", account.login)))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Ends a session: seals what is left of its recording, then writes the closing entry.
    ///
    /// Blocks the thread while the last segment is sealed.
    pub async fn close(&self, session: &Session, outcome: Outcome) {
        if let Err(fault) = self.try_close(session, outcome).await {
            tracing::error!(session = %session.id(), %fault, "session not closed on the record; the next start does it");
        }
    }

    async fn try_close(&self, session: &Session, outcome: Outcome) -> Result<(), RoadError> {
        if session.0.over.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let totals = session.recorder().close().map_err(|e| RoadError::Recorder(e.to_string()))?;
        self.note(Event::session_close(&session.id(), outcome, &totals)).await?;
        Ok(self.store().close_session(&session.id(), self.now(), outcome).await?)
    }

    /// Closes on the record what a killed process left open.
    pub async fn close_interrupted(&self, found: &[recording::Interrupted]) -> Result<(), RoadError> {
        for session in found {
            self.note(Event::session_close(&session.session, Outcome::Interrupted, &session.totals)).await?;
            let closed = self.store().close_session(&session.session, self.now(), Outcome::Interrupted).await;
            match closed {
                // Killed between the entry and the row: there is no row to close.
                Ok(()) | Err(StoreError::Missing(_)) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        Ok(())
    }

    /// Records that something was asked that is not on offer, and says so.
    pub async fn note_refusal(
        &self,
        session: Option<&Session>,
        who: &VerifiedIdentity,
        what: &str,
        detail: &str,
    ) -> Refusal {
        let entered = format!("{} {}", shortened(what), shortened(detail));
        match self.try_note_refusal(session, who, entered.trim_end()).await {
            Ok(()) => self.refusal(&text::NOT_ON_OFFER, &[("what", what)]),
            Err(fault) => self.tell(&fault),
        }
    }

    async fn try_note_refusal(
        &self,
        session: Option<&Session>,
        who: &VerifiedIdentity,
        what: &str,
    ) -> Result<(), RoadError> {
        let person = match session {
            Some(session) => session.person().id.clone(),
            None => self.person_now(who).await?.id,
        };
        let session = session.map(|session| session.id().to_string());
        self.note(Event::Refusal { session, person: person.0, what: what.to_owned() }).await?;
        Ok(())
    }
}

/// Text of the client's own in an entry: visible, and no longer than it needs to be recognised.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 200;
    let shown = visible(text);
    match shown.char_indices().nth(LONGEST) {
        None => shown,
        Some((end, _)) => format!("{}… ({} bytes)", shown.get(..end).unwrap_or_default(), text.len()),
    }
}

/// The labels in one line: `env=prod, tier=core-data`.
pub(super) fn labels(target: &Target) -> String {
    let pairs: Vec<_> = target.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(", ")
}

/// The owner under which an account's credential is sealed.
pub fn credential_owner(target: &str, login: &str) -> String {
    format!("{login}@{target}")
}
