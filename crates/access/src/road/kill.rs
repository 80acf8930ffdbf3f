//! Ending somebody's session: one's own, or anybody's for who looks after people.

use identity::VerifiedIdentity;
use recording::SessionId;

use super::Road;
use crate::announcement::Announcement;
use crate::blind::sha256_hex;
use crate::entry::Event;
use crate::error::RoadError;
use crate::model::{Outcome, Person, Record, SessionRow};
use crate::statement::visible;
use crate::text;

impl Road {
    /// Ends a running session within a second, on whichever node it is. Nobody else is asked.
    pub async fn kill(
        &self,
        who: &VerifiedIdentity,
        id: &SessionId,
        reason: &str,
    ) -> Result<String, RoadError> {
        let person = self.person_now(who).await?;
        let row = self.store().session(id).await?.filter(|row| self.may_end(&person, row));
        let shown = id.to_string();
        let row = row.ok_or_else(|| self.refusal(&text::NO_SESSION, &[("session", &shown)]))?;
        if row.closed.is_some() {
            return Err(self.refusal(&text::SESSION_OVER_ALREADY, &[("session", &shown)]).into());
        }
        self.enter_kill(&person, &row, reason).await?;
        self.store().close_session(id, self.now(), Outcome::Ended).await?;
        self.store().stir().await?;
        self.announce(Announcement::SessionKilled {
            session: shown.clone(),
            person: row.person_name.clone(),
            target: row.target.clone(),
            by: person.name.clone(),
        })
        .await;
        let values = [("session", &*shown), ("person", &row.person_name), ("target", &row.target)];
        Ok(self.say(&text::SESSION_KILLED, &values))
    }

    /// The reason is kept beside the ledger, which holds its digest.
    async fn enter_kill(&self, by: &Person, row: &SessionRow, reason: &str) -> Result<(), RoadError> {
        let content = serde_json::json!({ "by": by.name, "reason": visible(reason) }).to_string();
        let digest = sha256_hex(content.as_bytes());
        let (kind, id) = ("kill".to_owned(), row.id.to_string());
        self.store().keep_record(&Record { kind, id, digest: digest.clone(), content }).await?;
        self.note(Event::Killed { session: row.id.to_string(), by: by.id.0.clone(), reason: digest }).await?;
        Ok(())
    }

    fn may_end(&self, person: &Person, row: &SessionRow) -> bool {
        row.person == person.id || self.may_end_any(person)
    }

    /// Whether this person may see and end everybody's sessions.
    pub(super) fn may_end_any(&self, person: &Person) -> bool {
        person.groups.contains(SECURITY)
    }
}

/// The group of those who look after people.
const SECURITY: &str = "security-administrators";
