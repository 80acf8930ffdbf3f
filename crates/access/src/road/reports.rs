//! The access report: who can reach what on this day, by which rule, and when they last did; for those who have to say
//! whether it is still needed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use identity::VerifiedIdentity;
use policy::{TargetFacts, Verdict};
use serde::Serialize;

use super::Road;
use super::judged::Judged;
use super::permits::Live;
use super::setting::Setting;
use crate::administer::Role;
use crate::blind::sha256_hex;
use crate::desk_command::AccessReview;
use crate::entry::{Event, canonical};
use crate::error::RoadError;
use crate::model::{Permit, PermitKind, Person, PersonId, PersonKey, Target, Timestamp};
use crate::statement::rfc3339;
use crate::text;

/// Days without use after which access or a key is marked, unless the setting `unused-days` says otherwise.
const UNUSED_DAYS: u32 = 90;

/// The whole report. Its canonical JSON is what the ledger's digest is of.
#[derive(Debug, Serialize)]
pub(super) struct AccessReport {
    /// When the policies were asked.
    pub at: String,
    /// Digest of the policies.
    pub policies: String,
    /// Days without use that mark something.
    pub unused_days: u32,
    pub people: Vec<PersonReport>,
}

/// One person.
#[derive(Debug, Serialize)]
pub(super) struct PersonReport {
    pub name: String,
    /// `active`, `suspended`, `expired`: only an active person reaches anything.
    pub state: &'static str,
    pub expires: Option<String>,
    pub team: Option<String>,
    pub groups: BTreeSet<String>,
    /// What the policies were told besides: the address of their last session, or that of who asks for the report.
    pub from: IpAddr,
    /// Whether one of their keys that are in force is bound to a device.
    pub device_bound: bool,
    pub keys: Vec<KeyReport>,
    pub access: Vec<PlaceReport>,
}

/// One of their keys.
#[derive(Debug, Serialize)]
pub(super) struct KeyReport {
    pub fingerprint: String,
    pub device: Option<&'static str>,
    pub expires: Option<String>,
    pub expired: bool,
    pub last_used: Option<String>,
    pub unused: bool,
}

/// One account on one target that policies let them have.
#[derive(Debug, Serialize)]
pub(super) struct PlaceReport {
    pub target: String,
    pub account: String,
    pub level: String,
    /// The policies that let them connect.
    pub rules: Vec<String>,
    /// The permit without which they would not, and its end; none for standing access.
    pub permit: Option<i64>,
    pub until: Option<String>,
    pub last_used: Option<String>,
    /// Standing access that nobody has used for so long.
    pub unused: bool,
}

/// What everything is compared with.
struct Facts {
    now: Timestamp,
    unused_days: u32,
    places: Vec<(Target, String)>,
    permits: Vec<Live>,
    uses: Uses,
    /// Where people are supposed to be who never had a session.
    elsewhere: IpAddr,
}

/// When what was last used.
#[derive(Default)]
struct Uses {
    places: BTreeMap<(PersonId, String, String), Timestamp>,
    sources: BTreeMap<PersonId, IpAddr>,
}

impl Road {
    /// The report in the form that was asked for. Everybody may have their own; the whole is for those who look after
    /// people or records, and that they had it is an entry.
    pub(super) async fn report_access(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        wanted: AccessReview,
    ) -> Result<String, RoadError> {
        if wanted.mine {
            return Ok(self.written(&self.access_of(who, vec![person.clone()]).await?, wanted));
        }
        if ![Role::Security, Role::Audit].iter().any(|role| person.groups.contains(role.group())) {
            return Err(self.refusal(&text::REPORT_NOT_YOURS, &[]).into());
        }
        let report = self.access_of(who, self.store().people().await?).await?;
        let digest = sha256_hex(canonical(&report).as_bytes());
        self.note(Event::Reported { by: person.id.0.clone(), report: "access".to_owned(), digest }).await?;
        Ok(self.written(&report, wanted))
    }

    async fn access_of(
        &self,
        who: &VerifiedIdentity,
        people: Vec<Person>,
    ) -> Result<AccessReport, RoadError> {
        let facts = self.facts(who).await?;
        let mut reported = Vec::new();
        for person in people {
            let keys = self.store().keys(&person.id).await?;
            reported.push(self.person_report(&person, &keys, &facts));
        }
        let (at, unused_days) = (rfc3339(facts.now), facts.unused_days);
        Ok(AccessReport { at, policies: self.policy_version(), unused_days, people: reported })
    }

    async fn facts(&self, who: &VerifiedIdentity) -> Result<Facts, RoadError> {
        let mut places = Vec::new();
        for target in self.store().targets().await? {
            let accounts = self.store().accounts(&target.name).await?;
            places.extend(accounts.into_iter().map(|account| (target.clone(), account.login)));
        }
        let lets_in = |permit: &Permit| matches!(permit.kind, PermitKind::Access | PermitKind::Emergency);
        Ok(Facts {
            now: self.now(),
            unused_days: self.unused_days().await?,
            places,
            permits: self.live(lets_in).await?,
            uses: self.uses().await?,
            elsewhere: who.source(),
        })
    }

