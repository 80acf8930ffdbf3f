//! A session with a client and a server made of bytes.

use wire::postgres::startup::CancelKey;
use wire::postgres::{
    Act, ActKind, Consequences, Decoder, Frame, Limits, Outcome, Output, Piece, Report, Session, Side, encode,
};
use wire::{Error, postgres};

/// Both sides' decoders and whatever the session said.
pub struct Talk {
    pub session: Session,
    client: Decoder,
    server: Decoder,
    /// What reached each side and was not looked at yet.
    to_server: Vec<u8>,
    to_client: Vec<u8>,
    pub judged: Vec<Act>,
    pub counted: Vec<u64>,
    pub done: Vec<Outcome>,
    pub moot: usize,
    pub leaving: bool,
}

impl Talk {
    /// Greeted and idle.
    pub fn new() -> Self {
        let own_key = CancelKey { process: 7, secret: vec![7; 4].into() };
        let mut talk = Self {
            session: Session::new(own_key),
            client: Decoder::new(Side::Frontend, Limits::default()),
            server: Decoder::new(Side::Backend, Limits::default()),
            to_server: Vec::new(),
            to_client: Vec::new(),
            judged: Vec::new(),
            counted: Vec::new(),
            done: Vec::new(),
            moot: 0,
            leaving: false,
        };
        let server_key = CancelKey { process: 99, secret: vec![9; 4].into() };
        talk.answers(&[&encode::backend_key_data(&server_key), &idle()]);
        assert_eq!(talk.at_client(), "KZ");
        talk
    }

    pub fn try_says(&mut self, messages: &[&[u8]]) -> Result<(), Error> {
        self.client.feed(&messages.concat());
        while let Some(piece) = self.client.piece()? {
            self.session.client(piece)?;
        }
        self.look();
        Ok(())
    }

    /// The client sends this.
    pub fn says(&mut self, messages: &[&[u8]]) {
        self.try_says(messages).expect("it makes sense");
    }

    pub fn try_answers(&mut self, messages: &[&[u8]]) -> Result<(), Error> {
        self.server.feed(&messages.concat());
        while let Some(piece) = self.server.piece()? {
            self.session.server(piece)?;
        }
        self.look();
        Ok(())
    }

    /// The server sends this.
    pub fn answers(&mut self, messages: &[&[u8]]) {
        self.try_answers(messages).expect("it makes sense");
    }

    /// The verdict on the act that waits.
    pub fn allow(&mut self, consequences: Consequences) {
        let id = self.judged.last().expect("something to judge").id;
        assert_eq!(self.session.allow(id, consequences), Ok(true));
        self.look();
    }

    /// Lets it cross until it is counted.
    pub fn allow_counted(&mut self) {
        self.allow_counted_with(Consequences::default());
    }

    /// The same for one that also does this.
    pub fn allow_counted_with(&mut self, consequences: Consequences) {
        let id = self.judged.last().expect("something to judge").id;
        assert_eq!(self.session.allow_counted(id, consequences), Ok(true));
        self.look();
    }

    /// The verdict on its count.
    pub fn keep(&mut self) {
        let id = self.judged.last().expect("something counted").id;
        assert_eq!(self.session.keep(id), Ok(true));
        self.look();
    }

    pub fn refuse(&mut self) {
        let id = self.judged.last().expect("something to judge").id;
        let report = Report::error("42501", "held for nobody").with_hint("request 42");
        assert_eq!(self.session.refuse(id, &report), Ok(true));
        self.look();
    }

    /// Takes what the session says.
    pub fn look(&mut self) {
        while let Some(output) = self.session.output() {
            match output {
                Output::ToServer(bytes) => self.to_server.extend_from_slice(&bytes),
                Output::ToClient(bytes) => self.to_client.extend_from_slice(&bytes),
                Output::DataToServer(_, run) => self.to_server.extend_from_slice(run.raw()),
                Output::DataToClient(_, run) => self.to_client.extend_from_slice(run.raw()),
                Output::Judge(act) => self.judged.push(act),
                Output::Counted(_, rows) => self.counted.push(rows),
                Output::Moot(_) => self.moot += 1,
                Output::Done(_, outcome) => self.done.push(outcome),
                Output::Leaving => self.leaving = true,
                Output::Parameter(..) | Output::Ready(_) => {}
            }
        }
    }

