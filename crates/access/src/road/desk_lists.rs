//! What the desk lists: requests, permits, sessions, targets.

use identity::VerifiedIdentity;

use super::Road;
use super::desk_show::first_line;
use super::sessions::labels;
use crate::error::RoadError;
use crate::model::{Permit, Person, Request, SessionRow};
use crate::statement::{bears_out, rfc3339, visible};
use crate::text::{self, Line};

/// How far back `--all` goes.
const RECENT: u32 = 500;

impl Road {
    pub(super) async fn list_requests(&self, person: &Person, all: bool) -> Result<String, RoadError> {
        let store = self.store();
        let requests = if all { store.requests(RECENT).await? } else { store.waiting_requests().await? };
        let mut rows = Vec::new();
        for request in requests {
            if !bears_out(&request) {
                // One altered row must not hide the others from those who could answer them.
                tracing::error!(request = %request.id, "the columns of a request are not what its digest covers");
            } else if self.may_see(person, &request) && (all || self.now() < request.expires) {
                rows.push(self.request_row(&request).await?);
            }
        }
        Ok(self.table(&text::REQUESTS_HEADER, rows, &text::NO_REQUESTS))
    }

    async fn request_row(&self, request: &Request) -> Result<String, RoadError> {
        let who = self.name_of(&request.requester).await?;
        Ok(format!(
            "{:<8} {:<10} {:<9} {:<9} {:<9} {:<24} {}",
            request.id,
            request.state.as_str(),
            request.target,
            request.account,
            who,
            rfc3339(request.expires),
            first_line(&request.run),
        ))
    }

    pub(super) async fn list_permits(&self, permits: Vec<Permit>) -> Result<String, RoadError> {
        let mut rows = Vec::new();
        for permit in permits {
            rows.push(self.permit_row(&permit).await?);
        }
        Ok(self.table(&text::PERMITS_HEADER, rows, &text::NO_PERMITS))
    }

    async fn permit_row(&self, permit: &Permit) -> Result<String, RoadError> {
        let ended = match &permit.ended {
            Some((at, why)) => format!("{} {}", rfc3339(*at), visible(why)),
            None => "-".to_owned(),
        };
        Ok(format!(
            "{:<8} {:<10} {:<9} {:<24} {:<24} {}",
            permit.id,
            permit.kind.as_str(),
            self.name_of(&permit.holder).await?,
            rfc3339(permit.until),
            ended,
            visible(&permit.terms),
        ))
    }

    pub(super) async fn list_sessions(&self, person: &Person, all: bool) -> Result<String, RoadError> {
        let store = self.store();
        let mut sessions = if all { store.sessions(RECENT).await? } else { store.open_sessions().await? };
        sessions.retain(|row| row.person == person.id || self.may_end_any(person));
        let rows = sessions.iter().map(session_row).collect();
        Ok(self.table(&text::SESSIONS_HEADER, rows, &text::NO_SESSIONS))
    }

    pub(super) async fn reach(&self, person: &Person, who: &VerifiedIdentity) -> Result<String, RoadError> {
        let mut lines = Vec::new();
        for target in self.store().targets().await? {
            for account in self.store().accounts(&target.name).await? {
                if self.may_connect(who, person, &target, &account.login).await? {
                    let shown = labels(&target);
                    lines.push(format!("{}@{}  {}  {}", account.login, target.name, target.level, shown));
                }
            }
        }
        Ok(lines.join("\n") + "\n")
    }

    /// A heading and rows under it, or the sentence for none.
    pub(super) fn table(&self, heading: &Line, rows: Vec<String>, none: &Line) -> String {
        if rows.is_empty() {
            return self.say(none, &[]) + "\n";
        }
        format!("{}\n{}\n", self.say(heading, &[]), rows.join("\n"))
    }
}

fn session_row(row: &SessionRow) -> String {
    let ended = match row.closed {
        Some((at, outcome)) => format!("{} {}", rfc3339(at), outcome.as_str()),
        None => "-".to_owned(),
    };
    let place = format!("{}@{}", row.account, row.target);
    format!("{}  {:<20}  {:<9} {place:<20} {ended}", row.id, rfc3339(row.opened), row.person_name)
}
