//! Runbooks: approved once, run many times for a while, each run judged by itself with the approvals that hold then.

use std::collections::BTreeSet;

use identity::VerifiedIdentity;
use policy::{Analysis, Effect, Verdict};

use super::Road;
use super::acts::Step;
use super::asking::{Wish, covers};
use super::grant::Grant;
use super::judged::Judged;
use super::permits::Live;
use super::sessions::Session;
use crate::ask::{Ask, ShellLine};
use crate::desk_command::{self, RunbookWanted, Where};
use crate::entry::Event;
use crate::error::RoadError;
use crate::model::{PermitKind, Person};
use crate::runbook::{Runbook, RunbookError};
use crate::statement::visible;
use crate::terms::Terms;
use crate::text;

/// A line that asks for a run: the command `runbook`, which the gateway keeps for itself.
pub(super) struct Run {
    name: String,
    values: Vec<String>,
}

impl Run {
    /// Reads `runbook NAME key=value…`; none when the line is another command.
    pub fn asked(ask: &Ask) -> Option<Self> {
        let line = match ask {
            Ask::Exec(text) => std::str::from_utf8(text).ok()?,
            Ask::Line(line) => &line.text,
            Ask::Shell | Ask::Sftp | Ask::File(_) | Ask::Forward(_) | Ask::Statement(_) => return None,
        };
        let mut words = desk_command::split(line).ok()?.into_iter();
        (words.next()? == "runbook").then_some(())?;
        Some(Self { name: words.next().unwrap_or_default(), values: words.collect() })
    }
}

impl Road {
    /// Asks for runs of a script for a time. Returns what the person is told.
    pub async fn request_runbook(
        &self,
        who: &VerifiedIdentity,
        wanted: &RunbookWanted,
        script: &[u8],
    ) -> Result<String, RoadError> {
        let person = self.person_now(who).await?;
        let groups = wanted.groups.iter().cloned().collect();
        let runbook = Runbook::new(&wanted.name, script, &wanted.params, groups);
        let runbook = runbook.map_err(|wrong| self.wrong_runbook(&wanted.name, &wrong))?;
        let effects = self.example_effects(&runbook)?;
        let place = Where { target: wanted.target.clone(), labels: wanted.labels.clone() };
        let (scope, targets) = self.place(&place).await?;
        let (account, targets) = self.with_account(targets, Some(&wanted.account)).await?;
        let level = self.one_level(&targets)?;
        let terms = Terms {
            account: Some(account),
            asked: self.as_asked(who).await?,
            covers: covers(&targets),
            duration_seconds: wanted.seconds,
            level: Some(level),
            reason: wanted.because.text(),
            runbook: Some(runbook),
            scope,
            session: None,
            ticket: wanted.ticket.clone(),
        };
        self.wish(&person, Wish { kind: PermitKind::Runbook, terms, targets, effects }).await
    }

    /// What it does with some values. What nobody can read would never run, so it is not even asked for.
    fn example_effects(&self, runbook: &Runbook) -> Result<BTreeSet<String>, RoadError> {
        let analysis = runbook.example().analysis(self.policies().table());
        if let Some(obstacle) = analysis.obstacle() {
            return Err(self.refusal(&text::NOT_UNDERSTOOD, &[("what", &obstacle.to_string())]).into());
        }
        Ok(analysis.effects().iter().map(Effect::to_string).collect())
    }

