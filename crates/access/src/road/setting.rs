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
            file: judged.file(),
            destination: judged.destination(),
            source: self.source,
            mfa_age_seconds: self.mfa_age_seconds,
            minute_of_day: self.minute_of_day,
            weekday: self.weekday,
            quorums: self.quorums,
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
    /// Judges one act; none is the opening of the session.
    pub fn of(policies: &Policies, setting: &Setting, ask: Option<&Ask>) -> Self {
        let level = setting.target.level;
        let judged =
            ask.map_or_else(|| Judged::connecting(level), |ask| Judged::of(ask, level, policies.table()));
        let question = setting.clone().question(&judged);
        let verdict = policies.judge(&question);
        Self { question, analysis: judged.analysis, verdict }
    }

    /// The act and those that must be allowed before it, in order: the session, and SFTP for an operation on files. The
    /// first that is not allowed is the last here, and what the person is told.
    pub fn of_all(policies: &Policies, setting: &Setting, ask: Option<&Ask>) -> Vec<Self> {
        let before = match ask {
            None => vec![],
            Some(ask) if ask.act().is_on_files() => vec![None, Some(&Ask::Sftp)],
            Some(_) => vec![None],
        };
        let mut all = vec![];
        for one in before.into_iter().chain([ask]) {
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
