//! An act on its way: analysed, judged, put on the record, and only then allowed to start.

use std::collections::BTreeSet;

use identity::VerifiedIdentity;
use policy::{
    Act, Allowed, Analysis, FileFacts, FileOperation, Level, Obligations, Question, Rule, TargetFacts,
    Verdict,
};

use super::Road;
use super::holds::Pending;
use super::sessions::Session;
use crate::ask::{Ask, Forwarding};
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

/// Permission to start one act, once. Taken by value by whatever starts it; only the road makes one.
///
/// ```compile_fail
/// let forged = access::Grant { start: access::Start::Sftp, approvals: None, obligations: Default::default() };
/// ```
#[derive(Debug)]
#[must_use]
pub struct Grant {
    start: Start,
    approvals: Option<String>,
    obligations: Obligations,
}

/// What to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// A shell request to the target.
    Shell,
    /// The gateway's own shell, whose lines are each asked for.
    ManagedShell,
    /// An exec request with exactly this text.
    Exec {
        /// The text.
        text: Vec<u8>,
        /// Whether the command's standard input ends at once.
        close_stdin: bool,
    },
    /// SFTP, whose operations are each asked for.
    Sftp,
    /// Exactly this operation.
    File(FileOperation),
    /// Exactly this forwarding.
    Forward(Forwarding),
}

impl Grant {
    pub(super) fn allowed(judged: &Judged, allowed: &Allowed) -> Self {
        Self { start: judged.start(false), approvals: None, obligations: allowed.obligations() }
    }

    pub(super) fn approved(judged: &Judged, allowed: &Allowed, approvals: String) -> Self {
        let start = judged.start(judged.closes_stdin());
        Self { start, approvals: Some(approvals), obligations: allowed.obligations() }
    }

    /// The line that tells who approved, if anyone had to.
    pub fn approvals(&self) -> Option<&str> {
        self.approvals.as_deref()
    }

    /// What must be seen to while it runs.
    pub fn obligations(&self) -> Obligations {
        self.obligations
    }

    /// What it permits, to see who has to start it.
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// Spends the grant.
    pub fn into_start(self) -> Start {
        self.start
    }
}

/// An act with what is known of it: the facts that policy sees, and what would be run.
pub(super) struct Judged {
    /// None for what no channel asks: opening the session itself.
    ask: Option<Ask>,
    level: Level,
    pub act: Act,
    pub text: Vec<u8>,
    pub run: Vec<u8>,
    pub analysis: Option<Analysis>,
}

impl Judged {
    /// Opening the session.
    pub fn connecting(level: Level) -> Self {
        Self { ask: None, level, act: Act::Connect, text: Vec::new(), run: Vec::new(), analysis: None }
    }

    /// Analyses what was asked. Where commands are gated only the regenerated text can ever run.
    pub fn of(ask: &Ask, level: Level) -> Self {
        let (text, analysis) = (ask.text(), ask.analysis());
        let regenerated = analysis.as_ref().and_then(Analysis::run).unwrap_or_default();
        let run = match ask {
            Ask::Exec(text) if level == Level::Recorded => text.clone(),
            Ask::Line(line) => line.run(regenerated).into_bytes(),
            Ask::Exec(_) => regenerated.as_bytes().to_vec(),
            _ => text.clone(),
        };
        Self { ask: Some(ask.clone()), level, act: ask.act(), text, run, analysis }
    }

    /// The same act, analysed afresh.
    pub fn again(&self, level: Level) -> Self {
        self.ask.as_ref().map_or_else(|| Self::connecting(level), |ask| Self::of(ask, level))
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

    /// Where it starts: a directory, or `login`.
    pub fn directory(&self) -> &str {
        self.ask.as_ref().map_or("login", Ask::directory)
    }

    /// The argument lists that would run. An operation on files starts no program.
    pub fn programs(&self) -> Vec<Vec<String>> {
        let programs = self.commands().into_iter().flat_map(Analysis::programs);
        programs.map(|program| program.argv.clone()).collect()
    }

    fn program_names(&self) -> BTreeSet<String> {
        self.commands().map(Analysis::program_names).unwrap_or_default()
    }

    fn commands(&self) -> Option<&Analysis> {
        self.analysis.as_ref().filter(|_| self.act == Act::Exec)
    }

    /// A program that we do not know, or that takes commands, could be told anything on its standard input after
    /// people have signed. What was not signed must not reach it.
    pub fn closes_stdin(&self) -> bool {
        let effects = self.effects();
        effects.contains(&policy::Effect::Unknown) || effects.contains(&policy::Effect::ShellEscape)
    }

    fn start(&self, close_stdin: bool) -> Start {
        match &self.ask {
            Some(Ask::Shell) if self.level == Level::Recorded => Start::Shell,
            Some(Ask::Shell) => Start::ManagedShell,
            Some(Ask::Sftp) => Start::Sftp,
            Some(Ask::File(operation)) => Start::File(operation.clone()),
            Some(Ask::Forward(forwarding)) => Start::Forward(forwarding.clone()),
            Some(Ask::Exec(_) | Ask::Line(_)) | None => Start::Exec { text: self.run.clone(), close_stdin },
        }
    }

    fn file(&self) -> Option<FileFacts> {
        let Some(Ask::File(operation)) = &self.ask else { return None };
        let to = operation.to().unwrap_or_default().to_owned();
        Some(FileFacts { path: operation.path().to_owned(), to })
    }

    fn destination(&self) -> Option<policy::Destination> {
        let Some(Ask::Forward(forwarding)) = &self.ask else { return None };
        forwarding.destination().cloned()
    }

    fn is_entered(&self) -> bool {
        self.ask.as_ref().is_none_or(Ask::is_entered)
    }

    fn what(&self) -> String {
        match self.text.is_empty() {
            true => self.act.to_string(),
            false => crate::statement::visible(&String::from_utf8_lossy(&self.text)),
        }
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
                Ok(Step::Run(Grant::allowed(&judged, &allowed)))
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
            touched: judged.analysis.as_ref().map(|analysis| analysis.touched().to_vec()).unwrap_or_default(),
            file: judged.file(),
            destination: judged.destination(),
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
        if judged.is_entered() {
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
