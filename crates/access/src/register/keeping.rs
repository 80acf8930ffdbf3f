//! How long recordings are kept, as the ledger alone tells it: when each session ended, what holds it, what was erased, and
//! whether the clock can be believed. No row of the database has a say in it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Register, Rows, setting};
use crate::administer::{CLOCK_CONFIRMED, RETENTION_DAYS, SHORTEST_RETENTION};
use crate::entry::{Entry, Event};
use crate::model::Timestamp;
use crate::statement::rfc3339;

const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// How far time may go on from one entry to the next before people have to say what day it is. Recordings are kept so much
/// longer than they must be, so that a step which goes unnoticed shortens nothing.
const LARGEST_STEP: i64 = 2 * DAY_MICROS;

/// A fold over the entries that say what is kept.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    clock: LedgerClock,
    sessions: BTreeMap<String, Kept>,
    /// Sessions that are closed and not erased, by their end.
    aging: BTreeSet<(i64, String)>,
    /// Sessions with a tombstone whose key may still be there.
    unfinished: BTreeSet<String>,
}

/// One session's recording.
#[derive(Clone, Debug)]
struct Kept {
    person: String,
    key_digest: String,
    closed: Option<i64>,
    erased: Option<i64>,
}

/// The latest moment that an entry names, and whether time has leapt on the way there.
#[derive(Debug, Default)]
struct LedgerClock {
    latest: i64,
    leapt: Option<i64>,
}

/// A recording whose time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Over {
    pub session: String,
    pub person: String,
    pub key_digest: String,
}

/// What there is, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    pub open: usize,
    pub kept: usize,
    /// Session and moment of each erasure, newest first.
    pub erased: Vec<(String, Timestamp)>,
    /// The end of the oldest one that is kept.
    pub oldest: Option<Timestamp>,
}

impl Keeping {
    pub(super) fn follow(&mut self, entry: &Entry) {
        match &entry.event {
            // The recorder's thread enters these by itself, so not everybody who follows sees them.
            Event::Segment { .. } => return,
            Event::State { of, id, after: Some(_), .. } if of == "setting" && id == CLOCK_CONFIRMED => {
                self.clock = LedgerClock { latest: entry.at, leapt: None };
            }
            _ => self.clock.pass(entry.at),
        }
        match &entry.event {
            Event::SessionOpen { session, person, key_digest, .. } => {
                let (person, key_digest) = (person.clone(), key_digest.clone());
                let kept = Kept { person, key_digest, closed: None, erased: None };
                self.sessions.insert(session.clone(), kept);
            }
            Event::SessionClose { session, .. } => self.close(session),
            Event::Erased { session, .. } => self.erase(session, entry.at),
            _ => {}
        }
    }

    /// At the latest moment that any entry names: a clock that was behind when a session ended does not age it.
    fn close(&mut self, session: &str) {
        let end = self.clock.latest;
        if let Some(kept) = self.sessions.get_mut(session) {
            kept.closed = Some(end);
            self.aging.insert((end, session.to_owned()));
        }
    }

    fn erase(&mut self, session: &str, at: i64) {
        if let Some(kept) = self.sessions.get_mut(session) {
            kept.erased = Some(at);
            self.aging.remove(&(kept.closed.unwrap_or_default(), session.to_owned()));
            self.unfinished.insert(session.to_owned());
        }
    }

    pub(super) fn sessions(&self) -> Vec<String> {
        self.sessions.keys().cloned().collect()
    }
}

impl LedgerClock {
    fn pass(&mut self, at: i64) {
        if self.latest > 0 && at > self.latest.saturating_add(LARGEST_STEP) {
            self.leapt = Some(at);
        }
        self.latest = self.latest.max(at);
    }
}

impl Rows {
    fn is_held(&self, session: &str, person: &str) -> bool {
        let held = |id: String| self.known.contains_key(&("setting".to_owned(), id));
        held(hold_of_session(session)) || held(hold_of_person(person))
    }

    /// Whether those are the days in force, as the ledger has them.
    fn keeps_for(&self, days: u32) -> bool {
        let known = self.known.get(&("setting".to_owned(), RETENTION_DAYS.to_owned()));
        known.map_or(days == SHORTEST_RETENTION, |digest| {
            days >= SHORTEST_RETENTION && *digest == setting(RETENTION_DAYS, &days.to_string()).digest
        })
    }
}

