//! Codes that were given: by whom, with which first factor and from where, as logins are entered. A row that says that a
//! code is remembered counts only beside such a login.

use std::collections::BTreeMap;

use crate::entry::{Entry, Event};
use crate::model::{RememberedFactor, Timestamp};

/// Changes after which a person gives a code again, whatever is remembered.
const FORGETTING: [&str; 6] =
    ["person-suspend", "person-resume", "person-password", "person-totp", "person-recover", "key-remove"];

/// The entry of a login follows its code at once.
const SOON: i64 = 60 * 1_000_000;

/// When each last gave a code: person, first factor, commitment to the address.
#[derive(Debug, Default)]
pub(super) struct Logins(BTreeMap<(String, String, String), i64>);

impl Logins {
    pub(super) fn follow(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Login { person, how, source } => {
                if let Some(first) = how.strip_suffix(" + totp") {
                    let key = (person.clone(), first.to_owned(), source.clone());
                    self.0.insert(key, entry.at);
                }
            }
            Event::Admin { change, subject, .. } if FORGETTING.contains(&change.as_str()) => {
                self.0.retain(|(person, ..), _| person != subject);
            }
            _ => {}
        }
    }

    /// Whether that code was given then. `source`: the commitment to its address, under the person's salt.
    pub(super) fn explain(&self, factor: &RememberedFactor, source: &str) -> bool {
        let key = (factor.person.0.clone(), factor.first.clone(), source.to_owned());
        let Timestamp(passed) = factor.passed;
        self.0.get(&key).is_some_and(|entered| (0..=SOON).contains(&entered.saturating_sub(passed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PersonId;

    fn factor(first: &str, passed: i64) -> RememberedFactor {
        let (person, source) = (PersonId("p-1".into()), "192.0.2.7".parse().unwrap());
        RememberedFactor { person, first: first.into(), source, passed: Timestamp(passed) }
    }

    fn logged_in(how: &str, at: i64) -> Entry {
        let (person, source) = ("p-1".to_owned(), "here".to_owned());
        Entry { at, event: Event::Login { person, how: how.to_owned(), source } }
    }

    #[test]
    fn only_a_code_that_was_given_is_remembered() {
        let mut logins = Logins::default();
        logins.follow(&logged_in("password + totp", 5_200_000));
        assert!(logins.explain(&factor("password", 5_000_000), "here"));
        assert!(!logins.explain(&factor("password", 6_000_000), "here"), "later than it was given");
        assert!(!logins.explain(&factor("password", 5_000_000), "elsewhere"));
        assert!(!logins.explain(&factor("publickey SHA256:x", 5_000_000), "here"));
        logins.follow(&logged_in("publickey SHA256:x + totp (remembered)", 9_000_000));
        assert!(!logins.explain(&factor("publickey SHA256:x", 9_000_000), "here"), "it was not given then");
    }

    #[test]
    fn what_was_forgotten_stays_forgotten_whoever_writes_the_row_again() {
        let mut logins = Logins::default();
        logins.follow(&logged_in("password + totp", 5_000_000));
        let (change, subject) = ("person-totp".to_owned(), "p-1".to_owned());
        let (by, digest) = (String::new(), String::new());
        logins.follow(&Entry { at: 6_000_000, event: Event::Admin { change, subject, by, digest } });
        assert!(!logins.explain(&factor("password", 5_000_000), "here"));
    }
}
