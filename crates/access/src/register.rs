//! The register: what every row that matters must contain, as the ledger says. A row that it does not vouch for is not
//! honoured, whoever wrote it.

mod keeping;
mod logins;
mod records;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(crate) use keeping::{Over, hold_of_person, hold_of_session};
pub(crate) use records::record;
pub use records::{
    account, certificate, credentials, key, permit, person, policies, setting, target, ticket,
};

use crate::blind::sha256_hex;
use crate::entry::{Entry, Event};
use crate::model::{
    Answer, Decision, PersonId, PersonKey, Record, RememberedFactor, Request, RequestId, RequestState,
};

/// Digests of rows by kind and identifier, in step with the ledger. Shared by the road and by what guards the store.
#[derive(Debug, Default)]
pub struct Register(RwLock<Rows>);

type Key = (String, String);

#[derive(Debug, Default)]
struct Rows {
    /// Counts what changes below.
    changes: u64,
    known: BTreeMap<Key, String>,
    /// Rows that are being written, with what they were: their change is entered, or about to be.
    moving: BTreeMap<Key, Option<String>>,
    ceremony: bool,
    /// Sessions, and how long what was recorded of them is kept.
    keeping: keeping::Keeping,
    /// Codes that were given when people logged in.
    logins: logins::Logins,
    requests: BTreeMap<i64, Asked>,
    /// Whose each key is, by the entry that enrolled it last.
    enrolled: BTreeMap<String, String>,
    /// What was found and is not told of yet, and what ever was: a finding is told once.
    findings: Vec<String>,
    ever_found: BTreeSet<String>,
    /// What was on its way at the last look.
    seen_moving: BTreeSet<Key>,
    suspected: BTreeSet<String>,
    suspected_before: BTreeSet<String>,
}

/// A request as the ledger knows it.
#[derive(Debug)]
struct Asked {
    digest: String,
    over: bool,
    /// Whose answers are entered. Who was cut off between the entry and the row, or races against themselves, has several.
    answers: BTreeMap<String, Vec<Given>>,
}

/// An answer as the ledger knows it.
#[derive(Debug)]
struct Given {
    answer: String,
    key: String,
    /// Hash of what was signed.
    statement: String,
    /// Hash of the signature.
    signature: String,
    at: i64,
    when: WhenSigned,
}

/// The circumstances in which an answer was signed. Rows repeat them, and are not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WhenSigned {
    /// Seconds since the approver's second factor; none when that was not entered.
    pub mfa_age_seconds: Option<u64>,
    /// Minute of the day and day of the week in the configured zone; none when that was not entered.
    pub local: Option<(u16, u8)>,
}

/// Rows that nobody else may change until this value is dropped.
#[derive(Debug)]
pub struct Claimed<'a> {
    register: &'a Register,
    rows: Vec<Key>,
}

impl Drop for Claimed<'_> {
    fn drop(&mut self) {
        for (kind, id) in &self.rows {
            self.register.settle(kind, id);
        }
    }
}

impl Register {
    /// Whether the ledger's last word on the record is exactly this content. While the row is being written, what it
    /// was counts too: it is there until the write is done.
    pub fn vouches_for(&self, record: &Record) -> bool {
        let rows = self.read();
        let key = (record.kind.clone(), record.id.clone());
        let moving = rows.moving.get(&key).and_then(Option::as_ref);
        rows.known.get(&key).is_some_and(|digest| *digest == record.digest)
            || moving.is_some_and(|digest| *digest == record.digest)
    }

    /// The digest that the row must have; none when the ledger knows no such row, or that it is gone.
    pub fn digest(&self, kind: &str, id: &str) -> Option<String> {
        self.read().known.get(&(kind.to_owned(), id.to_owned())).cloned()
    }

    /// Whether the row is being written at this moment, so that finding it either way means nothing.
    pub fn is_moving(&self, kind: &str, id: &str) -> bool {
        self.read().moving.contains_key(&(kind.to_owned(), id.to_owned()))
    }

    /// The same number as before as long as nothing has changed here; none while a row is being written.
    pub(crate) fn state(&self) -> Option<u64> {
        let rows = self.read();
        rows.moving.is_empty().then_some(rows.changes)
    }

    /// All rows that must be there: kind, identifier, digest.
    pub fn all(&self) -> Vec<(String, String, String)> {
        let rows = self.read();
        let row = |((kind, id), digest): (&Key, &String)| (kind.clone(), id.clone(), digest.clone());
        rows.known.iter().map(row).collect()
    }

