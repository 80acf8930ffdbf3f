//! Whatever a client sends in whatever order, and however late the server answers: no forbidden text is ever run.

use std::collections::HashMap;

use proptest::prelude::*;
use wire::Error;
use wire::postgres::startup::CancelKey;
use wire::postgres::{
    Act, ActId, ActKind, Bind, Consequences, Decoder, Frame, Frontend, Limits, NameChange, Output, Piece,
    Report, Session, Side, Subject, encode,
};

use super::talk::{complete, error, idle, message};

/// A server as the real one behaves (tests/server/assumptions.rs asks that one).
#[derive(Default)]
struct Server {
    statements: HashMap<Vec<u8>, String>,
    portals: HashMap<Vec<u8>, String>,
    skipping: bool,
    /// Whether COPY was begun within the extended protocol.
    copying: Option<bool>,
    ran: Vec<String>,
    /// Rows of writes that do not last yet, and of those that do.
    open: Vec<u64>,
    lasting: Vec<u64>,
    /// What it has answered and not yet sent.
    answers: Vec<u8>,
}

impl Server {
    fn takes(&mut self, piece: &Piece) {
        let Piece::Whole(frame) = piece else {
            assert!(self.copying.is_some(), "data that nobody asked for");
            return;
        };
        match (self.copying, frame.tag()) {
            (Some(_), b'H' | b'S') => {}
            (Some(extended), b'c') => self.copied(extended, true),
            (Some(extended), b'f') => self.copied(extended, false),
            (Some(_), tag) => panic!("{} within COPY", char::from(tag)),
            (None, b'S') => {
                self.skipping = false;
                self.portals.clear();
                self.ends();
            }
            (None, _) if self.skipping => {}
            (None, _) => self.does(frame),
        }
    }

    /// The end of a query or group, with which its writes last.
    fn ends(&mut self) {
        self.lasting.append(&mut self.open);
        self.says(&idle());
    }

    fn fails(&mut self) {
        self.open.clear();
        self.says(&error("42601"));
    }

    fn says(&mut self, bytes: &[u8]) {
        self.answers.extend_from_slice(bytes);
    }

    fn copied(&mut self, extended: bool, done: bool) {
        self.copying = None;
        if done {
            self.says(&complete("COPY 1"));
        } else {
            self.fails();
            self.skipping = extended;
        }
        if !extended {
            self.ends();
        }
    }

    fn does(&mut self, frame: &Frame) {
        let done = match Frontend::parse(frame).expect("a message") {
            Frontend::Query(text) => {
                self.statements.remove(&b""[..]);
                self.portals.clear();
                let text = String::from_utf8_lossy(text).into_owned();
                match self.runs(&text, false) {
                    Some(answer) => self.says(&answer),
                    None => self.fails(),
                }
                if self.copying.is_none() {
                    self.ends();
                }
                return;
            }
            Frontend::Parse { statement, text, .. } => self.parses(statement, text),
            Frontend::Bind(bind) => self.binds(&bind),
            Frontend::Execute { portal, .. } => match self.portals.get(portal).cloned() {
                Some(text) => self.runs(&text, true),
                None => None,
            },
            Frontend::Close(Subject::Statement(name)) => {
                self.statements.remove(name);
                Some(message(b'3', b""))
            }
            Frontend::Close(Subject::Portal(name)) => {
                self.portals.remove(name);
                Some(message(b'3', b""))
            }
            Frontend::Describe(_) => Some(message(b'n', b"")),
            Frontend::Flush => return,
            other => panic!("{other:?} should not have crossed"),
        };
        match done {
            Some(answer) => self.says(&answer),
            None => {
                self.skipping = true;
                self.fails();
            }
        }
    }

    fn parses(&mut self, name: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        if name.is_empty() {
            self.statements.remove(name);
        }
        if text.starts_with(b")") || text.starts_with(b"bad") || self.statements.contains_key(name) {
            return None;
        }
        self.statements.insert(name.to_vec(), String::from_utf8_lossy(text).into_owned());
        Some(message(b'1', b""))
    }

    fn binds(&mut self, bind: &Bind) -> Option<Vec<u8>> {
        let text = self.statements.get(bind.statement)?.clone();
        if !bind.portal.is_empty() && self.portals.contains_key(bind.portal) {
            return None;
        }
        self.portals.insert(bind.portal.to_vec(), text);
        Some(message(b'2', b""))
    }

    fn runs(&mut self, text: &str, extended: bool) -> Option<Vec<u8>> {
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            ["prepare", name, "as", ..] if !self.statements.contains_key(name.as_bytes()) => {
                let (_, statement) = text.split_once(" as ")?;
                self.statements.insert(name.as_bytes().to_vec(), statement.to_owned());
                Some(complete("PREPARE"))
            }
            ["deallocate", name] => self.statements.remove(name.as_bytes()).map(|_| complete("DEALLOCATE")),
            ["execute", name] => {
                let inner = self.statements.get(name.as_bytes())?.clone();
                self.ran.push(inner);
                Some(complete("SELECT 1"))
            }
            // Code that puts something else behind a name.
            ["code", name] => {
                self.statements.insert(name.as_bytes().to_vec(), "forbidden".to_owned());
                Some(complete("DO"))
            }
            ["copy"] => {
                self.copying = Some(extended);
                Some(message(b'G', b"\0\0\0"))
            }
            ["fine" | "forbidden"] => {
                self.ran.push(text.to_owned());
                Some(complete("SELECT 1"))
            }
            ["write", rows] => {
                self.open.push(rows.parse().expect("a number"));
                Some(complete(&format!("DELETE {rows}")))
            }
            _ => None,
        }
    }
}

