//! Consent: nobody does anything before they have accepted the notice that says what is recorded, in its present words.

use identity::VerifiedIdentity;
use serde_json::json;

use super::Road;
use super::state::StateChange;
use crate::blind::sha256_hex;
use crate::entry::Event;
use crate::error::RoadError;
use crate::model::{Person, Record};
use crate::register;
use crate::text::{self, Language};

/// What is recorded, why, how long and who may see it, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentNotice {
    english: String,
    chinese: String,
    version: String,
}

impl ConsentNotice {
    /// A notice of those texts. Its version changes with any character of either.
    pub fn new(english: &str, chinese: &str) -> Self {
        let lengths = format!("{} {}\n", english.len(), chinese.len());
        let version = sha256_hex([&lengths, english, chinese].concat().as_bytes());
        Self { english: english.to_owned(), chinese: chinese.to_owned(), version }
    }

    /// SHA-256 over both texts, lower hex.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Both texts, the reader's language first.
    pub fn shown(&self, language: Language) -> String {
        let (first, second) = match language {
            Language::English => (&self.english, &self.chinese),
            Language::Chinese => (&self.chinese, &self.english),
        };
        format!("{}\n\n{}\n", first.trim_end(), second.trim_end())
    }
}

impl Road {
    /// The notice that somebody still has to accept, if there is one.
    pub async fn owed_notice(&self, who: &VerifiedIdentity) -> Option<ConsentNotice> {
        let notice = self.settings().consent.clone()?;
        let person = self.person_present(who).await.ok()?;
        let accepted = self.has_accepted(&person, &notice).await.ok()?;
        (!accepted).then_some(notice)
    }

    /// The desk's `consent`: the notice, and how to accept it.
    pub async fn consent_notice(&self, who: &VerifiedIdentity) -> Result<String, RoadError> {
        let person = self.person_present(who).await?;
        let Some(notice) = &self.settings().consent else {
            return Ok(self.say(&text::CONSENT_NONE, &[]) + "\n");
        };
        let values = [("person", &*person.name), ("version", notice.version())];
        let how = match self.has_accepted(&person, notice).await? {
            true => self.say(&text::CONSENT_GIVEN, &values),
            false => self.say(&text::CONSENT_HOW, &values),
        };
        Ok(format!("{}\n{how}\n", notice.shown(self.language())))
    }

    /// Notes that a person accepts the notice of that version; only the one that is in force can be.
    pub async fn accept_consent(&self, who: &VerifiedIdentity, version: &str) -> Result<String, RoadError> {
        let person = self.person_present(who).await?;
        let Some(notice) = &self.settings().consent else {
            return Ok(self.say(&text::CONSENT_NONE, &[]) + "\n");
        };
        if version != notice.version() {
            return Err(self.refusal(&text::CONSENT_OTHER, &[("person", &person.name)]).into());
        }
        if !self.has_accepted(&person, notice).await? {
            let version = version.to_owned();
            let accepted = Event::Consent { person: person.id.0.clone(), version: version.clone() };
            let changes = [StateChange::Put(record(&person, notice))];
            self.enter_state(vec![accepted], changes.to_vec(), None).await?;
            self.store().add_consent(&person.id, &version, self.now()).await?;
            self.rows_are_written(&changes);
        }
        let values = [("person", &*person.name), ("version", version)];
        Ok(self.say(&text::CONSENT_GIVEN, &values) + "\n")
    }

    /// Refuses a person who has not accepted the notice, with the one line that says how to.
    pub(super) async fn check_consent(&self, person: &Person) -> Result<(), RoadError> {
        let Some(notice) = &self.settings().consent else { return Ok(()) };
        if self.has_accepted(person, notice).await? {
            return Ok(());
        }
        let values = [("person", &*person.name), ("version", notice.version())];
        Err(self.refusal(&text::CONSENT_OWED, &values).into())
    }

    /// A row alone is no consent: the ledger must have it as this person's last.
    async fn has_accepted(&self, person: &Person, notice: &ConsentNotice) -> Result<bool, RoadError> {
        let row = self.store().consent(&person.id, notice.version()).await?;
        Ok(row.is_some() && self.register().vouches_for(&record(person, notice)))
    }
}

fn record(person: &Person, notice: &ConsentNotice) -> Record {
    register::record("consent", &person.id.0, &json!({"person": person.id.0, "version": notice.version()}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_change_of_either_text_is_another_version() {
        let version = |en: &str, zh: &str| ConsentNotice::new(en, zh).version;
        assert_eq!(version("a", "b"), version("a", "b"));
        assert_ne!(version("a", "b"), version("a ", "b"));
        assert_ne!(version("ab", ""), version("a", "b"), "nor by moving a character from one to the other");
    }

    #[test]
    fn the_readers_language_stands_first() {
        let notice = ConsentNotice::new("recorded", "录制");
        assert!(notice.shown(Language::English).starts_with("recorded"));
        assert!(notice.shown(Language::Chinese).starts_with("录制"));
    }
}
