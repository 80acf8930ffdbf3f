//! A look at a recording: by whom and why is on the record before the first byte is shown.

use identity::VerifiedIdentity;
use recording::SessionId;

use super::Road;
use crate::blind::sha256_hex;
use crate::error::{Refusal, RoadError};
use crate::model::Record;
use crate::statement::visible;

impl Road {
    /// Lets a person look at a recording, if they may. Says nothing about whether it can be read.
    pub async fn look(&self, who: &VerifiedIdentity, id: &SessionId, reason: &str) -> Result<(), Refusal> {
        self.may_view(who, id).await?;
        self.enter_look(who, id, reason).await.map_err(|fault| self.tell(&fault))
    }

    /// The reason is kept beside the ledger, as that of an ended session is.
    async fn enter_look(
        &self,
        who: &VerifiedIdentity,
        id: &SessionId,
        reason: &str,
    ) -> Result<(), RoadError> {
        let person = self.person_now(who).await?;
        let content = serde_json::json!({ "by": person.name, "reason": visible(reason) }).to_string();
        let digest = sha256_hex(content.as_bytes());
        let kind = "look".to_owned();
        self.store().keep_record(&Record { kind, id: id.to_string(), digest, content }).await?;
        self.note_view(who, id).await
    }
}
