//! Files of cases: who does what, where and when, and what must come of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::str::FromStr as _;

use access::policy::{Effect, Policies, TargetFacts};
use access::{Rehearsal, Setting, Supposed};
use anyhow::{Context as _, Result, anyhow, bail};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::Wanted;
use super::facts::{self, Facts, PersonFacts};
use super::outcome::{Outcome, Word};
use super::who::Moment;

/// When a case happens that does not say when: away from nights and week-ends.
const NOON: Moment = Moment { minute_of_day: 12 * 60, weekday: 3 };

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What cases take that do not say it themselves.
    #[serde(default)]
    default: Written,
    #[serde(default)]
    people: BTreeMap<String, PersonFacts>,
    #[serde(default)]
    targets: BTreeMap<String, facts::TargetFacts>,
    case: Vec<Spanned<Written>>,
}

/// A case as it is written; with `texts` it stands for one case each.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: Option<String>,
    person: Option<String>,
    target: Option<String>,
    account: Option<String>,
    from: Option<IpAddr>,
    #[serde(default, deserialize_with = "moment")]
    when: Option<Moment>,
    mfa_age_seconds: Option<u64>,
    /// A live access permit covers it.
    granted: Option<bool>,
    /// An emergency was declared.
    emergency: Option<bool>,
    /// The key is bound to a device.
    device_bound: Option<bool>,
    /// For how long something is asked for.
    duration_seconds: Option<u64>,
    /// Quorums that are met.
    quorums: Option<BTreeSet<String>>,
    text: Option<String>,
    texts: Option<Vec<String>>,
    wants: Option<Wanted>,
    verdict: Option<Word>,
    rule: Option<String>,
    effects: Option<BTreeSet<Effect>>,
    understood: Option<bool>,
    quorum: Option<String>,
}

fn moment<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Moment>, D::Error> {
    Moment::from_str(&String::deserialize(value)?).map(Some).map_err(serde::de::Error::custom)
}

/// One act with what must come of it.
pub struct Case {
    /// File and line.
    pub place: String,
    /// What it is about.
    pub title: String,
    /// Whom, where and when.
    pub setting: Setting,
    supposed: Supposed,
    expected: Expected,
}

/// What must come of an act; what is none is not looked at.
#[derive(Clone, Debug)]
struct Expected {
    verdict: Option<Word>,
    rule: Option<String>,
    effects: Option<BTreeSet<Effect>>,
    understood: Option<bool>,
    quorum: Option<String>,
}

/// Something else came of a case than it says.
pub struct Difference {
    /// Of what: `verdict`, `rule`, …
    pub what: &'static str,
    /// What the case says.
    pub expected: String,
    /// What came of it.
    pub actual: String,
}

