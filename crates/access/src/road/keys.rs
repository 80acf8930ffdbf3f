//! People's own keys: they see them, remove them at once, and bring new ones, to which others agree.

use identity::{PublicKey, VerifiedIdentity};

use super::Road;
use crate::administer::{Challenge, Change};
use crate::desk_command::KeysAct;
use crate::error::RoadError;
use crate::model::{Person, PersonKey, Timestamp};
use crate::statement::rfc3339;
use crate::text;

impl Road {
    /// What a person does about their own keys.
    pub(super) async fn own_keys(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        act: Option<KeysAct>,
        input: &[u8],
    ) -> Result<String, RoadError> {
        match act {
            None => self.list_keys(person).await,
            Some(KeysAct::Challenge) => self.key_challenge(person, input),
            Some(KeysAct::Add) => self.bring_key(who, person, input).await,
            Some(KeysAct::Remove { fingerprint }) => self.remove_own_key(person, fingerprint).await,
        }
    }

    async fn list_keys(&self, person: &Person) -> Result<String, RoadError> {
        let moment = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), rfc3339);
        let row = |key: &PersonKey| {
            let device = key.device.map_or("-", |device| device.as_str());
            format!(
                "{:<52} {device:<12} {:<24} {}",
                key.fingerprint,
                moment(key.expires),
                moment(key.last_used)
            )
        };
        let keys = self.store().keys(&person.id).await?;
        Ok(self.table(&text::KEYS_HEADER, keys.iter().map(row).collect(), &text::NO_KEYS))
    }

    /// What the new key is to sign.
    fn key_challenge(&self, person: &Person, line: &[u8]) -> Result<String, RoadError> {
        let wrong = |why: String| self.refusal(&text::KEY_UNREADABLE, &[("why", &why)]);
        let line = std::str::from_utf8(line).map_err(|fault| wrong(fault.to_string()))?;
        let key = PublicKey::parse(line.trim()).map_err(|fault| wrong(fault.to_string()))?;
        Ok(Challenge::new(&person.name, &key, self.now()).to_text())
    }

    /// A change like any other, but proposed by whom it concerns; only for themselves.
    async fn bring_key(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        input: &[u8],
    ) -> Result<String, RoadError> {
        let input = String::from_utf8_lossy(input);
        let answered = Challenge::answered(&input).filter(|(challenge, _)| challenge.person == person.name);
        let (challenge, signature) = answered.ok_or_else(|| self.refusal(&text::KEY_NO_CHALLENGE, &[]))?;
        let Challenge { key, person: name, until } = challenge;
        self.change_of(who, &Change::KeyBring { name, key, until, signature }).await
    }

    /// At once, and never the last one that lets its person in.
    async fn remove_own_key(&self, person: &Person, fingerprint: String) -> Result<String, RoadError> {
        let keys = self.store().keys(&person.id).await?;
        let in_force = |key: &&PersonKey| key.expires.is_none_or(|end| self.now() < end);
        let others = keys.iter().filter(in_force).filter(|key| key.fingerprint != fingerprint).count();
        if !keys.iter().any(|key| key.fingerprint == fingerprint) {
            return Err(self.refusal(&text::KEY_NOT_YOURS, &[("key", &fingerprint)]).into());
        }
        if others == 0 {
            return Err(self.refusal(&text::KEY_IS_LAST, &[("key", &fingerprint)]).into());
        }
        let change = Change::KeyRemove { name: person.name.clone(), fingerprint };
        self.change_oneself(person, &change).await
    }
}
