//! A client's first bytes: TLS at once or by SSLRequest, a cancellation, or the start of a session inside TLS.

use bytes::BytesMut;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use wire::postgres::startup::{CancelKey, Opening, Start, Startup};
use wire::postgres::{Decoder, Limits, Report, Side};

use super::certificate::Certificate;
use super::counted::Visitor;

/// The first byte of a TLS handshake record (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 0x16;

/// What a client that begins with TLS at once must name (PostgreSQL 17, ALPN).
pub(crate) const ALPN: &[u8] = b"postgresql";

/// What a client came for.
pub(crate) enum Client {
    /// A session.
    Session(Box<Arrived>),
    /// The end of somebody's statement.
    Cancel(CancelKey),
    /// A target whose protocol is nobody's business here.
    Target(Box<Visitor>),
}

/// A client inside TLS that has said what it wants.
pub(crate) struct Arrived {
    pub stream: TlsStream<TcpStream>,
    pub start: Start,
    /// Takes its login messages; what came behind the start is in it.
    pub decoder: Decoder,
}

/// Why a client got no further. Whoever sends nonsense is told nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpeningError {
    #[error("the connection failed: {0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Wire(#[from] wire::Error),
    #[error("it began in clear")]
    Clear,
    #[error(
        "it began with TLS, but not for PostgreSQL, and there are no certificates to come in by otherwise"
    )]
    OtherProtocol,
    #[error("it has shown no certificate, or none of ours: {0}")]
    Stranger(std::io::Error),
}

/// Reads what a client begins with, and answers it as far as TLS goes.
pub(crate) async fn receive(
    mut stream: TcpStream,
    certificate: &Certificate,
) -> Result<Client, OpeningError> {
    let mut first = [0; 1];
    stream.peek(&mut first).await?;
    if first == [HANDSHAKE] {
        return at_once(stream, certificate).await;
    }
    let mut startup = Startup::new();
    loop {
        match next(&mut stream, &mut startup).await? {
            Opening::Tls => break,
            Opening::Gss => stream.write_all(b"N").await?,
            // Clients before PostgreSQL 17 cancel in clear. The key is a secret of this one connection.
            Opening::Cancel(key) => return Ok(Client::Cancel(key)),
            Opening::Start(_) => {
                let why = "this gateway is reached by TLS only";
                let report = Report::fatal("28000", why).with_hint("connect with sslmode=verify-full");
                stream.write_all(&report.encode()).await?;
                return Err(OpeningError::Clear);
            }
        }
    }
    stream.write_all(b"S").await?;
    inside(certificate.acceptor().accept(stream).await?, startup).await
}

/// A client's first message of TLS says what it came for: a protocol that we speak, by its name, or else a target. (Pages of
/// our own would be one more protocol here.)
async fn at_once(stream: TcpStream, certificate: &Certificate) -> Result<Client, OpeningError> {
    let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    if hello.client_hello().alpn().is_some_and(|mut offered| offered.any(|name| name == ALPN)) {
        let config = certificate.acceptor().config().clone();
        return inside(hello.into_stream(config).await?, Startup::inside_tls()).await;
    }
    let config = certificate.for_targets().ok_or(OpeningError::OtherProtocol)?;
    let name = hello.client_hello().server_name().map(str::to_owned);
    let stream = hello.into_stream(config).await.map_err(stranger)?;
    Ok(Client::Target(Box::new(Visitor { stream, name })))
}

/// Whether a handshake failed over who the client is, or over something else.
fn stranger(fault: std::io::Error) -> OpeningError {
    let tls = fault.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::NoCertificatesPresented | rustls::Error::InvalidCertificate(_)) => {
            OpeningError::Stranger(fault)
        }
        _ => OpeningError::Io(fault),
    }
}

async fn inside(mut stream: TlsStream<TcpStream>, mut startup: Startup) -> Result<Client, OpeningError> {
    match next(&mut stream, &mut startup).await? {
        Opening::Start(start) => {
            let mut decoder = Decoder::new(Side::Login, Limits::default());
            decoder.feed(&startup.into_rest());
            Ok(Client::Session(Box::new(Arrived { stream, start, decoder })))
        }
        Opening::Cancel(key) => Ok(Client::Cancel(key)),
        Opening::Tls | Opening::Gss => Err(wire::Error::Malformed("startup message").into()),
    }
}

async fn next(stream: &mut (impl AsyncRead + Unpin), startup: &mut Startup) -> Result<Opening, OpeningError> {
    loop {
        if let Some(opening) = startup.opening()? {
            return Ok(opening);
        }
        fill(stream, startup.buffer()).await?;
    }
}

/// Reads some more; the end of the stream is an error, since something was still to come.
pub(crate) async fn fill(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
) -> std::io::Result<()> {
    match stream.read_buf(buffer).await? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}
