//! Both sides of a PostgreSQL connection say anything, and everything is refused: nothing that runs reaches the server.

use bytes::Bytes;
use wire::Error;
use wire::postgres::startup::{CancelKey, Opening, Start, Startup};
use wire::postgres::{
    Act, Backend, Decoder, Frontend, Limits, Output, Piece, Report, Session, Side, may_have_constants,
};

use super::steps::steps;

const LIMITS: Limits = Limits { statement: 1000, answer: 500 };

/// What is sent instead of a refused statement.
const DECOY: &[u8] = b") refused by Countersign";

struct Between {
    session: Session,
    client: Decoder,
    server: Decoder,
    crossed: Decoder,
    held: Option<Act>,
}

/// A session from its first byte behind the login.
pub fn session(data: &[u8]) {
    let own_key = CancelKey { process: 1, secret: Bytes::from_static(&[0; 4]) };
    let mut between = Between {
        session: Session::new(own_key),
        client: Decoder::new(Side::Frontend, LIMITS),
        server: Decoder::new(Side::Backend, LIMITS),
        crossed: Decoder::new(Side::Frontend, Limits::default()),
        held: None,
    };
    for step in steps(data) {
        let done = match step.kind % 4 {
            0 | 1 => between.client_says(step.bytes),
            2 => between.server_says(step.bytes),
            _ => between.refuse(),
        };
        // Nonsense ends a connection.
        if done.is_err() {
            return;
        }
        between.look();
    }
}

impl Between {
    fn client_says(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.client.feed(bytes);
        while self.session.wants_client()
            && let Some(piece) = self.client.piece()?
        {
            if let Piece::Whole(frame) = &piece {
                let _ = Frontend::parse(frame);
            }
            self.session.client(piece)?;
            self.look();
        }
        Ok(())
    }

    fn server_says(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.server.feed(bytes);
        while let Some(piece) = self.server.piece()? {
            if let Piece::Whole(frame) = &piece {
                let _ = Backend::parse(frame);
            }
            self.session.server(piece)?;
            self.look();
        }
        assert!(self.server.buffer().len() <= 2 * 10_001, "no more is kept than one message");
        Ok(())
    }

    fn refuse(&mut self) -> Result<(), Error> {
        let Some(act) = self.held.take() else { return Ok(()) };
        self.session.refuse(act.id, &Report::error("42501", "no")).map(|_| ())
    }

    fn look(&mut self) {
        while let Some(output) = self.session.output() {
            match output {
                Output::ToServer(bytes) => self.crossed.feed(&bytes),
                Output::DataToServer(_, run) => self.crossed.feed(run.raw()),
                Output::Judge(act) => {
                    assert!(self.held.replace(act).is_none(), "one verdict at a time");
                    self.session.settle();
                }
                Output::Moot(_) => self.held = None,
                _ => {}
            }
        }
        while let Some(piece) = self.crossed.piece().expect("what crosses is well formed") {
            let Piece::Whole(frame) = piece else { continue };
            match Frontend::parse(&frame).expect("what crosses is well formed") {
                Frontend::Query(text) => assert_eq!(text, DECOY, "a statement that nobody allowed"),
                Frontend::Parse { text, .. } => {
                    assert!(!may_have_constants(text), "code that nobody allowed")
                }
                Frontend::Bind(bind) => panic!("{bind:?}, which nobody allowed"),
                Frontend::FunctionCall(call) => panic!("{call:?}, which nobody allowed"),
                _ => {}
            }
        }
    }
}

/// What a client begins with. Whatever is taken for a startup message means the same when it is written again.
pub fn opening(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let mut startup = if first % 2 == 0 { Startup::new() } else { Startup::inside_tls() };
    startup.feed(rest);
    while let Ok(Some(opening)) = startup.opening() {
        if let Opening::Start(start) = opening {
            return is_the_same_again(&start);
        }
    }
}

fn is_the_same_again(start: &Start) {
    let Ok(bytes) = start.encode() else { return };
    let mut startup = Startup::inside_tls();
    startup.feed(&bytes);
    match startup.opening() {
        Ok(Some(Opening::Start(again))) => assert!(again.parameters().eq(start.parameters())),
        other => panic!("{other:?} of what was written"),
    }
}
