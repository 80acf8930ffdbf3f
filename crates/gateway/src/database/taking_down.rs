//! A statement as events of the recording: several when it is long.

use access::SqlStatement;
use access::recording::SessionEvent;

/// Bytes of text or values in one event. Escaped they still fit into one frame of a recording (1 MiB).
const PIECE: usize = 128 << 10;

/// The events that together hold the whole statement.
pub(crate) fn events(act: u64, statement: &SqlStatement, verdict: &str) -> Vec<SessionEvent> {
    let text = String::from_utf8_lossy(&statement.text);
    let (first, mut rest) = split(&text);
    let (parameters, mut values) = match first.len() + size(&statement.parameters) <= PIECE {
        true => (statement.parameters.clone(), [].as_slice()),
        false => (Vec::new(), statement.parameters.as_slice()),
    };
    let mut events = vec![SessionEvent::Statement {
        act,
        text: first.to_owned(),
        parameters,
        verdict: verdict.to_owned(),
        runs_as: statement.runs_as.clone().unwrap_or_default(),
    }];
    while !rest.is_empty() {
        let (piece, behind) = split(rest);
        events.push(SessionEvent::StatementMore { act, text: piece.to_owned(), parameters: vec![] });
        rest = behind;
    }
    while !values.is_empty() {
        let (some, behind) = values.split_at(fitting(values));
        events.push(SessionEvent::StatementMore { act, text: String::new(), parameters: some.to_vec() });
        values = behind;
    }
    events.extend(statement.behind.iter().flat_map(|(name, text)| behind(act, name, text)));
    events
}

/// What it executes.
fn behind(act: u64, name: &str, text: &str) -> Vec<SessionEvent> {
    let (first, mut rest) = split(text);
    let event = |text: &str| SessionEvent::StatementBehind { act, name: name.into(), text: text.into() };
    let mut events = vec![event(first)];
    while !rest.is_empty() {
        let (piece, behind) = split(rest);
        events.push(event(piece));
        rest = behind;
    }
    events
}

/// As much as fits into one event, and what comes behind it.
fn split(text: &str) -> (&str, &str) {
    text.split_at(text.floor_char_boundary(PIECE))
}

/// How many of the values fit into one event; at least one, which is never longer.
fn fitting(values: &[Option<String>]) -> usize {
    let mut bytes = 0;
    let fit = values.iter().take_while(|value| {
        bytes += size(std::slice::from_ref(*value));
        bytes <= PIECE
    });
    fit.count().max(1)
}

/// Each value also takes a few characters around it.
fn size(values: &[Option<String>]) -> usize {
    values.iter().map(|value| 8 + value.as_ref().map_or(0, String::len)).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use access::policy::sql::{self, Catalogue, Dialect};
    use access::recording::SessionEvent;

    use super::*;

    fn told(text: String, parameters: Vec<Option<String>>) -> Vec<SessionEvent> {
        let script = Arc::new(sql::analyse(Dialect::Postgres, b"select 1", &Catalogue::unasked()));
        let behind = [("p".to_owned(), text.clone())].into();
        let text = text.into_bytes();
        let statement =
            SqlStatement { text, parameters, script, behind, countable: false, runs_as: None, place: None };
        events(7, &statement, "allow")
    }

    #[test]
    fn a_short_statement_is_one_event_and_what_it_executes_another() {
        let events = told("select $1".to_owned(), vec![Some("x".to_owned()), None]);
        let [SessionEvent::Statement { parameters, .. }, SessionEvent::StatementBehind { text, .. }] =
            &*events
        else {
            panic!("{events:?}");
        };
        assert_eq!((parameters.len(), text.as_str()), (2, "select $1"));
    }

    #[test]
    fn a_long_statement_is_whole_in_events_that_fit_into_frames() {
        let text = "é\u{1}".repeat(300 << 10);
        let values: Vec<_> = (0..60_000).map(|number| Some(format!("{number:040}"))).collect();
        let events = told(text.clone(), values.clone());
        let (mut texts, mut all, mut executed) = (String::new(), Vec::new(), String::new());
        for event in &events {
            assert!(event.to_json().len() <= 1 << 20);
            if let SessionEvent::StatementBehind { act: 7, text, .. } = event {
                executed += text;
                continue;
            }
            let (SessionEvent::Statement { act: 7, text, parameters, .. }
            | SessionEvent::StatementMore { act: 7, text, parameters }) = event
            else {
                panic!("{event:?}");
            };
            texts += text;
            all.extend_from_slice(parameters);
        }
        assert_eq!((texts, executed, all), (text.clone(), text, values));
    }
}
