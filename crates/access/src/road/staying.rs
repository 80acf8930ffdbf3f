//! Requests for statements that nobody waits beside: they outlive their session, and once they are signed the same
//! statement of the same person passes, once, in whichever session it comes.

use super::Road;
use super::holds::{Pending, bind};
use super::judged::Judged;
use super::sessions::Session;
use crate::error::{Refusal, RoadError};
use crate::model::{Request, RequestKind};
use crate::statement::rfc3339;
use crate::text;

impl Road {
    /// The request that waits for exactly this: the digest that people sign is that of this act of this person.
    pub(super) async fn stayed(
        &self,
        session: &Session,
        judged: &Judged,
    ) -> Result<Option<Request>, RoadError> {
        if !judged.stays() {
            return Ok(None);
        }
        let person = session.person();
        for row in self.store().waiting_requests().await? {
            let is_theirs = row.requester == person.id && row.kind == RequestKind::Action;
            if !is_theirs || row.session.is_some() || self.now() >= row.expires {
                continue;
            }
            let digest = bind(&row, &person.name, session.target(), judged).seal().1;
            let is_here = row.target == session.target_name() && row.account == session.account();
            if is_here && digest == row.digest {
                return self.request(row.id).await;
            }
        }
        Ok(None)
    }

    /// The client does not wait any longer, and nobody has said that it does not want the act: what can stay, stays.
    pub async fn leave(&self, pending: Pending) -> Refusal {
        if !pending.stays() {
            return self.abandon(pending).await;
        }
        match self.waiting(pending.id).await {
            Ok(request) => {
                let until = rfc3339(request.expires);
                let values = [("request", &*request.id.to_string()), ("until", &until)];
                self.refusal(&text::STAYS, &values)
            }
            Err(fault) => self.tell(&fault),
        }
    }
}
