//! An act on its way: analysed, judged, put on the record, and only then allowed to start.

use std::collections::BTreeSet;

use identity::VerifiedIdentity;
use policy::{Act, Analysis, Level, Question, Rule, TargetFacts, Verdict};

use super::Road;
use super::holds::Pending;
use super::sessions::Session;
use crate::entry::Event;
use crate::error::{Refusal, RoadError};
use crate::model::{Person, RequestId, Target};
use crate::text;

/// What a channel asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// An interactive shell.
    Shell,
    /// A command, byte for byte as the client sent it.
    Exec(Vec<u8>),
    /// The SFTP subsystem.
    Sftp,
}

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

/// Permission to start one act, once. Taken by value by whatever starts it; only the road makes one.
///
/// ```compile_fail
/// let forged = access::Grant { start: access::Start::Shell, approvals: None };
/// ```
#[derive(Debug)]
#[must_use]
pub struct Grant {
    start: Start,
    approvals: Option<String>,
}

/// What to send to the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// A shell request.
    Shell,
    /// An exec request with exactly this text.
    Exec {
        /// The text.
        text: Vec<u8>,
        /// Whether the command's standard input ends at once.
        close_stdin: bool,
    },
    /// The SFTP subsystem.
    Sftp,
}

impl Grant {
    pub(super) fn allowed(judged: &Judged) -> Self {
        Self { start: judged.start(false), approvals: None }
    }

    pub(super) fn approved(judged: &Judged, approvals: String) -> Self {
        Self { start: judged.start(judged.closes_stdin()), approvals: Some(approvals) }
    }

    /// The line that tells who approved, if anyone had to.
    pub fn approvals(&self) -> Option<&str> {
        self.approvals.as_deref()
    }

    /// Spends the grant.
    pub fn into_start(self) -> Start {
        self.start
    }
}

/// An act with what is known of it: the facts that policy sees, and what would be run.
pub(super) struct Judged {
    pub act: Act,
    pub text: Vec<u8>,
    pub run: Vec<u8>,
    pub analysis: Option<Analysis>,
}

impl Judged {
    /// An act that has no text.
    pub fn bare(act: Act) -> Self {
        Self { act, text: Vec::new(), run: Vec::new(), analysis: None }
    }

    /// Analyses what was asked. Where commands are gated only the regenerated text can ever run.
    pub fn of(ask: &Ask, level: Level) -> Self {
        match ask {
            Ask::Shell => Self::bare(Act::Shell),
            Ask::Sftp => Self::bare(Act::Sftp),
            Ask::Exec(text) => {
                let analysis = Analysis::of_command(text);
                let run = match level {
                    Level::Recorded => text.clone(),
                    _ => analysis.run().unwrap_or_default().as_bytes().to_vec(),
                };
                Self { act: Act::Exec, text: text.clone(), run, analysis: Some(analysis) }
            }
        }
    }

    /// The same act, analysed afresh.
    pub fn again(&self, level: Level) -> Self {
        match self.act {
            Act::Exec => Self::of(&Ask::Exec(self.text.clone()), level),
            act => Self::bare(act),
        }
    }

    pub fn understood(&self) -> bool {
        self.analysis.as_ref().is_none_or(Analysis::understood)
    }

    pub fn effects(&self) -> BTreeSet<policy::Effect> {
        self.analysis.as_ref().map(|analysis| analysis.effects().clone()).unwrap_or_default()
    }

    pub fn effect_words(&self) -> BTreeSet<String> {
        self.effects().iter().map(ToString::to_string).collect()
    }

    pub fn programs(&self) -> Vec<Vec<String>> {
        let programs = self.analysis.iter().flat_map(|analysis| analysis.programs());
        programs.map(|program| program.argv.clone()).collect()
    }

    fn program_names(&self) -> BTreeSet<String> {
        self.analysis.as_ref().map(Analysis::program_names).unwrap_or_default()
    }

    /// A program that we do not know, or that takes commands, could be told anything on its standard input after
    /// people have signed. What was not signed must not reach it.
    pub fn closes_stdin(&self) -> bool {
        let effects = self.effects();
        effects.contains(&policy::Effect::Unknown) || effects.contains(&policy::Effect::ShellEscape)
    }

    fn start(&self, close_stdin: bool) -> Start {
        match self.act {
            Act::Shell => Start::Shell,
            Act::Sftp => Start::Sftp,
            _ => Start::Exec { text: self.run.clone(), close_stdin },
        }
    }

    fn what(&self) -> String {
        let shown = match self.act {
            Act::Exec => String::from_utf8_lossy(&self.text).into_owned(),
            act => act.to_string(),
        };
        crate::statement::visible(&shown)
    }
}

impl Road {
    /// Judges what a channel asks for. The decision is on the record before this returns.
    pub async fn submit(&self, session: &Session, channel: u32, ask: Ask) -> Step {
        match self.try_submit(session, channel, ask).await {
            Ok(step) => step,
            Err(fault) => Step::Refused(self.tell(&fault)),
        }
    }

    async fn try_submit(&self, session: &Session, channel: u32, ask: Ask) -> Result<Step, RoadError> {
        self.recorder_works()?;
        let person = self.still_there(session).await?;
        let judged = Judged::of(&ask, session.target().level);
        let nobody = BTreeSet::new();
        match self.ask(session.who(), &person, session.target(), session.account(), &judged, &nobody) {
            Verdict::Allow(allowed) => {
                self.enter_decision(session, channel, &judged, "allow", &allowed.rules).await?;
                Ok(Step::Run(Grant::allowed(&judged)))
            }
            Verdict::Hold(held) => {
                let pending = self.hold(session, channel, judged, &held).await?;
                Ok(Step::Held(Box::new(pending)))
            }
            Verdict::Deny(denied) => {
                self.enter_decision(session, channel, &judged, "deny", &denied.rules).await?;
                Ok(Step::Refused(self.explain(session, &judged, &denied)))
            }
        }
    }

    /// The one place that asks the policies, for every act on every door.
    pub(super) fn ask(
        &self,
        who: &VerifiedIdentity,
        person: &Person,
        target: &Target,
        account: &str,
        judged: &Judged,
        quorums: &BTreeSet<String>,
    ) -> Verdict {
        let now = self.now();
        let (minute_of_day, weekday) = self.local(now);
        self.policies().judge(&Question {
            person: person.name.clone(),
            groups: person.groups.clone(),
            act: judged.act,
            target: TargetFacts {
                name: target.name.clone(),
                level: target.level,
                labels: target.labels.clone(),
            },
            account: account.to_owned(),
            understood: judged.understood(),
            effects: judged.effects(),
            programs: judged.program_names(),
            source: who.source(),
            mfa_age_seconds: who.mfa_age(now.seconds()),
            minute_of_day,
            weekday,
            quorums: quorums.clone(),
        })
    }

    async fn enter_decision(
        &self,
        session: &Session,
        channel: u32,
        judged: &Judged,
        verdict: &str,
        rules: &[Rule],
    ) -> Result<(), RoadError> {
        self.note(self.decision(session, channel, judged, verdict, rules, None)).await?;
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
        }
    }

    /// A refused person learns that it was refused, why, and whom to ask.
    fn explain(&self, session: &Session, judged: &Judged, denied: &policy::Denied) -> Refusal {
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
