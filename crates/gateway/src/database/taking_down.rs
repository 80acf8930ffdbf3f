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
        events(
            7,
            &SqlStatement { text: text.into_bytes(), parameters, script, countable: false, runs_as: None },
            "allow",
        )
    }

    #[test]
    fn a_short_statement_is_one_event() {
        let events = told("select $1".to_owned(), vec![Some("x".to_owned()), None]);
        assert!(matches!(&*events, [SessionEvent::Statement { parameters, .. }] if parameters.len() == 2));
    }

    #[test]
    fn a_long_statement_is_whole_in_events_that_fit_into_frames() {
        let text = "é\u{1}".repeat(300 << 10);
        let values: Vec<_> = (0..60_000).map(|number| Some(format!("{number:040}"))).collect();
        let events = told(text.clone(), values.clone());
        let (mut texts, mut all) = (String::new(), Vec::new());
        for event in &events {
            let (SessionEvent::Statement { act: 7, text, parameters, .. }
            | SessionEvent::StatementMore { act: 7, text, parameters }) = event
            else {
                panic!("{event:?}");
            };
            assert!(event.to_json().len() <= 1 << 20);
            texts += text;
            all.extend_from_slice(parameters);
        }
        assert_eq!((texts, all), (text, values));
    }
}
