//! What a session stands on, as the store has it: remembered for a moment, and never past a change that this process makes.
//! What the clock decides is worked out from the rows at each act.

use std::sync::Arc;

use super::Road;
use super::circumstances::Circumstances;
use super::door_people::Proofs;
use super::sessions::Session;
use crate::error::RoadError;
use crate::model::{Person, Timestamp};
use crate::text;

/// How long rows are believed that somebody else may have changed, another node or a hand in the database: no longer than a
/// running session takes to notice by itself. Microseconds.
const BELIEVED: i64 = 250_000;

/// Rows that let a session go on, read at one moment: the target and the account are what they were, and a notice that has
/// to be accepted is.
pub(super) struct Footing {
    pub person: Person,
    proofs: Proofs,
    /// Whether any permit is theirs; which of them count is asked each time.
    has_permits: bool,
    /// The register's state that the rows were vouched for by; none while one was being written.
    state: Option<u64>,
    since: Timestamp,
}

impl Road {
    /// What the session stands on at this moment, or why it may not go on.
    pub(super) async fn footing(&self, session: &Session) -> Result<Arc<Footing>, RoadError> {
        if session.is_over() {
            return Err(self.refusal(&text::SESSION_OVER, &[]).into());
        }
        match session.footing().filter(|footing| self.still_stands(footing)) {
            Some(footing) => match self.over(&footing.person, session.who(), &footing.proofs) {
                Some(refusal) => Err(refusal.into()),
                None => Ok(footing),
            },
            None => self.find_footing(session).await,
        }
    }

    fn still_stands(&self, footing: &Footing) -> bool {
        let age = self.now().0.saturating_sub(footing.since.0);
        footing.state.is_some() && footing.state == self.register().state() && (0..BELIEVED).contains(&age)
    }

    /// The state and the moment are taken before the first row: what changes while they are read is read again.
    async fn find_footing(&self, session: &Session) -> Result<Arc<Footing>, RoadError> {
        let (state, since) = (self.register().state(), self.now());
        let (person, proofs) = self.present(session.who()).await?;
        self.check_consent(&person).await?;
        self.place_unchanged(session).await?;
        let permits = self.store().live_permits(since).await?;
        let has_permits = permits.iter().any(|permit| permit.holder == person.id);
        let footing = Arc::new(Footing { person, proofs, has_permits, state, since });
        session.stand_on(footing.clone());
        Ok(footing)
    }

    /// What policies may look at of whoever stands there.
    pub(super) async fn circumstances_on(
        &self,
        session: &Session,
        footing: &Footing,
    ) -> Result<Circumstances, RoadError> {
        if footing.has_permits {
            let (who, target) = (session.who(), session.target());
            return self.circumstances(who, &footing.person, target, session.account()).await;
        }
        let device_bound = footing.proofs.are_device_bound();
        Ok(Circumstances { device_bound, ..Circumstances::default() })
    }
}
