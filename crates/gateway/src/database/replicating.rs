//! Replication connections: every command is an act of its own, which no policy allows that does not name it.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::policy::sql::{Script, replication_command};
use access::{Ask, Refusal, Road, Session, SqlStatement, Step};
use wire::postgres::ActKind;

use super::judging::Read;
use super::login::Replication;

/// What every client of replication asks first.
const FIRST: &str = "IDENTIFY_SYSTEM";

/// Refuses whoever may not even ask what the server is.
pub(crate) async fn may_begin(road: &Road, session: &Session) -> Result<(), Refusal> {
    let Some(script) = replication_command(FIRST.as_bytes()) else { return Ok(()) };
    match road.submit(session, 1, Ask::Statement(statement(FIRST.as_bytes(), script))).await {
        Step::Run(_) => Ok(()),
        // People are asked when it is really meant.
        Step::Held(pending) => {
            drop(road.abandon(*pending).await);
            Ok(())
        }
        Step::Refused(refusal) => Err(refusal),
    }
}

/// What the client of such a connection asks for; nothing if it is SQL.
pub(crate) fn command(kind: &ActKind, replication: Replication) -> Option<Read> {
    let ActKind::Query(text) = kind else { return Some(Err("message that replication does not take")) };
    match (replication_command(text), replication) {
        (Some(script), _) => Some(Ok(statement(text, script))),
        (None, Replication::Physical) => {
            Some(Err("statement in a replication connection without a database"))
        }
        (None, Replication::Logical) => None,
    }
}

fn statement(text: &[u8], script: Script) -> SqlStatement {
    SqlStatement {
        text: text.to_vec(),
        parameters: Vec::new(),
        script: Arc::new(script),
        behind: BTreeMap::new(),
        countable: false,
        runs_as: None,
        place: None,
    }
}
