//! A plain connection to the private server, and a session put between it and a client. Blocking, for tests only.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use testkit::postgres;
use wire::postgres::startup::{CancelKey, Opening, Start, Startup, Version};
use wire::postgres::{
    Act, ActId, ActKind, Authentication, Backend, Consequences, Decoder, Limits, NameChange, Output, Piece,
    Report, Session, Side, encode, scram,
};

/// The folder of the private server's socket.
pub fn folder() -> PathBuf {
    let url = postgres().url("countersign", "public");
    let (_, rest) = url.split_once("host=").expect("a host");
    rest.split('&').next().expect("a folder").into()
}

/// A connection behind AuthenticationOk, and the decoder for what follows.
pub fn connect(user: &str, database: &str, password: &str) -> (UnixStream, Decoder) {
    let mut stream = UnixStream::connect(folder().join(".s.PGSQL.5432")).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    let parameters = [("user", user), ("database", database), ("client_encoding", "UTF8")];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let start = Start::new(Version::V3_0, parameters).encode().expect("no zero byte");
    stream.write_all(&start).expect("sent");
    let mut decoder = Decoder::new(Side::Backend, Limits::default());
    let mut proof = Some(scram::Proof::begin(scram::Binding::Impossible, [5; 24]));
    let mut answered = None;
    loop {
        let Piece::Whole(frame) = next(&mut stream, &mut decoder) else { panic!("no rows here") };
        match Backend::parse(&frame).expect("a message") {
            Backend::Authentication(Authentication::Ok) => return (stream, decoder),
            Backend::Authentication(Authentication::Sasl(offered)) => {
                assert_eq!(scram::Binding::choose(&offered, None).expect("SCRAM").0, scram::PLAIN);
                let first = proof.as_ref().expect("begun").first();
                let message = encode::sasl_initial_response(scram::PLAIN, first.as_bytes());
                stream.write_all(&message.expect("a message")).expect("sent");
            }
            Backend::Authentication(Authentication::SaslContinue(challenge)) => {
                let (last, awaited) =
                    proof.take().expect("once").answer(challenge, password).expect("a challenge");
                answered = Some(awaited);
                stream.write_all(&encode::sasl_response(last.as_bytes())).expect("sent");
            }
            Backend::Authentication(Authentication::SaslFinal(last)) => {
                answered.take().expect("once").check(last).expect("the right server");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// The next piece from the server.
pub fn next(stream: &mut UnixStream, decoder: &mut Decoder) -> Piece {
    loop {
        if let Some(piece) = decoder.piece().expect("a message") {
            return piece;
        }
        let mut bytes = [0; 4096];
        let read = stream.read(&mut bytes).expect("the server answers in time");
        assert!(read > 0, "the server has closed the connection");
        decoder.feed(&bytes[..read]);
    }
}

/// What the server answers to these messages, as kinds, up to so many ReadyForQuery.
pub fn raw(stream: &mut UnixStream, decoder: &mut Decoder, messages: &[&[u8]], ready: usize) -> String {
    stream.write_all(&messages.concat()).expect("sent");
    let mut tags = String::new();
    while tags.matches('Z').count() < ready {
        match next(stream, decoder) {
            Piece::Whole(frame) => tags.push(char::from(frame.tag())),
            Piece::Run(run) => tags.extend(run.contents().map(|_| char::from(run.tag()))),
        }
    }
    tags
}

/// Listens in that folder as a server would, and puts a session between each client and the private server.
pub fn listen(folder: &Path, database: &'static str) {
    let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).expect("a socket");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a client");
            std::thread::spawn(move || between(stream, database));
        }
    });
}

fn between(mut client: UnixStream, database: &str) {
    let Some(from_client) = greeted(&mut client) else { return };
    let (server, from_server) = connect("countersign", database, "");
    client.write_all(&encode::authentication_ok()).expect("sent");
    for stream in [&client, &server] {
        stream.set_nonblocking(true).expect("both at once");
    }
    let own_key = CancelKey { process: 1, secret: vec![1; 4].into() };
    let session = Session::new(own_key);
    Between { client, server, from_client, from_server, session, bound: 0 }.run();
}

/// Up to the client's StartupMessage.
fn greeted(client: &mut UnixStream) -> Option<Decoder> {
    let mut startup = Startup::new();
    loop {
        match startup.opening().expect("a client's beginning") {
            Some(Opening::Tls | Opening::Gss) => client.write_all(b"N").expect("sent"),
            Some(Opening::Start(_)) => break,
            Some(Opening::Cancel(_)) => return None,
            None => {
                let mut bytes = [0; 4096];
                let read = client.read(&mut bytes).ok().filter(|read| *read > 0)?;
                startup.feed(&bytes[..read]);
            }
        }
    }
    let mut decoder = Decoder::new(Side::Frontend, Limits::default());
    decoder.feed(&startup.into_rest());
    Some(decoder)
}