    /// Judges a run: exactly the approved script, its values quoted, with the quorums that its approvals meet now.
    pub(super) async fn run_runbook(
        &self,
        session: &Session,
        person: &Person,
        channel: u32,
        ask: &Ask,
        run: &Run,
    ) -> Result<Step, RoadError> {
        let (live, runbook) = self.runbook_for(session, person, &run.name).await?;
        let line = runbook.with(&run.values).map_err(|wrong| self.wrong_runbook(&run.name, &wrong))?;
        let line = Ask::Line(in_place_of(ask, line));
        let mut judged = Judged::of(&line, session.target().level, self.policies().table());
        judged.text = ask.text();
        if let Some(obstacle) = judged.analysis.as_ref().and_then(Analysis::obstacle) {
            return Err(self.refusal(&text::NOT_UNDERSTOOD, &[("what", &obstacle.to_string())]).into());
        }
        let (who, target, account) = (session.who(), session.target(), session.account());
        let verdict = self.ask(who, person, target, account, &judged, &live.quorums).await?;
        let word = if matches!(verdict, Verdict::Allow(_)) { "allow" } else { "deny" };
        let mut decision = self.decision(session, channel, &judged, word, verdict.rules(), None);
        if let Event::Decision { permit, .. } = &mut decision {
            *permit = Some(live.permit.id.0);
        }
        self.note(decision).await?;
        let number = live.permit.id.to_string();
        let effects: Vec<_> = judged.effect_words().into_iter().collect();
        let values = [("name", &*runbook.name), ("permit", &number), ("effects", &effects.join(", "))];
        match verdict {
            Verdict::Allow(allowed) => {
                let told = self.say(&text::RUNBOOK_APPROVED, &values);
                Ok(Step::Run(Grant::approved(&judged, &allowed, told)))
            }
            Verdict::Hold(_) => Err(self.refusal(&text::RUNBOOK_NOT_ENOUGH, &values).into()),
            Verdict::Deny(denied) => Ok(Step::Refused(self.explain(session, &judged, &denied))),
        }
    }

    /// The runbook of that name, or of that permit's number, that this person may run here now.
    async fn runbook_for(
        &self,
        session: &Session,
        person: &Person,
        name: &str,
    ) -> Result<(Live, Runbook), RoadError> {
        let mut found = Vec::new();
        for mut live in self.live(|permit| permit.kind == PermitKind::Runbook).await? {
            let called = |terms: &Terms| terms.runbook.as_ref().is_some_and(|runbook| runbook.name == name);
            let named = live.permit.id.to_string() == name || called(&live.terms);
            if named && may_run(person, &live) && self.covers(&live, session.target(), session.account()) {
                // Whoever runs it is not one of those who vouch for it.
                if let Some(quorums) = self.approvals_of(&live.permit, &person.id).await? {
                    live.quorums = quorums;
                    found.push(live);
                }
            }
        }
        let shown = visible(name);
        let digest = |live: &Live| live.terms.runbook.as_ref().map(|runbook| runbook.sha256.clone());
        let scripts: BTreeSet<_> = found.iter().map(digest).collect();
        if scripts.len() > 1 {
            let permits: Vec<_> = found.iter().map(|live| live.permit.id.to_string()).collect();
            let values = [("name", &*shown), ("permits", &permits.join(", "))];
            return Err(self.refusal(&text::SEVERAL_RUNBOOKS, &values).into());
        }
        let none = || RoadError::from(self.refusal(&text::NO_RUNBOOK, &[("name", &shown)]));
        let live = found.pop().ok_or_else(none)?;
        let runbook = live.terms.runbook.clone().filter(Runbook::is_whole).ok_or_else(none)?;
        Ok((live, runbook))
    }

    fn wrong_runbook(&self, name: &str, wrong: &RunbookError) -> RoadError {
        let values = [("name", &*visible(name)), ("why", &wrong.to_string())];
        self.refusal(&text::RUNBOOK_WRONG, &values).into()
    }
}

fn may_run(person: &Person, live: &Live) -> bool {
    live.holder.id == person.id || !live.terms.groups().is_disjoint(&person.groups)
}

/// The script's line where the managed shell stands, with nothing of that shell's own variables.
fn in_place_of(ask: &Ask, line: ShellLine) -> ShellLine {
    match ask {
        Ask::Line(shell) => ShellLine { directory: shell.directory.clone(), umask: shell.umask, ..line },
        _ => line,
    }
}
