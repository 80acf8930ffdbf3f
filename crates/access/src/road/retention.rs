//! Erasing recordings whose time is over. The ledger alone says which those are; where it and the database do not agree on
//! for how long, or the clock is in doubt, nothing is erased. The tombstone is durable before the key goes.

use recording::SessionId;

use super::Road;
use crate::administer::{RETENTION_DAYS, SHORTEST_RETENTION};
use crate::blind::bytes32;
use crate::entry::Event;
use crate::error::RoadError;
use crate::model::Record;
use crate::register::{self, Over, hold_of_person, hold_of_session};

/// Recordings that one sweep erases at most: nothing goes on a large scale before somebody could see it.
const MOST: usize = 32;

/// Recordings with a tombstone that one sweep looks at most: after a start those are all that ever were erased.
const LOOKS: usize = 4096;

impl Road {
    /// Finishes what was begun, then erases what is over. Returns how many recordings.
    pub async fn sweep_recordings(&self) -> Result<usize, RoadError> {
        self.finish_erasures();
        self.mark_the_day().await?;
        if let Some(doubt) = self.register().doubt(self.now()) {
            self.register().find(doubt);
            return Ok(0);
        }
        let Some(days) = self.explained_retention().await? else {
            self.register().find(format!("{RETENTION_DAYS} is not what the ledger says: nothing is erased"));
            return Ok(0);
        };
        let mut erased = 0;
        for over in self.register().over(days, self.now(), MOST) {
            erased += usize::from(self.erase(&over, days).await?);
        }
        Ok(erased)
    }

    /// A tombstone that a crash has left without its effect, or whose key came back.
    fn finish_erasures(&self) {
        for session in self.register().unfinished_erasures(LOOKS) {
            self.take_key(&session);
        }
    }

    /// While nothing else happens one entry a day shows that time went on as it should.
    async fn mark_the_day(&self) -> Result<(), RoadError> {
        let now = self.now();
        if self.register().is_quiet(now) && self.register().doubt(now).is_none() {
            self.note(Event::Quiet {}).await?;
        }
        Ok(())
    }

    /// The days in force; none where the database shows something else than the ledger knows.
    pub(super) async fn explained_retention(&self) -> Result<Option<u32>, RoadError> {
        let shown = self.store().setting(RETENTION_DAYS).await?;
        Ok(match (shown, self.register().digest("setting", RETENTION_DAYS)) {
            (None, None) => Some(SHORTEST_RETENTION),
            (Some(days), Some(digest)) if register::setting(RETENTION_DAYS, &days).digest == digest => {
                days.parse().ok().filter(|days| *days >= SHORTEST_RETENTION)
            }
            _ => None,
        })
    }

    async fn erase(&self, over: &Over, days: u32) -> Result<bool, RoadError> {
        if !self.has_its_key(over) || !self.enter_tombstone(over, days).await? {
            return Ok(false);
        }
        self.take_key(&over.session);
        Ok(true)
    }

    /// A tombstone for a recording that somebody has taken away already would explain what was never allowed.
    fn has_its_key(&self, over: &Over) -> bool {
        let id = &over.session;
        let known = id.parse::<SessionId>().ok().zip(bytes32(&over.key_digest));
        match known.map(|(session, digest)| self.recorder().has_key(&session, &digest)) {
            Some(Ok(true)) => true,
            Some(Err(fault)) => {
                tracing::error!(session = id, %fault, "a recording whose time is over cannot be looked at");
                false
            }
            Some(Ok(false)) | None => {
                self.register()
                    .find(format!("the key of session {id} is not there, and nobody has erased it"));
                self.register().set_aside(id);
                false
            }
        }
    }

    /// Nobody places a hold or changes the days between the last look and the entry: both are claimed. `false`: somebody
    /// was faster.
    async fn enter_tombstone(&self, over: &Over, days: u32) -> Result<bool, RoadError> {
        let rows: [Record; 3] = [
            register::setting(RETENTION_DAYS, &days.to_string()),
            register::setting(&hold_of_session(&over.session), ""),
            register::setting(&hold_of_person(&over.person), ""),
        ];
        let Some(_claimed) = self.register().claim(&[], &rows) else { return Ok(false) };
        if self.register().may_erase(&over.session, days, self.now()).is_err() {
            return Ok(false);
        }
        self.note(Event::Erased { session: over.session.clone(), days }).await?;
        Ok(true)
    }

    /// The tombstone is in the ledger. What fails here is tried again by the next sweep.
    fn take_key(&self, session: &str) {
        let Ok(id) = session.parse() else { return };
        match self.recorder().erase(&id) {
            Ok(()) => self.register().key_is_gone(session),
            Err(fault) => tracing::error!(session, %fault, "the key of an erased recording is still there"),
        }
    }
}
