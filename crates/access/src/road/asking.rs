//! Asking for what lasts: access, runs of a script, looks at a recording. Judged for every target that it would cover.

use std::collections::{BTreeMap, BTreeSet};

use identity::VerifiedIdentity;
use policy::{Act, Quorum, Rule, Verdict};

use super::Road;
use super::permits::act_of;
use super::sessions::labels;
use super::unattended::Draft;
use crate::desk_command::{AccessWanted, Where};
use crate::entry::Event;
use crate::error::RoadError;
use crate::model::{PermitKind, Person, RequestKind, Target};
use crate::statement::{rfc3339, visible};
use crate::terms::{Asked, Scope, Terms};
use crate::text;

/// Longest time that anything may be asked for, seconds.
const LONGEST: u64 = 90 * 86_400;
const SHORTEST: u64 = 60;
const LONGEST_REASON: usize = 500;
const LONGEST_TICKET: usize = 100;

/// What somebody wants, with the targets that it would cover now.
pub(super) struct Wish {
    pub kind: PermitKind,
    pub terms: Terms,
    pub targets: Vec<Target>,
    /// What it would do.
    pub effects: BTreeSet<String>,
}

impl Road {
    /// Asks for access for a time. Returns what the person is told.
    pub async fn request_access(
        &self,
        who: &VerifiedIdentity,
        wanted: &AccessWanted,
    ) -> Result<String, RoadError> {
        let person = self.person_now(who).await?;
        let (scope, targets) = self.place(&wanted.place).await?;
        let (account, targets) = self.with_account(targets, wanted.account.as_deref()).await?;
        let level = self.one_level(&targets)?;
        let terms = Terms {
            account: Some(account),
            asked: self.as_asked(who).await?,
            covers: covers(&targets),
            duration_seconds: wanted.seconds,
            level: Some(level),
            reason: wanted.because.text(),
            runbook: None,
            scope,
            session: None,
            ticket: wanted.ticket.clone(),
        };
        let wish = Wish { kind: PermitKind::Access, terms, targets, effects: BTreeSet::new() };
        self.wish(&person, wish).await
    }

    /// Judges what somebody wants on every target: a permit, a request, or a refusal.
    pub(super) async fn wish(&self, person: &Person, wish: Wish) -> Result<String, RoadError> {
        self.bounded(&wish.terms)?;
        match self.held_by(person, &wish).await? {
            None => {
                let permit = self.begin_permit(wish.kind, None, person, &wish.terms).await?;
                Ok(self.permit_line(&permit))
            }
            Some(quorums) => self.hold_wish(person, wish, &quorums).await,
        }
    }

    /// The quorums that each of its targets is held for; none when nobody needs to sign.
    async fn held_by(&self, person: &Person, wish: &Wish) -> Result<Option<Vec<Quorum>>, RoadError> {
        let mut common: Option<Vec<Quorum>> = None;
        for target in &wish.targets {
            match self.judge_terms(act_of(wish.kind), &wish.terms, person, target, &BTreeSet::new()) {
                Verdict::Allow(_) => {}
                Verdict::Deny(denied) => {
                    return Err(self
                        .refuse_at_desk(person, act_of(wish.kind), target, (&denied.rules, &denied.reason))
                        .await);
                }
                Verdict::Hold(held) => {
                    let also = |quorum: &Quorum| held.quorums.iter().any(|other| other.name == quorum.name);
                    common = Some(match common {
                        None => held.quorums,
                        Some(before) => before.into_iter().filter(also).collect(),
                    });
                }
            }
        }
        match common {
            Some(quorums) if quorums.is_empty() => Err(self.refusal(&text::NO_COMMON_QUORUM, &[]).into()),
            common => Ok(common),
        }
    }

    /// A refusal on the record, that says by what and why.
    pub(super) async fn refuse_at_desk(
        &self,
        person: &Person,
        act: Act,
        target: &Target,
        (rules, reason): (&[Rule], &str),
    ) -> RoadError {
        let act = act.to_string();
        let refused = Event::Refusal {
            session: None,
            person: person.id.0.clone(),
            what: format!("{act} on {}", target.name),
        };
        if let Err(fault) = self.note(refused).await {
            return fault;
        }
        let rules: Vec<_> = rules.iter().map(|rule| rule.id.as_str()).collect();
        let rule = if rules.is_empty() { "default".to_owned() } else { rules.join(", ") };
        let values = [("what", &*act), ("target", &target.name), ("rule", &rule), ("reason", reason)];
        self.refusal(&text::DENIED, &values).into()
    }

    async fn hold_wish(&self, person: &Person, wish: Wish, quorums: &[Quorum]) -> Result<String, RoadError> {
        let target = match &wish.terms.scope {
            Scope::Target(name) => name.clone(),
            Scope::Labels(_) => String::new(),
        };
        let request = self
            .ask_for(
                person,
                Draft {
                    kind: asked_as(wish.kind),
                    target,
                    account: wish.terms.account.clone().unwrap_or_default(),
                    run: self.summary(&wish),
                    terms: serde_json::to_value(&wish.terms).unwrap_or_default(),
                    effects: wish.effects,
                    quorums: quorums.iter().map(|quorum| quorum.name.clone()).collect(),
                    lasts_seconds: quorums.iter().map(|quorum| quorum.expires_seconds).min().unwrap_or(0),
                    sealed: None,
                },
            )
            .await?;
        let mut needs = Vec::new();
        for quorum in quorums {
            needs.push(self.needs(quorum, &person.id.0).await?);
        }
        let values = [
            ("request", &*request.id.to_string()),
            ("summary", &visible(&request.run)),
            ("needs", &needs.join(" / ")),
            ("until", &rfc3339(request.expires)),
        ];
        Ok(self.say(&text::ASKED, &values))
    }

