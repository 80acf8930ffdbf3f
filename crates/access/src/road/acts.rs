//! An act on its way: analysed, judged, put on the record, and only then allowed to start.

use std::collections::BTreeSet;

use identity::VerifiedIdentity;
use policy::{Act, Analysis, Level, Rule, TargetFacts, Verdict};

use super::Road;
use super::grant::Grant;
use super::holds::Pending;
use super::judged::{Foreseen, Judged};
use super::runbooks::Run;
use super::sessions::Session;
use super::setting::Setting;
use crate::ask::{Ask, ShellLine};
use crate::entry::Event;
use crate::error::{Refusal, RoadError};
use crate::model::{Person, RequestId, Target};
use crate::text;

/// What follows.
#[must_use]
pub enum Step {
    /// It may start.
    Run(Grant),
    /// It waits for other people.
    Held(Box<Pending>),
    /// It does not happen.
    Refused(Refusal),
}

impl Road {
    /// Judges what a channel asks for. The decision is on the record before this returns.
    pub async fn submit(&self, session: &Session, channel: u32, ask: Ask) -> Step {
        self.submit_foreseen(session, channel, ask, std::future::ready(Foreseen::default())).await
    }

    /// The same with what whoever signs should know beforehand, which is only awaited when people must sign.
    pub async fn submit_foreseen(
        &self,
        session: &Session,
        channel: u32,
        ask: Ask,
        foreseen: impl Future<Output = Foreseen> + Send,
    ) -> Step {
        match self.try_submit(session, channel, ask, foreseen).await {
            Ok(step) => step,
            Err(fault) => Step::Refused(self.tell(&fault)),
        }
    }

    /// What a line of the managed shell would do, by the command table in force; for people to read.
    pub fn analysed(&self, line: &ShellLine) -> Analysis {
        line.analysis(self.policies().table())
    }

    async fn try_submit(
        &self,
        session: &Session,
        channel: u32,
        ask: Ask,
        foreseen: impl Future<Output = Foreseen> + Send,
    ) -> Result<Step, RoadError> {
        self.recorder_works()?;
        let footing = self.footing(session).await?;
        let person = &footing.person;
        if let Some(run) = Run::asked(&ask) {
            return self.run_runbook(session, person, channel, &ask, &run).await;
        }
        let mut judged = Judged::of(&ask, session.target().level, self.policies().table());
        let nobody = BTreeSet::new();
        let (target, account) = (session.target(), session.account());
        let setting = self.setting(session.who(), person, target, account, &judged, &nobody);
        let setting = setting.under(self.circumstances_on(session, &footing).await?);
        match self.policies().judge(&setting.question(&judged)) {
            Verdict::Allow(allowed) => {
                self.enter_decision(session, channel, &judged, "allow", &allowed.rules).await?;
                Ok(Step::Run(Grant::allowed(&judged, &allowed)))
            }
            Verdict::Hold(held) => {
                judged.foreseen = foreseen.await;
                let pending = self.hold(session, channel, judged, &held).await?;
                Ok(Step::Held(Box::new(pending)))
            }
            Verdict::Deny(denied) => {
                self.enter_decision(session, channel, &judged, "deny", &denied.rules).await?;
                Ok(Step::Refused(self.explain(session, &judged, &denied)))
            }
        }
    }

    /// Asks the policies, with everything that decides read afresh.
    pub(super) async fn ask(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        target: &Target,
        account: &str,
        judged: &Judged,
        quorums: &BTreeSet<String>,
    ) -> Result<Verdict, RoadError> {
        let circumstances = self.circumstances(who, person, target, account).await?;
        let setting = self.setting(who, person, target, account, judged, quorums).under(circumstances);
        Ok(self.policies().judge(&setting.question(judged)))
    }

    /// Everything that decides about an act besides the act, as if the person had no permit and no device.
    pub(super) fn setting(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        target: &Target,
        account: &str,
        judged: &Judged,
        quorums: &BTreeSet<String>,
    ) -> Setting {
        let now = self.now();
        let (minute_of_day, weekday) = self.local(now);
        Setting {
            person: person.name.clone(),
            groups: person.groups.clone(),
            target: TargetFacts {
                name: target.name.clone(),
                level: target.level,
                labels: target.labels.clone(),
            },
            account: account.to_owned(),
            source: who.source(),
            mfa_age_seconds: who.mfa_age(now.seconds()),
            minute_of_day,
            weekday,
            granted: false,
            emergency: false,
            device_bound: false,
            duration_seconds: judged.duration_seconds,
            quorums: quorums.clone(),
        }
    }

    async fn enter_decision(
        &self,
        session: &Session,
        channel: u32,
        judged: &Judged,
        verdict: &str,
        rules: &[Rule],
    ) -> Result<(), RoadError> {
        if judged.is_entered(verdict == "allow") {
            self.note(self.decision(session, channel, judged, verdict, rules, None)).await?;
        }
        Ok(())
    }

    pub(super) fn decision(
        &self,
        session: &Session,
        channel: u32,
        judged: &Judged,
        verdict: &str,
        rules: &[Rule],
        request: Option<RequestId>,
    ) -> Event {
        Event::Decision {
            session: session.id().to_string(),
            channel,
            act: judged.act.to_string(),
            text: session.blind().commit("text", &judged.text),
            effects: judged.effect_words(),
            verdict: verdict.to_owned(),
            rules: rules.iter().map(|rule| rule.id.clone()).collect(),
            policy: self.policies().version().to_owned(),
            request: request.map(|id| id.0),
            permit: None,
        }
    }

    /// A refused person learns that it was refused, why, and whom to ask.
    pub(super) fn explain(&self, session: &Session, judged: &Judged, denied: &policy::Denied) -> Refusal {
        let target = session.target_name();
        let gated = session.target().level != Level::Recorded;
        if let Some(obstacle) = judged.analysis.as_ref().and_then(Analysis::obstacle).filter(|_| gated) {
            return self.refusal(&text::NOT_UNDERSTOOD, &[("what", &obstacle.to_string())]);
        }
        match judged.act {
            Act::Shell if gated => self.refusal(&text::NO_SHELL, &[("target", target)]),
            Act::Sftp if gated => self.refusal(&text::NO_SFTP, &[("target", target)]),
            _ => {
                let rules: Vec<_> = denied.rules.iter().map(|rule| rule.id.as_str()).collect();
                let rule = if rules.is_empty() { "default".to_owned() } else { rules.join(", ") };
                let what = judged.what();
                let values =
                    [("what", &*what), ("target", target), ("rule", &rule), ("reason", &denied.reason)];
                self.refusal(&text::DENIED, &values)
            }
        }
    }
}
