//! A loopback gateway: lets clients in by ticket, logs in to the private server, and puts a session between. Blocking, for tests
//! only.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;
use testkit::{PrivateMariadb, certify};
use wire::mysql::{
    Account, ActKind, Admission, Arrival, Channel, Decoder, Failure, Joining, Next, Output, Packet, Session,
    capability,
};

pub const TICKET: &str = "ticket-1";

/// What the server and the gateway show as certificates, and who is to be believed.
pub static CERTIFICATES: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a folder");
    certify(folder.path());
    folder
});

static SERVER: LazyLock<(PrivateMariadb, u16)> = LazyLock::new(|| {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("its number").port();
    drop(free);
    let server = PrivateMariadb::with_tls(CERTIFICATES.path(), port);
    server.sql("CREATE DATABASE orders; CREATE USER app@'%' IDENTIFIED BY 'pencil'; GRANT ALL ON orders.* TO app@'%'");
    (server, port)
});

/// The private server.
pub fn server() -> &'static PrivateMariadb {
    &SERVER.0
}

pub fn account(password: &str, capabilities: u64) -> Account {
    Account {
        user: "app".to_owned(),
        password: password.to_owned().into(),
        database: Some("orders".to_owned()),
        capabilities,
        character_set: 45,
    }
}

/// Packets over some stream.
pub struct Line<S> {
    pub stream: S,
    decoder: Decoder,
    is_clear: bool,
}

impl<S: Read + Write> Line<S> {
    fn new(stream: S, is_clear: bool) -> Self {
        Self { stream, decoder: Decoder::new(usize::MAX), is_clear }
    }

    /// The next packet; `Err` if there is none yet, or none any more.
    fn packet(&mut self) -> Result<Packet, ErrorKind> {
        loop {
            if let Some(packet) = self.decoder.packet().expect("a packet") {
                return Ok(packet);
            }
            // What is behind the wish for TLS is TLS's own.
            let mut bytes = [0; 16384];
            let wanted = if self.is_clear { self.decoder.missing() } else { bytes.len() };
            match self.stream.read(&mut bytes[..wanted]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof),
                Ok(read) => self.decoder.feed(&bytes[..read]),
                Err(error) => return Err(error.kind()),
            }
        }
    }

    pub fn next(&mut self) -> Packet {
        self.packet().expect("the other side goes on")
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("sent");
        self.stream.flush().expect("sent");
    }
}

fn is_later(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

pub type ToServer = Line<StreamOwned<ClientConnection, TcpStream>>;
type ToClient = Line<StreamOwned<ServerConnection, TcpStream>>;

/// Logs in to the private server.
pub fn join(account: Account) -> Result<(ToServer, u64), Failure> {
    let stream = TcpStream::connect(("127.0.0.1", SERVER.1)).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    let mut clear = Line::new(stream, true);
    let mut joining = Joining::new(account, Channel::Tls);
    let Next::Tls(request) = joining.packet(&clear.next()).expect("a greeting") else { panic!("TLS first") };
    clear.send(&request);
    let host = ServerName::try_from("127.0.0.1").expect("an address");
    let connection = ClientConnection::new(trusting(), host).expect("a configuration");
    let mut line = Line::new(StreamOwned::new(connection, clear.stream), false);
    line.send(&joining.encrypted().expect("TLS has begun"));
    loop {
        match joining.packet(&line.next()).expect("it makes sense") {
            Next::Wait => {}
            Next::Send(bytes) => line.send(&bytes),
            Next::Joined(capabilities) => return Ok((line, capabilities)),
            Next::Failed(failure) => return Err(failure),
            Next::Tls(_) => panic!("TLS has begun"),
        }
    }
}

fn trusting() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(CERTIFICATES.path().join("ca.crt")).expect("a certificate");
    roots.add(authority).expect("an authority");
    let builder = ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().expect("versions");
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

fn showing(folder: &Path) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(folder.join("server.crt")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).expect("a key");
    let builder = ServerConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
    Arc::new(builder.with_single_cert(vec![certificate], key).expect("they fit"))
}

