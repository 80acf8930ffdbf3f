//! From one account of a session to the other: what the new connection must know first, told by questions of the gateway's own.

use std::sync::Arc;
use std::time::Duration;

use access::road::TargetCredential;
use bytes::Bytes;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use wire::postgres::startup::CancelKey;
use wire::postgres::{Answer, Asking, Decoder, Prepared, Report};
use wire::{Bounds, Rows};

use super::leg::{Leg, PieceError};
use super::server::{DialError, Server};

/// Rows and bytes of an answer that are read.
const BOUNDS: Bounds = Bounds { rows: 100, bytes: 64 << 10 };

/// One of the two connections of a session to its database.
pub(crate) type Connection = Leg<TlsStream<TcpStream>, Decoder>;

/// Why the other account cannot be used.
#[derive(Debug, Error)]
pub(crate) enum MoveError {
    #[error("{0}")]
    Dial(#[from] DialError),
    #[error("the database has closed the connection")]
    Closed,
    #[error("the connection failed: {0}")]
    Io(std::io::Error),
    #[error("{0}")]
    Wire(#[from] wire::Error),
    #[error("the database did not answer in time")]
    Silent,
    #[error("{}", .0.message)]
    Refused(Report),
    #[error("the database answers more than was asked")]
    TooMuch,
    #[error("the open transaction has a cursor, or sees what it saw at its beginning")]
    Frozen,
}

impl From<std::io::Error> for MoveError {
    fn from(fault: std::io::Error) -> Self {
        Self::Io(fault)
    }
}

impl From<PieceError> for MoveError {
    fn from(fault: PieceError) -> Self {
        match fault {
            PieceError::Io(fault) => Self::Io(fault),
            PieceError::Wire(fault) => Self::Wire(fault),
        }
    }
}

/// Opens a connection as that account; returns what cancels there too.
pub(crate) async fn open(
    name: &str,
    credential: Arc<TargetCredential>,
    settings: &[(String, String)],
    limit: Duration,
) -> Result<(Connection, Option<CancelKey>), MoveError> {
    let server = Server::dial(name, credential, settings, limit).await?;
    let mut connection = Leg::new(server.stream, server.decoder);
    let mut asking = Asking::new(BOUNDS);
    match answer(&mut connection, &mut asking, limit).await? {
        Answer::Ready => Ok((connection, asking.key().cloned())),
        Answer::Failed(report) => Err(MoveError::Refused(report)),
        Answer::Rows(_) | Answer::TooMuch => Err(MoveError::TooMuch),
    }
}

/// Runs one text of the gateway's own, or one that the session has run elsewhere.
pub(crate) async fn run(connection: &mut Connection, text: &str, limit: Duration) -> Result<Rows, MoveError> {
    let mut asking = Asking::settled(BOUNDS);
    let messages = asking.ask(text, &[])?;
    ask(connection, asking, messages, limit).await
}

/// Makes a prepared statement what it is for the session: this text, or nothing.
pub(crate) async fn prepare(
    connection: &mut Connection,
    name: &[u8],
    statement: Option<&Prepared>,
    limit: Duration,
) -> Result<(), MoveError> {
    let mut asking = Asking::settled(BOUNDS);
    let messages = asking.prepare(name, statement)?;
    ask(connection, asking, messages, limit).await.map(drop)
}

async fn ask(
    connection: &mut Connection,
    mut asking: Asking,
    messages: Bytes,
    limit: Duration,
) -> Result<Rows, MoveError> {
    connection.outlet.queue(messages);
    while connection.outlet.has_something() {
        connection.outlet.send().await?;
    }
    match answer(connection, &mut asking, limit).await? {
        Answer::Rows(rows) => Ok(rows),
        Answer::Failed(report) => Err(MoveError::Refused(report)),
        Answer::TooMuch | Answer::Ready => Err(MoveError::TooMuch),
    }
}

async fn answer(
    connection: &mut Connection,
    asking: &mut Asking,
    limit: Duration,
) -> Result<Answer, MoveError> {
    let answered = async {
        loop {
            let piece = connection.inlet.piece().await?.ok_or(MoveError::Closed)?;
            if let Some(answer) = asking.server(piece)? {
                return Ok(answer);
            }
        }
    };
    timeout(limit, answered).await.map_err(|_| MoveError::Silent)?
}
