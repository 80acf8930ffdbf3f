//! Whom an act concerns, where and when: with the act itself, the whole question that policies are asked. The road asks
//! it for acts that happen; rehearsals ask it for acts that are only supposed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use policy::{Act, Analysis, Policies, Question, TargetFacts, Verdict};

use super::judged::Judged;
use crate::ask::Ask;

/// Everything that decides about an act besides the act.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The person who asks.
    pub person: String,
    /// The groups that the person belongs to.
    pub groups: BTreeSet<String>,
    /// Where.
    pub target: TargetFacts,
    /// The login on the target.
    pub account: String,
    /// The address that the person comes from.
    pub source: IpAddr,
    /// Seconds since the person's last second factor.
    pub mfa_age_seconds: u64,
    /// Minute of the day in the configured zone, 0 to 1439.
    pub minute_of_day: u16,
    /// Day of the week in the configured zone, 1 is Monday.
    pub weekday: u8,
    /// Whether a live access permit covers this account on this target.
    pub granted: bool,
    /// Whether the person has declared an emergency that covers this target.
    pub emergency: bool,
    /// Whether the person entered with a device-bound key.
    pub device_bound: bool,
    /// For how long something is asked for ([`Act::has_duration`]); else 0.
    pub duration_seconds: u64,
    /// The quorums that are met for exactly this act.
    pub quorums: BTreeSet<String>,
}

impl Setting {
    /// The question for an act.
    pub(super) fn question(self, judged: &Judged) -> Question {
        Question {
            person: self.person,
            groups: self.groups,
            act: judged.act,
            target: self.target,
            account: self.account,
            understood: judged.understood(),
            effects: judged.effects(),
            programs: judged.program_names(),
            touched: judged.touched(),
            tables: judged.tables(),
            counted: judged.counted(),
            file: judged.file(),
            destination: judged.destination(),
            source: self.source,
            mfa_age_seconds: self.mfa_age_seconds,
            minute_of_day: self.minute_of_day,
            weekday: self.weekday,
            granted: self.granted,
            emergency: self.emergency,
            device_bound: self.device_bound,
            duration_seconds: self.duration_seconds,
            quorums: self.quorums,
        }
    }
}

/// What is only supposed: an act that a channel asks for, or one for which there is no channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supposed {
    /// Opening a session, or asking for something at the desk.
    Act(Act),
    /// What a channel would ask for.
    Ask(Ask),
}

impl Supposed {
    /// The act that policies know it by.
    pub fn act(&self) -> Act {
        match self {
            Self::Act(act) => *act,
            Self::Ask(ask) => ask.act(),
        }
    }

    /// What must be allowed before it is even asked for.
    fn needs(&self) -> Vec<Self> {
        let connect = Self::Act(Act::Connect);
        match self {
            Self::Act(_) => vec![],
            Self::Ask(ask) if ask.act().is_on_files() => vec![connect, Self::Ask(Ask::Sftp)],
            Self::Ask(_) => vec![connect],
        }
    }
}

/// What the road would say to an act: judged as on the road, with no session, put on no record, granting nothing.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// What the policies were asked.
    pub question: Question,
    /// What the text does; none for an act without consequences to read.
    pub analysis: Option<Analysis>,
    /// What the policies said.
    pub verdict: Verdict,
}

impl Rehearsal {
    /// Judges one act.
    pub fn of(policies: &Policies, setting: &Setting, supposed: &Supposed) -> Self {
        let level = setting.target.level;
        let judged = match supposed {
            Supposed::Act(act) => Judged::at_the_desk(*act, level, setting.duration_seconds),
            Supposed::Ask(ask) => Judged::of(ask, level, policies.table()),
        };
        let question = setting.clone().question(&judged);
        let verdict = policies.judge(&question);
        Self { question, analysis: judged.analysis, verdict }
    }

    /// The act and those that must be allowed before it, in order: the session, and SFTP for an operation on files. The
    /// first that is not allowed is the last here, and what the person is told.
    pub fn of_all(policies: &Policies, setting: &Setting, supposed: &Supposed) -> Vec<Self> {
        let mut all = vec![];
        for one in supposed.needs().iter().chain([supposed]) {
            all.push(Self::of(policies, setting, one));
            if !all.last().is_some_and(Self::is_allowed) {
                break;
            }
        }
        all
    }

    /// Whether it could start at once.
    pub fn is_allowed(&self) -> bool {
        matches!(self.verdict, Verdict::Allow(_))
    }

    /// What would be done.
    pub fn act(&self) -> Act {
        self.question.act
    }
}
