//! Whom, where and when an act that is only supposed concerns, as the command line gives it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::str::FromStr;

use access::Setting;
use access::policy::{Level, TargetFacts as Target};
use access::ports::Clock as _;
use access::text::{self, Language};
use anyhow::Result;
use clap::Args;

use super::facts::Facts;
use super::place::Place;
use crate::surroundings::SystemClock;

/// Who, where, as whom and when.
#[derive(Debug, Args)]
pub struct Who {
    /// Who
    #[arg(long)]
    pub person: String,
    /// Where
    #[arg(long)]
    pub target: String,
    /// As whom there
    #[arg(long, default_value = "root")]
    pub account: String,
    /// A group of the person, instead of those that the state or facts.toml tells; may be repeated
    #[arg(long = "group")]
    pub groups: Vec<String>,
    /// The target's level, instead of what the state or facts.toml tells
    #[arg(long)]
    pub level: Option<Level>,
    /// A label of the target as NAME=VALUE, with --level; may be repeated
    #[arg(long = "label", value_parser = label, requires = "level")]
    pub labels: Vec<(String, String)>,
    /// People and targets; default: the node's state, then facts.toml beside the policies
    #[arg(long)]
    pub facts: Option<PathBuf>,
    /// The address that the person comes from
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub from: IpAddr,
    /// When, such as "Sun 18:56" or "2026-11-22T18:56", in the configured zone; default: now
    #[arg(long, visible_alias = "at")]
    pub when: Option<Moment>,
    /// Seconds since the person's last second factor
    #[arg(long, default_value_t = 0)]
    pub mfa_age: u64,
    /// A live access permit covers this account on this target
    #[arg(long)]
    pub granted: bool,
    /// The person has declared an emergency that covers this target
    #[arg(long)]
    pub emergency: bool,
    /// The person came with a key that is bound to a device
    #[arg(long)]
    pub device_bound: bool,
    /// For how many seconds something is asked for
    #[arg(long = "duration", default_value_t = 0)]
    pub duration_seconds: u64,
    /// A quorum that is taken as met; may be repeated
    #[arg(long = "quorum")]
    pub quorums: Vec<String>,
}

impl Who {
    /// Everything that decides besides the act, and the facts that it comes from.
    pub async fn setting(&self, place: &Place) -> Result<(Setting, Facts)> {
        let facts = self.facts(place).await?;
        let clock = SystemClock::in_zone(place.zone.clone());
        let Moment { minute_of_day, weekday } =
            self.when.unwrap_or_else(|| Moment::from(clock.local(clock.now())));
        let setting = Setting {
            person: self.person.clone(),
            groups: facts.person(&self.person)?.groups.clone(),
            target: self.target_in(&facts)?,
            account: self.account.clone(),
            source: self.from,
            mfa_age_seconds: self.mfa_age,
            minute_of_day,
            weekday,
            granted: self.granted,
            emergency: self.emergency,
            device_bound: self.device_bound,
            duration_seconds: self.duration_seconds,
            quorums: self.quorums.iter().cloned().collect(),
        };
        Ok((setting, facts))
    }

    /// What the options say comes first, then `--facts` alone, or the state and the file beside the policies.
    async fn facts(&self, place: &Place) -> Result<Facts> {
        let mut facts = match (&self.facts, &place.state) {
            (Some(file), _) => Facts::read(file)?,
            (None, Some(state)) => {
                let state = Facts::of_state(state).await?;
                self.warn(&state, place.language);
                state.or(Facts::beside(&place.folder)?)
            }
            (None, None) => Facts::beside(&place.folder)?,
        };
        if !self.groups.is_empty() {
            let person = facts.people.entry(self.person.clone()).or_default();
            person.groups = self.groups.iter().cloned().collect::<BTreeSet<_>>();
        }
        Ok(facts)
    }

    /// Whom the state does not know the gateway would not let in, whatever a file says.
    fn warn(&self, state: &Facts, language: Language) {
        let person = !state.people.contains_key(&self.person) && self.groups.is_empty();
        let target = !state.targets.contains_key(&self.target) && self.level.is_none();
        for (is_new, name) in [(person, &self.person), (target, &self.target)] {
            if is_new {
                eprintln!("{}", text::FACTS_NOT_STATE.say(language, &[("name", name.as_str())]));
            }
        }
    }

    fn target_in(&self, facts: &Facts) -> Result<Target> {
        let (level, labels) = match self.level {
            Some(level) => (level, self.labels.iter().cloned().collect::<BTreeMap<_, _>>()),
            None => facts.target(&self.target).map(|target| (target.level, target.labels.clone()))?,
        };
        Ok(Target { name: self.target.clone(), level, labels })
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A time of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// 0 to 1439.
    pub minute_of_day: u16,
    /// 1 is Monday.
    pub weekday: u8,
}

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl From<(u16, u8)> for Moment {
    fn from((minute_of_day, weekday): (u16, u8)) -> Self {
        Self { minute_of_day, weekday }
    }
}

impl Moment {
    fn of(date: jiff::civil::DateTime) -> Self {
        let minute_of_day =
            u16::from(date.hour().unsigned_abs()) * 60 + u16::from(date.minute().unsigned_abs());
        Self { minute_of_day, weekday: date.weekday().to_monday_one_offset().unsigned_abs() }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(date) = text.parse::<jiff::civil::DateTime>() {
            return Ok(Self::of(date));
        }
        let parsed = || {
            let (day, time) = text.split_once(' ')?;
            let (hour, minute) = time.split_once(':')?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            let weekday = (1..=7).zip(WEEKDAYS).find(|(_, name)| *name == day)?.0;
            (hour < 24 && minute < 60).then_some(Self { minute_of_day: hour * 60 + minute, weekday })
        };
        let advice = "write it like \"Sun 18:56\" or \"2026-11-22T18:56\"";
        parsed().ok_or_else(|| format!("{text:?} is no time of the week; {advice}"))
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let day = usize::from(self.weekday).checked_sub(1).and_then(|day| WEEKDAYS.get(day)).unwrap_or(&"?");
        write!(f, "{day} {:02}:{:02}", self.minute_of_day / 60, self.minute_of_day % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_week_reads_as_it_is_written() {
        let sunday: Moment = "Sun 18:56".parse().unwrap();
        assert_eq!(sunday, Moment { minute_of_day: 18 * 60 + 56, weekday: 7 });
        assert_eq!(sunday.to_string(), "Sun 18:56");
        assert_eq!("2026-11-22T18:56".parse(), Ok(sunday));
        for wrong in
            ["", "Sun", "18:56", "Sunday 18:56", "Sun 24:00", "Sun 1:60", "Sun 18:56 ", "2026-11-31T18:56"]
        {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong:?}");
        }
    }
}
