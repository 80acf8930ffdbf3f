//! Codes that let a person bring a key: made in two halves, so that nobody who hands one out could use it, kept as hashes,
//! vouched for by the ledger, over after their time or five wrong guesses.

use identity::{Code, PasswordHash};
use serde_json::json;

use super::Road;
use super::state::StateChange;
use crate::administer::Secret;
use crate::blind::sha256_hex;
use crate::error::RoadError;
use crate::model::{Enrolment, Person, PersonId, Record, Timestamp};
use crate::register;

/// Wrong guesses that end a code.
const GUESSES: u32 = 5;

/// What stands between the hashes of the halves.
const BETWEEN: &str = " ";

impl Road {
    /// One half of a code that is yet to be issued: what its holder is shown, and the hash that others sign.
    pub(crate) fn first_half(&self) -> Result<(Secret, String), RoadError> {
        let half = self.half();
        Ok((Secret(half.shown()), self.half_hash(&half)?))
    }

    /// A code whose first half has that hash, and its second half, for whoever completes the approval.
    pub(crate) fn code_of(
        &self,
        person: &PersonId,
        first_half: &str,
    ) -> Result<(Enrolment, Secret), RoadError> {
        let second = self.half();
        let hash = [first_half, BETWEEN, &self.half_hash(&second)?].concat();
        let expires = self.now().plus_seconds(self.settings().enrolment_seconds);
        let code = Enrolment { person: person.clone(), hash, expires };
        Ok((code, Secret(second.shown())))
    }

    /// The code that a person could use now: not over, and what the ledger says it is.
    pub(super) async fn open_code(&self, person: &Person) -> Result<Option<Enrolment>, RoadError> {
        let code = self.store().enrolment(&person.id).await?;
        let now = self.now();
        Ok(code.filter(|code| now < code.expires && self.register().vouches_for(&enrolment_record(code))))
    }

    /// Whether both halves fit. Counts the guess first; the fifth wrong one ends the code.
    pub(super) async fn try_halves(&self, code: &Enrolment, halves: &[Code; 2]) -> Result<bool, RoadError> {
        let guesses = self.store().count_failure(&subject(code), self.now().seconds()).await?.failures;
        let fit = fit(code, halves)?;
        if guesses <= GUESSES && fit {
            self.store().clear_failures(&subject(code)).await?;
            return Ok(true);
        }
        if guesses >= GUESSES {
            self.enter_state(vec![], vec![gone(&code.person)], None).await?;
            self.store().put_enrolment(&code.person, None).await?;
        }
        Ok(false)
    }

    fn half(&self) -> Code {
        Code::generate(&mut |buffer| self.entropy().fill(buffer))
    }

    /// Some more codes, and their hashes.
    pub(super) fn hashed_codes(&self, number: usize) -> Result<Vec<(Code, String)>, RoadError> {
        let one = |_| {
            let code = self.half();
            let hash = self.half_hash(&code)?;
            Ok((code, hash))
        };
        (0..number).map(one).collect()
    }

    fn half_hash(&self, half: &Code) -> Result<String, RoadError> {
        let hash = half.hash(self.random()).map_err(|fault| RoadError::Inconsistent(fault.to_string()))?;
        Ok(hash.to_phc_string().to_string())
    }
}

/// Both halves are tried always: the time does not tell which one was wrong.
fn fit(code: &Enrolment, [first, second]: &[Code; 2]) -> Result<bool, RoadError> {
    let wrong = || RoadError::Inconsistent(format!("enrolment code of {}", code.person.0));
    let (one, two) = code.hash.split_once(BETWEEN).ok_or_else(wrong)?;
    let one = PasswordHash::parse(one).map_err(|_| wrong())?;
    let two = PasswordHash::parse(two).map_err(|_| wrong())?;
    Ok(first.fits(&one) & second.fits(&two))
}

/// What the ledger says when the code is over.
pub(super) fn gone(person: &PersonId) -> StateChange {
    StateChange::Gone("enrolment", person.0.clone())
}

/// Guesses are counted for this very code: a new one starts afresh, and success elsewhere forgives none.
fn subject(code: &Enrolment) -> String {
    sha256_hex([b"enrolment code ", code.hash.as_bytes()].concat().as_slice())
}

/// What the ledger says of a code.
pub(crate) fn enrolment_record(code: &Enrolment) -> Record {
    let Timestamp(expires) = code.expires;
    let content = json!({"expires": expires, "hash": code.hash, "person": code.person.0});
    register::record("enrolment", &code.person.0, &content)
}