/// Reads the cases of a file; a file of facts among them holds none. People and targets are those of the file, of `facts.toml` beside it, and of the policies'.
pub fn read(path: &Path, policies: &Path) -> Result<Vec<Case>> {
    if path.ends_with(facts::FILE) {
        return Ok(vec![]);
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file: File = toml::from_str(&text).map_err(|fault| anyhow!("{}: {fault}", path.display()))?;
    let own = Facts { people: file.people, targets: file.targets };
    let beside = path.parent().map_or_else(|| Ok(Facts::default()), Facts::beside)?;
    let facts = own.or(beside).or(Facts::beside(policies)?);
    let mut cases = vec![];
    for written in &file.case {
        let line = text.get(..written.span().start).unwrap_or_default().matches('\n').count() + 1;
        let place = format!("{}:{line}", path.display());
        let all = written.get_ref().clone().or(&file.default).cases(&place, &facts);
        cases.extend(all.with_context(|| place.clone())?);
    }
    Ok(cases)
}

impl Written {
    fn or(self, default: &Self) -> Self {
        let Self { name, person, target, account, from, when, mfa_age_seconds, quorums, .. } =
            default.clone();
        let Self { granted, emergency, device_bound, duration_seconds, .. } = default.clone();
        let Self { text, texts, wants, verdict, rule, effects, understood, quorum, .. } = default.clone();
        Self {
            name: self.name.or(name),
            person: self.person.or(person),
            target: self.target.or(target),
            account: self.account.or(account),
            from: self.from.or(from),
            when: self.when.or(when),
            mfa_age_seconds: self.mfa_age_seconds.or(mfa_age_seconds),
            granted: self.granted.or(granted),
            emergency: self.emergency.or(emergency),
            device_bound: self.device_bound.or(device_bound),
            duration_seconds: self.duration_seconds.or(duration_seconds),
            quorums: self.quorums.or(quorums),
            text: self.text.or(text),
            texts: self.texts.or(texts),
            wants: self.wants.or(wants),
            verdict: self.verdict.or(verdict),
            rule: self.rule.or(rule),
            effects: self.effects.or(effects),
            understood: self.understood.or(understood),
            quorum: self.quorum.or(quorum),
        }
    }

    fn cases(&self, place: &str, facts: &Facts) -> Result<Vec<Case>> {
        let expected = Expected {
            verdict: self.verdict,
            rule: self.rule.clone(),
            effects: self.effects.clone(),
            understood: self.understood,
            quorum: self.quorum.clone(),
        };
        if expected.is_empty() {
            bail!("the case expects nothing: give a verdict, rule, effects, understood or quorum");
        }
        let setting = self.setting(facts)?;
        let case = |(title, supposed)| Case {
            place: place.to_owned(),
            title,
            setting: setting.clone(),
            supposed,
            expected: expected.clone(),
        };
        Ok(self.suppositions()?.into_iter().map(case).collect())
    }

    fn setting(&self, facts: &Facts) -> Result<Setting> {
        let person = self.person.as_deref().context("the case names no person")?;
        let target = self.target.as_deref().context("the case names no target")?;
        let groups = facts.person(person)?.groups.clone();
        let facts::TargetFacts { level, labels } = facts.target(target)?.clone();
        let Moment { minute_of_day, weekday } = self.when.unwrap_or(NOON);
        Ok(Setting {
            person: person.into(),
            groups,
            target: TargetFacts { name: target.into(), level, labels },
            account: self.account.clone().unwrap_or_else(|| "root".into()),
            source: self.from.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            mfa_age_seconds: self.mfa_age_seconds.unwrap_or_default(),
            minute_of_day,
            weekday,
            granted: self.granted.unwrap_or_default(),
            emergency: self.emergency.unwrap_or_default(),
            device_bound: self.device_bound.unwrap_or_default(),
            duration_seconds: self.duration_seconds.unwrap_or_default(),
            quorums: self.quorums.clone().unwrap_or_default(),
        })
    }

    /// What is asked, each with a title.
    fn suppositions(&self) -> Result<Vec<(String, Supposed)>> {
        let wanted = self.wants.clone().unwrap_or_default();
        let texts: Vec<&String> = self.text.iter().chain(self.texts.iter().flatten()).collect();
        if texts.is_empty() {
            let title = self.name.clone().unwrap_or_else(|| wanted.to_string());
            return Ok(vec![(title, wanted.supposed("")?)]);
        }
        texts.into_iter().map(|text| Ok((text.clone(), wanted.supposed(text)?))).collect()
    }
}

impl Expected {
    fn is_empty(&self) -> bool {
        let Self { verdict, rule, effects, understood, quorum } = self;
        verdict.is_none() && rule.is_none() && effects.is_none() && understood.is_none() && quorum.is_none()
    }
}

impl Case {
    /// What the policies make of it.
    pub fn outcome(&self, policies: &Policies) -> Result<(Outcome, Vec<Difference>)> {
        if let Some(name) = self.setting.quorums.iter().find(|name| policies.quorum(name).is_none()) {
            bail!("{}: there is no quorum {name:?}", self.place);
        }
        let steps = Rehearsal::of_all(policies, &self.setting, &self.supposed);
        let outcome = Outcome::of(&steps);
        let differences = steps.last().map(|act| self.expected.differences(&outcome, act));
        Ok((outcome, differences.unwrap_or_default()))
    }
}

impl Expected {
    fn differences(&self, outcome: &Outcome, act: &Rehearsal) -> Vec<Difference> {
        let mut found = vec![];
        let mut compare = |what, expected: Option<String>, actual: String, agrees: bool| {
            if let Some(expected) = expected.filter(|_| !agrees) {
                found.push(Difference { what, expected, actual });
            }
        };
        let is = |word| self.verdict == Some(word);
        compare(
            "verdict",
            self.verdict.map(|word| word.as_str().into()),
            outcome.word.as_str().into(),
            is(outcome.word),
        );
        let by = outcome.rules.iter().any(|rule| Some(&rule.id) == self.rule.as_ref());
        compare("rule", self.rule.clone(), outcome.rule(), by || self.rule.as_ref() == Some(&outcome.rule()));
        let effects = &act.question.effects;
        compare(
            "effects",
            self.effects.as_ref().map(words),
            words(effects),
            self.effects.as_ref() == Some(effects),
        );
        let understood = act.question.understood;
        let agrees = self.understood == Some(understood);
        compare("understood", self.understood.map(|it| it.to_string()), understood.to_string(), agrees);
        let names: Vec<&str> = outcome.quorums.iter().map(|quorum| quorum.name.as_str()).collect();
        let agrees = self.quorum.as_deref().is_some_and(|name| names.contains(&name));
        compare("quorum", self.quorum.clone(), names.join(", "), agrees);
        found
    }
}

fn words(effects: &BTreeSet<Effect>) -> String {
    effects.iter().map(|effect| effect.as_str()).collect::<Vec<_>>().join(" ")
}