struct Between {
    client: UnixStream,
    server: UnixStream,
    from_client: Decoder,
    from_server: Decoder,
    session: Session,
    /// How many rows the write that was judged last may change.
    bound: u64,
}

impl Between {
    fn run(mut self) {
        loop {
            let client = self.session.wants_client().then(|| read(&mut self.client, &mut self.from_client));
            let server = read(&mut self.server, &mut self.from_server);
            if client == Some(Reading::End) || server == Reading::End {
                return;
            }
            while let Some(piece) = self.from_client.piece().expect("a message") {
                self.session.client(piece).expect("it makes sense");
            }
            while let Some(piece) = self.from_server.piece().expect("a message") {
                self.session.server(piece).expect("it makes sense");
            }
            if !self.carry_out() && server == Reading::Nothing {
                std::thread::sleep(Duration::from_micros(50));
            }
        }
    }

    fn carry_out(&mut self) -> bool {
        let mut something = false;
        while let Some(output) = self.session.output() {
            something = true;
            match output {
                Output::ToServer(bytes) => write(&mut self.server, &bytes),
                Output::ToClient(bytes) => write(&mut self.client, &bytes),
                Output::DataToServer(_, run) => write(&mut self.server, run.raw()),
                Output::DataToClient(_, run) => write(&mut self.client, run.raw()),
                Output::Judge(act) => self.judge(&act),
                Output::Counted(id, rows) => self.count(id, rows),
                _ => {}
            }
        }
        something
    }

    /// Refuses what says so in a comment, and counts what tells a bound there.
    fn judge(&mut self, act: &Act) {
        let text = match &act.kind {
            ActKind::Query(text) => text.clone(),
            ActKind::Bind { statement, .. } => statement.as_ref().expect("its text was seen").text.clone(),
            ActKind::Parse(_) => {
                self.session.pass(act.id).expect("it makes sense");
                return;
            }
            ActKind::FunctionCall { .. } => panic!("nobody calls functions here"),
        };
        let text = std::str::from_utf8(&text).expect("text").to_lowercase();
        let verdict = if text.contains("/* refuse */") {
            self.session
                .refuse(act.id, &Report::error("42501", "refused by the rules").with_hint("request 42"))
        } else if let Some(bound) = bound(&text) {
            self.bound = bound;
            self.session.allow_counted(act.id, consequences(&text))
        } else {
            self.session.allow(act.id, consequences(&text))
        };
        assert_eq!(verdict, Ok(true));
    }

    fn count(&mut self, id: ActId, rows: u64) {
        let verdict = match rows <= self.bound {
            true => self.session.keep(id),
            false => {
                let why = format!("would change {rows} rows, at most {} may be", self.bound);
                self.session.refuse(id, &Report::error("42501", why))
            }
        };
        assert_eq!(verdict, Ok(true));
    }
}

/// `/* within 5 */`
fn bound(text: &str) -> Option<u64> {
    let (_, bound) = text.split_once("/* within ")?;
    bound.split_once(' ')?.0.parse().ok()
}

/// As much of an analysis as these tests need.
fn consequences(text: &str) -> Consequences {
    let words: Vec<&str> = text.split_whitespace().collect();
    let names = match words[..] {
        ["prepare", name, "as", ..] => {
            let (_, statement) = text.split_once(" as ").expect("as");
            vec![(0, NameChange::prepare(name.as_bytes(), statement.as_bytes(), true))]
        }
        ["deallocate", name, ..] => {
            vec![(0, NameChange::Deallocate(name.trim_end_matches(';').to_owned().into()))]
        }
        _ => Vec::new(),
    };
    let planned = ["select", "insert", "update", "delete"];
    let late = words.first().is_some_and(|word| !planned.contains(word));
    Consequences {
        names,
        copies: text.contains("from stdin"),
        settings: text.starts_with("set "),
        late,
        any_name: false,
    }
}

#[derive(PartialEq)]
enum Reading {
    Something,
    Nothing,
    End,
}

fn read(stream: &mut UnixStream, decoder: &mut Decoder) -> Reading {
    let mut bytes = [0; 65536];
    match stream.read(&mut bytes) {
        Ok(0) => Reading::End,
        Ok(read) => {
            decoder.feed(&bytes[..read]);
            Reading::Something
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Reading::Nothing,
        Err(_) => Reading::End,
    }
}

fn write(stream: &mut UnixStream, bytes: &[u8]) {
    let mut rest = bytes;
    while !rest.is_empty() {
        match stream.write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_micros(50));
            }
            // Seen by the next reading.
            Err(_) => return,
        }
    }
}