    /// The kinds of messages that reached the server since the last look.
    pub fn at_server(&mut self) -> String {
        tags(Side::Frontend, &std::mem::take(&mut self.to_server))
    }

    /// The kinds of messages that reached the client since the last look.
    pub fn at_client(&mut self) -> String {
        tags(Side::Backend, &std::mem::take(&mut self.to_client))
    }

    /// The bytes that reached the client since the last look.
    pub fn text_at_client(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.to_client)).into_owned()
    }

    /// The texts of everything that was to be judged.
    pub fn texts(&self) -> Vec<String> {
        self.judged.iter().map(text).collect()
    }
}

fn text(act: &Act) -> String {
    let text = match &act.kind {
        ActKind::Query(text) => text.to_vec(),
        ActKind::Bind { statement, .. } => {
            statement.as_ref().map_or_else(|| b"?".to_vec(), |known| known.text.to_vec())
        }
        ActKind::Parse(prepared) => prepared.text.to_vec(),
        ActKind::FunctionCall { function, .. } => function.to_string().into_bytes(),
    };
    String::from_utf8_lossy(&text).into_owned()
}

fn tags(side: Side, bytes: &[u8]) -> String {
    let mut decoder = Decoder::new(side, Limits::default());
    decoder.feed(bytes);
    let mut tags = String::new();
    while let Some(piece) = decoder.piece().expect("whole messages") {
        match piece {
            Piece::Whole(frame) => tags.push(tag(&frame)),
            Piece::Run(run) => tags.extend(run.contents().map(|_| char::from(run.tag()))),
        }
    }
    assert!(decoder.is_between(), "whole messages only");
    tags
}

fn tag(frame: &Frame) -> char {
    char::from(frame.tag())
}

pub fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[tag], &u32::try_from(body.len() + 4).expect("short").to_be_bytes()[..], body].concat()
}

pub fn query(text: &str) -> Vec<u8> {
    encode::query(text.as_bytes()).expect("no zero byte").to_vec()
}

pub fn parse(name: &str, text: &str) -> Vec<u8> {
    encode::parse(name.as_bytes(), text.as_bytes(), &[]).expect("no zero byte").to_vec()
}

pub fn bind(portal: &str, statement: &str) -> Vec<u8> {
    encode::bind(portal.as_bytes(), statement.as_bytes(), &[Some(b"5")]).expect("no zero byte").to_vec()
}

pub fn execute(portal: &str) -> Vec<u8> {
    encode::execute(portal.as_bytes(), 0).expect("no zero byte").to_vec()
}

pub fn close(statement: &str) -> Vec<u8> {
    let subject = postgres::Subject::Statement(statement.as_bytes());
    encode::close(subject).expect("no zero byte").to_vec()
}

pub fn describe(statement: &str) -> Vec<u8> {
    let subject = postgres::Subject::Statement(statement.as_bytes());
    encode::describe(subject).expect("no zero byte").to_vec()
}

pub fn sync() -> Vec<u8> {
    encode::sync().to_vec()
}

pub fn ready(status: u8) -> Vec<u8> {
    message(b'Z', &[status])
}

pub fn idle() -> Vec<u8> {
    ready(b'I')
}

pub fn complete(tag: &str) -> Vec<u8> {
    message(b'C', format!("{tag}\0").as_bytes())
}

pub fn error(code: &str) -> Vec<u8> {
    Report::error(code, "the server's own words").encode().to_vec()
}

pub const PARSED: &[u8] = b"1\0\0\0\x04";
pub const BOUND: &[u8] = b"2\0\0\0\x04";
pub const CLOSED: &[u8] = b"3\0\0\0\x04";
pub const COPY_IN: &[u8] = b"G\0\0\0\x07\0\0\0";
pub const COPY_OUT: &[u8] = b"H\0\0\0\x07\0\0\0";
pub const COPY_BOTH: &[u8] = b"W\0\0\0\x07\0\0\0";
pub const COPY_DONE: &[u8] = b"c\0\0\0\x04";