/// Listens as a server would; the port.
pub fn listen() -> u16 {
    LazyLock::force(&SERVER);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a client");
            std::thread::spawn(move || serve(stream));
        }
    });
    port
}

fn serve(stream: TcpStream) {
    stream.set_nodelay(true).expect("no delay");
    let Some((client, capabilities)) = admit(stream) else { return };
    let account = account("pencil", capabilities);
    let (server, used) = join(account).expect("the account is good");
    assert_eq!(used & !capability::SSL & !capability::CONNECT_WITH_DB & FORMS, capabilities & FORMS);
    between(client, server, capabilities);
}

/// What must be the same on both sides.
const FORMS: u64 = capability::DEPRECATE_EOF | capability::SESSION_TRACK | capability::FOUND_ROWS;

/// Up to the client's first command; nothing if it was turned away.
fn admit(stream: TcpStream) -> Option<(ToClient, u64)> {
    let (mut admission, greeting) = Admission::begin("10.11.19-MariaDB", 7, *b"abcdefghijklmnopqrst");
    let mut clear = Line::new(stream, true);
    clear.send(&greeting);
    match admission.packet(&clear.next()).expect("it makes sense") {
        Arrival::Tls => {}
        Arrival::TurnedAway(bytes) => {
            clear.send(&bytes);
            return None;
        }
        other => panic!("{other:?}"),
    }
    let connection = ServerConnection::new(showing(CERTIFICATES.path())).expect("a configuration");
    let mut line = Line::new(StreamOwned::new(connection, clear.stream), false);
    let mut capabilities = 0;
    loop {
        let packet = line.packet().ok()?;
        let mut arrival = admission.packet(&packet).expect("it makes sense");
        if let Arrival::Login(login) = &arrival {
            capabilities = login.capabilities;
            arrival = admission.ask().expect("it is time");
        }
        match arrival {
            Arrival::Send(bytes) => line.send(&bytes),
            Arrival::Ticket(ticket) if ticket.as_str() == TICKET => {
                line.send(&admission.let_in());
                return Some((line, capabilities));
            }
            Arrival::Ticket(_) => {
                let message = "this is no ticket".to_owned();
                line.send(&admission.turn_away(&Failure { code: 1045, state: "28000".to_owned(), message }));
                return None;
            }
            Arrival::TurnedAway(bytes) => {
                line.send(&bytes);
                return None;
            }
            other => panic!("{other:?}"),
        }
    }
}

fn between(mut client: ToClient, mut server: ToServer, capabilities: u64) {
    let often = Some(Duration::from_millis(1));
    client.stream.sock.set_read_timeout(often).expect("a time limit");
    server.stream.sock.set_read_timeout(often).expect("a time limit");
    let mut session = Session::new(capabilities);
    loop {
        match client.packet() {
            Ok(packet) => session.client(&packet).expect("it makes sense"),
            Err(kind) if is_later(kind) => {}
            Err(_) => return,
        }
        carry_out(&mut session, &mut client, &mut server);
        match server.packet() {
            Ok(packet) => session.server(&packet).expect("it makes sense"),
            Err(kind) if is_later(kind) => {}
            Err(_) => return,
        }
        carry_out(&mut session, &mut client, &mut server);
    }
}

/// Refuses what says so in a comment.
fn carry_out(session: &mut Session, client: &mut ToClient, server: &mut ToServer) {
    while let Some(output) = session.output() {
        match output {
            Output::ToServer(bytes) => server.send(&bytes),
            Output::ToClient(bytes) => client.send(&bytes),
            Output::Judge(act) => {
                let refused = match &act.kind {
                    ActKind::Query(text) => text.windows(6).any(|word| word == b"refuse"),
                    _ => false,
                };
                let verdict = match refused {
                    true => session.refuse(act.id, &Failure::refused("refused by the rules")),
                    false => session.allow(act.id),
                };
                assert_eq!(verdict, Ok(true));
            }
            Output::Outcome(..) | Output::Leaving => {}
        }
    }
}
