//! The gateway's own questions, answered by the real server.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use wire::postgres::{Answer, Asking, Decoder};
use wire::{Bounds, Error};

use super::line::connect;

struct Line {
    stream: UnixStream,
    decoder: Decoder,
    asking: Asking,
}

impl Line {
    fn new(bounds: Bounds) -> Self {
        let (stream, decoder) = connect("countersign", "postgres", "");
        let mut line = Self { stream, decoder, asking: Asking::new(bounds) };
        assert_eq!(line.answer(), Answer::Ready);
        line
    }

    /// As it comes, whatever pieces that makes.
    fn answer(&mut self) -> Answer {
        loop {
            while let Some(piece) = self.decoder.piece().expect("messages") {
                if let Some(answer) = self.asking.server(piece).expect("it makes sense") {
                    return answer;
                }
            }
            let mut bytes = [0; 7];
            let read = self.stream.read(&mut bytes).expect("the server answers in time");
            assert!(read > 0, "the server has closed the connection");
            self.decoder.feed(&bytes[..read]);
        }
    }

    fn ask(&mut self, text: &str, parameters: &[Option<&str>]) -> Answer {
        let question = self.asking.ask(text, parameters).expect("nothing is open");
        self.stream.write_all(&question).expect("sent");
        self.answer()
    }
}

fn rows(rows: &[&[Option<&str>]]) -> Answer {
    let owned = |row: &&[Option<&str>]| row.iter().map(|value| value.map(str::to_owned)).collect();
    Answer::Rows(rows.iter().map(owned).collect())
}

#[test]
fn a_question_has_its_rows_as_text() {
    let mut line = Line::new(Bounds::default());
    let answer = line.ask("SELECT 1, NULL, ''", &[]);
    assert_eq!(answer, rows(&[&[Some("1"), None, Some("")]]));
    let answer = line.ask("SELECT i, i > 1 FROM generate_series(1, 2) AS i", &[]);
    assert_eq!(answer, rows(&[&[Some("1"), Some("f")], &[Some("2"), Some("t")]]));
    assert_eq!(line.ask("SELECT 1 WHERE false", &[]), rows(&[]));
}

#[test]
fn parameters_are_values_and_never_text_of_the_question() {
    let mut line = Line::new(Bounds::default());
    let evil = "x'; DROP TABLE pg_class; --\u{df}";
    let answer = line.ask("SELECT $1::text, $2::text", &[Some(evil), None]);
    assert_eq!(answer, rows(&[&[Some(evil), None]]));
    let answer = line.ask("SELECT relname FROM pg_class WHERE oid = $1::regclass", &[Some("pg_class")]);
    assert_eq!(answer, rows(&[&[Some("pg_class")]]));
}

#[test]
fn after_an_error_the_next_question_is_answered() {
    let mut line = Line::new(Bounds::default());
    for (text, code) in [("SELEC", "42601"), ("SELECT 1/0", "22012"), ("SELECT 1; SELECT 2", "42601")] {
        let answer = line.ask(text, &[]);
        assert!(matches!(&answer, Answer::Failed(report) if report.code == code), "{answer:?}");
        assert_eq!(line.ask("SELECT 1", &[]), rows(&[&[Some("1")]]));
    }
}

#[test]
fn more_than_the_bounds_is_not_kept_and_the_next_question_is_answered() {
    let mut line = Line::new(Bounds { rows: 10, bytes: 1000 });
    for (text, fits) in [
        ("SELECT generate_series(1, 10)", true),
        ("SELECT generate_series(1, 11)", false),
        ("SELECT repeat('x', 900)", true),
        ("SELECT repeat('x', 100000)", false),
    ] {
        assert_eq!(matches!(line.ask(text, &[]), Answer::Rows(_)), fits, "{text}");
    }
    assert_eq!(line.ask("SELECT 1", &[]), rows(&[&[Some("1")]]));
}

#[test]
fn one_question_at_a_time() {
    let mut asking = Asking::new(Bounds::default());
    assert!(matches!(asking.ask("SELECT 1", &[]), Err(Error::OutOfStep(_))), "the server has not greeted");
    let mut line = Line::new(Bounds::default());
    assert!(line.asking.ask("SELECT 1", &[]).is_ok());
    assert!(matches!(line.asking.ask("SELECT 2", &[]), Err(Error::OutOfStep(_))));
    assert!(matches!(Line::new(Bounds::default()).asking.ask("SELECT\0", &[]), Err(Error::Zero(_))));
}

#[test]
fn the_end_of_the_connection_is_told() {
    let mut line = Line::new(Bounds::default());
    let answer = line.ask("SELECT pg_terminate_backend(pg_backend_pid())", &[]);
    assert!(matches!(&answer, Answer::Failed(report) if report.is_final()), "{answer:?}");
}
