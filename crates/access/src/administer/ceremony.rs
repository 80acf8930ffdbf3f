//! The ceremony: the first three administrators, one of each role, are enrolled, and the bootstrap ends for good.

use std::collections::BTreeSet;

use identity::PublicKey;

use super::valid::valid;
use super::{Change, ChangeError, Changed, Role};
use crate::entry::Event;
use crate::ports::StoreError;
use crate::road::Road;

/// One of the three.
#[derive(Clone, Debug)]
pub struct First {
    /// Login name.
    pub name: String,
    /// One `authorized_keys` line without options.
    pub key: String,
}

impl Road {
    /// Enrols the three, in the order of [`Role::ALL`], each with a fresh verification seed, and ends the bootstrap. One
    /// that was interrupted is continued; after the end nothing begins it again.
    pub async fn hold_ceremony(&self, by: &str, three: &[First; 3]) -> Result<[Changed; 3], ChangeError> {
        if self.register().ceremony_held() {
            return Err(ChangeError::BootstrapOver);
        }
        if self.register().digest("policies", "policies").is_none() {
            return Err(ceremony("there are no policies yet that could be approved"));
        }
        all_differ(three)?;
        self.nobody_else(three).await?;
        let mut seeds = Vec::new();
        for (first, role) in three.iter().zip(Role::ALL) {
            seeds.push(self.enrol_first(by, first, role).await?);
        }
        self.end_bootstrap(three).await?;
        seeds.try_into().map_err(|_| ceremony("not three seeds"))
    }

    async fn enrol_first(&self, by: &str, first: &First, role: Role) -> Result<Changed, ChangeError> {
        let name = first.name.clone();
        let groups = BTreeSet::from([role.group().to_owned()]);
        match self.store().person(&name).await? {
            None => drop(self.change_alone(by, &Change::PersonAdd { name: name.clone(), groups }).await?),
            Some(person) if person.groups == groups => {}
            Some(_) => return Err(StoreError::Exists(format!("person {name}")).into()),
        }
        let key = valid("key", PublicKey::parse(&first.key))?;
        let enrolled = self.store().key(key.fingerprint().as_str()).await?;
        let person = self.known(&name).await?;
        if enrolled.is_none_or(|enrolled| enrolled.person != person.id) {
            self.change_alone(by, &Change::KeyAdd { name: name.clone(), key: first.key.clone() }).await?;
        }
        self.change_alone(by, &Change::PersonTotp { name }).await
    }

    async fn end_bootstrap(&self, three: &[First; 3]) -> Result<(), ChangeError> {
        let [system, security, audit] = three;
        let ended = Event::Ceremony {
            system: self.known(&system.name).await?.id.0,
            security: self.known(&security.name).await?.id.0,
            audit: self.known(&audit.name).await?.id.0,
        };
        // From this entry on nobody changes anything alone.
        self.note(ended).await?;
        Ok(())
    }

    /// Nobody was put beside the three before, which would make two of one hand.
    async fn nobody_else(&self, three: &[First; 3]) -> Result<(), ChangeError> {
        let people = self.store().people().await?;
        let named = |name: &str| three.iter().any(|first| first.name == name);
        match people.iter().find(|person| !Role::held_in(&person.groups).is_empty() && !named(&person.name)) {
            None => Ok(()),
            Some(other) => Err(ceremony(&format!("{} is an administrator already", other.name))),
        }
    }
}

fn all_differ(three: &[First; 3]) -> Result<(), ChangeError> {
    let names: BTreeSet<_> = three.iter().map(|first| first.name.as_str()).collect();
    let mut keys = BTreeSet::new();
    for first in three {
        let key = valid("key", PublicKey::parse(&first.key))?;
        keys.insert(key.fingerprint().as_str().to_owned());
    }
    match names.len() == 3 && keys.len() == 3 {
        true => Ok(()),
        false => Err(ceremony("the administrators are three people with three keys")),
    }
}

fn ceremony(why: &str) -> ChangeError {
    ChangeError::Value { field: "ceremony", why: why.to_owned() }
}