    /// In words, for approvers: what, where, as whom, for how long and why.
    fn summary(&self, wish: &Wish) -> String {
        let terms = &wish.terms;
        let names: Vec<_> =
            wish.targets.iter().map(|target| format!("{} ({})", target.name, labels(target))).collect();
        let line = match wish.kind {
            PermitKind::Access | PermitKind::Emergency => &text::SUMMARY_ACCESS,
            PermitKind::Runbook => &text::SUMMARY_RUNBOOK,
            PermitKind::Replay => &text::SUMMARY_REPLAY,
        };
        let runbook = terms.runbook.as_ref();
        self.say(
            line,
            &[
                ("where", &names.join("; ")),
                ("account", terms.account.as_deref().unwrap_or_default()),
                ("level", terms.level.as_deref().unwrap_or_default()),
                ("span", &span(terms.duration_seconds)),
                ("session", terms.session.as_deref().unwrap_or_default()),
                ("name", runbook.map_or("", |runbook| &runbook.name)),
                ("sha256", runbook.map_or("", |runbook| &runbook.sha256)),
                ("script", runbook.map_or("", |runbook| &runbook.script)),
                ("reason", &terms.reason),
                ("ticket", terms.ticket.as_deref().unwrap_or("-")),
            ],
        )
    }

    /// The targets of a place: at least one.
    pub(super) async fn place(&self, place: &Where) -> Result<(Scope, Vec<Target>), RoadError> {
        let scope = match &place.target {
            Some(name) => Scope::Target(name.clone()),
            None => Scope::Labels(place.labels.iter().cloned().collect()),
        };
        let mut targets = self.store().targets().await?;
        targets.retain(|target| scope.covers(target));
        if targets.is_empty() {
            let scope = visible(&scope.to_string());
            return Err(self.refusal(&text::NOWHERE, &[("scope", &scope)]).into());
        }
        Ok((scope, targets))
    }

    /// The targets that have the account. Without one, the only one that there is.
    pub(super) async fn with_account(
        &self,
        targets: Vec<Target>,
        account: Option<&str>,
    ) -> Result<(String, Vec<Target>), RoadError> {
        let mut by_login: BTreeMap<String, Vec<Target>> = BTreeMap::new();
        for target in targets {
            for found in self.store().accounts(&target.name).await? {
                by_login.entry(found.login).or_default().push(target.clone());
            }
        }
        by_login.retain(|login, _| account.is_none_or(|wanted| wanted == login));
        let logins: Vec<_> = by_login.keys().cloned().collect();
        match (by_login.pop_first(), by_login.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(self.refusal(&text::WHICH_ACCOUNT, &[("accounts", &logins.join(", "))]).into()),
        }
    }

    /// Approvers weigh one level: what is enforced must not differ from target to target.
    pub(super) fn one_level(&self, targets: &[Target]) -> Result<String, RoadError> {
        let levels: BTreeSet<_> = targets.iter().map(|target| target.level.as_str()).collect();
        match (levels.first(), levels.len()) {
            (Some(level), 1) => Ok((*level).to_owned()),
            _ => Err(self.refusal(&text::SEVERAL_LEVELS, &[]).into()),
        }
    }

    pub(super) async fn as_asked(&self, who: &VerifiedIdentity) -> Result<Asked, RoadError> {
        let now = self.now().seconds();
        Ok(Asked {
            at: now,
            device_bound: self.is_device_bound(who).await?,
            mfa_age_seconds: who.mfa_age(now),
            source: who.source(),
        })
    }

    /// Refuses what nobody could weigh: no reason, too long a text, too long a time.
    pub(super) fn bounded(&self, terms: &Terms) -> Result<(), RoadError> {
        let why = terms.reason.trim();
        let ticket = terms.ticket.as_deref().unwrap_or_default();
        let lines = why.chars().chain(ticket.chars()).any(char::is_control);
        if lines || why.is_empty() || why.len() > LONGEST_REASON || ticket.len() > LONGEST_TICKET {
            return Err(self.refusal(&text::REASON_LENGTH, &[]).into());
        }
        if !(SHORTEST..=LONGEST).contains(&terms.duration_seconds) {
            return Err(self.refusal(&text::DURATION_BOUNDS, &[]).into());
        }
        Ok(())
    }
}

fn asked_as(kind: PermitKind) -> RequestKind {
    match kind {
        PermitKind::Access | PermitKind::Emergency => RequestKind::Access,
        PermitKind::Runbook => RequestKind::Runbook,
        PermitKind::Replay => RequestKind::Replay,
    }
}

/// Names and labels of targets.
pub(super) fn covers(targets: &[Target]) -> BTreeMap<String, BTreeMap<String, String>> {
    targets.iter().map(|target| (target.name.clone(), target.labels.clone())).collect()
}

/// `1d 2h 30m`.
pub(super) fn span(seconds: u64) -> String {
    let parts =
        [(seconds / 86_400, 'd'), (seconds / 3600 % 24, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    let shown: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    shown.join(" ")
}
