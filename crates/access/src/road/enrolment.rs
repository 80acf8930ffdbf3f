//! Enrolment: somebody brings a key and a code in two halves, takes a seed and recovery codes, and only what they have
//! confirmed is enrolled, all of it or nothing, once.

use std::net::IpAddr;

use identity::device::{Bound, DeviceError};
use identity::totp::{self, Step};
use identity::{Code, PersonName, PublicKey};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use zeroize::Zeroizing;

use super::Road;
use super::door::Failed;
use super::door_guesses::Attempt;
use super::enrolment_codes::gone;
use super::recovery;
use super::state::StateChange;
use crate::announcement::Announcement;
use crate::entry::Event;
use crate::error::{Refusal, RoadError};
use crate::model::{Device, Enrolment, Person, PersonKey, Timestamp};
use crate::register;
use crate::text;

/// Recovery codes that a person is given.
const RECOVERY_CODES: usize = 10;

/// What somebody who wants to enrol a key has typed.
pub struct EnrolmentAsked<'a> {
    /// Whose key it is to be.
    pub name: &'a str,
    /// The half that the proposer has handed over.
    pub first: &'a str,
    /// The half that the last approver has handed over.
    pub second: &'a str,
}

/// Somebody who has shown both halves of a code and that they hold a key. They can do nothing but enrol it.
#[derive(Debug)]
#[must_use]
pub struct Newcomer {
    name: PersonName,
    person: Person,
    code: Enrolment,
    key: PublicKey,
    device: Option<Device>,
    seed: totp::Secret,
    recovery: Vec<(Code, String)>,
    source: IpAddr,
}

impl Newcomer {
    /// The new seed for an authenticator: the address that a QR code carries, and base32 to type.
    pub fn seed(&self) -> (Zeroizing<String>, Zeroizing<String>) {
        (self.seed.to_uri("Countersign", &self.name), self.seed.to_base32())
    }

    /// The seed's address as a QR code in half blocks: two rows of it in each line, light where a terminal is dark.
    pub fn picture(&self) -> Zeroizing<String> {
        let (uri, _) = self.seed();
        let picture = QrCode::with_error_correction_level(uri.as_bytes(), EcLevel::L).map(|code| {
            code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build()
        });
        Zeroizing::new(picture.unwrap_or_default())
    }

    /// The new recovery codes, to be written down.
    pub fn recovery_codes(&self) -> impl Iterator<Item = Zeroizing<String>> {
        self.recovery.iter().map(|(code, _)| code.shown())
    }

    /// Whose key it will be, and its fingerprint.
    pub fn about(&self) -> (&str, &str) {
        (self.name.as_str(), self.key.fingerprint().as_str())
    }

    /// The seed has arrived when the authenticator shows its code. A wrong code gives the newcomer back.
    #[expect(clippy::result_large_err, reason = "the newcomer comes back whole, once for each wrong code")]
    pub fn confirm(self, code: &str, now: Timestamp) -> Result<Confirmed, Self> {
        match self.seed.check(code.trim(), now.seconds(), None) {
            Ok(step) => Ok(Confirmed { newcomer: self, step }),
            Err(_) => Err(self),
        }
    }
}

/// A newcomer whose authenticator has shown a right code.
#[derive(Debug)]
#[must_use]
pub struct Confirmed {
    newcomer: Newcomer,
    step: Step,
}

impl Confirmed {
    /// What was confirmed.
    pub fn newcomer(&self) -> &Newcomer {
        &self.newcomer
    }
}

impl Road {
    /// Tries a code for enrolment, for a key whose signature over this connection the transport has verified. Spends the
    /// same work, and says the same, for a person or a code that does not exist.
    ///
    /// Blocks the thread for as long as Argon2 takes.
    pub async fn begin_enrolment(
        &self,
        asked: EnrolmentAsked<'_>,
        key: &PublicKey,
        source: IpAddr,
    ) -> Result<Newcomer, Refusal> {
        let attempt = Attempt { guesses: Some("enrolment"), name: asked.name, source };
        self.admit(attempt, self.try_enrolment(&asked, key, source)).await
    }

    async fn try_enrolment(
        &self,
        asked: &EnrolmentAsked<'_>,
        key: &PublicKey,
        source: IpAddr,
    ) -> Result<Newcomer, Failed> {
        const WRONG: Failed = Failed::Person("enrolment");
        let (Some(first), Some(second)) = (Code::read(asked.first), Code::read(asked.second)) else {
            return Err(WRONG);
        };
        let Some((name, person, code)) = self.expected(asked.name).await? else {
            let _never = first.fits_nothing() & second.fits_nothing();
            return Err(WRONG);
        };
        if !self.try_halves(&code, &[first, second]).await? {
            return Err(WRONG);
        }
        let seed = totp::Secret::generate(&mut |buffer| self.entropy().fill(buffer));
        let recovery = self.hashed_codes(RECOVERY_CODES)?;
        let key = key.clone();
        Ok(Newcomer { name, person, code, key, device: None, seed, recovery, source })
    }