    /// Takes those rows for a change, some that are there as they are here and some that are new; none when one of them
    /// has become another meanwhile, is gone, or is taken.
    pub fn claim(&self, there: &[Record], new: &[Record]) -> Option<Claimed<'_>> {
        let mut rows = self.write();
        let key = |record: &Record| (record.kind.clone(), record.id.clone());
        let free = |record: &Record| !rows.moving.contains_key(&key(record));
        let same = |record: &Record| rows.known.get(&key(record)) == Some(&record.digest);
        let absent =
            |record: &Record| rows.known.get(&key(record)).is_none_or(|known| *known == record.digest);
        let takes = there.iter().all(|record| free(record) && same(record))
            && new.iter().all(|record| free(record) && absent(record));
        if !takes {
            return None;
        }
        let records: Vec<_> = there.iter().chain(new).map(key).collect();
        for key in &records {
            let was = rows.known.get(key).cloned();
            rows.moving.insert(key.clone(), was);
        }
        Some(Claimed { register: self, rows: records })
    }

    /// Takes over what an entry says of rows, sessions and requests. Called for every entry once it is durable, and when
    /// the ledger is read.
    pub fn follow(&self, entry: &Entry) {
        let mut rows = self.write();
        rows.keeping.follow(entry);
        rows.logins.follow(entry);
        match &entry.event {
            Event::State { of, id, after, .. } => rows.enter(of, id, after.as_deref()),
            Event::Ceremony { .. } => rows.ceremony = true,
            Event::Key { person, fingerprint, change } if change == "enrolled" => {
                rows.changes += 1;
                rows.enrolled.insert(fingerprint.clone(), person.clone());
            }
            Event::Request { request, digest, .. } => {
                let asked = Asked { digest: digest.clone(), over: false, answers: BTreeMap::new() };
                rows.requests.insert(*request, asked);
            }
            Event::Approval { request, person, answer, key, statement, signature, mfa_age, local } => {
                let given = Given {
                    answer: answer.clone(),
                    key: key.clone(),
                    statement: statement.clone(),
                    signature: signature.clone(),
                    at: entry.at,
                    when: WhenSigned { mfa_age_seconds: *mfa_age, local: *local },
                };
                if let Some(asked) = rows.requests.get_mut(request) {
                    asked.answers.entry(person.clone()).or_default().push(given);
                }
            }
            Event::Grant { request, .. } | Event::RequestEnd { request, .. } => {
                rows.requests.entry(*request).and_modify(|asked| asked.over = true);
            }
            _ => {}
        }
    }

    /// Something has changed that is in no row of the register: whatever rests on what was read is read again.
    pub(crate) fn stir(&self) {
        self.write().changes += 1;
    }

    /// The ledger was read to its end: nothing is being written.
    pub fn settle_all(&self) {
        self.write().moving.clear();
    }

    /// Begins a look at everything. What was being written at the last look already will not be: it counts no longer.
    pub fn look(&self) {
        let mut rows = self.write();
        let stuck = std::mem::take(&mut rows.seen_moving);
        rows.moving.retain(|key, _| !stuck.contains(key));
        rows.seen_moving = rows.moving.keys().cloned().collect();
        rows.suspected_before = std::mem::take(&mut rows.suspected);
    }

    /// Something that may only be on its way; found when it is the same at the next look.
    pub fn suspect(&self, what: String) {
        let before = self.read().suspected_before.contains(&what);
        self.write().suspected.insert(what.clone());
        if before {
            self.find(what);
        }
    }

    /// The row is written: from now on only the ledger's last word counts.
    pub fn settle(&self, kind: &str, id: &str) {
        let mut rows = self.write();
        rows.changes += 1;
        rows.moving.remove(&(kind.to_owned(), id.to_owned()));
    }

    /// Whether the three administrators are enrolled, so that nobody changes anything alone.
    pub fn ceremony_held(&self) -> bool {
        self.read().ceremony
    }

    /// Whether the key was enrolled for the person whose row it is.
    pub fn is_enrolled(&self, key: &PersonKey) -> bool {
        self.read().enrolled.get(&key.fingerprint) == Some(&key.person.0)
    }

    /// Whether a remembered code was given, on the record. `source`: the commitment to the address that it came from.
    pub fn was_given(&self, factor: &RememberedFactor, source: &str) -> bool {
        self.read().logins.explain(factor, source)
    }

    /// Whether the row of a request is what the ledger says: the same act, and not waiting once it is over. An end may
    /// be in the row before it is in the ledger, never the other way round.
    pub fn bears_out(&self, request: &Request) -> bool {
        let waits = request.state == RequestState::Waiting;
        let asked = |asked: &Asked| asked.digest == request.digest && !(waits && asked.over);
        self.read().requests.get(&request.id.0).is_some_and(asked)
    }

    /// When that answer was signed, if exactly it is entered: with that text, signature and key, at that moment, and as
    /// soon after the second factor.
    pub fn answered(&self, decision: &Decision) -> Option<WhenSigned> {
        let rows = self.read();
        let theirs = rows.requests.get(&decision.request.0)?.answers.get(&decision.person.0)?;
        let signature = sha256_hex(decision.signature.as_bytes());
        let statement = sha256_hex(decision.statement.as_bytes());
        let given = |given: &&Given| {
            given.answer == decision.answer.as_str()
                && given.key == decision.fingerprint
                && (&given.statement, &given.signature) == (&statement, &signature)
                && (given.at, given.when.mfa_age_seconds) == (decision.at.0, decision.mfa_age_seconds)
        };
        theirs.iter().find(given).map(|given| given.when)
    }

    /// Who has said no, on the record. Their row may be on its way, or gone.
    pub fn deniers(&self, request: RequestId) -> BTreeSet<PersonId> {
        let rows = self.read();
        let answers = rows.requests.get(&request.0).into_iter().flat_map(|asked| &asked.answers);
        let no = |given: &Given| given.answer == Answer::Deny.as_str();
        answers.filter(|(_, given)| given.iter().any(no)).map(|(id, _)| PersonId(id.clone())).collect()
    }

    /// Whether the ledger knows that the request is over.
    pub fn is_over(&self, request: RequestId) -> bool {
        self.read().requests.get(&request.0).is_some_and(|asked| asked.over)
    }

    /// Every session that was ever opened.
    pub fn sessions(&self) -> Vec<String> {
        self.read().keeping.sessions()
    }

    /// Something that the ledger does not explain; told once.
    pub fn find(&self, what: String) {
        let mut rows = self.write();
        if rows.ever_found.insert(what.clone()) {
            rows.findings.push(what);
        }
    }

    /// What was found since this was last asked.
    pub fn findings(&self) -> Vec<String> {
        std::mem::take(&mut self.write().findings)
    }

    fn read(&self) -> RwLockReadGuard<'_, Rows> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Rows> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    fn enter(&mut self, kind: &str, id: &str, after: Option<&str>) {
        self.changes += 1;
        let key = (kind.to_owned(), id.to_owned());
        let was = match after {
            Some(digest) => self.known.insert(key.clone(), digest.to_owned()),
            None => self.known.remove(&key),
        };
        self.moving.entry(key).or_insert(was);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn days(value: &str) -> Record {
        setting("retention-days", value)
    }

    fn enter(register: &Register, record: &Record) {
        register.follow(&state(Some(record)));
    }

    fn state(after: Option<&Record>) -> Entry {
        let (of, id) = ("setting".to_owned(), "retention-days".to_owned());
        let after = after.map(|record| record.digest.clone());
        Entry::new(Timestamp(0), Event::State { of, id, before: None, after, request: None })
    }

    #[test]
    fn only_the_last_word_is_vouched_for() {
        let register = Register::default();
        let (old, new) = (days("200"), days("1"));
        assert!(!register.vouches_for(&old));
        enter(&register, &old);
        assert!(register.vouches_for(&old) && !register.vouches_for(&new));
        register.settle("setting", "retention-days");
        register.follow(&state(None));
        register.settle("setting", "retention-days");
        assert!(!register.vouches_for(&old));
    }

    #[test]
    fn what_a_row_was_counts_until_its_write_is_done_and_no_longer() {
        let register = Register::default();
        let (old, new) = (days("200"), days("300"));
        enter(&register, &old);
        register.settle("setting", "retention-days");
        enter(&register, &new);
        assert!(register.vouches_for(&old) && register.vouches_for(&new));
        register.settle("setting", "retention-days");
        assert!(!register.vouches_for(&old) && register.vouches_for(&new));
    }

    #[test]
    fn its_state_is_another_after_every_change_and_none_during_one() {
        let register = Register::default();
        let mut seen = vec![register.state()];
        enter(&register, &days("200"));
        assert_eq!(register.state(), None, "the row is not written yet");
        register.settle("setting", "retention-days");
        seen.push(register.state());
        register.stir();
        seen.push(register.state());
        drop(register.claim(&[days("200")], &[]));
        seen.push(register.state());
        assert!(seen.iter().all(Option::is_some));
        assert!(seen.is_sorted_by(|one, next| one < next), "{seen:?}");
    }

    #[test]
    fn two_changes_of_one_row_do_not_cross() {
        let register = Register::default();
        let (old, new) = (days("200"), days("300"));
        enter(&register, &old);
        register.settle("setting", "retention-days");
        let first = register.claim(std::slice::from_ref(&old), &[]);
        assert!(first.is_some() && register.claim(std::slice::from_ref(&old), &[]).is_none());
        enter(&register, &new);
        drop(first);
        assert!(register.claim(&[old], &[]).is_none(), "worked out from what is no longer so");
        assert!(register.claim(std::slice::from_ref(&new), &[]).is_some());
        register.follow(&state(None));
        register.settle("setting", "retention-days");
        assert!(register.claim(std::slice::from_ref(&new), &[]).is_none(), "it is gone");
        assert!(register.claim(&[], &[new]).is_some());
    }
}
