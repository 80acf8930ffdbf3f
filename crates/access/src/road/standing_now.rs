//! Whether somebody who is connected may still be: asked again and again while the connection lasts.

use std::sync::{MutexGuard, PoisonError};

use identity::VerifiedIdentity;

use super::Road;
use super::sessions::Session;
use crate::error::RoadError;
use crate::model::Timestamp;
use crate::text;

/// How a connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Standing {
    /// It may go on.
    Stays,
    /// It may go on for a while; the person is told this.
    Warn(String),
    /// It ends now, with this as the reason.
    Ends(String),
}

impl Road {
    /// Whether a session may go on: nobody has ended it, and what let it begin is still so.
    pub async fn standing(&self, session: &Session) -> Standing {
        let standing = self.try_standing(session).await;
        self.stood(standing)
    }

    /// Whether somebody who came in without a session may stay.
    pub async fn desk_standing(&self, who: &VerifiedIdentity) -> Standing {
        let standing = self.person_present(who).await.map(|_| Standing::Stays);
        self.stood(standing)
    }

    async fn try_standing(&self, session: &Session) -> Result<Standing, RoadError> {
        if session.is_over() {
            return Ok(Standing::Stays);
        }
        let row = self.store().session(&session.id()).await?;
        if row.is_some_and(|row| row.closed.is_some()) {
            return Ok(Standing::Ends(self.say(&text::SESSION_ENDED, &[])));
        }
        let person = self.person_present(session.who()).await?;
        self.place_unchanged(session).await?;
        self.permit_standing(session, &person).await
    }

    fn stood(&self, standing: Result<Standing, RoadError>) -> Standing {
        let standing = match standing {
            Ok(standing) => standing,
            Err(RoadError::Refused(refusal)) => Standing::Ends(refusal.to_string()),
            Err(fault) => {
                tracing::warn!(%fault, "it cannot be told whether somebody may still be here");
                return self.while_silent();
            }
        };
        *self.silent_since() = None;
        match standing {
            Standing::Ends(why) => self.ends(&why),
            standing => standing,
        }
    }

    /// A store that does not answer ends nothing at once: nothing new is let through while it does not. But whom it would
    /// have sent away does not stay longer than the grace.
    fn while_silent(&self) -> Standing {
        let now = self.now();
        let since = *self.silent_since().get_or_insert(now);
        match now < since.plus_seconds(self.settings().grace_seconds) {
            true => Standing::Stays,
            false => self.ends(&self.say(&text::GRACE_OVER, &[])),
        }
    }

    fn ends(&self, why: &str) -> Standing {
        Standing::Ends(self.say(&text::CONNECTION_ENDS, &[("why", why)]))
    }

    fn silent_since(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.0.silent_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
