//! Whether somebody who is connected over SSH may still be.

use access::road::{Session, Standing};

use super::connection::Connection;
use super::login::Guest;
use crate::pulse::Watched;

impl Connection {
    /// Waits until this connection may not go on, and says why. Warnings are told meanwhile.
    pub(super) async fn barred(&self) -> String {
        let mut pulse = self.pulse.clone();
        let mut watched = Watched::default();
        loop {
            let beat = pulse.next().await;
            let session = self.open_session();
            let due = watched.is_due(beat, session.map(Session::id));
            let Some(guest) = self.guest().filter(|_| due) else { continue };
            match watched.heed(self.stands(guest).await) {
                Ok(warning) => drop(warning.map(|line| self.inform(&line))),
                Err(why) => return why,
            }
            watched.plan(&self.road, beat, self.open_session()).await;
        }
    }

    async fn stands(&self, guest: &Guest) -> Standing {
        match (self.open_session(), guest.who()) {
            (Some(session), _) => self.road.standing(session).await,
            (None, Some(who)) => self.road.desk_standing(who).await,
            (None, None) => Standing::Stays,
        }
    }
}