/// What the client sent makes no sense, and ends the connection.
struct Nonsense;

/// Only the client may talk nonsense here.
fn sense<T>(result: Result<T, Error>) -> Result<T, Nonsense> {
    assert!(!matches!(result, Err(Error::OutOfStep(_))), "the server is in step");
    result.map_err(|_| Nonsense)
}

/// The gateway's part: forbids by text.
struct Between {
    session: Session,
    server: Server,
    to_server: Decoder,
    to_client: Decoder,
    held: Option<Act>,
    counted: Option<(ActId, u64)>,
    ready: usize,
}

impl Between {
    fn new() -> Self {
        let own_key = CancelKey { process: 1, secret: vec![0; 4].into() };
        let mut between = Self {
            session: Session::new(own_key),
            server: Server::default(),
            to_server: Decoder::new(Side::Frontend, Limits::default()),
            to_client: Decoder::new(Side::Backend, Limits::default()),
            held: None,
            counted: None,
            ready: 0,
        };
        between.server.says(&idle());
        between
    }

    fn look(&mut self) {
        while let Some(output) = self.session.output() {
            match output {
                Output::ToServer(bytes) => self.to_server.feed(&bytes),
                Output::DataToServer(_, run) => self.to_server.feed(run.raw()),
                Output::ToClient(bytes) => self.to_client.feed(&bytes),
                Output::DataToClient(_, run) => self.to_client.feed(run.raw()),
                Output::Judge(act) => self.held = Some(act),
                Output::Moot(_) => self.held = None,
                Output::Counted(id, rows) => self.counted = Some((id, rows)),
                _ => {}
            }
        }
        while let Some(Piece::Whole(frame)) = self.to_client.piece().expect("whole messages") {
            self.ready += usize::from(frame.tag() == b'Z');
        }
    }

    /// The server takes one message.
    fn server_works(&mut self) -> Result<bool, Nonsense> {
        let piece = self.to_server.piece().expect("whole messages");
        Ok(piece.as_ref().inspect(|piece| self.server.takes(piece)).is_some())
    }

    /// What the server has answered arrives.
    fn answers_arrive(&mut self) -> Result<bool, Nonsense> {
        let mut decoder = Decoder::new(Side::Backend, Limits::default());
        decoder.feed(&std::mem::take(&mut self.server.answers));
        let mut something = false;
        while let Some(piece) = decoder.piece().expect("whole messages") {
            sense(self.session.server(piece))?;
            something = true;
        }
        self.look();
        Ok(something)
    }

    /// Judges what is held, if that can be done now.
    fn judges(&mut self) -> Result<bool, Nonsense> {
        let Some(act) = self.held.take() else { return Ok(false) };
        let text = match &act.kind {
            ActKind::Query(text) => text.clone(),
            ActKind::Bind { statement: Some(known), .. } => known.text.clone(),
            ActKind::Bind { statement: None, .. } => "forbidden".into(),
            ActKind::Parse(_) => return sense(self.session.pass(act.id)),
            ActKind::FunctionCall { .. } => panic!("nobody calls functions here"),
        };
        let text = String::from_utf8_lossy(&text).into_owned();
        let Some(allowed) = self.is_allowed(&text) else {
            self.session.settle();
            self.look();
            self.held.get_or_insert(act);
            return Ok(false);
        };
        let verdict = if text.starts_with("write") {
            self.session.allow_counted(act.id, consequences(&text))
        } else if allowed {
            self.session.allow(act.id, consequences(&text))
        } else {
            self.session.refuse(act.id, &Report::error("42501", "no"))
        };
        assert!(sense(verdict)?, "it was still waiting");
        self.look();
        Ok(true)
    }

    /// Judges what was counted; late verdicts find nothing.
    fn counts(&mut self) -> Result<bool, Nonsense> {
        let Some((id, rows)) = self.counted.take() else { return Ok(false) };
        let verdict = match rows <= BOUND {
            true => self.session.keep(id),
            false => self.session.refuse(id, &Report::error("42501", "too many")),
        };
        assert!(sense(verdict)?, "it was still waiting");
        self.look();
        Ok(true)
    }

    /// Nothing while it depends on the server.
    fn is_allowed(&self, text: &str) -> Option<bool> {
        match text.strip_prefix("execute ") {
            None => Some(text != "forbidden"),
            Some(name) => {
                let inner = self.session.prepared(name.as_bytes()).ok()?;
                Some(inner.is_some_and(|inner| inner.text.as_ref() != b"forbidden"))
            }
        }
    }

