//! Interrupting by number: clients know their connections by numbers that the gateway gave, and end what runs on them with
//! KILL over another connection. Each person reaches their own connections to the same server only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use access::Session;
use tokio::sync::Notify;

/// The connections that are open, by their numbers.
#[derive(Default)]
pub(crate) struct Kills(Mutex<HashMap<u32, (Owner, Arc<Notify>)>>);

/// Whose connection it is, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    person: String,
    target: String,
    account: String,
}

/// A connection that can be reached by its number; until it ends.
pub(super) struct Killable {
    kills: Arc<Kills>,
    number: u32,
    pub owner: Owner,
    /// Told when what it does is to be interrupted.
    pub interrupted: Arc<Notify>,
}

impl Owner {
    pub(super) fn of(session: &Session) -> Self {
        Self {
            person: session.who().person().to_string(),
            target: session.target_name().to_owned(),
            account: session.account().to_owned(),
        }
    }
}

impl Kills {
    /// Makes a connection known. None when another one has the number.
    pub(super) fn know(self: &Arc<Self>, number: u32, owner: Owner) -> Option<Killable> {
        let interrupted = Arc::new(Notify::new());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains_key(&number) {
            return None;
        }
        known.insert(number, (owner.clone(), interrupted.clone()));
        drop(known);
        Some(Killable { kills: self.clone(), number, owner, interrupted })
    }

    /// Interrupts what that connection does, if it is of the same owner.
    pub(super) fn interrupt(&self, number: u32, owner: &Owner) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = known.get(&number).filter(|(other, _)| other == owner);
        theirs.inspect(|(_, interrupted)| interrupted.notify_one()).is_some()
    }
}

impl Drop for Killable {
    fn drop(&mut self) {
        self.kills.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

/// The number that a text wants to interrupt, if it wants nothing else.
pub(super) fn wanted(text: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(text).ok()?.trim_ascii();
    let words: Vec<_> = text.strip_suffix(';').unwrap_or(text).split_ascii_whitespace().collect();
    let (kill, number) = match words.as_slice() {
        [kill, number] => (kill, number),
        [kill, what, number]
            if ["query", "connection"].iter().any(|known| what.eq_ignore_ascii_case(known)) =>
        {
            (kill, number)
        }
        _ => return None,
    };
    let is_number = kill.eq_ignore_ascii_case("kill") && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(person: &str, target: &str) -> Owner {
        Owner { person: person.to_owned(), target: target.to_owned(), account: "writer".to_owned() }
    }

    #[test]
    fn only_a_plain_kill_of_one_number_is_understood() {
        for text in ["KILL 7", "kill query 7", " KILL QUERY 7 ;", "KILL CONNECTION 7"] {
            assert_eq!(wanted(text.as_bytes()), Some(7), "{text}");
        }
        for text in [
            "KILL",
            "KILL +7",
            "KILL 7 8",
            "KILL QUERY ID 7",
            "KILL HARD QUERY 7",
            "KILL USER alice",
            "KILL 7; DROP TABLE t",
            "KILL 99999999999",
            "SELECT 7",
            "KILL 7 -- x",
            "KILL (7)",
        ] {
            assert_eq!(wanted(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn only_the_same_person_interrupts_and_only_there() {
        let kills = Arc::<Kills>::default();
        let alice = kills.know(7, owner("alice", "shop")).expect("a free number");
        assert!(kills.know(7, owner("mallory", "shop")).is_none());
        assert!(!kills.interrupt(7, &owner("bob", "shop")));
        assert!(!kills.interrupt(7, &owner("alice", "other")));
        assert!(!kills.interrupt(8, &owner("alice", "shop")));
        assert!(kills.interrupt(7, &owner("alice", "shop")));
        drop(alice);
        assert!(!kills.interrupt(7, &owner("alice", "shop")));
    }
}
