//! Looks at recordings: judged on the target of the session; sensitive ones need the agreement of others, for a time.

use std::collections::BTreeSet;

use identity::VerifiedIdentity;
use policy::{Act, Verdict};
use recording::SessionId;

use super::Road;
use super::asking::{Wish, covers};
use super::judged::Judged;
use crate::desk_command::ReplayWanted;
use crate::entry::Event;
use crate::error::{Refusal, RoadError};
use crate::model::{PermitId, PermitKind, Person, SessionRow, Target};
use crate::statement::rfc3339;
use crate::terms::{Scope, Terms};
use crate::text;

impl Road {
    /// Asks to see one recording for a time. Returns what the person is told.
    pub async fn request_replay(
        &self,
        who: &VerifiedIdentity,
        wanted: &ReplayWanted,
    ) -> Result<String, RoadError> {
        let person = self.person_now(who).await?;
        let (row, target) = self.recorded(&wanted.session).await?;
        let terms = Terms {
            account: Some(row.account),
            asked: self.as_asked(who).await?,
            covers: covers(std::slice::from_ref(&target)),
            duration_seconds: wanted.seconds,
            level: None,
            reason: wanted.because.text(),
            runbook: None,
            scope: Scope::Target(target.name.clone()),
            session: Some(wanted.session.to_string()),
            ticket: None,
        };
        let wish = Wish { kind: PermitKind::Replay, terms, targets: vec![target], effects: BTreeSet::new() };
        self.wish(&person, wish).await
    }

    /// Whether this person may see the recording now. Records nothing: [`Self::note_view`] does, before the first frame.
    pub async fn may_view(&self, who: &VerifiedIdentity, session: &SessionId) -> Result<(), Refusal> {
        self.view_rests_on(who, session).await.map(drop).map_err(|fault| self.tell(&fault))
    }

    /// The permit by which this person may see the recording now; none when they may without one.
    async fn view_rests_on(
        &self,
        who: &VerifiedIdentity,
        session: &SessionId,
    ) -> Result<Option<PermitId>, RoadError> {
        let person = self.person_now(who).await?;
        let (row, target) = self.recorded(session).await?;
        let view = Judged::at_the_desk(Act::ViewReplay, target.level, 0);
        let number = session.to_string();
        let values = [("session", &*number)];
        match self.ask(who, &person, &target, &row.account, &view, &BTreeSet::new()).await? {
            Verdict::Allow(_) => Ok(None),
            Verdict::Hold(_) => {
                let shown = self.shown_by(&person, &row, &target).await?;
                let none = || RoadError::from(self.refusal(&text::REPLAY_NEEDS_PEOPLE, &values));
                shown.map(Some).ok_or_else(none)
            }
            Verdict::Deny(_) => Err(self.refusal(&text::NO_SUCH_SESSION, &values).into()),
        }
    }

    /// The permit of this person that names exactly this session.
    async fn shown_by(
        &self,
        person: &Person,
        row: &SessionRow,
        target: &Target,
    ) -> Result<Option<PermitId>, RoadError> {
        let permits = self.covering(PermitKind::Replay, person, target, &row.account).await?;
        let id = row.id.to_string();
        let shows = permits.iter().find(|live| live.terms.session.as_ref() == Some(&id));
        Ok(shows.map(|live| live.permit.id))
    }

    async fn recorded(&self, session: &SessionId) -> Result<(SessionRow, Target), RoadError> {
        let row = self.store().session(session).await?;
        let number = session.to_string();
        if let Some(at) = self.register().erased(&number) {
            let values = [("session", &*number), ("at", &rfc3339(at))];
            return Err(self.refusal(&text::REPLAY_ERASED, &values).into());
        }
        let target = match &row {
            Some(row) => self.store().target(&row.target).await?,
            None => None,
        };
        let none = || self.refusal(&text::NO_SUCH_SESSION, &[("session", &number)]).into();
        row.zip(target).ok_or_else(none)
    }

    /// Records that a person looks at a recording; durable before the first frame is shown.
    pub async fn note_view(&self, who: &VerifiedIdentity, session: &SessionId) -> Result<(), RoadError> {
        let person = self.person_now(who).await?;
        let permit = self.view_rests_on(who, session).await?.map(|permit| permit.0);
        let (session, person) = (session.to_string(), Some(person.id.0));
        self.note(Event::ReplayViewed { session, by: None, person, permit }).await?;
        Ok(())
    }
}