    fn rests(&mut self) -> Result<(), Nonsense> {
        while self.judges()? | self.counts()? | self.server_works()? | self.answers_arrive()? {}
        Ok(())
    }

    fn sends(&mut self, messages: &[u8]) -> Result<(), Nonsense> {
        let mut from_client = Decoder::new(Side::Frontend, Limits::default());
        from_client.feed(messages);
        while let Some(piece) = from_client.piece().expect("messages") {
            sense(self.session.client(piece))?;
        }
        self.look();
        Ok(())
    }

    /// The message, and some of what may happen behind it.
    fn step(&mut self, message: &[u8], then: u8) -> Result<(), Nonsense> {
        self.sends(message)?;
        let works = [Self::judges, Self::server_works, Self::answers_arrive, Self::counts];
        for (bit, work) in works.into_iter().enumerate() {
            if then >> bit & 1 == 1 {
                work(self)?;
            }
        }
        Ok(())
    }

    /// However it stood, the client can come back to where it may ask again.
    fn recovers(&mut self) -> Result<(), Nonsense> {
        self.rests()?;
        self.sends(b"c\0\0\0\x04")?;
        self.rests()?;
        self.sends(&encode::sync())?;
        self.rests()?;
        let ready = self.ready;
        self.server.ran.clear();
        self.sends(&encode::query(b"fine").expect("no zero byte"))?;
        self.rests()?;
        assert_eq!((self.ready, self.server.ran.len()), (ready + 1, 1), "one answer to one query");
        assert!(self.session.is_settled());
        Ok(())
    }
}

/// As many rows may be written.
const BOUND: u64 = 10;

fn consequences(text: &str) -> Consequences {
    let words: Vec<&str> = text.split(' ').collect();
    let names = match words[..] {
        ["prepare", name, "as", ..] => {
            let (_, statement) = text.split_once(" as ").expect("as");
            vec![(0, NameChange::prepare(name.as_bytes(), statement.as_bytes(), true))]
        }
        ["deallocate", name] => vec![(0, NameChange::Deallocate(name.to_owned().into()))],
        _ => Vec::new(),
    };
    let late = words.len() > 1 && words[0] != "write";
    let any_name = words[0] == "code";
    Consequences { names, copies: text == "copy", settings: any_name, late, any_name }
}

fn texts() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "fine",
        "forbidden",
        "bad",
        "copy",
        "prepare a as forbidden",
        "prepare a as fine",
        "prepare b as fine",
        "deallocate a",
        "deallocate b",
        "execute a",
        "execute b",
        "code a",
        "write 3",
        "write 30",
    ])
}

fn messages() -> impl Strategy<Value = Vec<u8>> {
    let name = || prop::sample::select(vec!["", "a", "b"]);
    let portal = || prop::sample::select(vec!["", "p"]);
    let ok = |message: Result<bytes::Bytes, wire::Error>| message.expect("no zero byte").to_vec();
    let parse = move |name: &str, text: &str| ok(encode::parse(name.as_bytes(), text.as_bytes(), &[]));
    let bind = move |portal: &str, name: &str| ok(encode::bind(portal.as_bytes(), name.as_bytes(), &[]));
    let close = move |name: &str| ok(encode::close(Subject::Statement(name.as_bytes())));
    prop_oneof![
        2 => texts().prop_map(move |text| ok(encode::query(text.as_bytes()))),
        3 => (name(), texts()).prop_map(move |(name, text)| parse(name, text)),
        3 => (portal(), name()).prop_map(move |(portal, name)| bind(portal, name)),
        4 => (portal(), texts()).prop_map(move |(portal, text)| [parse("", text), bind(portal, "")].concat()),
        3 => (name(), texts()).prop_map(move |(name, text)| [close(name), parse(name, text)].concat()),
        6 => portal().prop_map(move |portal| ok(encode::execute(portal.as_bytes(), 0))),
        1 => name().prop_map(close),
        1 => portal().prop_map(move |name| ok(encode::close(Subject::Portal(name.as_bytes())))),
        1 => Just(encode::flush().to_vec()),
        4 => Just(encode::sync().to_vec()),
        1 => Just(b"d\0\0\0\x061\n".to_vec()),
        2 => Just(b"c\0\0\0\x04".to_vec()),
        1 => Just(encode::copy_fail("enough").to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_forbidden_text_is_ever_run_and_no_large_write_lasts(steps in prop::collection::vec((messages(), 0u8..16), 1..60)) {
        let mut between = Between::new();
        let ends = steps.iter().try_for_each(|(message, then)| between.step(message, *then));
        let _ = ends.and_then(|()| between.rests());
        prop_assert!(!between.server.ran.iter().any(|text| text == "forbidden"), "{:?}", between.server.ran);
        let lasting = &between.server.lasting;
        prop_assert!(lasting.iter().all(|rows| *rows <= BOUND), "{lasting:?}");
    }

    #[test]
    fn whatever_was_sent_the_client_can_go_on(steps in prop::collection::vec((messages(), 0u8..16), 1..60)) {
        let mut between = Between::new();
        let ends = steps.iter().try_for_each(|(message, then)| between.step(message, *then));
        let _ = ends.and_then(|()| between.recovers());
    }
}
