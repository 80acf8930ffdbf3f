//! What the entries say of rows that matter, and whether each change of one was allowed to happen.

use std::collections::{BTreeMap, BTreeSet};

use crate::administer::NARROWING;
use crate::entry::Event;

/// Kinds that, after the ceremony, nobody changes without somebody else.
const GOVERNED: [&str; 7] = ["person", "key", "target", "account", "policies", "setting", "enrolment"];

/// A fold over the entries that concern rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    known: BTreeMap<(String, String), String>,
    ceremony: bool,
    /// Granted requests by what they ask for.
    granted: BTreeMap<i64, String>,
    /// Granted changes whose rows have changed.
    made: BTreeSet<i64>,
    /// Enrolment codes with which a key was brought: each is good for one.
    spent: BTreeSet<String>,
    cause: Cause,
}

/// What the `state` entries that follow next come from.
#[derive(Debug, Default)]
enum Cause {
    #[default]
    Nothing,
    /// An administrative change of that word.
    Change(String),
    /// Somebody brought a key with a code: whose it is, and its fingerprint.
    Enrolled(String, String),
    /// A permit began, ended or was reviewed.
    Permit(i64),
    /// A granted change whose rows are changing.
    Granted(i64),
}

/// One `state` entry.
struct State {
    of: String,
    id: String,
    before: Option<String>,
    after: Option<String>,
    request: Option<i64>,
}

impl Rows {
    /// A request that asks for something else than an action was granted.
    pub(super) fn granted(&mut self, request: i64, asks: &str) {
        self.granted.insert(request, asks.to_owned());
    }

    /// Takes the next entry, whatever it is.
    pub(super) fn take(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::State { of, id, before, after, request } => self.state(State {
                of: of.clone(),
                id: id.clone(),
                before: before.clone(),
                after: after.clone(),
                request: *request,
            }),
            Event::Ceremony { system, security, audit } => self.ceremony([system, security, audit]),
            Event::Start { bootstrap: true, .. } if self.ceremony => {
                Err("a start in the bootstrap, which was over".to_owned())
            }
            Event::Permit { permit, permits, request, .. } => self.permit(*permit, permits, *request),
            other => {
                self.cause = match other {
                    Event::Admin { change, .. } => Cause::Change(change.clone()),
                    Event::Key { person, fingerprint, change } => match &self.cause {
                        // The key of an administrative change is told of between the change and its rows.
                        Cause::Change(word) => Cause::Change(word.clone()),
                        _ if change == "enrolled" => Cause::Enrolled(person.clone(), fingerprint.clone()),
                        _ => Cause::Nothing,
                    },
                    Event::PermitEnd { permit, .. } | Event::EmergencyReviewed { permit, .. } => {
                        Cause::Permit(*permit)
                    }
                    _ => Cause::Nothing,
                };
                Ok(())
            }
        }
    }

    fn state(&mut self, state: State) -> Result<(), String> {
        let key = (state.of.clone(), state.id.clone());
        if self.known.get(&key) != state.before.as_ref() {
            return Err(format!("{} {} was not what it is said to have been", state.of, state.id));
        }
        self.allowed(&state)?;
        match state.after {
            Some(digest) => drop(self.known.insert(key, digest)),
            None => drop(self.known.remove(&key)),
        }
        Ok(())
    }

    fn allowed(&mut self, state: &State) -> Result<(), String> {
        if let Some(request) = state.request {
            return self.by_request(request, state);
        }
        let alone = match &self.cause {
            _ if state.of == "permit" => {
                matches!(&self.cause, Cause::Permit(permit) if permit.to_string() == state.id)
            }
            _ if !self.ceremony || !GOVERNED.contains(&state.of.as_str()) => true,
            // Wrong guesses, time and its use end a code; nobody begins one alone.
            _ if state.of == "enrolment" => state.after.is_none(),
            Cause::Change(word) => narrows(word, state),
            Cause::Enrolled(person, fingerprint) => {
                let theirs = state.of == "key" && state.id == *fingerprint && state.after.is_some();
                theirs && spends_code(&self.known, &mut self.spent, person)
            }
            _ => false,
        };
        match alone {
            true => Ok(()),
            false => Err(format!("{} {} changed without anybody's consent", state.of, state.id)),
        }
    }

    /// Each granted change is made once: its rows change one after the other, with nothing between them.
    fn by_request(&mut self, request: i64, state: &State) -> Result<(), String> {
        let asks = self.granted.get(&request).map(String::as_str);
        let goes_on = matches!(self.cause, Cause::Granted(running) if running == request);
        let begins = asks == Some("change") && self.made.insert(request);
        let permits = state.of == "permit" && asks.is_some_and(|asks| asks != "change");
        if begins {
            self.cause = Cause::Granted(request);
        }
        match begins || goes_on || permits {
            true => Ok(()),
            false => {
                Err(format!("{} {} changed by request {request}, which grants it not", state.of, state.id))
            }
        }
    }

    fn permit(&mut self, permit: i64, permits: &str, request: Option<i64>) -> Result<(), String> {
        self.cause = Cause::Permit(permit);
        let asked = request.map(|request| self.granted.get(&request).map(String::as_str));
        match asked {
            // An emergency is declared; what policies let somebody begin alone needs no request either.
            None => Ok(()),
            Some(Some(asks)) if asks == permits => Ok(()),
            _ => Err(format!("permit {permit} follows from no granted request")),
        }
    }

    fn ceremony(&mut self, three: [&String; 3]) -> Result<(), String> {
        let known = |id: &&String| self.known.contains_key(&("person".to_owned(), (**id).clone()));
        let distinct: BTreeSet<_> = three.into_iter().filter(known).collect();
        if self.ceremony || distinct.len() != 3 {
            return Err("a ceremony that is not the first, or not of three people".to_owned());
        }
        self.ceremony = true;
        Ok(())
    }
}

/// Whether there is a code of this person, which others agreed to, and no key was brought with it yet.
fn spends_code(
    known: &BTreeMap<(String, String), String>,
    spent: &mut BTreeSet<String>,
    person: &str,
) -> bool {
    let code = known.get(&("enrolment".to_owned(), person.to_owned()));
    code.is_some_and(|code| spent.insert(code.clone()))
}

/// Whether a change of that word, which needs nobody else, could do this to a row.
fn narrows(word: &str, state: &State) -> bool {
    let gone = state.after.is_none();
    NARROWING.contains(&word)
        && match (word, state.of.as_str()) {
            ("person-suspend", "person") => !gone,
            ("key-remove", "key") | ("target-remove", "target") => gone,
            ("target-remove" | "account-remove", "account") => gone,
            ("legal-hold" | "person-hold", "setting") => !gone && state.id.starts_with("hold:"),
            _ => false,
        }
}
