//! A connection of the gateway's own to a MySQL or MariaDB server. No client's bytes reach it.

use std::sync::Arc;
use std::time::Duration;

use access::road::TargetCredential;
use tokio::time::timeout;
use wire::Rows;
use wire::mysql::literal;

use super::line::{AskError, BOUNDS, Connection, PATIENCE};
use crate::database::mysql::{Aside, DialError};

/// How long a question may take and wait, in MySQL and MariaDB. One of the last two is refused: each server has its own.
const SETTINGS: [&str; 4] = [
    "SET SESSION TRANSACTION READ ONLY",
    "SET SESSION lock_wait_timeout = 1",
    "SET SESSION max_statement_time = 2.5",
    "SET SESSION max_execution_time = 2500",
];

/// An open connection.
pub(super) struct Open(Aside);

impl Connection for Open {
    async fn dial(
        _name: &str,
        credential: &Arc<TargetCredential>,
        limit: Duration,
    ) -> Result<Self, AskError> {
        let opened = Aside::dial(credential, limit, BOUNDS).await;
        let mut open = Self(opened.map_err(|fault| AskError::Dial(fault.to_string()))?);
        for setting in SETTINGS {
            match open.ask(setting, &[]).await {
                Ok(_) | Err(AskError::Refused(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(open)
    }

    async fn ask(&mut self, text: &str, parameters: &[Option<&str>]) -> Result<Rows, AskError> {
        let answer = timeout(PATIENCE, self.0.ask(&filled(text, parameters))).await;
        answer.map_err(|_| AskError::Silent)?.map_err(|fault| match fault {
            DialError::Refused(failure) => AskError::Refused(failure.message),
            DialError::TooMuch => AskError::TooMuch,
            fault => AskError::Broken(fault.to_string()),
        })
    }

    async fn hang_up(&mut self) {}
}

/// The text with values in the places `$1` to `$9`. The text itself has no other dollars.
fn filled(text: &str, parameters: &[Option<&str>]) -> String {
    let mut parts = text.split('$');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |filled, part| {
        let (place, rest) = part.split_at_checked(1).unwrap_or_default();
        let place = place.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
        let value = place.and_then(|place| *parameters.get(place)?).map(literal);
        filled + value.as_deref().unwrap_or("NULL") + rest
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_their_places_and_nowhere_else() {
        let text = filled("$1 IS NULL OR a = $1 AND b = $2 OR c = $3", &[None, Some("$1'\\")]);
        let expected = "NULL IS NULL OR a = NULL AND b = _utf8mb4 X'2431275c' OR c = NULL";
        assert_eq!(text, expected);
    }
}