    /// A person who may enrol a key now, with their code.
    async fn expected(&self, name: &str) -> Result<Option<(PersonName, Person, Enrolment)>, RoadError> {
        let Some((name, person)) = self.person_named(name).await? else { return Ok(None) };
        if !self.is_active(&person) {
            return Ok(None);
        }
        Ok(self.open_code(&person).await?.map(|code| (name, person, code)))
    }

    /// Enrols what was confirmed. The code is used up here and nowhere else: of two connections that hold it, one wins.
    pub async fn finish_enrolment(&self, confirmed: Confirmed) -> Result<String, Refusal> {
        self.try_enrol(confirmed).await.map_err(|fault| self.tell(&fault))
    }

    /// Whether evidence that a key is bound to a device would be looked at.
    pub fn looks_at_devices(&self) -> bool {
        self.settings().devices.trusts_anybody()
    }

    /// Marks a newcomer's key as bound to a device, if the evidence shows that it is.
    pub fn bind_device(&self, newcomer: &mut Newcomer, evidence: &str) -> Result<(), DeviceError> {
        let now = self.now().seconds();
        let bound = self.settings().devices.check(evidence, &newcomer.key, &newcomer.name, now)?;
        newcomer.device = Some(match bound {
            Bound::SecurityKey => Device::SecurityKey,
            Bound::Certified => Device::Certified,
        });
        Ok(())
    }

    async fn try_enrol(&self, Confirmed { newcomer, step }: Confirmed) -> Result<String, RoadError> {
        let person = self.store().person_by_id(&newcomer.person.id).await?;
        let person = person.filter(|person| self.is_active(person));
        let code = match &person {
            Some(person) => self.open_code(person).await?,
            None => None,
        };
        let (Some(person), true) = (person, code.as_ref() == Some(&newcomer.code)) else {
            return Err(self.refusal(&text::ENROL_OVER, &[]).into());
        };
        let fingerprint = newcomer.key.fingerprint().as_str();
        if self.store().key(fingerprint).await?.is_some() {
            return Err(self.refusal(&text::ENROL_KEY_TAKEN, &[("key", fingerprint)]).into());
        }
        if !self.store().use_enrolment(&newcomer.code).await? {
            return Err(self.refusal(&text::ENROL_OVER, &[]).into());
        }
        self.enter_and_write(&person, &newcomer, step).await?;
        let values = [("person", &*person.name), ("key", fingerprint)];
        Ok(self.say(&text::ENROLLED, &values))
    }

    async fn enter_and_write(
        &self,
        person: &Person,
        newcomer: &Newcomer,
        step: Step,
    ) -> Result<(), RoadError> {
        let sealed = self.vault().seal("totp", &person.id.0, newcomer.seed.as_bytes(), self.entropy())?;
        let after = Person { totp: Some(sealed.clone()), ..person.clone() };
        let key = self.brought(newcomer);
        let mut changes = vec![
            StateChange::Put(register::key(&key)),
            StateChange::Put(register::credentials(&after)),
            gone(&person.id),
        ];
        changes.extend(self.old_recovery(&person.id).await?);
        let hashes: Vec<_> = newcomer.recovery.iter().map(|(_, hash)| hash.clone()).collect();
        changes.extend(hashes.iter().map(|hash| StateChange::Put(recovery::record(&person.id, hash))));
        let enrolled = Event::Key {
            person: person.id.0.clone(),
            fingerprint: key.fingerprint.clone(),
            change: "enrolled".to_owned(),
        };
        let at = self.enter_state(vec![enrolled], changes.clone(), None).await?;
        self.store().add_key(&PersonKey { enrolled_at: at, ..key.clone() }).await?;
        self.store().set_totp(&person.id, Some(&sealed)).await?;
        self.store().use_totp_step(&person.id, step.number()).await?;
        self.store().put_recovery(&person.id, &hashes).await?;
        self.store().forget(&person.id).await?;
        self.rows_are_written(&changes);
        let (person, by) = (person.name.clone(), person.name.clone());
        self.announce(Announcement::KeyEnrolled { person, fingerprint: key.fingerprint, by }).await;
        tracing::info!(source = %newcomer.source, "a key was enrolled by code");
        Ok(())
    }

    fn brought(&self, newcomer: &Newcomer) -> PersonKey {
        PersonKey {
            person: newcomer.person.id.clone(),
            fingerprint: newcomer.key.fingerprint().as_str().to_owned(),
            line: newcomer.key.to_line(),
            enrolled_at: 0,
            device: newcomer.device,
            expires: None,
            last_used: None,
        }
    }
}
