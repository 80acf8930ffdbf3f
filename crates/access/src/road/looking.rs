//! A look at a recording, or a search through several: by whom and why is on the record before anything is read.

use std::collections::HashMap;

use identity::VerifiedIdentity;
use policy::sql::Dialect;
use recording::SessionId;

use super::Road;
use crate::blind::sha256_hex;
use crate::desk_command::Search;
use crate::error::{Refusal, RoadError};
use crate::model::{Protocol, Record, SessionRow, Target};
use crate::statement::visible;

/// How many sessions back a search goes.
const RECENT: u32 = 2000;

impl Road {
    /// The sessions of databases that a person may search at this moment, newest first, and how the statements of each are to
    /// be read. Whoever may see none learns of none.
    pub async fn searchable(
        &self,
        who: &VerifiedIdentity,
        wanted: &Search,
    ) -> Result<Vec<(SessionRow, Dialect)>, Refusal> {
        self.find_searchable(who, wanted).await.map_err(|fault| self.tell(&fault))
    }

    async fn find_searchable(
        &self,
        who: &VerifiedIdentity,
        wanted: &Search,
    ) -> Result<Vec<(SessionRow, Dialect)>, RoadError> {
        self.person_now(who).await?;
        let now = self.now();
        let is_wanted = |row: &SessionRow| {
            wanted.target.as_ref().is_none_or(|target| *target == row.target)
                && wanted.person.as_ref().is_none_or(|person| *person == row.person_name)
                && wanted.seconds.is_none_or(|seconds| row.opened.plus_seconds(seconds) >= now)
        };
        let (mut dialects, mut searchable) = (HashMap::new(), Vec::new());
        for row in self.store().sessions(RECENT).await?.into_iter().filter(is_wanted) {
            let dialect = match dialects.get(&row.target) {
                Some(known) => *known,
                None => {
                    let found = self.store().target(&row.target).await?.as_ref().and_then(dialect);
                    dialects.insert(row.target.clone(), found);
                    found
                }
            };
            if let Some(dialect) = dialect
                && self.may_view(who, &row.id).await.is_ok()
            {
                searchable.push((row, dialect));
            }
        }
        Ok(searchable)
    }

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

fn dialect(target: &Target) -> Option<Dialect> {
    Some(match target.database()?.protocol {
        Protocol::Postgres => Dialect::Postgres,
        Protocol::Mysql => Dialect::MySql,
    })
}
