//! Records, settings, permits, codes, consents and notices of the store in memory.

use access::model::{
    Certificate, Enrolment, Notice, Permit, PermitKind, Person, PersonId, PersonKey, Record, SessionRow,
    Ticket, Timestamp,
};
use access::ports::StoreError;

use super::{Done, State, free, present};

impl State {
    pub(super) fn set_person(&mut self, person: &Person) -> Done {
        let namesake = |other: &Person| other.id != person.id && other.name == person.name;
        let taken = self.people.values().any(namesake);
        let row = self.person(&person.id)?;
        free(taken, || format!("person {}", person.name))?;
        *row = Person { totp_last_step: row.totp_last_step, ..person.clone() };
        Ok(())
    }

    pub(super) fn put_key(&mut self, key: &PersonKey) -> Done {
        let before = self.keys.get(&key.fingerprint);
        let another = before.is_some_and(|before| before.person != key.person);
        let last_used = key.last_used.or(before.and_then(|before| before.last_used));
        free(another, || format!("key {}", key.fingerprint))?;
        self.person(&key.person)?;
        self.keys.insert(key.fingerprint.clone(), PersonKey { last_used, ..key.clone() });
        Ok(())
    }

    pub(super) fn touch_key(&mut self, fingerprint: &str, at: Timestamp) {
        if let Some(key) = self.keys.get_mut(fingerprint) {
            key.last_used = key.last_used.max(Some(at));
        }
    }

    pub(super) fn open_sessions(&self) -> Vec<SessionRow> {
        let mut open: Vec<_> = self.sessions.values().filter(|row| row.closed.is_none()).cloned().collect();
        open.sort_by_key(|session| (session.opened, session.id));
        open
    }

    pub(super) fn keep_record(&mut self, record: &Record) {
        let place = (record.kind.clone(), record.id.clone(), record.digest.clone());
        self.records.entry(place).or_insert_with(|| record.clone());
    }

    pub(super) fn put_setting(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.settings.insert(name.into(), value.into()),
            None => self.settings.remove(name),
        };
    }

    pub(super) fn add_permit(&mut self, permit: &Permit) -> Done {
        let alike = |old: &Permit| old.request.is_some() && old.request == permit.request;
        let taken = self.permits.contains_key(&permit.id) || self.permits.values().any(alike);
        free(taken, || format!("permit {}", permit.id))?;
        self.require_parents(permit)?;
        self.permits.insert(permit.id, permit.clone());
        Ok(())
    }

    fn require_parents(&mut self, permit: &Permit) -> Done {
        self.person(&permit.holder)?;
        permit.reviewed.iter().try_for_each(|reviewer| self.person(reviewer).map(drop))?;
        let known = permit.request.is_none_or(|request| self.requests.contains_key(&request));
        present(known, || format!("the request of permit {}", permit.id))
    }

    pub(super) fn live_permits(&self, now: Timestamp) -> Vec<Permit> {
        let runs = |permit: &Permit| permit.ended.is_none() && permit.until > now;
        let owed = |permit: &Permit| permit.kind == PermitKind::Emergency && permit.reviewed.is_none();
        self.permits.values().filter(|permit| runs(permit) || owed(permit)).cloned().collect()
    }

    pub(super) fn set_permit(&mut self, permit: &Permit) -> Result<bool, StoreError> {
        if self.permits.get(&permit.id).is_none_or(|row| row.version != permit.version) {
            return Ok(false);
        }
        permit.reviewed.iter().try_for_each(|reviewer| self.person(reviewer).map(drop))?;
        let Some(row) = self.permits.get_mut(&permit.id) else { return Ok(false) };
        row.ended = row.ended.take().or_else(|| permit.ended.clone());
        row.reviewed = permit.reviewed.clone();
        row.version += 1;
        Ok(true)
    }

    pub(super) fn put_enrolment(&mut self, person: &PersonId, code: Option<&Enrolment>) -> Done {
        let Some(code) = code else {
            self.enrolments.remove(person);
            return Ok(());
        };
        self.person(person)?;
        self.enrolments.insert(person.clone(), code.clone());
        Ok(())
    }

    pub(super) fn use_enrolment(&mut self, code: &Enrolment) -> bool {
        let known = self.enrolments.get(&code.person) == Some(code);
        known && self.enrolments.remove(&code.person).is_some()
    }

    pub(super) fn put_recovery(&mut self, person: &PersonId, hashes: &[String]) -> Done {
        let distinct: std::collections::BTreeSet<_> = hashes.iter().cloned().collect();
        free(distinct.len() < hashes.len(), || format!("the same recovery code of person {}", person.0))?;
        if !distinct.is_empty() {
            self.person(person)?;
        }
        self.recovery.insert(person.clone(), distinct);
        Ok(())
    }

    pub(super) fn add_consent(&mut self, person: &PersonId, version: &str, at: Timestamp) -> Done {
        self.person(person)?;
        self.consents.entry((person.clone(), version.into())).or_insert(at);
        Ok(())
    }

    pub(super) fn add_ticket(&mut self, ticket: &Ticket) -> Done {
        self.person(&ticket.person)?;
        free(self.tickets.contains_key(&ticket.id), || format!("ticket {}", ticket.id))?;
        self.tickets.insert(ticket.id.clone(), ticket.clone());
        Ok(())
    }

    pub(super) fn add_certificate(&mut self, certificate: &Certificate) -> Done {
        self.person(&certificate.person)?;
        free(self.certificates.contains_key(&certificate.id), || format!("certificate {}", certificate.id))?;
        self.certificates.insert(certificate.id.clone(), certificate.clone());
        Ok(())
    }

    pub(super) fn certificates_of(&self, person: &PersonId) -> Vec<Certificate> {
        let mut theirs: Vec<_> =
            self.certificates.values().filter(|one| one.person == *person).cloned().collect();
        theirs.sort_by_key(|one| (std::cmp::Reverse(one.expires), one.id.clone()));
        theirs
    }

    pub(super) fn lapsed_certificates(&self, now: Timestamp) -> Vec<Certificate> {
        let suspended = |one: &Certificate| self.people.get(&one.person).is_some_and(|owner| owner.suspended);
        let over = self.certificates.values().filter(|one| one.expires <= now || suspended(one));
        over.cloned().collect()
    }

    pub(super) fn use_ticket(&mut self, id: &str) -> bool {
        let left = self.tickets.get_mut(id).filter(|ticket| ticket.uses > 0);
        left.map(|ticket| ticket.uses -= 1).is_some()
    }

    pub(super) fn post(&mut self, notice: &Notice) {
        self.last_notice += 1;
        let id = self.last_notice;
        self.outbox.insert(id, Notice { id, ..notice.clone() });
    }

    pub(super) fn due(&self, receiver: &str, now: Timestamp, limit: u32) -> Vec<Notice> {
        let due = |notice: &&Notice| notice.receiver == receiver && notice.due <= now;
        self.outbox.values().filter(due).take(limit as usize).cloned().collect()
    }

    pub(super) fn postpone(&mut self, id: i64, attempts: u32, due: Timestamp) -> bool {
        let row = self.outbox.get_mut(&id).filter(|notice| notice.attempts == attempts);
        row.map(|notice| (notice.due, notice.attempts) = (due, attempts + 1)).is_some()
    }
}