    async fn unused_days(&self) -> Result<u32, RoadError> {
        let set = self.store().setting("unused-days").await?;
        Ok(set.and_then(|days| days.parse().ok()).unwrap_or(UNUSED_DAYS))
    }

    /// The newest session of each kind counts; the store lists them newest first.
    async fn uses(&self) -> Result<Uses, RoadError> {
        let mut uses = Uses::default();
        for session in self.store().sessions(u32::MAX).await? {
            uses.sources.entry(session.person.clone()).or_insert(session.source);
            uses.places.entry((session.person, session.target, session.account)).or_insert(session.opened);
        }
        Ok(uses)
    }

    fn person_report(&self, person: &Person, keys: &[PersonKey], facts: &Facts) -> PersonReport {
        let in_force = |key: &&PersonKey| key.expires.is_none_or(|end| facts.now < end);
        let mut report = PersonReport {
            name: person.name.clone(),
            state: state(person, facts.now),
            expires: person.expires.map(rfc3339),
            team: person.team.clone(),
            groups: person.groups.clone(),
            from: facts.uses.sources.get(&person.id).copied().unwrap_or(facts.elsewhere),
            device_bound: keys.iter().filter(in_force).any(|key| key.device.is_some()),
            keys: keys.iter().map(|key| key_report(key, facts)).collect(),
            access: Vec::new(),
        };
        let reached =
            facts.places.iter().filter_map(|place| self.place_report(person, &report, place, facts));
        report.access = reached.collect();
        report
    }

    /// The place as the person would reach it right now with a fresh code; none when they would not.
    fn place_report(
        &self,
        person: &Person,
        about: &PersonReport,
        (target, account): &(Target, String),
        facts: &Facts,
    ) -> Option<PlaceReport> {
        let alone = self.supposed(person, about, target, account, facts);
        let (rules, permit) = match self.lets_connect(alone.clone()) {
            Some(rules) => (rules, None),
            None => self.by_permit(person, alone, target, account, facts)?,
        };
        let last = facts.uses.places.get(&(person.id.clone(), target.name.clone(), account.clone())).copied();
        Some(PlaceReport {
            target: target.name.clone(),
            account: account.clone(),
            level: target.level.to_string(),
            rules,
            permit: permit.map(|permit| permit.id.0),
            until: permit.map(|permit| rfc3339(permit.until)),
            last_used: last.map(rfc3339),
            unused: permit.is_none() && facts.is_long_ago(last),
        })
    }

    /// The rules that let a permit's holder connect who could not do so without it, and the permit.
    fn by_permit<'f>(
        &self,
        person: &Person,
        alone: Setting,
        target: &Target,
        account: &str,
        facts: &'f Facts,
    ) -> Option<(Vec<String>, Option<&'f Permit>)> {
        let theirs = |live: &&Live| live.holder.id == person.id && self.covers(live, target, account);
        let mut permits: Vec<_> = facts.permits.iter().filter(theirs).map(|live| &live.permit).collect();
        permits.sort_by_key(|permit| permit.until);
        let has = |kind| permits.iter().any(|permit| permit.kind == kind);
        let (granted, emergency) = (has(PermitKind::Access), has(PermitKind::Emergency));
        let rules = self.lets_connect(Setting { granted, emergency, ..alone })?;
        permits.pop().map(|last| (rules, Some(last)))
    }

    fn lets_connect(&self, setting: Setting) -> Option<Vec<String>> {
        let connect = Judged::connecting(setting.target.level);
        match self.policies().judge(&setting.question(&connect)) {
            Verdict::Allow(allowed) => Some(allowed.rules.into_iter().map(|rule| rule.id).collect()),
            Verdict::Hold(_) | Verdict::Deny(_) => None,
        }
    }

    fn supposed(
        &self,
        person: &Person,
        about: &PersonReport,
        target: &Target,
        account: &str,
        facts: &Facts,
    ) -> Setting {
        let (minute_of_day, weekday) = self.local(facts.now);
        let (name, level, labels) = (target.name.clone(), target.level, target.labels.clone());
        Setting {
            person: person.name.clone(),
            groups: person.groups.clone(),
            target: TargetFacts { name, level, labels },
            account: account.to_owned(),
            source: about.from,
            mfa_age_seconds: 0,
            minute_of_day,
            weekday,
            granted: false,
            emergency: false,
            device_bound: about.device_bound,
            duration_seconds: 0,
            quorums: BTreeSet::new(),
        }
    }
}

impl Facts {
    fn is_long_ago(&self, used: Option<Timestamp>) -> bool {
        let span = u64::from(self.unused_days) * 86_400;
        used.is_none_or(|at| at.plus_seconds(span) < self.now)
    }
}

fn state(person: &Person, now: Timestamp) -> &'static str {
    match (person.suspended, person.expires) {
        (true, _) => "suspended",
        (false, Some(end)) if end <= now => "expired",
        (false, _) => "active",
    }
}

fn key_report(key: &PersonKey, facts: &Facts) -> KeyReport {
    KeyReport {
        fingerprint: key.fingerprint.clone(),
        device: key.device.map(|device| device.as_str()),
        expires: key.expires.map(rfc3339),
        expired: key.expires.is_some_and(|end| end <= facts.now),
        last_used: key.last_used.map(rfc3339),
        unused: facts.is_long_ago(key.last_used),
    }
}