impl Register {
    /// Why the clock cannot be believed at this moment, if so: time has leapt from one entry to the next, or from the last
    /// one to now, and nobody has confirmed the day.
    pub(crate) fn doubt(&self, now: Timestamp) -> Option<String> {
        let clock = &self.read().keeping.clock;
        let leap = match clock.leapt {
            Some(at) => format!("time has leapt to {}", rfc3339(Timestamp(at))),
            None if now.0 > clock.latest.saturating_add(LARGEST_STEP) => {
                format!("time has leapt since {}", rfc3339(Timestamp(clock.latest)))
            }
            None => return None,
        };
        Some(format!("{leap}: nothing is erased until the setting {CLOCK_CONFIRMED} says what day it is"))
    }

    /// Whether nothing has been entered for a day.
    pub(crate) fn is_quiet(&self, now: Timestamp) -> bool {
        now.0 > self.read().keeping.clock.latest.saturating_add(DAY_MICROS)
    }

    /// At most so many recordings that were kept for those days, and a little longer, and that nothing holds.
    pub(crate) fn over(&self, days: u32, now: Timestamp, most: usize) -> Vec<Over> {
        let rows = self.read();
        let before = now.0.saturating_sub(LARGEST_STEP).saturating_sub(i64::from(days) * DAY_MICROS);
        let aged = rows.keeping.aging.iter().take_while(|(end, _)| *end < before);
        let sessions = aged.filter_map(|(_, id)| rows.keeping.sessions.get_key_value(id));
        let free = sessions.filter(|(id, kept)| !rows.is_held(id, &kept.person));
        let over = free.map(|(id, kept)| Over {
            session: id.clone(),
            person: kept.person.clone(),
            key_digest: kept.key_digest.clone(),
        });
        over.take(most).collect()
    }

    /// Whether that recording may be erased at that moment, after so many days: the ledger says that it is over, that those
    /// are the days in force, and that nothing holds it.
    pub(crate) fn may_erase(&self, session: &str, days: u32, at: Timestamp) -> Result<(), String> {
        let rows = self.read();
        let kept = rows.keeping.sessions.get(session).filter(|kept| kept.erased.is_none());
        let kept = kept.ok_or_else(|| format!("session {session} has no recording to erase"))?;
        let end = kept.closed.ok_or_else(|| format!("session {session} is erased while it is open"))?;
        if !rows.keeps_for(days) {
            return Err(format!(
                "session {session} is erased after {days} days, which are not those in force"
            ));
        }
        if rows.is_held(session, &kept.person) {
            return Err(format!("session {session} is erased while it is held"));
        }
        match at.0.saturating_sub(end) >= i64::from(days) * DAY_MICROS {
            true => Ok(()),
            false => Err(format!("session {session} is erased before it was kept for {days} days")),
        }
    }

    /// When the recording was erased, if it was.
    pub fn erased(&self, session: &str) -> Option<Timestamp> {
        self.read().keeping.sessions.get(session).and_then(|kept| kept.erased).map(Timestamp)
    }

    /// At most so many sessions that have a tombstone and may still have their key.
    pub(crate) fn unfinished_erasures(&self, most: usize) -> Vec<String> {
        self.read().keeping.unfinished.iter().take(most).cloned().collect()
    }

    /// The key of that session is gone.
    pub(crate) fn key_is_gone(&self, session: &str) {
        self.write().keeping.unfinished.remove(session);
    }

    /// There is nothing to erase of that session: others get their turn. The next start looks again.
    pub(crate) fn set_aside(&self, session: &str) {
        let keeping = &mut self.write().keeping;
        let end = keeping.sessions.get(session).and_then(|kept| kept.closed);
        keeping.aging.remove(&(end.unwrap_or_default(), session.to_owned()));
    }

    /// What is kept and what was erased.
    pub(crate) fn kinds(&self) -> Kinds {
        let rows = self.read();
        let mut kinds = Kinds { kept: rows.keeping.aging.len(), ..Kinds::default() };
        kinds.oldest = rows.keeping.aging.first().map(|(end, _)| Timestamp(*end));
        kinds.open = rows.keeping.sessions.values().filter(|kept| kept.closed.is_none()).count();
        let erased = rows.keeping.sessions.iter().filter_map(|(id, kept)| Some((id.clone(), kept.erased?)));
        kinds.erased = erased.map(|(id, at)| (id, Timestamp(at))).collect();
        kinds.erased.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        kinds
    }
}

/// The setting that holds one recording.
pub(crate) fn hold_of_session(session: &str) -> String {
    format!("hold:{session}")
}

/// The setting that holds every recording of a person.
pub(crate) fn hold_of_person(person: &str) -> String {
    format!("hold:person:{person}")
}
