//! A client's first bytes: TLS at once or by SSLRequest, a cancellation, or the start of a session inside TLS.

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use wire::postgres::startup::{CancelKey, Opening, Start, Startup};
use wire::postgres::{Decoder, Limits, Report, Side};

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
    #[error("it began with TLS, but not for PostgreSQL")]
    OtherProtocol,
}

/// Reads what a client begins with, and answers it as far as TLS goes.
pub(crate) async fn receive(mut stream: TcpStream, tls: &TlsAcceptor) -> Result<Client, OpeningError> {
    let mut first = [0; 1];
    stream.peek(&mut first).await?;
    if first == [HANDSHAKE] {
        let stream = tls.accept(stream).await?;
        if stream.get_ref().1.alpn_protocol() != Some(ALPN) {
            return Err(OpeningError::OtherProtocol);
        }
        return inside(stream, Startup::inside_tls()).await;
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
    inside(tls.accept(stream).await?, startup).await
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
